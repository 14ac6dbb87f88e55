/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams: all bytes, or false and why. */
#include "platform/host/lib/stream.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

/* More than a socket holds. */
#define BYTES (4U << 20)
#define SMALL 100

static uint8_t sent[BYTES];
static uint8_t received[BYTES];

static void pair(int *ends)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void *send_all(void *end)
{
	return stream_send(*(int *)end, sent, sizeof(sent)) ? end : NULL;
}

static void more_than_a_socket_holds(void **state)
{
	pthread_t thread;
	void *done;
	int ends[2];
	(void)state;

	for (size_t i = 0; i < sizeof(sent); i++) {
		sent[i] = (uint8_t)(i * 7 + (i >> 8));
	}
	pair(ends);
	assert_int_equal(pthread_create(&thread, NULL, send_all, &ends[0]), 0);
	assert_true(stream_receive(ends[1], received, sizeof(received)));
	pthread_join(thread, &done);
	assert_ptr_equal(done, &ends[0]);
	assert_memory_equal(sent, received, sizeof(sent));
	close(ends[0]);
	close(ends[1]);
}

static void the_peer_ends_early(void **state)
{
	int ends[2];
	(void)state;

	pair(ends);
	assert_true(stream_send(ends[0], sent, SMALL));
	close(ends[0]);
	errno = 0;
	assert_false(stream_receive(ends[1], received, SMALL + 1));
	assert_int_equal(errno, ECONNABORTED);
	assert_false(stream_send(ends[1], sent, SMALL));
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

static void a_limit(void **state)
{
	struct timeval limit;
	socklen_t bytes = sizeof(limit);
	int ends[2];
	(void)state;

	pair(ends);
	stream_limit(ends[1], 1);
	assert_false(stream_receive(ends[1], received, SMALL));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(getsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &limit, &bytes), 0);
	assert_int_equal(limit.tv_sec, 1);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_a_socket_holds),
		cmocka_unit_test(the_peer_ends_early),
		cmocka_unit_test(a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
