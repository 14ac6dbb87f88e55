/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * D-Bus between two ends of a stream socket, vsock above all: no bus, no descriptors
 * in messages, authentication ANONYMOUS alone (the transport says who the other
 * end is). The same for host and guest, and for any interface.
 *
 * What the other end sends is counted before GDBus sees it: a message above the limit is
 * never read into memory.
 */
#ifndef VMM_SERVICE_STREAM_BUS_H
#define VMM_SERVICE_STREAM_BUS_H

#include <stdint.h>

#include <gio/gio.h>

/* Limits on what the other end may send; 0 for none. */
struct stream_limits {
	uint32_t message_bytes; /* of one message, with its header */
	uint32_t messages;      /* of the connection's whole life */
};

/* What a guest may send to its IVirtualMachineService. */
extern const struct stream_limits stream_limits_machine_service;

/* What either end of a payload's own service takes. */
extern const struct stream_limits stream_limits_payload;

/*
 * Connect to a vsock port; waits until the other end accepts or refuses.
 *
 * Returns  a blocking stream socket, close-on-exec, owned by the caller.
 * Errors   -1; G_IO_ERROR, naming CID and port.
 */
int vsock_connect(uint32_t cid, uint32_t port, GError **error);

/*
 * Listen on a vsock port, for connections from any CID: accept() tells whose.
 *
 * Returns  a non-blocking listening socket, close-on-exec, owned by the caller.
 * Errors   -1; G_IO_ERROR, naming the port: taken, or no vsock in this kernel.
 */
int vsock_listen(uint32_t port, GError **error);

/*
 * The CID of this machine: of a guest; VMADDR_CID_HOST (2) or VMADDR_CID_LOCAL on a host.
 *
 * Errors  0; G_IO_ERROR: no vsock in this kernel.
 */
uint32_t vsock_own_cid(GError **error);

/*
 * Make a D-Bus connection of a connected stream socket. Waits for the other end's half of the
 * authentication; messages are then handled in the thread-default main context.
 *
 * @fd      owned by the connection from here on, also on failure; set to non-blocking.
 * @limits  NULL for none.
 * Returns  a connection, owned by the caller. stream_bus_server() delays message processing: export
 *          objects, then g_dbus_connection_start_message_processing().
 * Errors   NULL; G_IO_ERROR: the other end does not speak D-Bus or is gone.
 */
GDBusConnection *stream_bus_client(int fd, const struct stream_limits *limits, GError **error);
GDBusConnection *stream_bus_server(int fd, const struct stream_limits *limits, GError **error);

/* stream_bus_client() whose wait @cancellable ends early; NULL: never. */
GDBusConnection *stream_bus_client_cancellable(int fd, const struct stream_limits *limits,
					       GCancellable *cancellable, GError **error);

/*
 * stream_bus_server() without waiting: @done is called with @data in the main context, its source object
 * is NULL; it calls stream_bus_server_finish(). @cancellable ends it early.
 */
void stream_bus_server_async(int fd, const struct stream_limits *limits, GCancellable *cancellable,
			     GAsyncReadyCallback done, gpointer data);

/* The result of stream_bus_server_async(); as stream_bus_server(). */
GDBusConnection *stream_bus_server_finish(GAsyncResult *result, GError **error);

#endif /* VMM_SERVICE_STREAM_BUS_H */
