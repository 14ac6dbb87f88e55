/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts its stall detector (2 seconds), pets it for a while, then no more: the
 * VMM must end it. It keeps its CPU busy, as a hung kernel does. If nobody ends it
 * in 120 seconds it reports `fail stall_detected` and ends.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/vmwdt.h"

#define TIMEOUT_S 2
#define PETS 5
#define PET_US 100000
#define GIVE_UP_S 120

int guest_main(void)
{
	uint64_t end;

	report_begin();
	if (!report_check(vmwdt_start(TIMEOUT_S), "stall_detector", "timeout_s=%u", TIMEOUT_S)) {
		return 1;
	}
	for (unsigned int i = 0; i < PETS; i++) {
		timer_sleep_us(PET_US);
		vmwdt_pet();
	}
	report_ok("petted", "count=%u", PETS);
	report_value("stalling", "");
	end = timer_ticks() + GIVE_UP_S * timer_hz();
	while (timer_ticks() < end) {
	}
	report_fail("stall_detected", "waited_s=%u", GIVE_UP_S);
	return 1;
}
