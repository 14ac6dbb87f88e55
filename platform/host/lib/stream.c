/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/lib/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

void stream_limit(int fd, int seconds)
{
	const struct timeval limit = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

bool stream_send(int fd, const void *from, size_t bytes)
{
	const char *next = from;

	while (bytes > 0) {
		ssize_t done = send(fd, next, bytes, MSG_NOSIGNAL);

		if (done <= 0) {
			return false;
		}
		next += done;
		bytes -= (size_t)done;
	}
	return true;
}

bool stream_receive(int fd, void *to, size_t bytes)
{
	char *next = to;

	while (bytes > 0) {
		ssize_t got = recv(fd, next, bytes, 0);

		if (got <= 0) {
			errno = got < 0 ? errno : ECONNABORTED;
			return false;
		}
		next += got;
		bytes -= (size_t)got;
	}
	return true;
}
