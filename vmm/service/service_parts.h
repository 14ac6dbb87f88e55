/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What service.c (registry) and client.c (one client's connection) share. */
#ifndef VMM_SERVICE_SERVICE_PARTS_H
#define VMM_SERVICE_SERVICE_PARTS_H

#include <stdbool.h>
#include <sys/types.h>

#include <gio/gio.h>

#include "vmm/service/service.h"
#include "vmm/service/virtual_machine.h"

/* Who is at the other end of a connection: SO_PEERCRED. */
struct peer {
	uid_t uid;
	pid_t pid;
};

enum permission {
	PERMISSION_MANAGE, /* android.permission.MANAGE_VIRTUAL_MACHINE */
	PERMISSION_CUSTOM, /* USE_CUSTOM_VIRTUAL_MACHINE */
	PERMISSION_DEBUG,  /* sees the VMs of all users */
};

struct client;

/* May @uid do that? */
bool service_permits(const struct service *service, uid_t uid, enum permission permission);

/* The configuration that it was made with. */
const struct service_config *service_config(const struct service *service);

/*
 * Make a VM for @client: limits, CID, folder. @recipe has config, streams, hangup_seconds and the
 * client's numbers; config and streams are the VM's from here on, also on failure.
 *
 * @path   set to its object's path; owned by the caller.
 * Errors  false; IPC_ERROR.
 */
bool service_add_vm(struct service *service, struct client *client, GDBusConnection *bus,
		    struct virtual_machine_recipe *recipe, char **path, GError **error);

/* debugListVms for @uid: a floating aa{sv}. */
GVariant *service_list_vms(const struct service *service, uid_t uid);

/* The connection of @client is gone, and so is the client: its VMs are killed and forgotten. */
void service_client_gone(struct service *service, struct client *client);

/*
 * Serve a client that has connected. It frees itself when its connection closes, after
 * service_client_gone(); client_drop() closes it early.
 *
 * @stream  kept; @peer who is at the other end.
 */
struct client *client_new(struct service *service, GIOStream *stream, const struct peer *peer);

/* Close its connection. */
void client_drop(struct client *client);

#endif /* VMM_SERVICE_SERVICE_PARTS_H */
