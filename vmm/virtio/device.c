/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio/mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "vmm/log.h"

/* Which queue a burst goes on with; owned by its source. */
struct more {
	struct virtio_device *dev;
	unsigned queue;
};

void virtio_device_init(struct virtio_device *dev, const struct virtio_device_ops *ops,
			uint64_t features, const void *config, size_t config_bytes)
{
	dev->ops = ops;
	dev->features = features;
	dev->config = config;
	dev->config_bytes = config_bytes;
	g_mutex_init(&dev->lock);
}

static void forget_more(struct virtio_device *dev, unsigned queue)
{
	if (dev->more[queue] != NULL) {
		g_source_destroy(dev->more[queue]);
		g_clear_pointer(&dev->more[queue], g_source_unref);
	}
}

static gboolean serve_more(gpointer data)
{
	const struct more *more = data;
	struct virtio_device *dev = more->dev;

	g_mutex_lock(&dev->lock);
	/* A vCPU may have reset the device since this source was chosen to run. */
	if (!g_source_is_destroyed(g_main_current_source())) {
		forget_more(dev, more->queue);
		virtio_device_serve(dev, more->queue);
	}
	g_mutex_unlock(&dev->lock);
	return G_SOURCE_REMOVE;
}

/* Go on from the main loop, after what else waits there (such as "stop"). */
static void serve_later(struct virtio_device *dev, unsigned queue)
{
	struct more *more;

	if (dev->more[queue] != NULL) {
		return;
	}
	more = g_new(struct more, 1);
	more->dev = dev;
	more->queue = queue;
	dev->more[queue] = g_idle_source_new();
	g_source_set_callback(dev->more[queue], serve_more, more, g_free);
	g_source_attach(dev->more[queue], NULL);
}

void virtio_device_serve(struct virtio_device *dev, unsigned queue)
{
	struct virtqueue *q = &dev->queues[queue];
	unsigned left = VIRTIO_BURST_MAX;

	if (!dev->running || !q->enabled || dev->ops->serve == NULL) {
		return;
	}
	/* Bounded: a guest with two CPUs could otherwise keep one here for ever. */
	while (left > 0 && dev->running && dev->ops->serve(dev, queue) == VIRTIO_SERVED_SOME) {
		left--;
	}
	if (!dev->running) {
		return;
	}
	if (virtqueue_wants_interrupt(q)) {
		virtio_device_interrupt(dev);
	}
	if (q->error != NULL) {
		virtio_device_fail(dev, q->error);
	} else if (left == 0) {
		serve_later(dev, queue);
	}
}

void virtio_device_interrupt(struct virtio_device *dev)
{
	dev->interrupt |= VIRTIO_MMIO_INT_VRING;
	irq_line_pulse(&dev->irq);
}

/* From running to not running, if it was. */
void virtio_device_stop(struct virtio_device *dev)
{
	unsigned queue;

	if (!dev->running) {
		return;
	}
	dev->running = false;
	for (queue = 0; queue < dev->ops->queue_count; queue++) {
		forget_more(dev, queue);
	}
	if (dev->ops->stop != NULL) {
		dev->ops->stop(dev);
	}
}

void virtio_device_fail(struct virtio_device *dev, const char *reason)
{
	log_at(dev->complained ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
	       "virtio %s (SPI %u): the guest's driver broke a rule and the device "
	       "waits for its reset: %s",
	       dev->ops->name, dev->irq.spi, reason);
	dev->complained = true;
	virtio_device_stop(dev);
	dev->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		dev->interrupt |= VIRTIO_MMIO_INT_CONFIG;
		irq_line_pulse(&dev->irq);
	}
}

void virtio_device_free(struct virtio_device *dev)
{
	if (dev == NULL) {
		return;
	}
	g_mutex_lock(&dev->lock);
	virtio_device_stop(dev);
	g_mutex_unlock(&dev->lock);
	g_mutex_clear(&dev->lock);
	dev->ops->free(dev);
}
