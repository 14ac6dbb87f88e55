/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb-client PORT WORD...
 *
 * A debugger of few words, for the tests of a VM's --gdb: connects to the port of this host, says one packet of GDB's remote
 * serial protocol after the other and prints each answer as a line (an answer's content without frame).
 *
 *   PACKET     say it, take the answer; of one that lets the machine run (c, s, vCont;) it is the next stop
 *   +PACKET    say it, take no answer
 *   wait       take an answer
 *   interrupt  say 0x03, take the answer
 *   raw:HEX    send these bytes, as they are
 *   end        wait until the other side closes; prints "closed"
 *
 * It closes the connection behind the last word. Exit status 0: all answers came; 1 with a sentence else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LIMIT_S 140 /* a guest may boot meanwhile */
#define PACKET_BYTES_MAX 8192
#define INTERRUPT 0x03
#define EXIT_USAGE 2

static int trouble(const char *what)
{
	fprintf(stderr, "gdb-client: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

static int call(const char *port)
{
	const struct timeval limit = { .tv_sec = LIMIT_S };
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (const void *)&address, sizeof(address)) == 0) {
		return fd;
	}
	return -1;
}

static bool send_bytes(int fd, const void *bytes, size_t count)
{
	return send(fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count;
}

static unsigned sum_of(const char *text, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++) {
		sum += (unsigned char)text[i];
	}
	return sum & 0xff;
}

static bool say(int fd, const char *content)
{
	char frame[PACKET_BYTES_MAX];
	int length = snprintf(frame, sizeof(frame), "$%s#%02x", content,
			      sum_of(content, strlen(content)));

	return (size_t)length < sizeof(frame) && send_bytes(fd, frame, (size_t)length);
}

/* The next packet, printed. Acknowledgements are left out, and made. */
static bool take_answer(int fd)
{
	char content[PACKET_BYTES_MAX], sum[3] = "";
	size_t used = 0;
	char c;

	do {
		if (recv(fd, &c, 1, 0) != 1) {
			return false;
		}
	} while (c != '$');
	while (recv(fd, &c, 1, 0) == 1 && c != '#' && used < sizeof(content)) {
		content[used++] = c;
	}
	if (c != '#' || recv(fd, sum, 2, MSG_WAITALL) != 2 ||
	    strtoul(sum, NULL, 16) != sum_of(content, used)) {
		errno = EPROTO;
		return false;
	}
	printf("%.*s\n", (int)used, content);
	fflush(stdout);
	return send_bytes(fd, "+", 1);
}

static bool send_raw(int fd, const char *hex)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		const char digits[] = { hex[0], hex[1], '\0' };
		uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);

		if (!send_bytes(fd, &byte, 1)) {
			return false;
		}
	}
	return true;
}

static bool wait_for_end(int fd)
{
	char bytes[256];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
	}
	if (got == 0 || errno == ECONNRESET) {
		puts("closed");
		return true;
	}
	return false;
}

static bool do_word(int fd, const char *word)
{
	const char interrupt = INTERRUPT;

	if (strcmp(word, "wait") == 0) {
		return take_answer(fd);
	}
	if (strcmp(word, "interrupt") == 0) {
		return send_bytes(fd, &interrupt, 1) && take_answer(fd);
	}
	if (strcmp(word, "end") == 0) {
		return wait_for_end(fd);
	}
	if (strncmp(word, "raw:", 4) == 0) {
		return send_raw(fd, word + 4);
	}
	if (*word == '+') {
		return say(fd, word + 1);
	}
	return say(fd, word) && take_answer(fd);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: gdb-client PORT WORD...\n");
		return EXIT_USAGE;
	}
	fd = call(argv[1]);
	if (fd < 0) {
		return trouble("connect");
	}
	for (int i = 2; i < argc; i++) {
		if (!do_word(fd, argv[i])) {
			return trouble(argv[i]);
		}
	}
	close(fd);
	return EXIT_SUCCESS;
}
