/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console between two pipes, end to end, and the rng's one request. */
#define _GNU_SOURCE /* pipe2, F_SETPIPE_SZ */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "tests/virtio/driver.h"

#define RX 0
#define TX 1
#define QUEUES 2
#define DATA DRIVER_BUFFERS
#define ROOM (DRIVER_BUFFERS + 0x40000)
#define READ_END 0
#define WRITE_END 1

struct lines {
	struct driver d;
	int out[2];
	int in[2];
};

static int setup(void **state)
{
	struct lines *lines = g_new0(struct lines, 1);

	signal(SIGPIPE, SIG_IGN); /* as the VMM does */
	assert_int_equal(pipe2(lines->out, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(lines->in, O_CLOEXEC), 0);
	driver_init(&lines->d,
		    virtio_console_new(lines->out[WRITE_END], lines->in[READ_END], NULL));
	/* The device has its own copies. */
	close(lines->out[WRITE_END]);
	close(lines->in[READ_END]);
	*state = lines;
	return 0;
}

static int teardown(void **state)
{
	struct lines *lines = *state;

	driver_free(&lines->d);
	close(lines->out[READ_END]);
	close(lines->in[WRITE_END]);
	g_free(lines);
	return 0;
}

static void assert_out(struct lines *lines, const char *text)
{
	char seen[256] = "";

	assert_int_equal(read(lines->out[READ_END], seen, sizeof(seen) - 1), strlen(text));
	assert_string_equal(seen, text);
}

static void test_output(void **state)
{
	struct lines *lines = *state;
	struct driver *d = &lines->d;
	const struct piece pieces[] = { { DATA, 6, false }, { DATA + 6, 6, false } };
	uint32_t head;
	uint32_t used;

	assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_CONSOLE);
	driver_start(d, QUEUES);
	memcpy(driver_ram(d, DATA, 12), "hello world\n", 12);
	driver_send(d, TX, pieces, 2);
	assert_out(lines, "hello world\n");
	assert_true(driver_used(d, TX, &head, &used));
	assert_int_equal(used, 0);
	assert_int_equal(fake_irq_pulses, 1);
}

static void test_input(void **state)
{
	struct lines *lines = *state;
	struct driver *d = &lines->d;
	const struct piece small = { ROOM, 4, true };
	const struct piece large = { ROOM + 0x100, 64, true };
	uint32_t head;
	uint32_t used;

	driver_start(d, QUEUES);
	driver_send(d, RX, &small, 1);
	driver_run_loop();
	assert_false(driver_used(d, RX, &head, &used));
	/* Seven bytes: four now, three when there is room again. */
	assert_int_equal(write(lines->in[WRITE_END], "abcdefg", 7), 7);
	driver_run_loop();
	assert_true(driver_used(d, RX, &head, &used));
	assert_int_equal(used, 4);
	assert_memory_equal(driver_ram(d, ROOM, 4), "abcd", 4);
	assert_false(driver_used(d, RX, &head, &used));
	driver_send(d, RX, &large, 1);
	assert_true(driver_used(d, RX, &head, &used));
	assert_int_equal(used, 3);
	assert_memory_equal(driver_ram(d, ROOM + 0x100, 3), "efg", 3);
	assert_int_equal(fake_irq_pulses, 2);
}

static void test_input_survives_reset(void **state)
{
	struct lines *lines = *state;
	struct driver *d = &lines->d;
	const struct piece room = { ROOM, 64, true };
	uint32_t head;
	uint32_t used;

	driver_start(d, QUEUES);
	assert_int_equal(write(lines->in[WRITE_END], "early", 5), 5);
	driver_run_loop();
	driver_start(d, QUEUES);
	driver_send(d, RX, &room, 1);
	assert_true(driver_used(d, RX, &head, &used));
	assert_memory_equal(driver_ram(d, ROOM, 5), "early", 5);
}

static void test_input_ends(void **state)
{
	struct lines *lines = *state;
	struct driver *d = &lines->d;
	const struct piece room = { ROOM, 64, true };
	uint32_t head;
	uint32_t used;

	driver_start(d, QUEUES);
	close(lines->in[WRITE_END]);
	driver_run_loop();
	driver_send(d, RX, &room, 1);
	driver_run_loop();
	assert_false(driver_used(d, RX, &head, &used));
	assert_false(driver_needs_reset(d));
	lines->in[WRITE_END] = -1;
}

