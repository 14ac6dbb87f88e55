/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps its CPU busy until it is stopped: never waits, never calls, never touches a device. Nobody stopped it in 600
 * seconds: `fail stopped`.
 */
#include "guest/bare/lib/guest.h"

#define GIVE_UP_S 600

int guest_main(void)
{
	uint64_t end = timer_ticks() + GIVE_UP_S * timer_hz();

	report_begin();
	report_value("busy", "");
	while (timer_ticks() < end) {
	}
	report_fail("stopped", "waited_s=%u", GIVE_UP_S);
	return 1;
}
