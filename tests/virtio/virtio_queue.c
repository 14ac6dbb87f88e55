/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtqueues under a bad driver: every rule once, and that the next reset mends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "tests/virtio/driver.h"
#include "vmm/virtio/guest_copy.h"

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define BUFFER (DRIVER_RAM_BASE + DRIVER_BUFFERS)
#define RAM_END (DRIVER_RAM_BASE + DRIVER_RAM_BYTES)
#define PAGE 0x1000

/* The device works: a buffer goes in and comes back. */
static void assert_works(struct driver *d)
{
	const struct piece room = { DRIVER_BUFFERS, 16, true };
	uint32_t head = 99;
	uint32_t bytes = 0;

	driver_start(d, 1);
	assert_int_equal(driver_send(d, 0, &room, 1), 0);
	assert_true(driver_used(d, 0, &head, &bytes));
	assert_int_equal(head, 0);
	assert_int_equal(bytes, 16);
}

/* A first descriptor, and a second one where the first has NEXT. */
struct bad_chain {
	const char *error;
	uint16_t head;
	struct vring_desc first;
	struct vring_desc second;
};

static const struct bad_chain bad_chains[] = {
	{ "descriptor index is beyond the table", DRIVER_QUEUE_SIZE, { 0 }, { 0 } },
	{ "descriptor index is beyond the table", UINT16_MAX, { 0 }, { 0 } },
	{ "descriptor index is beyond the table", 0, { BUFFER, 16, NEXT | WRITE, 8 }, { 0 } },
	{ "descriptor of no bytes", 0, { BUFFER, 0, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { 0, 16, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { DRIVER_RAM_BASE - 1, 2, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { RAM_END, 1, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { RAM_END - 15, 16, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { UINT64_MAX, UINT32_MAX, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { UINT64_MAX - 15, 16, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { BUFFER, UINT32_MAX, WRITE, 0 }, { 0 } },
	{ "buffer outside the DMA memory", 0, { BUFFER, 16, NEXT | WRITE, 1 }, { 0, 1, WRITE, 0 } },
	{ "chain is longer than the queue: it loops", 0, { BUFFER, 1, NEXT | WRITE, 0 }, { 0 } },
	{ "chain is longer than the queue: it loops",
	  0,
	  { BUFFER, 1, NEXT | WRITE, 1 },
	  { BUFFER, 1, NEXT | WRITE, 0 } },
	{ "indirect descriptor, which was not negotiated", 0, { BUFFER, 16, INDIRECT, 0 }, { 0 } },
	{ "readable descriptor after a writable one",
	  0,
	  { BUFFER, 16, NEXT | WRITE, 1 },
	  { BUFFER, 16, 0, 0 } },
};

static void test_bad_chains(void **state)
{
	struct driver *d = *state;
	uint32_t head;
	uint32_t bytes;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(bad_chains); i++) {
		const struct bad_chain *bad = &bad_chains[i];

		driver_start(d, 1);
		driver_desc(d, 0, 0, bad->first.addr, bad->first.len, bad->first.flags,
			    bad->first.next);
		driver_desc(d, 0, 1, bad->second.addr, bad->second.len, bad->second.flags,
			    bad->second.next);
		driver_offer(d, 0, bad->head);
		driver_kick(d, 0);
		assert_true(driver_needs_reset(d));
		assert_string_equal(d->dev->queues[0].error, bad->error);
		assert_false(driver_used(d, 0, &head, &bytes));
		assert_works(d);
	}
}

static void test_longest_chain(void **state)
{
	struct driver *d = *state;
	struct piece pieces[DRIVER_QUEUE_SIZE];
	uint32_t head;
	uint32_t bytes;
	unsigned i;

	for (i = 0; i < DRIVER_QUEUE_SIZE; i++) {
		pieces[i] = (struct piece){ DRIVER_BUFFERS + 64 * i, 3, true };
	}
	driver_start(d, 1);
	driver_send(d, 0, pieces, DRIVER_QUEUE_SIZE);
	assert_true(driver_used(d, 0, &head, &bytes));
	assert_int_equal(bytes, 3 * DRIVER_QUEUE_SIZE);
}

static void test_index_too_far(void **state)
{
	struct driver *d = *state;
	static const uint16_t indices[] = { DRIVER_QUEUE_SIZE + 1, 0x8000, UINT16_MAX };
	uint16_t *index;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(indices); i++) {
		driver_start(d, 1);
		index = driver_ram(d, (uint32_t)(d->rings[0].avail_ipa + 2 - DRIVER_RAM_BASE), 2);
		*index = indices[i];
		driver_kick(d, 0);
		assert_true(driver_needs_reset(d));
		assert_works(d);
	}
}

static void test_index_wraps(void **state)
{
	struct driver *d = *state;
	const struct piece room = { DRIVER_BUFFERS, 1, true };
	uint32_t head;
	uint32_t bytes;
	unsigned i;

	driver_start(d, 1);
	for (i = 0; i < 0x10000 + 3 * DRIVER_QUEUE_SIZE; i++) {
		driver_send(d, 0, &room, 1);
		assert_true(driver_used(d, 0, &head, &bytes));
		assert_int_equal(head, i % DRIVER_QUEUE_SIZE);
	}
	assert_false(driver_needs_reset(d));
}

/* Where a driver may put a queue, and where not. */
struct bad_place {
	uint32_t size;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
};

#define DESC DRIVER_RAM_BASE
#define AVAIL (DRIVER_RAM_BASE + 0x2000)
#define USED (DRIVER_RAM_BASE + 0x3000)

static const struct bad_place bad_places[] = {
	{ 0, DESC, AVAIL, USED },
	{ 3, DESC, AVAIL, USED },
	{ VIRTQUEUE_SIZE_MAX * 2, DESC, AVAIL, USED },
	{ 0x80000000, DESC, AVAIL, USED },
	{ UINT32_MAX, DESC, AVAIL, USED },
	{ 8, DESC + 8, AVAIL, USED },
	{ 8, DESC, AVAIL + 1, USED },
	{ 8, DESC, AVAIL, USED + 2 },
	{ 8, 0, AVAIL, USED },
	{ 8, DESC, 0, USED },
	{ 8, DESC, AVAIL, 0 },
	{ 8, RAM_END - 8 * 16 + 16, AVAIL, USED },
	{ 8, DESC, RAM_END - (4 + 2 * 8 + 2) + 2, USED },
	{ 8, DESC, AVAIL, RAM_END - (4 + 8 * 8 + 2) + 2 },
	{ 8, UINT64_MAX - 15, AVAIL, USED },
	{ 8, DESC, UINT64_MAX - 1, USED },
	{ 8, DESC, AVAIL, UINT64_MAX - 3 },
};

static void put_queue(struct driver *d, const struct bad_place *place)
{
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, place->size);
	driver_write(d, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)place->desc);
	driver_write(d, VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(place->desc >> 32));
	driver_write(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)place->avail);
	driver_write(d, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(place->avail >> 32));
	driver_write(d, VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)place->used);
	driver_write(d, VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(place->used >> 32));
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

static void test_bad_places(void **state)
{
	struct driver *d = *state;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(bad_places); i++) {
		assert_true(driver_negotiate(d, 0));
		put_queue(d, &bad_places[i]);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
		assert_true(driver_needs_reset(d));
		driver_write(d, VIRTIO_MMIO_STATUS, 4); /* DRIVER_OK */
		assert_false(d->dev->running);
		assert_works(d);
	}
}

static void test_last_good_places(void **state)
{
	struct driver *d = *state;
	const struct bad_place good = {
		.size = VIRTQUEUE_SIZE_MAX,
		.desc = RAM_END - 16 * VIRTQUEUE_SIZE_MAX,
		.avail = AVAIL,
		.used = USED,
	};

	assert_true(driver_negotiate(d, 0));
	put_queue(d, &good);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
}

/* A protected guest takes pages back while the device uses them: each in turn. */
static void test_withdrawn_memory(void **state)
{
	struct driver *d = *state;
	static const uint32_t pages[] = { 0, 0x2000, 0x3000, DRIVER_BUFFERS };
	const struct piece room = { DRIVER_BUFFERS, 16, true };
	size_t i;

	guest_copy_install(); /* cmocka has its own handler in force by now */
	for (i = 0; i < G_N_ELEMENTS(pages); i++) {
		driver_start(d, 1);
		driver_desc(d, 0, 0, BUFFER, 16, WRITE, 0);
		driver_offer(d, 0, 0);
		assert_int_equal(mprotect(driver_ram(d, pages[i], PAGE), PAGE, PROT_NONE), 0);
		driver_kick(d, 0);
		assert_true(driver_needs_reset(d));
		assert_int_equal(
			mprotect(driver_ram(d, pages[i], PAGE), PAGE, PROT_READ | PROT_WRITE), 0);
		assert_works(d);
		assert_int_equal(driver_send(d, 0, &room, 1), 1);
	}
}

/* A guest with RSI may set the top bit in a buffer's address, and no other. */
static void test_aliased_buffer(void **state)
{
	static const uint64_t good[] = { BUFFER, BUFFER | UINT64_C(1) << 39 };
	struct driver *d = *state;
	uint32_t head, bytes;

	d->ram.alias = UINT64_C(1) << 39;
	driver_start(d, 1);
	for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
		driver_desc(d, 0, (uint16_t)i, good[i], 16, WRITE, 0);
		driver_offer(d, 0, (uint16_t)i);
		driver_kick(d, 0);
		assert_true(driver_used(d, 0, &head, &bytes));
		assert_int_equal(head, i);
		assert_int_equal(bytes, 16);
	}
	driver_desc(d, 0, 3, BUFFER | UINT64_C(1) << 38, 16, WRITE, 0);
	driver_offer(d, 0, 3);
	driver_kick(d, 0);
	assert_true(driver_needs_reset(d));
}