/* A full destination holds the guest's buffer back, not the VMM; nothing is lost. */
static void test_full_destination(void **state)
{
	struct lines *lines = *state;
	struct driver *d = &lines->d;
	int capacity = fcntl(lines->out[READ_END], F_SETPIPE_SZ, 0x2000);
	const struct piece big = { DATA, 0x5000, false };
	uint8_t *sent = driver_ram(d, DATA, big.bytes);
	g_autofree uint8_t *seen = g_malloc0(big.bytes);
	uint32_t total = 0;
	uint32_t head;
	uint32_t used;
	unsigned i;

	assert_true(capacity >= 0x2000 && (uint32_t)capacity < big.bytes);
	for (i = 0; i < big.bytes; i++) {
		sent[i] = (uint8_t)(i * 7 + (i >> 8));
	}
	driver_start(d, QUEUES);
	driver_send(d, TX, &big, 1);
	driver_run_loop();
	assert_false(driver_used(d, TX, &head, &used));
	while (total < big.bytes) {
		ssize_t got = read(lines->out[READ_END], seen + total, big.bytes - total);

		assert_true(got > 0);
		total += (uint32_t)got;
		driver_run_loop();
	}
	assert_true(driver_used(d, TX, &head, &used));
	assert_memory_equal(seen, sent, big.bytes);
	/* Once more, and reset in the middle: the rest is dropped. */
	driver_send(d, TX, &big, 1);
	driver_start(d, QUEUES);
	while (read(lines->out[READ_END], seen, big.bytes) > 0) {
	}
	driver_run_loop();
	assert_int_equal(read(lines->out[READ_END], seen, 1), -1);
	assert_false(driver_used(d, TX, &head, &used));
}

static void test_destination_gone(void **state)
{
	struct lines *lines = *state;
	struct driver *d = &lines->d;
	const struct piece piece = { DATA, 8, false };
	uint32_t head;
	uint32_t used;

	driver_start(d, QUEUES);
	close(lines->out[READ_END]);
	driver_send(d, TX, &piece, 1);
	assert_true(driver_used(d, TX, &head, &used));
	driver_send(d, TX, &piece, 1);
	assert_true(driver_used(d, TX, &head, &used));
	assert_false(driver_needs_reset(d));
	lines->out[READ_END] = -1;
}

static void test_no_descriptors(void **state)
{
	struct driver d;
	const struct piece piece = { DATA, 8, false };
	const struct piece room = { ROOM, 8, true };
	uint32_t head;
	uint32_t used;

	(void)state;
	driver_init(&d, virtio_console_new(-1, -1, NULL));
	driver_start(&d, QUEUES);
	driver_send(&d, TX, &piece, 1);
	assert_true(driver_used(&d, TX, &head, &used));
	driver_send(&d, RX, &room, 1);
	driver_run_loop();
	assert_false(driver_used(&d, RX, &head, &used));
	driver_free(&d);
}

static void test_rng(void **state)
{
	struct driver d;
	const struct piece room = { DATA, 0x1000, true };
	const struct piece no_room = { DATA, 16, false };
	static const uint8_t zero[32];
	uint32_t head;
	uint32_t used = 0;

	(void)state;
	driver_init(&d, virtio_rng_new());
	driver_start(&d, 1);
	driver_send(&d, 0, &room, 1);
	assert_true(driver_used(&d, 0, &head, &used));
	assert_in_range(used, 32, room.bytes);
	assert_memory_not_equal(driver_ram(&d, DATA, 32), zero, 32);
	/* What it did not fill it did not touch. */
	assert_memory_equal(driver_ram(&d, DATA + used, 32), zero, 32);
	driver_send(&d, 0, &no_room, 1);
	assert_true(driver_needs_reset(&d));
	driver_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_survives_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_destination, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destination_gone, setup, teardown),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_rng),
	};

	return cmocka_run_group_tests_name("virtio_console", tests, NULL, NULL);
}
