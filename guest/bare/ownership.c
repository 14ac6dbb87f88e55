/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a page, in as few instructions as it takes: for campaigns, which run
 * it thousands of times from the moment at which the guest waits.
 *
 *   guest  value control ipa=..      a shared page; the host writes the byte at its start: `go`
 *   guest  value waiting go=1        reads go, at least every 10 ms
 *   guest  touches PAGES pages for the first time: each is donated to it
 *   guest  shares one of them, writes to it, takes it back, PAGES times in all
 *   guest  ok|fail lives pages=.. shares=.. bad=..
 *
 * bad counts pages whose content is not what the guest left there. Then it ends, and all of its
 * memory goes back to the host. Status 2: go did not come; 3: the control page could not be shared.
 */
#include "guest/bare/lib/guest.h"

#define PAGES 4
#define WORDS 8 /* of a page that are written and compared: one every 512 bytes */
#define WAIT_MS 120000
#define SEED UINT64_C(0x6f776e6572736869)

static volatile uint8_t control_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static bool has_go(const void *context)
{
	(void)context;
	return control_page[0] != 0;
}

static void fill(uint64_t *page, uint64_t seed)
{
	for (size_t i = 0; i < WORDS; i++) {
		page[i * (PAGE_SIZE / sizeof(*page) / WORDS)] = seed + i;
	}
}

static bool holds(const uint64_t *page, uint64_t seed)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (page[i * (PAGE_SIZE / sizeof(*page) / WORDS)] != seed + i) {
			return false;
		}
	}
	return true;
}

/* Whether the page could be shared, written meanwhile, and taken back. */
static bool share_once(uint64_t *page, uint64_t seed)
{
	if (share_pages(page, 1)) {
		return false;
	}
	fill(page, seed);
	return !unshare_pages(page, 1);
}

int guest_main(void)
{
	uint64_t *pages = pages_take(PAGES);
	const size_t page_words = PAGE_SIZE / sizeof(*pages);
	size_t shares = 0;
	size_t bad = 0;

	report_begin();
	if (!pages || share_pages((void *)(uintptr_t)control_page, 1)) {
		report_fail("control", "");
		return 3;
	}
	control_page[0] = 0;
	report_value("control", "ipa=0x%llx", (unsigned long long)(uintptr_t)control_page);
	report_value("waiting", "go=1");
	if (!timer_wait(has_go, NULL, WAIT_MS)) {
		report_fail("go", "waited_ms=%u", WAIT_MS);
		return 2;
	}
	for (size_t i = 0; i < PAGES; i++) {
		fill(pages + i * page_words, SEED + i);
	}
	for (size_t i = 0; i < PAGES; i++) {
		bad += !holds(pages + i * page_words, SEED + i);
		shares += share_once(pages + i * page_words, ~SEED - i);
	}
	for (size_t i = 0; i < PAGES; i++) {
		bad += !holds(pages + i * page_words, ~SEED - i);
	}
	report_check(!bad && shares == PAGES, "lives", "pages=%u shares=%zu bad=%zu", PAGES, shares,
		     bad);
	return 0;
}
