/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shares pages with the host and takes them back: contents stay, and what may not
 * be done is refused. Every page is touched before it is shared, so no call is
 * repeated behind the guest's back (see share_untouched.c). A guest whose memory
 * cannot be shared reports that the calls are refused, and ends well.
 */
#include "guest/bare/lib/guest.h"
#include "platform/abi/smccc.h"

#define PAGES 16
#define SEED UINT64_C(0x73686172655f3031)

static void check_refused(const char *what, uint32_t function, uint64_t ipa, uint64_t x3)
{
	int64_t status = smccc_status(smccc_call(function, ipa, 0, x3));

	report_check(status < 0, "refused", "what=%s status=%lld", what, (long long)status);
}

static bool is_pattern(const uint8_t *pages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pattern_compare(pages + i * PAGE_SIZE, PAGE_SIZE, SEED + i) != PATTERN_EQUAL) {
			return false;
		}
	}
	return true;
}

int guest_main(void)
{
	uint8_t *pages = pages_take(PAGES);
	uint64_t ipa = (uintptr_t)pages;
	int64_t status;

	report_begin();
	report_value("memory", "can_share=%d granule=%llu", pkvm_can_share(),
		     (unsigned long long)pkvm_granule_bytes());
	if (!pages) {
		report_fail("memory", "free_pages=%zu", pages_free());
		return 1;
	}
	for (size_t i = 0; i < PAGES; i++) {
		pattern_fill(pages + i * PAGE_SIZE, PAGE_SIZE, SEED + i);
	}
	if (!pkvm_can_share()) {
		check_refused("share_not_offered", PKVM_MEM_SHARE, ipa, 0);
		check_refused("unshare_not_offered", PKVM_MEM_UNSHARE, ipa, 0);
		return 0;
	}
	check_refused("unshare_private", PKVM_MEM_UNSHARE, ipa, 0);
	check_refused("share_misaligned", PKVM_MEM_SHARE, ipa + 8, 0);
	check_refused("share_reserved_argument", PKVM_MEM_SHARE, ipa, 1);
	status = pkvm_share(ipa, PAGES);
	report_check(!status, "share", "ipa=0x%llx pages=%u status=%lld", (unsigned long long)ipa,
		     PAGES, (long long)status);
	report_check(is_pattern(pages, PAGES), "contents_shared", "");
	check_refused("share_twice", PKVM_MEM_SHARE, ipa, 0);
	status = pkvm_unshare(ipa, PAGES);
	report_check(!status, "unshare", "ipa=0x%llx pages=%u status=%lld", (unsigned long long)ipa,
		     PAGES, (long long)status);
	report_check(is_pattern(pages, PAGES), "contents_private", "");
	check_refused("unshare_twice", PKVM_MEM_UNSHARE, ipa, 0);
	status = pkvm_share(ipa, 1);
	report_check(!status, "share_again", "status=%lld", (long long)status);
	return 0;
}
