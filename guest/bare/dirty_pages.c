/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills 8 MiB of its memory and ends: whoever gets that memory next must find none
 * of it. Page n (from 0) holds the pattern of pattern.h from the seed + n;
 * `value dirty` tells where. With less free memory it fills what there is.
 */
#include "guest/bare/lib/guest.h"

#define DIRTY_PAGES (8 * 1024 * 1024 / PAGE_SIZE)
#define DIRTY_SEED UINT64_C(0x64697274795f3031)

int guest_main(void)
{
	size_t count = pages_free() < DIRTY_PAGES ? pages_free() : DIRTY_PAGES;
	uint8_t *pages = pages_take(count);
	size_t bad = 0;

	report_begin();
	for (size_t i = 0; i < count; i++) {
		pattern_fill(pages + i * PAGE_SIZE, PAGE_SIZE, DIRTY_SEED + i);
	}
	for (size_t i = 0; i < count; i++) {
		bad += pattern_compare(pages + i * PAGE_SIZE, PAGE_SIZE, DIRTY_SEED + i) !=
		       PATTERN_EQUAL;
	}
	report_value("dirty", "base_ipa=0x%llx bytes=0x%llx seed=0x%llx",
		     (unsigned long long)(uintptr_t)pages, (unsigned long long)count * PAGE_SIZE,
		     (unsigned long long)DIRTY_SEED);
	report_check(count && !bad, "filled", "pages=%zu bad=%zu", count, bad);
	return 0;
}
