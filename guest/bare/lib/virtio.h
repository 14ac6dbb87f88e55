/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio 1.2 over MMIO (transport version 2), as much as a guest program needs: split
 * queues with one buffer under way at a time, polled. Queues and buffers lie in
 * memory from pages_take_dma(), which the host can change at any time: what the
 * device writes is checked before it is used. One CPU, no locks.
 */
#ifndef GUEST_VIRTIO_H
#define GUEST_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_ID_CONSOLE 3

#define VIRTIO_BUFFER_BYTES 4096

struct virtio_device {
	uintptr_t base;    /* of its registers */
	uint64_t features; /* negotiated */
};

struct virtio_queue {
	uintptr_t base;   /* of the device's registers */
	uint32_t index;   /* of the queue in its device */
	uint16_t entries; /* a power of two */
	uint16_t submitted;
	uint8_t *rings;  /* descriptors, driver area and device area: one page */
	uint8_t *buffer; /* VIRTIO_BUFFER_BYTES, the only one */
};

/*
 * Find the first device with @device_id, reset it and negotiate: VERSION_1, and
 * ACCESS_PLATFORM if offered; no feature of the device type. Returns false
 * if there is none or it refuses.
 */
bool virtio_open(struct virtio_device *device, uint32_t device_id);

/* The same for the next one behind @device, by address. */
bool virtio_open_next(struct virtio_device *device, uint32_t device_id);

/*
 * Set up queue @index. Returns false if the device has no such queue or there is no
 * memory. Takes two pages for good.
 */
bool virtio_queue_open(const struct virtio_device *device, struct virtio_queue *queue,
		       uint32_t index);

/* All queues are open: let the device work. */
void virtio_ready(const struct virtio_device *device);

/*
 * Give the queue's buffer to the device: its first @bytes to read, or all of it to
 * write if @bytes is 0. The buffer must have come back from the last time.
 */
void virtio_queue_submit(struct virtio_queue *queue, uint32_t bytes);

/*
 * Wait until the buffer comes back. Returns false after @timeout_ms. *@bytes (if not
 * NULL) is what the device says that it wrote, at most VIRTIO_BUFFER_BYTES.
 */
bool virtio_queue_wait(struct virtio_queue *queue, uint64_t timeout_ms, uint32_t *bytes);

#endif /* GUEST_VIRTIO_H */
