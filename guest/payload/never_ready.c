/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload that starts and never gets ready: its owner has to stop it. */
#include <unistd.h>

#include <android/log.h>
#include <vm_main.h>

int AVmPayload_main(void)
{
	__android_log_print(ANDROID_LOG_INFO, "never_ready", "waiting for nothing");
	for (;;) {
		pause();
	}
}
