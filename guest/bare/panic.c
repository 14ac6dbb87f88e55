/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Panics: a reason on serial 1, then pvpanic. There is no `end`. */
#include "guest/bare/lib/guest.h"

int guest_main(void)
{
	report_begin();
	report_value("about_to_panic", "");
	panic("GUEST_PANIC", "planned by the program");
}
