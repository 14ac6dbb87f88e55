/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/vsock.h"

#include "guest/bare/lib/guest.h"

#define ID_VSOCK 19
#define CONFIG_CID 0x100
#define QUEUE_RECEIVE 0
#define QUEUE_TRANSMIT 1
#define WAIT_MS 5000

bool vsock_open(struct vsock *vsock)
{
	if (!virtio_open(&vsock->device, ID_VSOCK) ||
	    !virtio_queue_open(&vsock->device, &vsock->receive, QUEUE_RECEIVE) ||
	    !virtio_queue_open(&vsock->device, &vsock->transmit, QUEUE_TRANSMIT)) {
		return false;
	}
	virtio_ready(&vsock->device);
	vsock->own_cid = mmio_read32(vsock->device.base + CONFIG_CID);
	vsock->own_port = VSOCK_OWN_PORT;
	vsock->type = VSOCK_TYPE_STREAM;
	vsock->transmit_ms = WAIT_MS;
	return true;
}

bool vsock_send(struct vsock *vsock, uint32_t port, enum vsock_operation operation, uint32_t flags,
		const void *data, size_t bytes)
{
	const struct vsock_packet packet = {
		.source_cid = vsock->own_cid,
		.destination_cid = VSOCK_HOST_CID,
		.source_port = vsock->own_port,
		.destination_port = port,
		.bytes = (uint32_t)bytes,
		.type = vsock->type,
		.operation = (uint16_t)operation,
		.flags = flags,
		.room_bytes = VIRTIO_BUFFER_BYTES,
	};

	memcpy(vsock->transmit.buffer, &packet, sizeof(packet));
	memcpy(vsock->transmit.buffer + sizeof(packet), data, bytes);
	virtio_queue_submit(&vsock->transmit, (uint32_t)(sizeof(packet) + bytes));
	return virtio_queue_wait(&vsock->transmit, vsock->transmit_ms, NULL);
}

const struct vsock_packet *vsock_receive(struct vsock *vsock)
{
	static uint8_t copy[VIRTIO_BUFFER_BYTES]; /* the host can change the buffer */
	const struct vsock_packet *packet = (const void *)copy;
	uint32_t bytes;

	virtio_queue_submit(&vsock->receive, 0);
	if (!virtio_queue_wait(&vsock->receive, WAIT_MS, &bytes)) {
		return NULL;
	}
	memcpy(copy, vsock->receive.buffer, sizeof(copy));
	if (bytes < sizeof(*packet) || packet->bytes > bytes - sizeof(*packet)) {
		return NULL;
	}
	return packet;
}
