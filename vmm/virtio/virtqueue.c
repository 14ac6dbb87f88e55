/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio/virtqueue.h"

#include <stdatomic.h>
#include <string.h>

#include <linux/virtio_ring.h>

#include <glib.h>

#include "vmm/virtio/guest_copy.h"

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))

/* Layout of the three areas for a queue of @size (Virtio 1.2, 2.7). */
#define DESC_ALIGN 16
#define AVAIL_ALIGN 2
#define USED_ALIGN 4
#define AVAIL_FLAGS 0
#define AVAIL_INDEX 2
#define AVAIL_RING 4
#define USED_INDEX 2
#define USED_RING 4

static uint64_t avail_bytes(uint32_t size)
{
	return AVAIL_RING + 2 * (uint64_t)size + 2; /* and the used_event field */
}

static uint64_t used_bytes(uint32_t size)
{
	return USED_RING + sizeof(struct vring_used_elem) * (uint64_t)size + 2;
}

/* The driver broke a rule: the queue is dead. The first reason stays. */
static bool broken(struct virtqueue *queue, const char *reason)
{
	if (queue->error == NULL) {
		queue->error = reason;
	}
	return false;
}

/* One 16-bit field of the available ring, read once. */
static bool read_avail16(struct virtqueue *queue, uint32_t offset, uint16_t *value)
{
	uint16_t raw;

	if (!guest_copy(&raw, queue->avail + offset, sizeof(raw))) {
		return broken(queue, "available ring is not shared with the host");
	}
	*value = GUINT16_FROM_LE(raw);
	return true;
}

static uint8_t *place(struct virtqueue *queue, uint64_t ipa, uint64_t bytes, uint64_t align,
		      const char *reason)
{
	uint8_t *hva = NULL;

	if (ipa % align == 0) {
		hva = guest_memory_at(queue->dma, ipa, bytes);
	}
	if (hva == NULL) {
		broken(queue, reason);
	}
	return hva;
}

bool virtqueue_enable(struct virtqueue *queue, const struct guest_memory *dma)
{
	uint32_t size = queue->size;

	queue->dma = dma;
	queue->error = NULL;
	queue->next_avail = 0;
	queue->next_used = 0;
	queue->signalled_used = 0;
	if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)) != 0) {
		return broken(queue, "queue size is not a power of two within the maximum");
	}
	queue->desc = place(queue, queue->desc_ipa, sizeof(struct vring_desc) * (uint64_t)size,
			    DESC_ALIGN, "descriptor table misaligned or outside the DMA memory");
	queue->avail = place(queue, queue->avail_ipa, avail_bytes(size), AVAIL_ALIGN,
			     "available ring misaligned or outside the DMA memory");
	queue->used = place(queue, queue->used_ipa, used_bytes(size), USED_ALIGN,
			    "used ring misaligned or outside the DMA memory");
	queue->enabled = queue->error == NULL;
	return queue->enabled;
}

void virtqueue_reset(struct virtqueue *queue)
{
	memset(queue, 0, sizeof(*queue));
}

/* How many chains wait, or false if the driver's index cannot be true. */
static bool count_available(struct virtqueue *queue, uint16_t *count)
{
	uint16_t index;

	if (queue->error != NULL || !queue->enabled) {
		return false;
	}
	if (!read_avail16(queue, AVAIL_INDEX, &index)) {
		return false;
	}
	*count = (uint16_t)(index - queue->next_avail);
	if (*count > queue->size) {
		return broken(queue, "available index is ahead by more than the queue's size");
	}
	/*
	 * The driver wrote ring entry and descriptors before it raised the
	 * index (its barrier); nothing of them may be read before the index.
	 */
	atomic_thread_fence(memory_order_acquire);
	return true;
}

static bool read_desc(struct virtqueue *queue, uint16_t index, struct vring_desc *desc)
{
	struct vring_desc raw;

	if (index >= queue->size) {
		return broken(queue, "descriptor index is beyond the table");
	}
	if (!guest_copy(&raw, queue->desc + sizeof(raw) * index, sizeof(raw))) {
		return broken(queue, "descriptor table is not shared with the host");
	}
	desc->addr = GUINT64_FROM_LE(raw.addr);
	desc->len = GUINT32_FROM_LE(raw.len);
	desc->flags = GUINT16_FROM_LE(raw.flags);
	desc->next = GUINT16_FROM_LE(raw.next);
	return true;
}

/* Check one copied descriptor and append it to @chain. */
static bool add_segment(struct virtqueue *queue, struct virtqueue_chain *chain,
			const struct vring_desc *desc)
{
	bool writable = (desc->flags & VRING_DESC_F_WRITE) != 0;
	uint32_t *total = writable ? &chain->write_bytes : &chain->read_bytes;
	uint8_t *hva;

	if (desc->flags & VRING_DESC_F_INDIRECT) {
		return broken(queue, "indirect descriptor, which was not negotiated");
	}
	if (chain->count == queue->size) {
		return broken(queue, "chain is longer than the queue: it loops");
	}
	if (desc->len == 0) {
		return broken(queue, "descriptor of no bytes");
	}
	if (!writable && chain->count != chain->readable) {
		return broken(queue, "readable descriptor after a writable one");
	}
	hva = guest_memory_at(queue->dma, desc->addr, desc->len);
	if (hva == NULL) {
		return broken(queue, "buffer outside the DMA memory");
	}
	if (desc->len > UINT32_MAX - chain->read_bytes - chain->write_bytes) {
		return broken(queue, "chain of 4 GiB or more");
	}
	*total += desc->len;
	chain->segments[chain->count].hva = hva;
	chain->segments[chain->count].bytes = desc->len;
	chain->count++;
	if (!writable) {
		chain->readable++;
	}
	return true;
}

