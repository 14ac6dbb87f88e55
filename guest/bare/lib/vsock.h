/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream on the virtio socket device (Virtio 1.2, 5.10), packet by packet, as much as a guest program needs: one
 * connection at a time, from one port of the guest's. One CPU, no locks.
 */
#ifndef GUEST_VSOCK_H
#define GUEST_VSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/bare/lib/virtio.h"

#define VSOCK_HOST_CID 2
#define VSOCK_OWN_PORT 1024
#define VSOCK_SHUTDOWN_SEND 2
#define VSOCK_TYPE_STREAM 1

enum vsock_operation {
	VSOCK_REQUEST = 1,
	VSOCK_RESPONSE = 2,
	VSOCK_RESET = 3,
	VSOCK_SHUTDOWN = 4,
	VSOCK_DATA = 5,
};

struct vsock_packet {
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

#define VSOCK_DATA_BYTES (VIRTIO_BUFFER_BYTES - sizeof(struct vsock_packet))

struct vsock {
	struct virtio_device device;
	struct virtio_queue receive;
	struct virtio_queue transmit;
	uint64_t own_cid;
	uint32_t own_port;    /* VSOCK_OWN_PORT, until somebody takes another */
	uint16_t type;        /* of packets that are sent: VSOCK_TYPE_STREAM */
	uint64_t transmit_ms; /* how long the device may keep a packet that is sent: 5000 */
};

/* Find the device and set it up. Returns false if there is none or it refuses. */
bool vsock_open(struct vsock *vsock);

/*
 * Send one packet to the host's @port with @bytes of @data behind it, at most VSOCK_DATA_BYTES. Returns false if
 * the device does not give it back in transmit_ms.
 */
bool vsock_send(struct vsock *vsock, uint32_t port, enum vsock_operation operation, uint32_t flags,
		const void *data, size_t bytes);

/*
 * Wait for the next packet, at most 5 seconds. Returns it, a copy that lasts until the next call, its
 * bytes behind it; NULL if none comes, or one that is not whole.
 */
const struct vsock_packet *vsock_receive(struct vsock *vsock);

#endif /* GUEST_VSOCK_H */
