/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/payload_service.h"

#include <errno.h>
#include <sys/socket.h>

#include "guest/microdroid/lib/log.h"
#include "guest/microdroid/manager/error.h"
#include "guest/payload/lib/service_fd.h"
#include "payload/vm_payload_service.h"
#include "vmm/service/stream_bus.h"

/* As little as the host takes of a guest: more would only be refused there. */
#define MESSAGE_BYTES_MAX (16 * 1024)

struct payload_service {
	struct host *host;
	GCancellable *cancellable; /* of the payload's half of the authentication */
	PayloadVmPayloadService *skeleton;
	GDBusConnection *connection; /* NULL until the payload has asked for something */
};

static gboolean payload_ready(PayloadVmPayloadService *skeleton, GDBusMethodInvocation *call,
			      gpointer data)
{
	struct payload_service *service = data;
	GError *error = NULL;

	if (!host_payload_ready(service->host, &error)) {
		g_dbus_method_invocation_take_error(call, error);
		return TRUE;
	}
	log_line("payload ready");
	payload_vm_payload_service_complete_notify_payload_ready(skeleton, call);
	return TRUE;
}

static void payload_is_there(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = stream_bus_server_finish(result, &error);
	struct payload_service *service = data;

	(void)source;
	if (connection == NULL) {
		/* The service may be gone: @data is looked at only when it is not. */
		if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
			log_line("the payload speaks no D-Bus: %s", error->message);
		}
		return;
	}
	service->connection = connection;
	if (!g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(service->skeleton),
					      connection, VM_PAYLOAD_SERVICE_PATH, &error)) {
		log_line("the payload's service: %s", error->message);
		return;
	}
	g_dbus_connection_start_message_processing(connection);
}

struct payload_service *payload_service_new(struct host *host, int *socket, GError **error)
{
	static const struct stream_limits limits = { .message_bytes = MESSAGE_BYTES_MAX };
	struct payload_service *service;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_RUNTIME,
			    "the payload's service: %s", g_strerror(errno));
		return NULL;
	}
	service = g_new0(struct payload_service, 1);
	service->host = host;
	service->cancellable = g_cancellable_new();
	service->skeleton = payload_vm_payload_service_skeleton_new();
	g_signal_connect(service->skeleton, "handle-notify-payload-ready",
			 G_CALLBACK(payload_ready), service);
	stream_bus_server_async(ends[0], &limits, service->cancellable, payload_is_there, service);
	*socket = ends[1];
	return service;
}

void payload_service_free(struct payload_service *service)
{
	g_cancellable_cancel(service->cancellable);
	g_object_unref(service->cancellable);
	g_object_unref(service->skeleton);
	g_clear_object(&service->connection);
	g_free(service);
}
