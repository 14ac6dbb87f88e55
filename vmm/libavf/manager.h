/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What machines need of their manager: its connection to the service, and to be forgotten. */
#ifndef LIBAVF_MANAGER_H
#define LIBAVF_MANAGER_H

#include <avf/manager.h>

#include "vmm/service/service_client.h"

/* A connection that the manager and the runs of its machines share. */
struct connection {
	unsigned uses;
	unsigned callbacks; /* of the client that run now: it cannot be freed in one */
	GMainContext *context;
	struct service_client *client;
};

/* One more user of it. Returns it. */
struct connection *connection_ref(struct connection *connection);

/* The last one closes it: all its VMs must be freed. NULL is allowed. */
void connection_unref(struct connection *connection);

/*
 * The manager's connection, a new one if the service went away.
 *
 * Returns  borrowed from the manager.
 * Errors   NULL; AVF_ERROR_FAILED.
 */
struct connection *manager_connection(AvfManager *manager, GError **error);

/* The machine with this name is gone from memory. */
void manager_forget(AvfManager *manager, const char *name);

#endif /* LIBAVF_MANAGER_H */