/* More than a burst: the rest comes from the main loop, and no interrupt is lost. */
static void test_long_queue_is_bounded(void **state)
{
	struct driver *d = *state;
	const struct bad_place place = { VIRTQUEUE_SIZE_MAX, DESC, AVAIL, USED };
	uint16_t *used;
	unsigned i;

	assert_true(driver_negotiate(d, 0));
	driver_queue(d, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 0);
	put_queue(d, &place);
	d->rings[0].size = VIRTQUEUE_SIZE_MAX;
	driver_write(d, VIRTIO_MMIO_STATUS, 4);
	for (i = 0; i < VIRTQUEUE_SIZE_MAX; i++) {
		driver_desc(d, 0, (uint16_t)i, BUFFER, 1, WRITE, 0);
		driver_offer(d, 0, (uint16_t)i);
	}
	used = driver_ram(d, (uint32_t)(USED + 2 - DRIVER_RAM_BASE), 2);
	driver_kick(d, 0);
	assert_int_equal(*used, VIRTIO_BURST_MAX);
	driver_run_loop();
	assert_int_equal(*used, VIRTQUEUE_SIZE_MAX);
	assert_int_equal(fake_irq_pulses, VIRTQUEUE_SIZE_MAX / VIRTIO_BURST_MAX);
}

/* A reset between two bursts: the rest of the first life is not served in the second. */
static void test_reset_forgets_burst(void **state)
{
	struct driver *d = *state;

	test_long_queue_is_bounded(state);
	driver_desc(d, 0, 0, BUFFER, 1, WRITE, 0);
	for (unsigned i = 0; i < VIRTIO_BURST_MAX + 1; i++) {
		driver_offer(d, 0, 0);
	}
	driver_kick(d, 0);
	driver_start(d, 1);
	driver_run_loop();
	assert_false(driver_needs_reset(d));
	assert_int_equal(d->dev->queues[0].next_used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_chains, driver_of_rng, driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_longest_chain, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_index_too_far, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_index_wraps, driver_of_rng, driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_bad_places, driver_of_rng, driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_last_good_places, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_withdrawn_memory, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_aliased_buffer, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_long_queue_is_bounded, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_reset_forgets_burst, driver_of_rng,
						driver_of_rng_end),
	};

	return cmocka_run_group_tests_name("virtio_queue", tests, NULL, NULL);
}
