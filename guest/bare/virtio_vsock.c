/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens one stream to port 5000 of the host (Virtio 1.2, 5.10), sends a greeting,
 * closes its half and expects the greeting back: `vsock listen 5000` is the other end.
 * In a protected guest all of it goes through the DMA pool.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/virtio.h"

#define ID_VSOCK 19
#define CONFIG_CID 0x100
#define QUEUE_RECEIVE 0
#define QUEUE_TRANSMIT 1
#define WAIT_MS 5000

#define HOST_CID 2
#define HOST_PORT 5000
#define OWN_PORT 1024
#define TYPE_STREAM 1
#define SHUTDOWN_SEND 2

enum operation {
	OP_REQUEST = 1,
	OP_RESPONSE = 2,
	OP_RESET = 3,
	OP_SHUTDOWN = 4,
	OP_DATA = 5,
};

struct packet {
	uint64_t source_cid;
	uint64_t destination_cid;
	uint32_t source_port;
	uint32_t destination_port;
	uint32_t bytes;
	uint16_t type;
	uint16_t operation;
	uint32_t flags;
	uint32_t room_bytes; /* of the sender's receive buffer */
	uint32_t taken_bytes;
} __attribute__((packed));

static struct virtio_queue receive;
static struct virtio_queue transmit;
static uint64_t own_cid;

static bool send_packet(enum operation operation, uint32_t flags, const char *data, size_t bytes)
{
	const struct packet packet = {
		.source_cid = own_cid,
		.destination_cid = HOST_CID,
		.source_port = OWN_PORT,
		.destination_port = HOST_PORT,
		.bytes = (uint32_t)bytes,
		.type = TYPE_STREAM,
		.operation = (uint16_t)operation,
		.flags = flags,
		.room_bytes = VIRTIO_BUFFER_BYTES,
	};

	memcpy(transmit.buffer, &packet, sizeof(packet));
	memcpy(transmit.buffer + sizeof(packet), data, bytes);
	virtio_queue_submit(&transmit, (uint32_t)(sizeof(packet) + bytes));
	return virtio_queue_wait(&transmit, WAIT_MS, NULL);
}

/* Wait for the next packet; its bytes follow it in @packet's page. NULL if none comes. */
static const struct packet *receive_packet(void)
{
	static uint8_t copy[VIRTIO_BUFFER_BYTES]; /* the host can change the buffer */
	const struct packet *packet = (const void *)copy;
	uint32_t bytes;

	virtio_queue_submit(&receive, 0);
	if (!virtio_queue_wait(&receive, WAIT_MS, &bytes)) {
		return NULL;
	}
	memcpy(copy, receive.buffer, sizeof(copy));
	if (bytes < sizeof(*packet) || packet->bytes > bytes - sizeof(*packet)) {
		return NULL;
	}
	return packet;
}

/* Collect what the host sends, up to @room bytes, until it resets the connection. */
static size_t receive_stream(char *to, size_t room)
{
	const struct packet *packet = receive_packet();
	size_t total = 0;

	while (packet && packet->operation != OP_RESET) {
		if (packet->operation == OP_DATA && packet->bytes <= room - total) {
			memcpy(to + total, packet + 1, packet->bytes);
			total += packet->bytes;
		}
		if (packet->operation == OP_SHUTDOWN && !send_packet(OP_RESET, 0, "", 0)) {
			break;
		}
		if (packet->operation == OP_SHUTDOWN) {
			break;
		}
		packet = receive_packet();
	}
	return total;
}

int guest_main(void)
{
	static const char greeting[] = "greetings from the guest";
	static char answer[256];
	struct virtio_device device;
	const struct packet *packet;
	size_t bytes;

	report_begin();
	if (!report_check(virtio_open(&device, ID_VSOCK), "device", "") ||
	    !report_check(virtio_queue_open(&device, &receive, QUEUE_RECEIVE) &&
				  virtio_queue_open(&device, &transmit, QUEUE_TRANSMIT),
			  "queues", "")) {
		return 1;
	}
	virtio_ready(&device);
	own_cid = mmio_read32(device.base + CONFIG_CID);
	report_ok("vsock", "cid=%llu features=0x%llx buffer_ipa=0x%llx",
		  (unsigned long long)own_cid, (unsigned long long)device.features,
		  (unsigned long long)(uintptr_t)transmit.buffer);
	if (!report_check(send_packet(OP_REQUEST, 0, "", 0), "request", "")) {
		return 1;
	}
	packet = receive_packet();
	if (!report_check(packet && packet->operation == OP_RESPONSE, "response", "operation=%u",
			  packet ? packet->operation : 0)) {
		return 1;
	}
	report_check(send_packet(OP_DATA, 0, greeting, sizeof(greeting)) &&
			     send_packet(OP_SHUTDOWN, SHUTDOWN_SEND, "", 0),
		     "send", "bytes=%zu", sizeof(greeting));
	bytes = receive_stream(answer, sizeof(answer));
	report_check(bytes == sizeof(greeting) && !memcmp(answer, greeting, bytes), "answer",
		     "bytes=%zu", bytes);
	return 0;
}
