/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shares pages that it never touched, so the hypervisor has none yet: it must get
 * them from the host and complete the call. It may do so by running the guest's
 * HVC again; the trace then has more calls than the guest counts.
 */
#include "guest/bare/lib/guest.h"

#define PAGES 4

int guest_main(void)
{
	uint64_t *pages = pages_take(PAGES);
	uint64_t nonzero = 0;
	int64_t status;

	report_begin();
	report_value("memory", "can_share=%d", pkvm_can_share());
	if (!pages) {
		report_fail("memory", "free_pages=%zu", pages_free());
		return 1;
	}
	if (!pkvm_can_share()) {
		return 0;
	}
	status = pkvm_share((uintptr_t)pages, PAGES);
	report_check(!status, "share", "ipa=0x%llx pages=%u status=%lld",
		     (unsigned long long)(uintptr_t)pages, PAGES, (long long)status);
	for (size_t i = 0; i < PAGES * PAGE_SIZE / sizeof(*pages); i++) {
		nonzero += pages[i] != 0;
	}
	report_check(!nonzero, "zeroed", "nonzero_words=%llu", (unsigned long long)nonzero);
	return 0;
}
