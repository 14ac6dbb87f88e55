/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>

#include <stddef.h>

static struct s2 host; /* lock: owner_lock */

static enum hyp_status map_devices(uint64_t base, uint64_t end)
{
	enum hyp_status status = HYP_OK;

	if (base < end) {
		status = s2_prepare(&host, base, end - base, base);
	}
	if (status == HYP_OK) {
		s2_map(&host, base, end - base, base, S2_DEVICE);
	}
	return status;
}

enum hyp_status host_s2_init(uint64_t ram_base, uint64_t ram_bytes)
{
	enum hyp_status status;

	if (ram_base % PAGE_BYTES || ram_bytes % PAGE_BYTES || ram_base > S2_IPA_LIMIT ||
	    ram_bytes > S2_IPA_LIMIT - ram_base) {
		return HYP_EINVAL;
	}
	host.root = pool_alloc_pair();
	if (!host.root) {
		return HYP_ENOMEM;
	}
	status = map_devices(0, ram_base);
	return status == HYP_OK ? map_devices(ram_base + ram_bytes, S2_IPA_LIMIT) : status;
}

uint64_t host_s2_root(void)
{
	return (uint64_t)(uintptr_t)host.root;
}

bool page_host_reaches(uint64_t pfn)
{
	return pfn < S2_IPA_LIMIT >> PAGE_SHIFT &&
	       (s2_look(&host, pfn << PAGE_SHIFT).entry & S2_VALID);
}

enum hyp_status page_host_prepare(uint64_t pfn, uint64_t count)
{
	return s2_prepare(&host, pfn << PAGE_SHIFT, count << PAGE_SHIFT, pfn << PAGE_SHIFT);
}

void page_host_set(uint64_t pfn, uint64_t count, bool reach)
{
	uint64_t ipa = pfn << PAGE_SHIFT;
	uint64_t size = count << PAGE_SHIFT;

	if (reach) {
		s2_map(&host, ipa, size, ipa, S2_RAM);
	} else {
		s2_break(&host, ipa, size);
		s2_note(&host, ipa, size, S2_NOTE_NONE);
	}
	s2_fold(&host, ipa, size);
}
