/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload that listens on vsock port 6000 and sends each line that comes back with its bytes in the other order. It ends with 0
 * after the line "quit".
 */
#include <stddef.h>
#include <sys/socket.h>

#include <android/log.h>
#include <vm_main.h>
#include <vm_payload.h>

#include "guest/payload/lib/lines.h"

#define PORT 6000

static int failed(const char *doing)
{
	__android_log_print(ANDROID_LOG_ERROR, "echo_reverse", "%s: %m", doing);
	return 1;
}

int AVmPayload_main(void)
{
	int listener = lines_listen(PORT);
	int fd;

	if (listener < 0) {
		return failed("listening");
	}
	AVmPayload_notifyPayloadReady();
	do {
		fd = accept(listener, NULL, NULL);
		if (fd < 0) {
			return failed("accepting");
		}
	} while (!lines_serve(fd));
	return 0;
}
