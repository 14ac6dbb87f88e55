/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends with a status of its own: `end status=7`. */
#include "guest/bare/lib/guest.h"

int guest_main(void)
{
	report_begin();
	report_ok("about_to_end", "status=7");
	return 7;
}
