/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives the virtio-console (hvc0): its records go there as well as to the serial, and
 * one line of input, if the host sends one within 2 seconds, comes back as
 * "echo: <line>" on hvc0 and as `value input bytes=<n> check=<FNV-1a of them>`.
 * In a protected guest the queues and buffers are in the DMA pool and shared.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/virtio.h"

#define QUEUE_RECEIVE 0
#define QUEUE_TRANSMIT 1

#define TRANSMIT_MS 5000
#define INPUT_MS 2000
#define LINE_MAX 1024

static struct virtio_queue receive;
static struct virtio_queue transmit;
static unsigned int transmit_failures;

static void console_transmit(const char *text, size_t length)
{
	memcpy(transmit.buffer, text, length);
	virtio_queue_submit(&transmit, (uint32_t)length);
	if (!virtio_queue_wait(&transmit, TRANSMIT_MS, NULL)) {
		transmit_failures++;
		/* The buffer is the device's still: stop using it. */
		report_copy_to(NULL);
	}
}

/* Collect input until a line ends, LINE_MAX bytes came, or no more comes in time. */
static size_t input_line(char *line)
{
	size_t length = 0;
	uint32_t bytes;

	while (length < LINE_MAX && (!length || line[length - 1] != '\n')) {
		virtio_queue_submit(&receive, 0);
		if (!virtio_queue_wait(&receive, INPUT_MS, &bytes)) {
			break;
		}
		for (uint32_t i = 0; i < bytes && length < LINE_MAX; i++) {
			line[length++] = (char)receive.buffer[i];
			if (line[length - 1] == '\n') {
				break;
			}
		}
	}
	return length;
}

int guest_main(void)
{
	static const char echo[] = "echo: ";
	static char line[sizeof(echo) - 1 + LINE_MAX];
	struct virtio_device device;
	size_t length;

	report_begin();
	if (!report_check(virtio_open(&device, VIRTIO_ID_CONSOLE), "device", "") ||
	    !report_check(virtio_queue_open(&device, &receive, QUEUE_RECEIVE) &&
				  virtio_queue_open(&device, &transmit, QUEUE_TRANSMIT),
			  "queues", "")) {
		return 1;
	}
	virtio_ready(&device);
	report_copy_to(console_transmit);
	report_ok("hvc0", "base=0x%llx features=0x%llx buffer_ipa=0x%llx",
		  (unsigned long long)device.base, (unsigned long long)device.features,
		  (unsigned long long)(uintptr_t)transmit.buffer);

	memcpy(line, echo, sizeof(echo) - 1);
	length = input_line(line + sizeof(echo) - 1);
	report_value("input", "bytes=%zu check=0x%llx", length,
		     (unsigned long long)pattern_check_value(line + sizeof(echo) - 1, length));
	if (length && !transmit_failures) {
		console_transmit(line, sizeof(echo) - 1 + length);
	}
	report_check(!transmit_failures, "transmit", "failures=%u", transmit_failures);
	return 0;
}
