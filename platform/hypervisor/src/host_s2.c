/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>

#include <stddef.h>

static struct s2 host; /* lock: owner_lock */

enum hyp_status host_s2_init(void)
{
	host.root = pool_alloc_pair();
	return host.root ? HYP_OK : HYP_ENOMEM;
}

enum hyp_status host_s2_map_device(uint64_t base, uint64_t bytes)
{
	enum hyp_status status;

	if (base % PAGE_BYTES || bytes % PAGE_BYTES || base > S2_IPA_LIMIT ||
	    bytes > S2_IPA_LIMIT - base) {
		return HYP_EINVAL;
	}
	if (bytes == 0) {
		return HYP_OK;
	}
	status = s2_prepare(&host, base, bytes, base);
	if (status == HYP_OK) {
		s2_map(&host, base, bytes, base, S2_DEVICE);
	}
	return status;
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
	uint64_t ipa = pfn << PAGE_SHIFT;
	uint64_t size = count << PAGE_SHIFT;
	enum hyp_status status = s2_prepare(&host, ipa, size, ipa);

	if (status != HYP_OK) {
		s2_fold(&host, ipa, size); /* what was split in vain */
	}
	return status;
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
