/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>

static struct s2 tables[2];  /* the CPUs', and the devices' if it is another; lock: owner_lock */
static uint32_t table_count; /* constant after host_s2_init() */

enum hyp_status host_s2_init(bool apart)
{
	table_count = apart ? 2 : 1;
	for (uint32_t i = 0; i < table_count; i++) {
		tables[i] = (struct s2){ .root = pool_alloc_pair(), .is_devices = i > 0 };
		if (!tables[i].root) {
			return HYP_ENOMEM;
		}
	}
	return HYP_OK;
}

/* Prepare all or none: what was split in vain is made whole. */
static enum hyp_status prepare(uint64_t ipa, uint64_t size)
{
	enum hyp_status status = HYP_OK;

	for (uint32_t i = 0; status == HYP_OK && i < table_count; i++) {
		status = s2_prepare(&tables[i], ipa, size, ipa);
	}
	for (uint32_t i = 0; status != HYP_OK && i < table_count; i++) {
		s2_fold(&tables[i], ipa, size);
	}
	return status;
}

static void map(uint64_t ipa, uint64_t size, uint64_t attributes)
{
	for (uint32_t i = 0; i < table_count; i++) {
		s2_map(&tables[i], ipa, size, ipa, attributes);
	}
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
	status = prepare(base, bytes);
	if (status == HYP_OK) {
		map(base, bytes, S2_DEVICE);
	}
	return status;
}

uint64_t host_s2_root(void)
{
	return (uint64_t)(uintptr_t)tables[0].root;
}

uint64_t host_s2_devices_root(void)
{
	return (uint64_t)(uintptr_t)tables[table_count - 1].root;
}

bool page_host_reaches(uint64_t pfn)
{
	return pfn < S2_IPA_LIMIT >> PAGE_SHIFT &&
	       (s2_look(&tables[0], pfn << PAGE_SHIFT).entry & S2_VALID);
}

enum hyp_status page_host_prepare(uint64_t pfn, uint64_t count)
{
	return prepare(pfn << PAGE_SHIFT, count << PAGE_SHIFT);
}

void page_host_set(uint64_t pfn, uint64_t count, bool reach)
{
	uint64_t ipa = pfn << PAGE_SHIFT;
	uint64_t size = count << PAGE_SHIFT;

	if (reach) {
		map(ipa, size, S2_RAM);
	}
	for (uint32_t i = 0; i < table_count; i++) {
		if (!reach) {
			s2_break(&tables[i], ipa, size);
			s2_note(&tables[i], ipa, size, S2_NOTE_NONE);
		}
		s2_fold(&tables[i], ipa, size);
	}
}
