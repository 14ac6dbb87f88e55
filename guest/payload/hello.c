/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest payload: a line in the log, and it is done. Returns 0. */
#include <android/log.h>
#include <vm_main.h>

int AVmPayload_main(void)
{
	__android_log_print(ANDROID_LOG_INFO, "hello", "Hello, host. This is the payload.");
	return 0;
}
