/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* accept4 */
#include "tests/service/fake_transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

static struct sockaddr_un place(const char *folder, unsigned cid, unsigned port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (port == 0) {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%u", folder, cid);
	} else {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%u.%u", folder, cid, port);
	}
	return address;
}

static int listen_at(struct sockaddr_un address, int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	unlink(address.sun_path);
	if (fd >= 0 &&
	    (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 8) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int connect_at(struct sockaddr_un address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int fake_listen(void *opaque, uint32_t cid, GError **error)
{
	int fd = listen_at(place(opaque, cid, 0), SOCK_NONBLOCK);

	if (fd < 0) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "fake: cannot listen");
	}
	return fd;
}

static int fake_accept(void *opaque, int listener, uint32_t *peer_cid)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	uint16_t cid = 0;

	(void)opaque;
	if (fd >= 0 && recv(fd, &cid, sizeof(cid), MSG_WAITALL) != sizeof(cid)) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	*peer_cid = cid;
	return fd;
}

static int fake_connect(void *opaque, uint32_t cid, uint32_t port, GError **error)
{
	int fd = connect_at(place(opaque, cid, port));

	if (fd < 0) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
				    "fake: nobody listens");
	}
	return fd;
}

const struct guest_transport fake_transport = {
	.listen = fake_listen,
	.accept = fake_accept,
	.connect = fake_connect,
};

int fake_transport_dial(const char *folder, unsigned cid, unsigned own)
{
	int fd = connect_at(place(folder, cid, 0));
	uint16_t number = (uint16_t)own;

	if (fd >= 0 && send(fd, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int fake_transport_listen_port(const char *folder, unsigned cid, unsigned port)
{
	return listen_at(place(folder, cid, port), 0);
}
