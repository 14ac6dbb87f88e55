/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service: who may do what, which VMs there are, and their CIDs. All of it runs in the
 * default main context, in the main thread.
 */
#ifndef VMM_SERVICE_SERVICE_H
#define VMM_SERVICE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "vmm/service/guest_transport.h"

#define SERVICE_VMS_MAX_DEFAULT 128
#define SERVICE_CLIENTS_MAX 256
#define SERVICE_HANDSHAKE_SECONDS 20 /* in which a client has to speak D-Bus */

/* Borrowed; must outlive the service. */
struct service_config {
	const char *program;      /* the vmm */
	const char *os_directory; /* AVF_OS_DIRECTORY */
	const char *run_directory; /* of the service alone: VMs' folders, last CID; made if missing */
	unsigned vms_max;          /* that are not dead, of all clients */
	unsigned hangup_seconds;   /* of app VMs; 0: no monitor */
	unsigned (*capabilities)(void); /* bits of enum avf_capability */
	const GArray *
		manager_uids; /* of uid_t: may use app VMs; root and the service's own user may do all */
	const GArray *custom_uids; /* of uid_t: may use custom VMs too */
	const struct guest_transport *transport;
	void *transport_opaque;
};

struct service;

/*
 * Make a service. What an earlier one left in the run directory is removed.
 *
 * Returns  it, owned by the caller: service_free().
 * Errors   NULL; G_FILE_ERROR: the run directory.
 */
struct service *service_new(const struct service_config *config, GError **error);

/*
 * Take clients from the listening UNIX stream socket @fd, the service's from here on.
 *
 * Errors  false; G_IO_ERROR: no such socket.
 */
bool service_listen(struct service *service, int fd, GError **error);

/* Take no more clients, and kill all VMs; @done is called when the last has gone, which may be at once. */
void service_stop(struct service *service, void (*done)(void *opaque), void *opaque);

/* Free it; no VM may run. NULL is allowed. */
void service_free(struct service *service);

#endif /* VMM_SERVICE_SERVICE_H */
