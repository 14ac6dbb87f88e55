/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/stream_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <linux/vm_sockets.h>

#include "vmm/service/limited_stream.h"

#define KIB 1024
#define LISTEN_BACKLOG 16
#define VSOCK_DEVICE "/dev/vsock"

/* Its messages are a few numbers and one sentence; a payload changes state four times. */
const struct stream_limits stream_limits_machine_service = {
	.message_bytes = 16 * KIB,
	.messages = 256,
};

const struct stream_limits stream_limits_payload = {
	.message_bytes = 16 * KIB * KIB,
};

static const struct stream_limits no_limits;

static void set_errno(GError **error, const char *what, uint32_t cid, uint32_t port)
{
	int saved = errno;

	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved), "%s %u:%u: %s", what, cid,
		    port, g_strerror(saved));
}

int vsock_connect(uint32_t cid, uint32_t port, GError **error)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = cid,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = -1;

	if (fd >= 0) {
		do {
			rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
		} while (rc != 0 && errno == EINTR);
	}
	if (rc != 0) {
		set_errno(error, "cannot connect to vsock", cid, port);
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	return fd;
}

int vsock_listen(uint32_t port, GError **error)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		set_errno(error, "cannot listen on vsock", VMADDR_CID_HOST, port);
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	return fd;
}

uint32_t vsock_own_cid(GError **error)
{
	int fd = open(VSOCK_DEVICE, O_RDONLY | O_CLOEXEC);
	unsigned int cid = 0;
	int saved;

	if (fd < 0 || ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) != 0) {
		saved = errno;
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved),
			    "cannot tell the own CID: " VSOCK_DEVICE ": %s", g_strerror(saved));
		cid = 0;
	}
	if (fd >= 0) {
		close(fd);
	}
	return cid;
}

static gboolean only_anonymous(GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
	(void)observer;
	(void)data;
	return strcmp(mechanism, "ANONYMOUS") == 0;
}

static GDBusAuthObserver *observer_new(void)
{
	GDBusAuthObserver *observer = g_dbus_auth_observer_new();

	g_signal_connect(observer, "allow-mechanism", G_CALLBACK(only_anonymous), NULL);
	return observer;
}

/* Both directions of @fd, which is closed with the stream. */
static GIOStream *stream_new(int fd, const struct stream_limits *limits)
{
	g_autoptr(GInputStream) input = NULL;
	g_autoptr(GOutputStream) output = NULL;

	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	input = limited_stream_new(fd, limits != NULL ? limits : &no_limits);
	output = g_unix_output_stream_new(fd, FALSE);
	return g_simple_io_stream_new(input, output);
}

#define SERVER_FLAGS                                              \
	(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |          \
	 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS | \
	 G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING)

GDBusConnection *stream_bus_client_cancellable(int fd, const struct stream_limits *limits,
					       GCancellable *cancellable, GError **error)
{
	g_autoptr(GIOStream) stream = stream_new(fd, limits);
	g_autoptr(GDBusAuthObserver) observer = observer_new();

	return g_dbus_connection_new_sync(stream, NULL,
					  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, observer,
					  cancellable, error);
}

GDBusConnection *stream_bus_client(int fd, const struct stream_limits *limits, GError **error)
{
	return stream_bus_client_cancellable(fd, limits, NULL, error);
}

GDBusConnection *stream_bus_server(int fd, const struct stream_limits *limits, GError **error)
{
	g_autoptr(GIOStream) stream = stream_new(fd, limits);
	g_autoptr(GDBusAuthObserver) observer = observer_new();
	g_autofree char *guid = g_dbus_generate_guid();

	return g_dbus_connection_new_sync(stream, guid, SERVER_FLAGS, observer, NULL, error);
}

void stream_bus_server_async(int fd, const struct stream_limits *limits, GCancellable *cancellable,
			     GAsyncReadyCallback done, gpointer data)
{
	g_autoptr(GIOStream) stream = stream_new(fd, limits);
	g_autoptr(GDBusAuthObserver) observer = observer_new();
	g_autofree char *guid = g_dbus_generate_guid();

	g_dbus_connection_new(stream, guid, SERVER_FLAGS, observer, cancellable, done, data);
}

GDBusConnection *stream_bus_server_finish(GAsyncResult *result, GError **error)
{
	return g_dbus_connection_new_finish(result, error);
}
