/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock listen PORT            take one connection, read it to its end, send all of it back
 * vsock call CID PORT BYTES    connect, send BYTES bytes of a pattern piece by piece, expect
 *                              each piece back before the next; then close
 *
 * The host's end of a guest's virtio socket. Prints report lines:
 *
 *   terrarium: ok listening port=..
 *   terrarium: value served cid=.. bytes=..
 *   terrarium: ok|fail call bytes=..
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "platform/abi/guest_report.h"
#include "platform/host/lib/stream.h"

#define BYTES_MAX (1U << 20)
#define PIECE_BYTES 40000U
#define LIMIT_S 20
#define EXIT_USAGE 2

static uint8_t sent[BYTES_MAX];
static uint8_t received[BYTES_MAX];

static int trouble(const char *what)
{
	fprintf(stderr, "vsock: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

/* Up to the peer's end; false on an error or when it is more than fits. */
static bool receive_to_end(int fd, size_t *total)
{
	*total = 0;
	for (;;) {
		ssize_t got = recv(fd, received + *total, BYTES_MAX - *total, 0);

		if (got < 0 || *total == BYTES_MAX) {
			errno = got < 0 ? errno : EMSGSIZE;
			return false;
		}
		if (got == 0) {
			return true;
		}
		*total += (size_t)got;
	}
}

static int do_listen(unsigned port)
{
	struct sockaddr_vm place = { .svm_family = AF_VSOCK,
				     .svm_cid = VMADDR_CID_ANY,
				     .svm_port = port };
	struct sockaddr_vm peer = { 0 };
	socklen_t peer_bytes = sizeof(peer);
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t total;
	int connection;

	if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof(place)) < 0 || listen(fd, 1) < 0) {
		return trouble("listen");
	}
	printf(GUEST_REPORT_PREFIX "ok listening port=%u\n", port);
	fflush(stdout);
	connection = accept(fd, (struct sockaddr *)&peer, &peer_bytes);
	if (connection < 0) {
		return trouble("accept");
	}
	stream_limit(connection, LIMIT_S);
	if (!receive_to_end(connection, &total) || !stream_send(connection, received, total)) {
		return trouble("connection");
	}
	printf(GUEST_REPORT_PREFIX "value served cid=%u bytes=%zu\n", peer.svm_cid, total);
	return EXIT_SUCCESS;
}

/* Our close is the last word: a guest that sees it knows that all has arrived. */
static int do_call(unsigned cid, unsigned port, size_t bytes)
{
	struct sockaddr_vm peer = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t done = 0;
	bool same;

	for (size_t i = 0; i < bytes; i++) {
		sent[i] = (uint8_t)(i * 7 + (i >> 8));
	}
	if (fd < 0) {
		return trouble("socket");
	}
	stream_limit(fd, LIMIT_S);
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0) {
		return trouble("connect");
	}
	while (done < bytes) {
		size_t now = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;

		if (!stream_send(fd, sent + done, now) ||
		    !stream_receive(fd, received + done, now)) {
			return trouble("connection");
		}
		done += now;
	}
	same = memcmp(sent, received, bytes) == 0;
	printf(GUEST_REPORT_PREFIX "%s call bytes=%zu\n", same ? "ok" : "fail", done);
	return same ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A decimal number up to @max; false if @text is none. */
static bool number(const char *text, unsigned long max, unsigned *value)
{
	char *end;
	unsigned long parsed = strtoul(text, &end, 10);

	*value = (unsigned)parsed;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && parsed <= max;
}

int main(int argc, char **argv)
{
	unsigned cid;
	unsigned port;
	unsigned bytes;

	if (argc == 3 && strcmp(argv[1], "listen") == 0 && number(argv[2], UINT32_MAX, &port)) {
		return do_listen(port);
	}
	if (argc == 5 && strcmp(argv[1], "call") == 0 && number(argv[2], UINT32_MAX, &cid) &&
	    number(argv[3], UINT32_MAX, &port) && number(argv[4], BYTES_MAX, &bytes)) {
		return do_call(cid, port, bytes);
	}
	fprintf(stderr, "usage: vsock listen PORT | vsock call CID PORT BYTES (at most %u)\n",
		BYTES_MAX);
	return EXIT_USAGE;
}
