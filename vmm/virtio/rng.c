/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entropy device: Virtio 1.2, 5.4. One queue of buffers to fill. */
#include "vmm/virtio/device.h"

#include <stddef.h>
#include <sys/random.h>

#include <linux/virtio_ids.h>

/* getrandom() gives up to this many bytes at once and is not interrupted (getrandom(2)). */
#define BYTES_AT_ONCE 256

struct rng {
	struct virtio_device dev;
	struct virtqueue_chain chain; /* lock; only during one request */
};

static struct rng *to_rng(struct virtio_device *dev)
{
	return (struct rng *)((char *)dev - offsetof(struct rng, dev));
}

/* A buffer may come back with fewer bytes than it has room for (5.4.6.1). */
static enum virtio_served rng_serve(struct virtio_device *dev, unsigned index)
{
	struct virtqueue *queue = &dev->queues[index];
	struct virtqueue_chain *chain = &to_rng(dev)->chain;
	uint8_t bytes[BYTES_AT_ONCE];
	ssize_t got;

	if (virtqueue_take(queue, chain) != VIRTQUEUE_TAKEN) {
		return VIRTIO_SERVED_NOTHING;
	}
	if (chain->write_bytes == 0) {
		virtio_device_fail(dev, "request without room for a byte");
		return VIRTIO_SERVED_NOTHING;
	}
	got = getrandom(bytes, MIN(chain->write_bytes, sizeof(bytes)), 0);
	if (got <= 0) {
		virtio_device_fail(dev, "the host has no random numbers");
		return VIRTIO_SERVED_NOTHING;
	}
	if (!virtqueue_push(queue, chain, bytes, (uint32_t)got) ||
	    !virtqueue_return(queue, chain)) {
		return VIRTIO_SERVED_NOTHING;
	}
	return VIRTIO_SERVED_SOME;
}

static void rng_free(struct virtio_device *dev)
{
	g_free(to_rng(dev));
}

static const struct virtio_device_ops rng_ops = {
	.name = "rng",
	.device_id = VIRTIO_ID_RNG,
	.queue_count = 1,
	.serve = rng_serve,
	.free = rng_free,
};

struct virtio_device *virtio_rng_new(void)
{
	struct rng *rng = g_new0(struct rng, 1);

	virtio_device_init(&rng->dev, &rng_ops, 0, NULL, 0);
	return &rng->dev;
}
