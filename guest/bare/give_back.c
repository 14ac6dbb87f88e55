/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives a page with a secret back to the host while it runs, and takes a new one there.
 *
 *   guest  ok share page=control ..
 *   guest  value pages private_ipa=.. control_ipa=..   the page holds keep_secret.c's pattern
 *   guest  value waiting go=1       the host looks; then sets the byte at control_ipa to 1
 *   guest  ok|fail given_back status=..
 *   guest  value waiting go=2       the host looks; then sets it to 2
 *   guest  ok|fail is_empty is=..   the first touch since: a page without the secret
 *   guest  value waiting go=3       the page is the guest's again; the host looks; then 3
 */
#include "guest/bare/lib/guest.h"
#include "platform/abi/smccc.h"

#define SEED UINT64_C(0x6169726172726574)
#define WAIT_MS 120000

static uint64_t page[PAGE_SIZE / 8] __attribute__((aligned(PAGE_SIZE)));
static volatile uint8_t control[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static bool has_go(const void *context)
{
	const unsigned int *wanted = context;

	return control[0] >= *wanted;
}

static void wait_go(unsigned int number)
{
	report_value("waiting", "go=%u", number);
	if (!timer_wait(has_go, &number, WAIT_MS)) {
		report_fail("go", "number=%u waited_ms=%u", number, WAIT_MS);
	}
}

int guest_main(void)
{
	volatile uint64_t *touched = page;
	int64_t status;

	report_begin();
	status = pkvm_share((uintptr_t)control, 1);
	report_check(!status, "share", "page=control status=%lld", (long long)status);
	pattern_fill(page, PAGE_SIZE, SEED);
	report_value("pages", "private_ipa=0x%llx control_ipa=0x%llx",
		     (unsigned long long)(uintptr_t)page, (unsigned long long)(uintptr_t)control);
	wait_go(1);
	status = smccc_status(smccc_call(PKVM_MEM_RELINQUISH, (uintptr_t)page, 0, 0));
	report_check(!status, "given_back", "status=%lld", (long long)status);
	wait_go(2);
	report_check(pattern_compare(page, sizeof(uint64_t), SEED) != PATTERN_EQUAL, "is_empty",
		     "is=0x%llx", (unsigned long long)*touched);
	*touched = SEED;
	wait_go(3);
	report_check(*touched == SEED, "is_memory", "");
	return 0;
}
