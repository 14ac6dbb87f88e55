/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* accept4 */
#include "vmm/service/guest_transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>
#include <linux/vm_sockets.h>

#include "vmm/service/stream_bus.h"

static int vsock_transport_listen(void *opaque, uint32_t cid, GError **error)
{
	(void)opaque;
	return vsock_listen(cid, error);
}

static int vsock_transport_accept(void *opaque, int listener, uint32_t *peer_cid)
{
	struct sockaddr_vm peer = { 0 };
	socklen_t bytes = sizeof(peer);
	int fd = accept4(listener, (struct sockaddr *)&peer, &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)opaque;
	*peer_cid = peer.svm_cid;
	return fd;
}

static int vsock_transport_connect(void *opaque, uint32_t cid, uint32_t port, GError **error)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = cid,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int saved;

	(void)opaque;
	if (fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
			errno == EINPROGRESS)) {
		return fd;
	}
	saved = errno;
	if (fd >= 0) {
		close(fd);
	}
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved), "%s", g_strerror(saved));
	return -1;
}

const struct guest_transport guest_transport_vsock = {
	.listen = vsock_transport_listen,
	.accept = vsock_transport_accept,
	.connect = vsock_transport_connect,
};
