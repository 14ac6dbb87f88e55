/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens one stream to port 5000 of the host (Virtio 1.2, 5.10), sends a greeting,
 * closes its half and expects the greeting back: `vsock listen 5000` is the other end.
 * In a protected guest all of it goes through the DMA pool.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/vsock.h"

#define HOST_PORT 5000

static struct vsock vsock;

static bool send_packet(enum vsock_operation operation, uint32_t flags, const char *data,
			size_t bytes)
{
	return vsock_send(&vsock, HOST_PORT, operation, flags, data, bytes);
}

/* Collect what the host sends, up to @room bytes, until it resets the connection. */
static size_t receive_stream(char *to, size_t room)
{
	const struct vsock_packet *packet = vsock_receive(&vsock);
	size_t total = 0;

	while (packet && packet->operation != VSOCK_RESET) {
		if (packet->operation == VSOCK_DATA && packet->bytes <= room - total) {
			memcpy(to + total, packet + 1, packet->bytes);
			total += packet->bytes;
		}
		if (packet->operation == VSOCK_SHUTDOWN && !send_packet(VSOCK_RESET, 0, "", 0)) {
			break;
		}
		if (packet->operation == VSOCK_SHUTDOWN) {
			break;
		}
		packet = vsock_receive(&vsock);
	}
	return total;
}

int guest_main(void)
{
	static const char greeting[] = "greetings from the guest";
	static char answer[256];
	const struct vsock_packet *packet;
	size_t bytes;

	report_begin();
	if (!report_check(vsock_open(&vsock), "device", "")) {
		return 1;
	}
	report_ok("vsock", "cid=%llu features=0x%llx buffer_ipa=0x%llx",
		  (unsigned long long)vsock.own_cid, (unsigned long long)vsock.device.features,
		  (unsigned long long)(uintptr_t)vsock.transmit.buffer);
	if (!report_check(send_packet(VSOCK_REQUEST, 0, "", 0), "request", "")) {
		return 1;
	}
	packet = vsock_receive(&vsock);
	if (!report_check(packet && packet->operation == VSOCK_RESPONSE, "response", "operation=%u",
			  packet ? packet->operation : 0)) {
		return 1;
	}
	report_check(send_packet(VSOCK_DATA, 0, greeting, sizeof(greeting)) &&
			     send_packet(VSOCK_SHUTDOWN, VSOCK_SHUTDOWN_SEND, "", 0),
		     "send", "bytes=%zu", sizeof(greeting));
	bytes = receive_stream(answer, sizeof(answer));
	report_check(bytes == sizeof(greeting) && !memcmp(answer, greeting, bytes), "answer",
		     "bytes=%zu", bytes);
	return 0;
}
