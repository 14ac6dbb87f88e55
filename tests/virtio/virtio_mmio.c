/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transport's registers and the life of a device, with the rng as the device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "platform/abi/guest_memory_map.h"
#include "tests/virtio/driver.h"

#define S_ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRIVER VIRTIO_CONFIG_S_DRIVER
#define S_FEATURES_OK VIRTIO_CONFIG_S_FEATURES_OK
#define S_DRIVER_OK VIRTIO_CONFIG_S_DRIVER_OK

static uint64_t offered(struct driver *d)
{
	uint64_t features;

	driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	features = (uint64_t)driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return features | driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void test_identity(void **state)
{
	struct driver *d = *state;

	assert_int_equal(driver_read(d, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_RNG);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_CONFIG_GENERATION), 0);
	/* No shared memory region: length -1 (4.2.2.1). */
	assert_int_equal(driver_read(d, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
}

static void test_features_offered(void **state)
{
	struct driver *d = *state;

	assert_int_equal(offered(d), 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM);
	driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, UINT32_MAX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

static void test_features_negotiated(void **state)
{
	struct driver *d = *state;

	assert_true(driver_negotiate(d, 1ULL << VIRTIO_F_ACCESS_PLATFORM));
	assert_true(d->dev->driver_features & 1ULL << VIRTIO_F_ACCESS_PLATFORM);
	/* Settled: later writes change nothing. */
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	assert_true(d->dev->driver_features & 1ULL << VIRTIO_F_VERSION_1);
	/* A bit that was not offered. */
	assert_false(driver_negotiate(d, 1ULL << 5));
	assert_false(driver_negotiate(d, 1ULL << VIRTIO_F_RING_PACKED));
	/* Without VERSION_1: a legacy driver. */
	driver_write(d, VIRTIO_MMIO_STATUS, 0);
	driver_write(d, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), S_ACKNOWLEDGE | S_DRIVER);
}

static void test_status_only_grows(void **state)
{
	struct driver *d = *state;

	driver_write(d, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER);
	driver_write(d, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), S_ACKNOWLEDGE | S_DRIVER);
	/* NEEDS_RESET is the device's to set, and only 8 bits exist. */
	driver_write(d, VIRTIO_MMIO_STATUS, 0xffffff00 | VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), S_ACKNOWLEDGE | S_DRIVER);
	driver_write(d, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
}

static void test_driver_ok_needs_features_ok(void **state)
{
	struct driver *d = *state;

	driver_write(d, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_DRIVER_OK);
	assert_true(driver_needs_reset(d));
	assert_false(d->dev->running);
	driver_start(d, 1);
	assert_true(d->dev->running);
}

static void test_failed_does_not_start(void **state)
{
	struct driver *d = *state;

	assert_true(driver_negotiate(d, 0));
	driver_queue(d, 0);
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FAILED);
	driver_write(d, VIRTIO_MMIO_STATUS, S_DRIVER_OK);
	assert_false(d->dev->running);
}

static void test_queue_registers(void **state)
{
	struct driver *d = *state;

	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_SIZE_MAX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	/* The rng has one queue; others do not exist, however far away. */
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	assert_false(driver_needs_reset(d));
}

static void test_enabled_queue_is_fixed(void **state)
{
	struct driver *d = *state;

	driver_start(d, 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, 2);
	driver_write(d, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x10);
	driver_write(d, VIRTIO_MMIO_QUEUE_USED_HIGH, 0x10);
	assert_int_equal(d->dev->queues[0].size, DRIVER_QUEUE_SIZE);
	assert_int_equal(d->dev->queues[0].desc_ipa, d->rings[0].desc_ipa);
	assert_int_equal(d->dev->queues[0].used_ipa, d->rings[0].used_ipa);
}

