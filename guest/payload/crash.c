/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload that crashes: it ends by SIGSEGV, which its owner hears as exit code 139. */
#include <android/log.h>
#include <vm_main.h>

int AVmPayload_main(void)
{
	/* Nobody may map the last page, so it can never be read. */
	volatile const int *nowhere = (const int *)-4096L;

	__android_log_print(ANDROID_LOG_INFO, "crash", "about to crash");
	return *nowhere;
}
