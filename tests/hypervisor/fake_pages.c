/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/fake_pages.h"

#include <hyp/page_ops.h>

#include <string.h>

struct fake_pages fake_pages;

void fake_pages_reset(void)
{
	memset(&fake_pages, 0, sizeof(fake_pages));
}

static bool is_range(uint64_t pfn, uint64_t count)
{
	bool inside = pfn >= FAKE_PFN && count > 0 && count <= FAKE_PAGES &&
		      pfn - FAKE_PFN <= FAKE_PAGES - count;

	fake_pages.faults += !inside;
	return inside;
}

enum hyp_status page_host_prepare(uint64_t pfn, uint64_t count)
{
	memset(fake_pages.prepared, 0, sizeof(fake_pages.prepared));
	if (!is_range(pfn, count)) {
		return HYP_EINVAL;
	}
	if (fake_pages.fail_nth > 0 && --fake_pages.fail_nth == 0) {
		return HYP_ENOMEM;
	}
	for (uint64_t i = pfn - FAKE_PFN; i < pfn - FAKE_PFN + count; i++) {
		fake_pages.prepared[i] = true;
	}
	return HYP_OK;
}

void page_host_set(uint64_t pfn, uint64_t count, bool reach)
{
	if (!is_range(pfn, count)) {
		return;
	}
	for (uint64_t i = pfn - FAKE_PFN; i < pfn - FAKE_PFN + count; i++) {
		/* Only what was prepared, and only what changes. */
		fake_pages.faults += !fake_pages.prepared[i] + (fake_pages.reach[i] == reach);
		fake_pages.reach[i] = reach;
	}
}

bool page_host_reaches(uint64_t pfn)
{
	return pfn >= FAKE_PFN && pfn < FAKE_PFN + FAKE_PAGES && fake_pages.reach[pfn - FAKE_PFN];
}

void page_settle(uint64_t pfn, uint64_t count, bool wipe)
{
	if (!is_range(pfn, count)) {
		return;
	}
	for (uint64_t i = pfn - FAKE_PFN; wipe && i < pfn - FAKE_PFN + count; i++) {
		fake_pages.content[i] = 0;
	}
}
