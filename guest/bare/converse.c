/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers on the virtio-console (hvc0): each line of input comes back as "echo: <line>", until the line "bye", which ends
 * it well. `value listening` says when it listens; it sleeps between looks, so that many of them can run
 * at once. Nobody said a word for 600 seconds: `fail heard`, status 1. Its records go to the serial alone.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/virtio.h"

#define QUEUE_RECEIVE 0
#define QUEUE_TRANSMIT 1

#define TRANSMIT_MS 30000
#define LOOK_US 20000
#define GIVE_UP_S 600
#define LINE_MAX 256

static const char echo[] = "echo: ";
static const char bye[] = "bye\n";

static struct virtio_queue receive;
static struct virtio_queue transmit;
static char line[sizeof(echo) - 1 + LINE_MAX];
static size_t length; /* of the input in it */

static bool answer(void)
{
	size_t bytes = sizeof(echo) - 1 + length;

	memcpy(transmit.buffer, line, bytes);
	virtio_queue_submit(&transmit, (uint32_t)bytes);
	length = 0;
	return virtio_queue_wait(&transmit, TRANSMIT_MS, NULL);
}

/* Wait for input; the number of bytes in the buffer, 0: nobody said a word. */
static uint32_t listen(void)
{
	uint64_t end = timer_ticks() + GIVE_UP_S * timer_hz();
	uint32_t bytes = 0;

	virtio_queue_submit(&receive, 0);
	while (!virtio_queue_wait(&receive, 0, &bytes)) {
		if (timer_ticks() > end) {
			return 0;
		}
		timer_sleep_us(LOOK_US);
	}
	return bytes;
}

/* Take @bytes of the buffer. Returns true when the host has said bye. */
static bool take(uint32_t bytes, unsigned int *failures)
{
	char *text = line + sizeof(echo) - 1;

	for (uint32_t i = 0; i < bytes; i++) {
		if (length < LINE_MAX) {
			text[length++] = (char)receive.buffer[i];
		}
		if (receive.buffer[i] != '\n') {
			continue;
		}
		if (length == sizeof(bye) - 1 && memcmp(text, bye, length) == 0) {
			return true;
		}
		*failures += !answer();
	}
	return false;
}

int guest_main(void)
{
	struct virtio_device device;
	unsigned int failures = 0;
	uint32_t bytes;

	report_begin();
	if (!report_check(virtio_open(&device, VIRTIO_ID_CONSOLE), "device", "") ||
	    !report_check(virtio_queue_open(&device, &receive, QUEUE_RECEIVE) &&
				  virtio_queue_open(&device, &transmit, QUEUE_TRANSMIT),
			  "queues", "")) {
		return 1;
	}
	virtio_ready(&device);
	memcpy(line, echo, sizeof(echo) - 1);
	report_value("listening", "");
	do {
		bytes = listen();
		if (!report_check(bytes != 0, "heard", "bytes=%u", bytes)) {
			return 1;
		}
	} while (!take(bytes, &failures));
	report_check(!failures, "transmit", "failures=%u", failures);
	return 0;
}
