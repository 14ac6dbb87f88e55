/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs until it is stopped. It sleeps between looks at the clock, so that many of
 * them can run at once. Nobody stopped it in 600 seconds: `fail stopped`.
 */
#include "guest/bare/lib/guest.h"

#define LOOK_US 20000
#define GIVE_UP_S 600

int guest_main(void)
{
	uint64_t end = timer_ticks() + GIVE_UP_S * timer_hz();

	report_begin();
	report_value("spinning", "");
	while (timer_ticks() < end) {
		timer_sleep_us(LOOK_US);
	}
	report_fail("stopped", "waited_s=%u", GIVE_UP_S);
	return 1;
}
