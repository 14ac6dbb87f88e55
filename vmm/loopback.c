/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "vmm/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int loopback_listen(uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	/* Connections inherit TCP_NODELAY: an acknowledgement and the answer behind it are two small packets. */
	if (fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(fd, (const void *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0) {
		return fd;
	}
	saved = errno;
	if (fd >= 0) {
		close(fd);
	}
	errno = saved;
	return -1;
}
