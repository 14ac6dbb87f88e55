/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs, but never says a word, and never ends: a planted failure for whoever waits
 * for its report.
 */
#include "guest/bare/lib/guest.h"

int guest_main(void)
{
	for (;;) {
		timer_sleep_us(1000000);
	}
}
