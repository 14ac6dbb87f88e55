/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/guest_service.h"

#include <errno.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "ipc/virtual_machine_service.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/log.h"
#include "vmm/service/stream_bus.h"

struct guest_service {
	uint32_t cid;
	const struct guest_transport *transport;
	void *transport_opaque;
	const struct guest_service_ops *ops;
	void *opaque;
	int listener;
	GSource *accepting; /* NULL once the life's connections are used up */
	unsigned accepted;
	GPtrArray *connections; /* of struct connection */
	IpcVirtualMachineService *skeleton;
};

/* A connection of the guest's. It outlives the service while its handshake runs. */
struct connection {
	struct guest_service *service; /* NULL once that is gone */
	GCancellable *cancellable;     /* of the handshake */
	guint timeout;                 /* source that ends it */
	GDBusConnection *bus;          /* NULL until it is over */
	gulong closed_handler;
};

static void complete(GDBusMethodInvocation *invocation, bool done, GError *error)
{
	if (done) {
		g_dbus_method_invocation_return_value(invocation, NULL);
	} else {
		g_dbus_method_invocation_take_error(invocation, error);
	}
}

static gboolean moved(struct guest_service *s, GDBusMethodInvocation *invocation,
		      enum avf_state state, int exit_code)
{
	GError *error = NULL;
	bool done = s->ops->moved(s->opaque, state, exit_code, &error);

	complete(invocation, done, error);
	return TRUE;
}

static gboolean handle_started(IpcVirtualMachineService *skeleton,
			       GDBusMethodInvocation *invocation, gpointer data)
{
	(void)skeleton;
	return moved(data, invocation, AVF_STATE_STARTED, 0);
}

static gboolean handle_ready(IpcVirtualMachineService *skeleton, GDBusMethodInvocation *invocation,
			     gpointer data)
{
	(void)skeleton;
	return moved(data, invocation, AVF_STATE_READY, 0);
}

static gboolean handle_finished(IpcVirtualMachineService *skeleton,
				GDBusMethodInvocation *invocation, gint exit_code, gpointer data)
{
	(void)skeleton;
	return moved(data, invocation, AVF_STATE_FINISHED, exit_code);
}

static gboolean handle_error(IpcVirtualMachineService *skeleton, GDBusMethodInvocation *invocation,
			     gint code, const char *message, gpointer data)
{
	struct guest_service *s = data;
	g_autofree char *text = g_utf8_make_valid(message, -1);
	g_autofree char *shown = g_utf8_strlen(text, -1) > GUEST_MESSAGE_CHARS_MAX ?
					 g_utf8_substring(text, 0, GUEST_MESSAGE_CHARS_MAX) :
					 g_strdup(text);
	GError *error = NULL;
	bool done = false;

	(void)skeleton;
	if (code < AVF_ERROR_CODE_UNKNOWN || code > AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG) {
		ipc_error_set(&error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "code: %d is no error code",
			      code);
	} else {
		done = s->ops->error(s->opaque, (enum avf_error_code)code, shown, &error);
	}
	complete(invocation, done, error);
	return TRUE;
}

static gboolean unsupported(GDBusMethodInvocation *invocation, const char *what)
{
	g_dbus_method_invocation_return_error(invocation, IPC_ERROR,
					      AVF_EXCEPTION_UNSUPPORTED_OPERATION,
					      "%s: not supported", what);
	return TRUE;
}

static gboolean handle_attestation(IpcVirtualMachineService *skeleton,
				   GDBusMethodInvocation *invocation, GVariant *csr, gboolean test,
				   gpointer data)
{
	(void)skeleton;
	(void)csr;
	(void)test;
	(void)data;
	return unsupported(invocation, "requestAttestation");
}

static gboolean handle_secretkeeper(IpcVirtualMachineService *skeleton,
				    GDBusMethodInvocation *invocation, gpointer data)
{
	(void)skeleton;
	(void)data;
	return unsupported(invocation, "getSecretkeeper");
}

static gboolean handle_claim(IpcVirtualMachineService *skeleton, GDBusMethodInvocation *invocation,
			     GVariant *id, gpointer data)
{
	(void)skeleton;
	(void)id;
	(void)data;
	return unsupported(invocation, "claimSecretkeeperEntry");
}

static IpcVirtualMachineService *skeleton_new(struct guest_service *s)
{
	IpcVirtualMachineService *skeleton = ipc_virtual_machine_service_skeleton_new();

	g_signal_connect(skeleton, "handle-notify-payload-started", G_CALLBACK(handle_started), s);
	g_signal_connect(skeleton, "handle-notify-payload-ready", G_CALLBACK(handle_ready), s);
	g_signal_connect(skeleton, "handle-notify-payload-finished", G_CALLBACK(handle_finished),
			 s);
	g_signal_connect(skeleton, "handle-notify-error", G_CALLBACK(handle_error), s);
	g_signal_connect(skeleton, "handle-request-attestation", G_CALLBACK(handle_attestation), s);
	g_signal_connect(skeleton, "handle-get-secretkeeper", G_CALLBACK(handle_secretkeeper), s);
	g_signal_connect(skeleton, "handle-claim-secretkeeper-entry", G_CALLBACK(handle_claim), s);
	return skeleton;
}

