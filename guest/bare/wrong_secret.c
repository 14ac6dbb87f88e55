/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keep_secret with a planted failure: one bit of its secret page is wrong before it
 * reports. `secret` is then not the check value that the host computes, and
 * `fail secret_intact first_bad=2048` follows. A runner that does not call this
 * a failure is broken.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/secret.h"

int guest_main(void)
{
	return secret_run(true);
}
