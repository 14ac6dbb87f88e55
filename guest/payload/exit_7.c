/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload that ends with exit code 7, after it said that it is ready. */
#include <vm_main.h>
#include <vm_payload.h>

int AVmPayload_main(void)
{
	AVmPayload_notifyPayloadReady();
	return 7;
}
