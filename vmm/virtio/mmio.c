/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio-mmio transport, version 2: Virtio 1.2, 4.2.2 (registers), 3.1 (life). */
#include "vmm/virtio/mmio.h"

#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/log.h"
#include "vmm/virtio/guest_copy.h"

#define MMIO_MAGIC 0x74726976 /* "virt" */
#define MMIO_VERSION 2
#define MMIO_VENDOR 0x41525254 /* "TRRA" */

/* A shared memory region that does not exist has this length (4.2.2, SHMLen). */
#define SHM_ABSENT UINT32_MAX

/*
 * Every device is one that needs the platform's help to reach memory: a driver
 * then uses its DMA API, which is what puts a protected guest's buffers into
 * the restricted-dma pool.
 */
#define TRANSPORT_FEATURES ((1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_F_ACCESS_PLATFORM))

static uint32_t word_of(uint64_t value, uint32_t select)
{
	return select < 2 ? (uint32_t)(value >> (32 * select)) : 0;
}

static void set_low(uint64_t *value, uint32_t low)
{
	*value = (*value & ~(uint64_t)UINT32_MAX) | low;
}

static void set_high(uint64_t *value, uint32_t high)
{
	*value = (*value & UINT32_MAX) | ((uint64_t)high << 32);
}

static uint64_t offer(const struct virtio_device *dev)
{
	return dev->features | TRANSPORT_FEATURES;
}

/* The queue that QueueSel names, or NULL if the device has no such queue. */
static struct virtqueue *selected_queue(struct virtio_device *dev)
{
	return dev->queue_select < dev->ops->queue_count ? &dev->queues[dev->queue_select] : NULL;
}

static uint64_t read_config(const struct virtio_device *dev, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (offset < dev->config_bytes) {
		memcpy(&value, dev->config + offset, MIN(width, dev->config_bytes - offset));
	}
	return GUINT64_FROM_LE(value);
}

static uint32_t read_register(struct virtio_device *dev, uint64_t offset)
{
	const struct virtqueue *queue = selected_queue(dev);

	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return MMIO_VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return dev->ops->device_id;
	case VIRTIO_MMIO_VENDOR_ID:
		return MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return word_of(offer(dev), dev->features_select);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return queue != NULL ? VIRTQUEUE_SIZE_MAX : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue != NULL && queue->enabled;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return dev->interrupt;
	case VIRTIO_MMIO_STATUS:
		return dev->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return SHM_ABSENT;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return 0; /* no device here changes its configuration after it was made */
	default:
		return 0; /* write-only or reserved */
	}
}

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned width)
{
	struct virtio_device *dev = opaque;
	uint64_t value = 0;

	if (offset >= VIRTIO_MMIO_CONFIG) {
		return read_config(dev, offset - VIRTIO_MMIO_CONFIG, width);
	}
	if (width == 4 && offset % 4 == 0) {
		g_mutex_lock(&dev->lock);
		value = read_register(dev, offset);
		g_mutex_unlock(&dev->lock);
	}
	return value;
}

static void reset(struct virtio_device *dev)
{
	unsigned i;

	virtio_device_stop(dev);
	for (i = 0; i < dev->ops->queue_count; i++) {
		virtqueue_reset(&dev->queues[i]);
	}
	dev->driver_features = 0;
	dev->features_select = 0;
	dev->driver_select = 0;
	dev->queue_select = 0;
	dev->status = 0;
	dev->interrupt = 0;
}

/* DRIVER_OK: start, and take what the driver made available before it. */
static void start(struct virtio_device *dev)
{
	unsigned i;

	dev->running = true;
	if (dev->ops->start != NULL) {
		dev->ops->start(dev);
	}
	for (i = 0; i < dev->ops->queue_count; i++) {
		virtio_device_serve(dev, i);
	}
}

static bool features_acceptable(const struct virtio_device *dev)
{
	return (dev->driver_features & ~offer(dev)) == 0 &&
	       (dev->driver_features & (1ULL << VIRTIO_F_VERSION_1)) != 0;
}

