/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues (Virtio 1.2, 2.7), the device's side.
 *
 * This is the one place where the VMM takes numbers out of memory that a guest
 * writes: ring indices, descriptor addresses, lengths, flags and links. Each is
 * copied once and the copy is checked, because the guest may change it between
 * check and use. Devices never see a guest pointer: they pull bytes out of a
 * chain and push bytes into it.
 *
 * Locks: none; the owner of a queue serialises all calls (virtio_device.lock).
 * The guest's driver runs at the same time; virtqueue.c says where order matters.
 */
#ifndef VMM_VIRTIO_VIRTQUEUE_H
#define VMM_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/memory.h"

#define VIRTQUEUE_SIZE_MAX 256 /* descriptors; what QueueNumMax shows */

/*
 * A queue: where the driver put it and how far the device is. All zero is a
 * queue that is not enabled. Devices read enabled, size and error only.
 */
struct virtqueue {
	const struct guest_memory *dma; /* set by virtqueue_enable() */
	uint32_t size;                  /* descriptors, as the driver asked */
	uint64_t desc_ipa;              /* as the driver asked, unchecked until enabled */
	uint64_t avail_ipa;
	uint64_t used_ipa;
	bool enabled;
	const uint8_t *desc; /* host addresses of the above; only for guest_copy() */
	const uint8_t *avail;
	uint8_t *used;
	uint16_t next_avail; /* index of the next ring entry to take, wraps at 2^16 */
	uint16_t next_used;
	uint16_t signalled_used; /* next_used when virtqueue_wants_interrupt() was last asked */
	const char *error;       /* not NULL: the driver broke this rule; the queue is dead */
};

/* One piece of guest memory of a chain, checked to lie in the DMA window. */
struct virtqueue_segment {
	uint8_t *hva; /* only for guest_copy() */
	uint32_t bytes;
};

/*
 * A chain of buffers that the driver made available: first all segments that
 * the device reads, then all that it writes. Filled by virtqueue_take();
 * about 4 KiB, so devices keep one in their own structure.
 */
struct virtqueue_chain {
	uint16_t head;          /* descriptor index that goes back to the driver */
	unsigned readable;      /* segments [0, readable) are the device's to read */
	unsigned count;         /* segments [readable, count) are the device's to write */
	uint32_t read_bytes;    /* bytes not yet pulled */
	uint32_t write_bytes;   /* bytes not yet pushed */
	uint32_t written_bytes; /* bytes pushed so far */
	unsigned read_segment;  /* cursors: segment, and bytes done in it */
	uint32_t read_done;
	unsigned write_segment;
	uint32_t write_done;
	struct virtqueue_segment segments[VIRTQUEUE_SIZE_MAX];
};

/* What virtqueue_take() found. */
enum virtqueue_take {
	VIRTQUEUE_BROKEN, /* the driver broke a rule: queue->error says which */
	VIRTQUEUE_EMPTY,
	VIRTQUEUE_TAKEN,
};

/*
 * Check the place that the driver chose (size, desc_ipa, avail_ipa, used_ipa)
 * and start at ring index 0.
 *
 * @dma     where all of it and every buffer must lie; borrowed while enabled.
 * Errors   false, queue->error set, not enabled: size 0, above
 *          VIRTQUEUE_SIZE_MAX or no power of two; an area misaligned or outside.
 */
bool virtqueue_enable(struct virtqueue *queue, const struct guest_memory *dma);

/* Back to all zero, as after a reset. */
void virtqueue_reset(struct virtqueue *queue);

/*
 * Take the next available chain, in at most queue->size steps.
 *
 * @chain   filled if VIRTQUEUE_TAKEN; the caller gives it back by
 *          virtqueue_return() once, or drops it with the queue.
 * Errors   VIRTQUEUE_BROKEN, now and at every later call until reset.
 */
enum virtqueue_take virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain);

/*
 * Copy the next @bytes of the chain's readable part to @to.
 *
 * Errors  false, queue->error set: fewer are left, or the guest withdrew the
 *         memory (a protected guest that does not share it). @to may be
 *         partly written.
 */
bool virtqueue_pull(struct virtqueue *queue, struct virtqueue_chain *chain, void *to,
		    uint32_t bytes);

/* Copy @bytes from @from to the chain's writable part; errors as virtqueue_pull(). */
bool virtqueue_push(struct virtqueue *queue, struct virtqueue_chain *chain, const void *from,
		    uint32_t bytes);

/*
 * Leave out @bytes of the chain's writable part, which stay as the guest has
 * them but count as written. Errors: false, queue->error set, if fewer are left.
 */
bool virtqueue_push_skip(struct virtqueue *queue, struct virtqueue_chain *chain, uint32_t bytes);

/*
 * Give a chain back to the driver, with the number of bytes pushed.
 *
 * Errors  false, queue->error set: the guest withdrew the ring's memory.
 */
bool virtqueue_return(struct virtqueue *queue, const struct virtqueue_chain *chain);

/*
 * Were chains returned since the last call, and does the driver want an
 * interrupt for them? False when broken.
 */
bool virtqueue_wants_interrupt(struct virtqueue *queue);

#endif /* VMM_VIRTIO_VIRTQUEUE_H */