enum virtqueue_take virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain)
{
	struct vring_desc desc = { .flags = VRING_DESC_F_NEXT };
	uint16_t count;
	uint16_t slot;

	if (!count_available(queue, &count)) {
		return VIRTQUEUE_BROKEN;
	}
	if (count == 0) {
		return VIRTQUEUE_EMPTY;
	}
	slot = (uint16_t)(queue->next_avail & (queue->size - 1));
	if (!read_avail16(queue, AVAIL_RING + 2 * (uint32_t)slot, &desc.next)) {
		return VIRTQUEUE_BROKEN;
	}
	/* All but the segments, which count and readable cover. */
	memset(chain, 0, offsetof(struct virtqueue_chain, segments));
	chain->head = desc.next;
	while (desc.flags & VRING_DESC_F_NEXT) {
		/* Ends: add_segment() refuses once count has reached the queue's size. */
		if (!read_desc(queue, desc.next, &desc) || !add_segment(queue, chain, &desc)) {
			return VIRTQUEUE_BROKEN;
		}
	}
	chain->write_segment = chain->readable;
	queue->next_avail++;
	return VIRTQUEUE_TAKEN;
}

bool virtqueue_pull(struct virtqueue *queue, struct virtqueue_chain *chain, void *to,
		    uint32_t bytes)
{
	uint8_t *out = to;

	if (queue->error != NULL || bytes > chain->read_bytes) {
		return broken(queue, "request is shorter than its kind needs");
	}
	while (bytes > 0) {
		const struct virtqueue_segment *segment = &chain->segments[chain->read_segment];
		uint32_t now = MIN_OF(bytes, segment->bytes - chain->read_done);

		if (!guest_copy(out, segment->hva + chain->read_done, now)) {
			return broken(queue, "buffer is not shared with the host");
		}
		out += now;
		bytes -= now;
		chain->read_bytes -= now;
		chain->read_done += now;
		if (chain->read_done == segment->bytes) {
			chain->read_segment++;
			chain->read_done = 0;
		}
	}
	return true;
}

/* Move on in the writable part, copying from @from unless it is NULL. */
static bool advance_write(struct virtqueue *queue, struct virtqueue_chain *chain,
			  const uint8_t *from, uint32_t bytes)
{
	if (queue->error != NULL || bytes > chain->write_bytes) {
		return broken(queue, "space for the answer is shorter than its kind needs");
	}
	while (bytes > 0) {
		const struct virtqueue_segment *segment = &chain->segments[chain->write_segment];
		uint32_t now = MIN_OF(bytes, segment->bytes - chain->write_done);

		if (from != NULL) {
			if (!guest_copy(segment->hva + chain->write_done, from, now)) {
				return broken(queue, "buffer is not shared with the host");
			}
			from += now;
		}
		bytes -= now;
		chain->write_bytes -= now;
		chain->written_bytes += now;
		chain->write_done += now;
		if (chain->write_done == segment->bytes) {
			chain->write_segment++;
			chain->write_done = 0;
		}
	}
	return true;
}

bool virtqueue_push(struct virtqueue *queue, struct virtqueue_chain *chain, const void *from,
		    uint32_t bytes)
{
	return advance_write(queue, chain, from, bytes);
}

bool virtqueue_push_skip(struct virtqueue *queue, struct virtqueue_chain *chain, uint32_t bytes)
{
	return advance_write(queue, chain, NULL, bytes);
}

bool virtqueue_return(struct virtqueue *queue, const struct virtqueue_chain *chain)
{
	struct vring_used_elem element = {
		.id = GUINT32_TO_LE(chain->head),
		.len = GUINT32_TO_LE(chain->written_bytes),
	};
	uint32_t slot = queue->next_used & (queue->size - 1);
	uint16_t index = GUINT16_TO_LE((uint16_t)(queue->next_used + 1));

	if (queue->error != NULL) {
		return false;
	}
	if (!guest_copy(queue->used + USED_RING + sizeof(element) * slot, &element,
			sizeof(element))) {
		return broken(queue, "used ring is not shared with the host");
	}
	/* A driver that sees the new index must see the element and the data. */
	atomic_thread_fence(memory_order_release);
	if (!guest_copy(queue->used + USED_INDEX, &index, sizeof(index))) {
		return broken(queue, "used ring is not shared with the host");
	}
	queue->next_used++;
	return true;
}

bool virtqueue_wants_interrupt(struct virtqueue *queue)
{
	uint16_t flags;

	if (queue->error != NULL || !queue->enabled || queue->next_used == queue->signalled_used) {
		return false;
	}
	queue->signalled_used = queue->next_used;
	/*
	 * The driver enables interrupts and then looks at the used index; we
	 * raise the index and then look at its flag. With a full barrier on
	 * both sides at least one sees the other, so no chain waits unseen.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	if (!read_avail16(queue, AVAIL_FLAGS, &flags)) {
		return false;
	}
	return (flags & VRING_AVAIL_F_NO_INTERRUPT) == 0;
}