/* The driver sets bits and never clears one, but for 0, which is reset (2.1, 3.1.1). */
static void write_status(struct virtio_device *dev, uint32_t value)
{
	uint32_t set = value & ~dev->status & ~(uint32_t)VIRTIO_CONFIG_S_NEEDS_RESET & 0xff;

	if (value == 0) {
		reset(dev);
		return;
	}
	if ((set & VIRTIO_CONFIG_S_FEATURES_OK) && !features_acceptable(dev)) {
		/* The driver reads the bit back and gives up: 3.1.1 step 6. */
		set &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	}
	dev->status |= set;
	if (!(set & VIRTIO_CONFIG_S_DRIVER_OK)) {
		return;
	}
	if (!(dev->status & VIRTIO_CONFIG_S_FEATURES_OK)) {
		virtio_device_fail(dev, "DRIVER_OK without FEATURES_OK");
	} else if (!(dev->status & (VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED))) {
		start(dev);
	}
}

static void write_queue_ready(struct virtio_device *dev, struct virtqueue *queue, uint32_t value)
{
	if (value == 0 && queue->enabled) {
		/* One queue less: the device rests until the driver resets it. */
		virtio_device_stop(dev);
		virtqueue_reset(queue);
	} else if (value != 0 && !queue->enabled && !(dev->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		if (!virtqueue_enable(queue, dev->dma)) {
			virtio_device_fail(dev, queue->error);
		}
	}
}

/* Registers of the selected queue; where it lies is fixed once it is enabled. */
static void write_queue_register(struct virtio_device *dev, uint64_t offset, uint32_t value)
{
	struct virtqueue *queue = selected_queue(dev);

	if (queue == NULL) {
		return;
	}
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		write_queue_ready(dev, queue, value);
		return;
	}
	if (queue->enabled) {
		return;
	}
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->size = value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		set_low(&queue->desc_ipa, value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_high(&queue->desc_ipa, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		set_low(&queue->avail_ipa, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_high(&queue->avail_ipa, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		set_low(&queue->used_ipa, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_high(&queue->used_ipa, value);
		break;
	default:
		break; /* read-only or reserved */
	}
}

static void write_register(struct virtio_device *dev, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		dev->features_select = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		dev->driver_select = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		if (dev->status & VIRTIO_CONFIG_S_FEATURES_OK) {
			break; /* negotiated: they stay */
		}
		if (dev->driver_select == 0) {
			set_low(&dev->driver_features, value);
		} else if (dev->driver_select == 1) {
			set_high(&dev->driver_features, value);
		}
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		dev->queue_select = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		if (value < dev->ops->queue_count) {
			virtio_device_serve(dev, value);
		}
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		dev->interrupt &= ~value;
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(dev, value);
		break;
	default:
		write_queue_register(dev, offset, value);
		break;
	}
}

/* The configuration space of every device here is read-only. */
static void mmio_write(void *opaque, uint64_t offset, unsigned width, uint64_t value)
{
	struct virtio_device *dev = opaque;

	if (offset >= VIRTIO_MMIO_CONFIG || width != 4 || offset % 4 != 0) {
		return;
	}
	g_mutex_lock(&dev->lock);
	write_register(dev, offset, (uint32_t)value);
	g_mutex_unlock(&dev->lock);
}

static const struct bus_ops mmio_ops = {
	.read = mmio_read,
	.write = mmio_write,
};

bool virtio_mmio_attach(struct bus *bus, unsigned slot, struct virtio_device *dev,
			const struct guest_memory *dma, int vm_fd, GError **error)
{
	struct bus_device place = {
		.name = dev->ops->name,
		.base = GUEST_VIRTIO_BASE + (uint64_t)slot * GUEST_VIRTIO_STRIDE,
		.bytes = GUEST_VIRTIO_STRIDE,
		.ops = &mmio_ops,
		.opaque = dev,
	};

	g_assert(slot < GUEST_VIRTIO_SLOTS);
	guest_copy_install();
	dev->dma = dma;
	dev->irq.vm_fd = vm_fd;
	dev->irq.spi = GUEST_SPI_VIRTIO0 + slot;
	if (dev->ops->attach != NULL &&
	    !dev->ops->attach(dev, place.base + VIRTIO_MMIO_QUEUE_NOTIFY, vm_fd, error)) {
		g_prefix_error(error, "virtio %s: ", dev->ops->name);
		return false;
	}
	if (!bus_add(bus, &place, error)) {
		g_prefix_error(error, "virtio %s: ", dev->ops->name);
		return false;
	}
	return true;
}
