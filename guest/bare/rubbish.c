/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes rubbish, random bytes of one seed, to every channel that a guest of the service has: both serials (ttyS1 is the
 * failure port), both consoles (hvc1 is the log), its IVirtualMachineService (port == its CID) by some connections, all but the
 * last cut off in the middle of the host's reading, and packets that no socket has. Then says how much, and ends well.
 */
#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/virtio.h"
#include "guest/bare/lib/vsock.h"
#include "platform/abi/guest_memory_map.h"

#define SEED 0x5eedULL
#define SERIAL_BYTES 2048
#define CONSOLE_BUFFERS 8
#define CONNECTIONS 6
#define SOCKET_BUFFERS 2
#define QUEUE_TRANSMIT 1
#define TRANSMIT_MS 30000
#define ODD_PACKETS 16
#define ODD_PACKET_MS 20

static uint64_t state = SEED;
static uint8_t rubbish[VIRTIO_BUFFER_BYTES];

/* xorshift64 (Marsaglia, 2003) */
static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* It ends a line: records on the serial, which the host may show in one place with it, begin their own. */
static void fill(void)
{
	for (size_t i = 0; i < sizeof(rubbish); i++) {
		rubbish[i] = (uint8_t)next();
	}
	rubbish[sizeof(rubbish) - 1] = '\n';
}

static void write_serial(uintptr_t base)
{
	for (unsigned int i = 0; i < SERIAL_BYTES; i++) {
		mmio_write8(base, (uint8_t)next());
	}
}

/* Rubbish to the console behind @device. Returns false if there is none. */
static bool write_console(struct virtio_device *device)
{
	struct virtio_queue transmit;

	if (!virtio_open_next(device, VIRTIO_ID_CONSOLE) ||
	    !virtio_queue_open(device, &transmit, QUEUE_TRANSMIT)) {
		return false;
	}
	virtio_ready(device);
	for (unsigned int i = 0; i < CONSOLE_BUFFERS; i++) {
		fill();
		memcpy(transmit.buffer, rubbish, sizeof(rubbish));
		virtio_queue_submit(&transmit, sizeof(rubbish));
		if (!virtio_queue_wait(&transmit, TRANSMIT_MS, NULL)) {
			return false;
		}
	}
	return true;
}

/*
 * A connection to the service, rubbish, and its end; @waits: only when the host has nothing more to say to that. Returns false if
 * it was not taken.
 */
static bool write_service(struct vsock *vsock, bool waits)
{
	uint32_t port = (uint32_t)vsock->own_cid;
	const struct vsock_packet *packet;

	vsock->own_port++; /* the host may still be busy with the connection before, and its port */
	if (!vsock_send(vsock, port, VSOCK_REQUEST, 0, "", 0)) {
		return false;
	}
	/* What the host still had to say to the connection before, comes first. */
	do {
		packet = vsock_receive(vsock);
	} while (packet != NULL && packet->operation != VSOCK_RESPONSE);
	if (packet == NULL) {
		return false;
	}
	for (unsigned int i = 0; i < SOCKET_BUFFERS; i++) {
		fill();
		vsock_send(vsock, port, VSOCK_DATA, 0, rubbish, VSOCK_DATA_BYTES);
	}
	while (waits && packet != NULL && packet->operation != VSOCK_RESET &&
	       packet->operation != VSOCK_SHUTDOWN) {
		packet = vsock_receive(vsock);
	}
	return vsock_send(vsock, port, VSOCK_RESET, 0, "", 0);
}

/* The last that the socket is used for: of a packet that is none, the device may never say that it has it, nor of those after it. */
static void write_odd_packets(struct vsock *vsock)
{
	vsock->transmit_ms = ODD_PACKET_MS;
	for (unsigned int i = 0; i < ODD_PACKETS; i++) {
		vsock->type = (uint16_t)next();
		vsock_send(vsock, (uint32_t)next(), (enum vsock_operation)(next() & 0xffff),
			   (uint32_t)next(), rubbish, next() % VSOCK_DATA_BYTES);
	}
}

int guest_main(void)
{
	static struct vsock vsock;
	struct virtio_device console = { 0 };
	unsigned int consoles = 0;
	unsigned int connections = 0;

	report_begin();
	write_serial(GUEST_SERIAL0_BASE);
	mmio_write8(GUEST_SERIAL0_BASE, '\n');
	write_serial(GUEST_SERIAL1_BASE);
	report_ok("serials", "bytes=%u", SERIAL_BYTES);
	while (write_console(&console)) {
		consoles++;
	}
	report_check(consoles == 2, "consoles", "count=%u bytes=%zu", consoles,
		     CONSOLE_BUFFERS * sizeof(rubbish));
	if (!report_check(vsock_open(&vsock), "socket", "")) {
		return 1;
	}
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		if (!write_service(&vsock, i + 1 == CONNECTIONS)) {
			break;
		}
		connections++;
	}
	write_odd_packets(&vsock);
	report_check(connections == CONNECTIONS, "connections", "count=%u", connections);
	return 0;
}
