/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/virtio.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/pages.h"
#include "guest/bare/lib/timer.h"

/* Registers (Virtio 1.2, 4.2.2). */
#define REG_MAGIC 0x000
#define REG_VERSION 0x004
#define REG_DEVICE_ID 0x008
#define REG_DEVICE_FEATURES 0x010
#define REG_DEVICE_FEATURES_SEL 0x014
#define REG_DRIVER_FEATURES 0x020
#define REG_DRIVER_FEATURES_SEL 0x024
#define REG_QUEUE_SEL 0x030
#define REG_QUEUE_NUM_MAX 0x034
#define REG_QUEUE_NUM 0x038
#define REG_QUEUE_READY 0x044
#define REG_QUEUE_NOTIFY 0x050
#define REG_STATUS 0x070
#define REG_QUEUE_DESC_LOW 0x080
#define REG_QUEUE_DESC_HIGH 0x084
#define REG_QUEUE_DRIVER_LOW 0x090
#define REG_QUEUE_DRIVER_HIGH 0x094
#define REG_QUEUE_DEVICE_LOW 0x0a0
#define REG_QUEUE_DEVICE_HIGH 0x0a4

#define MAGIC_VALUE 0x74726976 /* "virt" */
#define VERSION_MODERN 2

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8

#define FEATURE_VERSION_1 (UINT64_C(1) << 32)
#define FEATURE_ACCESS_PLATFORM (UINT64_C(1) << 33)

#define DESC_F_WRITE 2
#define AVAIL_F_NO_INTERRUPT 1

#define ENTRIES_MAX 8
#define RESET_TRIES 1000

/* One page holds them all; alignments as in Virtio 1.2, 2.7. */
#define RINGS_DRIVER 0x400
#define RINGS_DEVICE 0x800

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

struct driver_ring {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[ENTRIES_MAX];
};

struct device_ring {
	uint16_t flags;
	uint16_t index;
	struct {
		uint32_t id;
		uint32_t bytes;
	} ring[ENTRIES_MAX];
};

static uint64_t features_offered(uintptr_t base)
{
	uint64_t features;

	mmio_write32(base + REG_DEVICE_FEATURES_SEL, 1);
	features = (uint64_t)mmio_read32(base + REG_DEVICE_FEATURES) << 32;
	mmio_write32(base + REG_DEVICE_FEATURES_SEL, 0);
	return features | mmio_read32(base + REG_DEVICE_FEATURES);
}

static bool negotiate(struct virtio_device *device)
{
	uintptr_t base = device->base;
	uint32_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

	mmio_write32(base + REG_STATUS, 0);
	for (unsigned int i = 0; mmio_read32(base + REG_STATUS); i++) {
		if (i == RESET_TRIES) {
			return false;
		}
	}
	mmio_write32(base + REG_STATUS, STATUS_ACKNOWLEDGE);
	mmio_write32(base + REG_STATUS, status);
	device->features = features_offered(base) & (FEATURE_VERSION_1 | FEATURE_ACCESS_PLATFORM);
	if (!(device->features & FEATURE_VERSION_1)) {
		return false;
	}
	mmio_write32(base + REG_DRIVER_FEATURES_SEL, 0);
	mmio_write32(base + REG_DRIVER_FEATURES, (uint32_t)device->features);
	mmio_write32(base + REG_DRIVER_FEATURES_SEL, 1);
	mmio_write32(base + REG_DRIVER_FEATURES, (uint32_t)(device->features >> 32));
	status |= STATUS_FEATURES_OK;
	mmio_write32(base + REG_STATUS, status);
	return mmio_read32(base + REG_STATUS) & STATUS_FEATURES_OK;
}

bool virtio_open(struct virtio_device *device, uint32_t device_id)
{
	device->base = 0;
	return virtio_open_next(device, device_id);
}

