/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket device around a fake kernel: life, events, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_vsock.h>

#include "tests/virtio/driver.h"
#include "tests/virtio/fake_vhost.h"

#define CID 0x12345678
#define QUEUES 3

static int setup(void **state)
{
	struct driver *d = g_new0(struct driver, 1);

	memset(&fake_vhost, 0, sizeof(fake_vhost));
	fake_vhost.offer = UINT64_MAX;
	fake_ioeventfds = 0;
	driver_init(d, virtio_vsock_new(CID, NULL));
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	driver_free(*state);
	g_free(*state);
	return 0;
}

static void test_config(void **state)
{
	struct driver *d = *state;

	assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_VSOCK);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_CONFIG), CID);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_CONFIG + 4), 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_CONFIG + 8), 0);
	assert_int_equal(fake_vhost.cid, CID);
	assert_int_equal(fake_ioeventfds, VHOST_VSOCK_QUEUES);
}

static void test_kernel_gets_window_and_features(void **state)
{
	struct driver *d = *state;
	uint32_t low;

	driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	low = driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES);
	/* Of all that the kernel offers only what does not change the rings. */
	assert_int_equal(low, 1U << VIRTIO_VSOCK_F_SEQPACKET);
	driver_start(d, QUEUES);
	assert_int_equal(fake_vhost.starts, 1);
	assert_int_equal(fake_vhost.features, 1ULL << VIRTIO_F_VERSION_1);
	assert_int_equal(fake_vhost.dma_ipa, DRIVER_RAM_BASE);
	assert_int_equal(fake_vhost.dma_bytes, DRIVER_RAM_BYTES);
}

static void test_used_buffers_interrupt(void **state)
{
	struct driver *d = *state;

	driver_start(d, QUEUES);
	assert_int_equal(eventfd_write(fake_vhost.call_fd, 1), 0);
	driver_run_loop();
	assert_int_equal(fake_irq_pulses, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	/* After a reset an old signal says nothing. */
	assert_int_equal(eventfd_write(fake_vhost.call_fd, 1), 0);
	driver_write(d, VIRTIO_MMIO_STATUS, 0);
	driver_run_loop();
	assert_int_equal(fake_vhost.stops, 1);
	assert_int_equal(fake_irq_pulses, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void test_kernel_error_stops_device(void **state)
{
	struct driver *d = *state;

	driver_start(d, QUEUES);
	assert_int_equal(eventfd_write(fake_vhost.error_fd, 1), 0);
	driver_run_loop();
	assert_true(driver_needs_reset(d));
	assert_int_equal(fake_vhost.stops, 1);
	driver_start(d, QUEUES);
	assert_int_equal(fake_vhost.starts, 2);
	assert_false(driver_needs_reset(d));
}

static void test_kernel_refuses(void **state)
{
	struct driver *d = *state;

	fake_vhost.refuse = true;
	assert_true(driver_negotiate(d, 0));
	driver_queue(d, 0);
	driver_queue(d, 1);
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
	assert_true(driver_needs_reset(d));
	assert_int_equal(fake_vhost.stops, 0);
	driver_start(d, QUEUES);
	assert_int_equal(fake_vhost.starts, 1);
}

static void test_missing_queue(void **state)
{
	struct driver *d = *state;

	assert_true(driver_negotiate(d, 0));
	driver_queue(d, 0);
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
	assert_true(driver_needs_reset(d));
	assert_int_equal(fake_vhost.starts, 0);
}

static void test_event_queue_is_left_alone(void **state)
{
	struct driver *d = *state;
	const struct piece room = { DRIVER_BUFFERS, 8, true };
	uint32_t head;
	uint32_t bytes;

	driver_start(d, QUEUES);
	driver_send(d, 2, &room, 1);
	driver_run_loop();
	assert_false(driver_used(d, 2, &head, &bytes));
	assert_false(driver_needs_reset(d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_gets_window_and_features, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_used_buffers_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_error_stops_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_event_queue_is_left_alone, setup, teardown),
	};

	return cmocka_run_group_tests_name("virtio_vsock", tests, NULL, NULL);
}
