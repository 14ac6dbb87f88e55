/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends by a reset of its machine instead of switching it off. */
#include "guest/bare/lib/guest.h"

int guest_main(void)
{
	report_begin();
	report_ok("about_to_reset", "");
	report_end(0);
	psci_system_reset();
}