/* It leaves its service, which is told no more of it. */
static void connection_leave(struct connection *c)
{
	if (c->service != NULL) {
		g_ptr_array_remove_fast(c->service->connections, c);
		c->service = NULL;
	}
	g_clear_handle_id(&c->timeout, g_source_remove);
}

static void connection_free(struct connection *c)
{
	if (c->bus != NULL) {
		if (c->service != NULL) {
			g_dbus_interface_skeleton_unexport_from_connection(
				G_DBUS_INTERFACE_SKELETON(c->service->skeleton), c->bus);
		}
		g_signal_handler_disconnect(c->bus, c->closed_handler);
		g_dbus_connection_close(c->bus, NULL, NULL, NULL);
		g_object_unref(c->bus);
	}
	connection_leave(c);
	g_object_unref(c->cancellable);
	g_free(c);
}

static void bus_closed(GDBusConnection *bus, gboolean vanished, GError *error, gpointer data)
{
	struct connection *c = data;

	(void)bus;
	(void)vanished;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT)) {
		service_log("VM %u: its connection is closed: %s", c->service->cid, error->message);
	}
	connection_free(c);
}

static void handshake_over(GObject *source, GAsyncResult *result, gpointer data)
{
	struct connection *c = data;
	struct guest_service *s = c->service;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = stream_bus_server_finish(result, &error);

	(void)source;
	g_clear_handle_id(&c->timeout, g_source_remove);
	/* One that has closed by now may have said so already. */
	if (bus != NULL && s != NULL && !g_dbus_connection_is_closed(bus) &&
	    g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(s->skeleton), bus,
					     AVF_MACHINE_SERVICE_PATH, &error)) {
		c->bus = g_steal_pointer(&bus);
		c->closed_handler = g_signal_connect(c->bus, "closed", G_CALLBACK(bus_closed), c);
		g_dbus_connection_start_message_processing(c->bus);
		return;
	}
	if (s != NULL) {
		service_log("VM %u: a connection of its guest fails: %s", s->cid,
			    error != NULL ? error->message : "closed at once");
	}
	if (bus != NULL) {
		g_dbus_connection_close(bus, NULL, NULL, NULL);
	}
	connection_free(c);
}

static gboolean handshake_too_long(gpointer data)
{
	struct connection *c = data;

	c->timeout = 0;
	g_cancellable_cancel(c->cancellable);
	return G_SOURCE_REMOVE;
}

static void take(struct guest_service *s, int fd)
{
	struct connection *c = g_new0(struct connection, 1);

	c->service = s;
	c->cancellable = g_cancellable_new();
	g_ptr_array_add(s->connections, c);
	c->timeout = g_timeout_add_seconds(GUEST_HANDSHAKE_SECONDS, handshake_too_long, c);
	stream_bus_server_async(fd, &stream_limits_machine_service, c->cancellable, handshake_over,
				c);
}

static void stop_listening(struct guest_service *s)
{
	if (s->accepting != NULL) {
		g_source_destroy(s->accepting);
		g_clear_pointer(&s->accepting, g_source_unref);
	}
	if (s->listener >= 0) {
		close(s->listener);
		s->listener = -1;
	}
}

static gboolean connection_waits(gint listener, GIOCondition condition, gpointer data)
{
	struct guest_service *s = data;
	uint32_t peer = 0;
	int fd = s->transport->accept(s->transport_opaque, listener, &peer);

	(void)condition;
	if (fd < 0) {
		return G_SOURCE_CONTINUE;
	}
	if (peer != s->cid || s->connections->len >= GUEST_CONNECTIONS_MAX) {
		service_log("VM %u: a connection from CID %u is refused", s->cid, peer);
		close(fd);
	} else {
		take(s, fd);
	}
	/* Another VM's attempts cost this one nothing. */
	if (peer == s->cid && ++s->accepted == GUEST_CONNECTIONS_LIFE_MAX) {
		service_log("VM %u: its guest connects too often: no more", s->cid);
		stop_listening(s);
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

struct guest_service *guest_service_new(uint32_t cid, const struct guest_transport *transport,
					void *transport_opaque, const struct guest_service_ops *ops,
					void *opaque, GError **error)
{
	int listener = transport->listen(transport_opaque, cid, error);
	struct guest_service *s;

	if (listener < 0) {
		return NULL;
	}
	s = g_new0(struct guest_service, 1);
	s->cid = cid;
	s->transport = transport;
	s->transport_opaque = transport_opaque;
	s->ops = ops;
	s->opaque = opaque;
	s->listener = listener;
	s->connections = g_ptr_array_new();
	s->skeleton = skeleton_new(s);
	s->accepting = g_unix_fd_source_new(listener, G_IO_IN);
	g_source_set_callback(s->accepting, G_SOURCE_FUNC(connection_waits), s, NULL);
	g_source_attach(s->accepting, NULL);
	return s;
}

void guest_service_free(struct guest_service *s)
{
	if (s == NULL) {
		return;
	}
	stop_listening(s);
	g_signal_handlers_disconnect_by_data(s->skeleton, s);
	while (s->connections->len > 0) {
		struct connection *c = s->connections->pdata[0];

		if (c->bus != NULL) {
			connection_free(c);
		} else {
			/* handshake_over() frees it. */
			connection_leave(c);
			g_cancellable_cancel(c->cancellable);
		}
	}
	g_ptr_array_unref(s->connections);
	g_object_unref(s->skeleton);
	g_free(s);
}
