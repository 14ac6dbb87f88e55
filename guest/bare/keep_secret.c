/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a secret while the host attacks, and says whether it is intact.
 *
 * Four pages, whose addresses (IPA) the guest reports:
 *
 *   private_ipa  the secret: 4096 bytes of the pattern of pattern.h from the seed
 *                0x6169726172726574. Never shared. `secret` is its check value,
 *                also as pattern.h defines it.
 *   shared_ipa   a greeting (SECRET_GREETING, then zeros), shared with the host
 *   control_ipa  shared; the host writes the byte at its start: `go`
 *   code_ipa     a page of code, private as the rest. A host that can run it at any
 *                address gets 0x5ec0 in x0.
 *
 * What happens, guest (records) and host:
 *
 *   guest  value memory can_share=<0|1>     0: not protected, nothing to share
 *   guest  ok share page=greeting ..        only if it can share
 *   guest  ok share page=control ..
 *   guest  value pages private_ipa=.. shared_ipa=.. control_ipa=.. code_ipa=.. secret=..
 *   guest  value waiting go=1               reads go, at least every 10 ms
 *   host   reads, writes, runs what it likes; then sets go to 1
 *   guest  ok|fail secret_intact ..         all 4096 bytes compared
 *   guest  ok|fail code_intact ..           the code page, compared and run
 *   guest  ok unshare page=greeting ..      only if it can share
 *   guest  value unshared ipa=..
 *   guest  value waiting go=2
 *   host   tries the greeting page again; then sets go to 2
 *   guest  value hypercalls .. ; end status=..
 *
 * A wait ends after 120 seconds of the guest's time with `fail go` and status 2, so a
 * host that forgets the guest costs no more than that. Status 3: a page could
 * not be shared.
 *
 * A guest that is not protected runs the same steps without the share calls: the
 * control case, where the host's reads and writes succeed.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/secret.h"

int guest_main(void)
{
	return secret_run(false);
}
