/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breaks the rules of the virtio-console's transmit queue one after the other. Each
 * time the device must ask for its reset (DEVICE_NEEDS_RESET) and nothing else may
 * happen; after the reset it must write a line as if nothing had been:
 *
 *   ok <rule> asked=1 written=1     and wrote "after <rule>"
 *
 * A protected guest with a virtio socket also takes a page back from that device, whose
 * queues the host's kernel serves, and finds the page as it was: `ok socket_withdrawn`.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/virtio.h"

#define REG_QUEUE_NOTIFY 0x050
#define REG_STATUS 0x070
#define STATUS_NEEDS_RESET 0x40

#define ID_VSOCK 19
#define QUEUE_RECEIVE 0
#define QUEUE_TRANSMIT 1 /* of the console and of the socket device */
#define WAIT_MS 5000

/* Fields of the queue's page: guest/bare/lib/virtio.c. */
#define DESC_FLAGS 12
#define DESC_NEXT 14
#define DESC_BYTES 8
#define AVAIL_INDEX 0x402
#define AVAIL_RING 0x404
#define FLAG_NEXT 1
#define FLAG_INDIRECT 4

#define LINE_BYTES 16

static struct virtio_device device;
static struct virtio_queue queue;

static bool open_console(void)
{
	if (!virtio_open(&device, VIRTIO_ID_CONSOLE) ||
	    !virtio_queue_open(&device, &queue, QUEUE_TRANSMIT)) {
		return false;
	}
	virtio_ready(&device);
	return true;
}

static bool needs_reset(void)
{
	return mmio_read32(device.base + REG_STATUS) & STATUS_NEEDS_RESET;
}

static void put16(uint32_t offset, uint16_t value)
{
	*(volatile uint16_t *)(queue.rings + offset) = value;
}

/* Fields as @offset and @value say, in a queue that is otherwise good. */
static void notify_with(uint32_t offset, uint16_t value)
{
	put16(offset, value);
	barrier_full();
	mmio_write32(device.base + REG_QUEUE_NOTIFY, QUEUE_TRANSMIT);
}

/* The descriptor is good but for one field, and available. */
static void offer_with(uint32_t offset, uint16_t value)
{
	*(volatile uint64_t *)queue.rings = (uintptr_t)queue.buffer;
	*(volatile uint32_t *)(queue.rings + DESC_BYTES) = LINE_BYTES;
	put16(offset, value);
	notify_with(AVAIL_INDEX, 1);
}

static void buffer_outside(void)
{
	queue.buffer = pages_take(1);
	memset(queue.buffer, 'x', LINE_BYTES);
	virtio_queue_submit(&queue, LINE_BYTES);
}

static void buffer_nowhere(void)
{
	queue.buffer = (uint8_t *)UINT64_MAX - LINE_BYTES / 2;
	virtio_queue_submit(&queue, LINE_BYTES);
}

static void chain_loops(void)
{
	offer_with(DESC_FLAGS, FLAG_NEXT);
}

static void table_indirect(void)
{
	offer_with(DESC_FLAGS, FLAG_INDIRECT);
}

static void head_beyond(void)
{
	offer_with(AVAIL_RING, UINT16_MAX);
}

static void index_ahead(void)
{
	notify_with(AVAIL_INDEX, 0x8000);
}

static void withdraw(void *page)
{
	/* Only a guest that owns its memory can; then the host's touch of it is a fault. */
	report_check(!pkvm_unshare((uintptr_t)page, 1), "unshare", "ipa=0x%llx",
		     (unsigned long long)(uintptr_t)page);
}

static void buffer_withdrawn(void)
{
	withdraw(queue.buffer);
	virtio_queue_submit(&queue, LINE_BYTES);
}

static void rings_withdrawn(void)
{
	withdraw(queue.rings);
	virtio_queue_submit(&queue, LINE_BYTES);
}

static const struct {
	const char *name;
	void (*break_it)(void);
	bool needs_sharing;
} rules[] = {
	{ "buffer_outside", buffer_outside, true }, /* all RAM is a normal guest's DMA memory */
	{ "buffer_nowhere", buffer_nowhere, false },
	{ "chain_loops", chain_loops, false },
	{ "table_indirect", table_indirect, false },
	{ "head_beyond", head_beyond, false },
	{ "index_ahead", index_ahead, false },
	{ "buffer_withdrawn", buffer_withdrawn, true },
	{ "rings_withdrawn", rings_withdrawn, true },
};

static bool write_line(const char *name)
{
	static const char prefix[] = "after ";
	size_t length = strlen(name);
	size_t prefix_bytes = sizeof(prefix) - 1;

	memcpy(queue.buffer, prefix, prefix_bytes);
	memcpy(queue.buffer + prefix_bytes, name, length);
	queue.buffer[prefix_bytes + length] = '\n';
	virtio_queue_submit(&queue, (uint32_t)(prefix_bytes + length + 1));
	return virtio_queue_wait(&queue, WAIT_MS, NULL);
}

static bool asks_for_reset(const void *context)
{
	(void)context;
	return needs_reset();
}

static void break_socket(void)
{
	struct virtio_queue receive;
	bool asked;

	if (!report_check(virtio_queue_open(&device, &receive, QUEUE_RECEIVE) &&
				  virtio_queue_open(&device, &queue, QUEUE_TRANSMIT),
			  "socket_open", "")) {
		return;
	}
	virtio_ready(&device);
	memset(queue.buffer, LINE_BYTES, LINE_BYTES);
	withdraw(queue.buffer);
	virtio_queue_submit(&queue, LINE_BYTES);
	asked = timer_wait(asks_for_reset, NULL, WAIT_MS);
	report_check(asked && queue.buffer[0] == LINE_BYTES, "socket_withdrawn",
		     "asked=%d first_byte=%u", asked, queue.buffer[0]);
}

int guest_main(void)
{
	report_begin();
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		bool asked;
		bool written;

		if (rules[i].needs_sharing && !pkvm_can_share()) {
			continue;
		}
		if (!report_check(open_console(), "open", "")) {
			return 1;
		}
		rules[i].break_it();
		asked = needs_reset();
		written = open_console() && !needs_reset() && write_line(rules[i].name);
		report_check(asked && written, rules[i].name, "asked=%d written=%d", asked,
			     written);
	}
	if (pkvm_can_share() && virtio_open(&device, ID_VSOCK)) {
		break_socket();
	}
	return 0;
}
