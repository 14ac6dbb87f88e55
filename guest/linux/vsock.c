/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets to the host and from it. */
#include "guest/linux/init.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "platform/host/lib/stream.h"

/* More than one packet's worth in each direction (the kernel cuts at 64 KiB). */
#define MESSAGE_BYTES 200000
#define LIMIT_S 10

static uint8_t sent[MESSAGE_BYTES];
static uint8_t received[MESSAGE_BYTES];

static int stream_socket(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		stream_limit(fd, LIMIT_S);
	}
	return fd;
}

/* The host's side sends back what it gets; it reads all of it before it answers. */
static void call_host(unsigned port)
{
	struct sockaddr_vm host = { .svm_family = AF_VSOCK,
				    .svm_cid = VMADDR_CID_HOST,
				    .svm_port = port };
	int fd = stream_socket();

	if (!check(fd >= 0 && connect(fd, (struct sockaddr *)&host, sizeof(host)) == 0,
		   "vsock_connect")) {
		return;
	}
	for (size_t i = 0; i < sizeof(sent); i++) {
		sent[i] = (uint8_t)(i * 13 + (i >> 8));
	}
	check(stream_send(fd, sent, sizeof(sent)) && shutdown(fd, SHUT_WR) == 0 &&
		      stream_receive(fd, received, sizeof(received)) &&
		      memcmp(sent, received, sizeof(sent)) == 0,
	      "vsock_echo");
	close(fd);
}

/* One connection from the host: send back what comes until its end. */
static void serve_host(unsigned port)
{
	struct sockaddr_vm place = { .svm_family = AF_VSOCK,
				     .svm_cid = VMADDR_CID_ANY,
				     .svm_port = port };
	struct sockaddr_vm peer = { 0 };
	socklen_t peer_bytes = sizeof(peer);
	size_t total = 0;
	int fd = stream_socket();
	int connection;

	if (!check(fd >= 0 && bind(fd, (struct sockaddr *)&place, sizeof(place)) == 0 &&
			   listen(fd, 1) == 0,
		   "vsock_listen")) {
		return;
	}
	connection = accept(fd, (struct sockaddr *)&peer, &peer_bytes);
	close(fd);
	if (!check(connection >= 0 && peer.svm_cid == VMADDR_CID_HOST, "vsock_accept")) {
		return;
	}
	for (;;) {
		ssize_t got = recv(connection, received, sizeof(received), 0);

		if (got <= 0) {
			check(got == 0, "vsock_end");
			break;
		}
		if (!stream_send(connection, received, (size_t)got)) {
			check(false, "vsock_answer");
			break;
		}
		total += (size_t)got;
	}
	report("value vsock_served bytes=%zu", total);
	close(connection);
}

void use_vsock(unsigned port)
{
	unsigned cid = 0;
	int fd = await_node("/dev/vsock", O_RDONLY);

	if (!check(fd >= 0 && ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) == 0, "vsock_open")) {
		return;
	}
	close(fd);
	report("value vsock cid=%u", cid);
	call_host(port);
	serve_host(port + 1);
}