static void test_no_queue_after_driver_ok(void **state)
{
	struct driver *d = *state;

	driver_start(d, 0);
	driver_queue(d, 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	driver_kick(d, 0);
	assert_false(driver_needs_reset(d));
}

static void test_disabled_queue_rests(void **state)
{
	struct driver *d = *state;
	const struct piece room = { DRIVER_BUFFERS, 16, true };
	uint32_t head;
	uint32_t bytes;

	driver_start(d, 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	driver_send(d, 0, &room, 1);
	assert_false(driver_used(d, 0, &head, &bytes));
	driver_start(d, 1);
	driver_send(d, 0, &room, 1);
	assert_true(driver_used(d, 0, &head, &bytes));
}

static void test_served_at_driver_ok(void **state)
{
	struct driver *d = *state;
	const struct piece room = { DRIVER_BUFFERS, 16, true };
	uint32_t head;
	uint32_t bytes;

	assert_true(driver_negotiate(d, 0));
	driver_queue(d, 0);
	driver_send(d, 0, &room, 1);
	/* Notified too early: not a byte moves (3.1.1). */
	assert_false(driver_used(d, 0, &head, &bytes));
	driver_write(d, VIRTIO_MMIO_STATUS, S_DRIVER_OK);
	assert_true(driver_used(d, 0, &head, &bytes));
	assert_int_equal(bytes, 16);
}

static void test_interrupt_and_acknowledge(void **state)
{
	struct driver *d = *state;
	const struct piece room = { DRIVER_BUFFERS, 16, true };

	driver_start(d, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	driver_send(d, 0, &room, 1);
	assert_int_equal(fake_irq_pulses, 1);
	assert_int_equal(fake_irq_spi, GUEST_SPI_VIRTIO0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	driver_write(d, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_CONFIG);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	driver_write(d, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	/* Nothing used, nothing to say. */
	driver_kick(d, 0);
	assert_int_equal(fake_irq_pulses, 1);
}

static void test_driver_wants_no_interrupt(void **state)
{
	struct driver *d = *state;
	const struct piece room = { DRIVER_BUFFERS, 16, true };
	uint16_t *flags;

	driver_start(d, 1);
	flags = driver_ram(d, (uint32_t)(d->rings[0].avail_ipa - DRIVER_RAM_BASE), 2);
	*flags = 1;
	driver_send(d, 0, &room, 1);
	assert_int_equal(fake_irq_pulses, 0);
	*flags = 0;
	driver_send(d, 0, &room, 1);
	assert_int_equal(fake_irq_pulses, 1);
}

static void test_needs_reset_is_told(void **state)
{
	struct driver *d = *state;

	driver_start(d, 1);
	driver_desc(d, 0, 0, 0, 16, 2, 0); /* address 0 is no RAM */
	driver_offer(d, 0, 0);
	driver_kick(d, 0);
	assert_true(driver_needs_reset(d));
	assert_int_equal(fake_irq_pulses, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	/* Dead until reset. */
	driver_kick(d, 0);
	driver_write(d, VIRTIO_MMIO_STATUS, S_DRIVER_OK);
	assert_false(d->dev->running);
	assert_int_equal(fake_irq_pulses, 1);
	driver_start(d, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void test_odd_accesses(void **state)
{
	struct driver *d = *state;
	uint64_t base = GUEST_VIRTIO_BASE;

	assert_int_equal(bus_read(d->bus, base, 1), 0);
	assert_int_equal(bus_read(d->bus, base, 2), 0);
	assert_int_equal(bus_read(d->bus, base, 8), 0);
	assert_int_equal(bus_read(d->bus, base + 2, 4), 0);
	bus_write(d->bus, base + VIRTIO_MMIO_STATUS, 1, S_ACKNOWLEDGE);
	bus_write(d->bus, base + VIRTIO_MMIO_STATUS, 8, S_ACKNOWLEDGE);
	bus_write(d->bus, base + VIRTIO_MMIO_STATUS + 1, 4, S_ACKNOWLEDGE);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	/* No configuration space: reads as 0, writes are dropped, to the end of the page. */
	assert_int_equal(bus_read(d->bus, base + VIRTIO_MMIO_CONFIG, 8), 0);
	assert_int_equal(bus_read(d->bus, base + GUEST_VIRTIO_STRIDE - 1, 1), 0);
	bus_write(d->bus, base + VIRTIO_MMIO_CONFIG, 4, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, driver_of_rng, driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_features_offered, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_features_negotiated, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_status_only_grows, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_driver_ok_needs_features_ok, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_failed_does_not_start, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_queue_registers, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_enabled_queue_is_fixed, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_no_queue_after_driver_ok, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_disabled_queue_rests, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_served_at_driver_ok, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_interrupt_and_acknowledge, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_driver_wants_no_interrupt, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_needs_reset_is_told, driver_of_rng,
						driver_of_rng_end),
		cmocka_unit_test_setup_teardown(test_odd_accesses, driver_of_rng,
						driver_of_rng_end),
	};

	return cmocka_run_group_tests_name("virtio_mmio", tests, NULL, NULL);
}