bool virtio_open_next(struct virtio_device *device, uint32_t device_id)
{
	for (unsigned int i = 0; i < machine.virtio_count; i++) {
		uintptr_t base = machine.virtio[i];

		if (base > device->base && mmio_read32(base + REG_MAGIC) == MAGIC_VALUE &&
		    mmio_read32(base + REG_VERSION) == VERSION_MODERN &&
		    mmio_read32(base + REG_DEVICE_ID) == device_id) {
			device->base = base;
			return negotiate(device);
		}
	}
	return false;
}

static void address_write(uintptr_t base, uint32_t low, uint32_t high, const uint8_t *address)
{
	mmio_write32(base + low, (uint32_t)(uintptr_t)address);
	mmio_write32(base + high, (uint32_t)((uintptr_t)address >> 32));
}

bool virtio_queue_open(const struct virtio_device *device, struct virtio_queue *queue,
		       uint32_t index)
{
	uintptr_t base = device->base;
	uint32_t entries_max;

	mmio_write32(base + REG_QUEUE_SEL, index);
	entries_max = mmio_read32(base + REG_QUEUE_NUM_MAX);
	if (!entries_max || mmio_read32(base + REG_QUEUE_READY)) {
		return false;
	}
	*queue = (struct virtio_queue){ .base = base, .index = index, .entries = ENTRIES_MAX };
	while (queue->entries > entries_max) {
		queue->entries /= 2;
	}
	queue->rings = pages_take_dma(1);
	queue->buffer = pages_take_dma(1);
	if (!queue->rings || !queue->buffer) {
		return false;
	}
	mmio_write32(base + REG_QUEUE_NUM, queue->entries);
	address_write(base, REG_QUEUE_DESC_LOW, REG_QUEUE_DESC_HIGH, queue->rings);
	address_write(base, REG_QUEUE_DRIVER_LOW, REG_QUEUE_DRIVER_HIGH,
		      queue->rings + RINGS_DRIVER);
	address_write(base, REG_QUEUE_DEVICE_LOW, REG_QUEUE_DEVICE_HIGH,
		      queue->rings + RINGS_DEVICE);
	barrier_full();
	mmio_write32(base + REG_QUEUE_READY, 1);
	return true;
}

void virtio_ready(const struct virtio_device *device)
{
	mmio_write32(device->base + REG_STATUS,
		     STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

void virtio_queue_submit(struct virtio_queue *queue, uint32_t bytes)
{
	volatile struct descriptor *descriptor = (void *)queue->rings;
	volatile struct driver_ring *ring = (void *)(queue->rings + RINGS_DRIVER);

	descriptor->address = (uintptr_t)queue->buffer;
	descriptor->bytes = bytes ? bytes : VIRTIO_BUFFER_BYTES;
	descriptor->flags = bytes ? 0 : DESC_F_WRITE;
	descriptor->next = 0;
	ring->flags = AVAIL_F_NO_INTERRUPT;
	ring->ring[queue->submitted % queue->entries] = 0; /* always descriptor 0 */
	barrier_order();
	ring->index = ++queue->submitted;
	barrier_full();
	mmio_write32(queue->base + REG_QUEUE_NOTIFY, queue->index);
}

static bool is_back(const void *context)
{
	const struct virtio_queue *queue = context;
	volatile const struct device_ring *ring = (void *)(queue->rings + RINGS_DEVICE);

	return ring->index == queue->submitted;
}

bool virtio_queue_wait(struct virtio_queue *queue, uint64_t timeout_ms, uint32_t *bytes)
{
	volatile const struct device_ring *ring = (void *)(queue->rings + RINGS_DEVICE);
	uint16_t at = (uint16_t)(queue->submitted - 1) % queue->entries;

	if (!timer_wait(is_back, queue, timeout_ms)) {
		return false;
	}
	barrier_order();
	if (bytes) {
		uint32_t written = ring->ring[at].bytes; /* read once: the host can change it */

		*bytes = written < VIRTIO_BUFFER_BYTES ? written : VIRTIO_BUFFER_BYTES;
	}
	return true;
}
