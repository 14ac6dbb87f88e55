/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/bug.h>
#include <hyp/cpu.h>
#include <hyp/layout.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>
#include <hyp/smmu.h>
#include <hyp/s2.h>
#include <hyp/stage1.h>

#include <stddef.h>
#include <string.h>

#include "arch/sysreg.h"

/* Entries of EL2's stage 1 (Arm ARM D8.3): one range of addresses, so AP[1] is RES1. */
#define S1_VALID BIT(0)
#define S1_TABLE BIT(1)              /* at level 3: a page */
#define S1_DEVICE (UINT64_C(1) << 2) /* index in MAIR_EL2 */
#define S1_AP1 BIT(6)
#define S1_READ_ONLY BIT(7)
#define S1_INNER_SHAREABLE (UINT64_C(3) << 8)
#define S1_AF BIT(10)
#define S1_XN BIT(54)
#define S1_ADDRESS UINT64_C(0x0000fffffffff000)
#define S1_PAGE (S1_VALID | S1_TABLE | S1_AP1 | S1_AF | S1_INNER_SHAREABLE)

#define VA_LIMIT (UINT64_C(1) << 39)
#define TABLE_ENTRIES 512u
#define TLBI_RANGE_MAX 64u /* pages; above, all of the VMID goes */

/* CTR_EL0.DminLine: log2 of the words in the shortest line. */
#define CTR_DMINLINE_SHIFT 16
#define WORD_BYTES 4u

/* ID_AA64MMFR2_EL1.BBM: from 2 on, a block may become a table in one store (Arm ARM D8.14). */
#define MMFR2_BBM_SHIFT 52
#define BBM_IN_ONE_STORE 2

extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[];
extern char stacks[], windows[], pool_start[];

uint64_t stage1_root[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));

static const uint64_t attributes[] = {
	[STAGE1_TEXT] = S1_PAGE | S1_READ_ONLY,
	[STAGE1_RODATA] = S1_PAGE | S1_READ_ONLY | S1_XN,
	[STAGE1_DATA] = S1_PAGE | S1_XN,
	[STAGE1_DEVICE] = S1_PAGE | S1_XN | S1_DEVICE,
};

static void entry_store(uint64_t *entry, uint64_t value)
{
	*(volatile uint64_t *)entry = value;
	dsb(ishst);
	isb();
}

static uint64_t *table_below(uint64_t *entry)
{
	if (!(*entry & S1_VALID)) {
		void *table = pool_alloc();

		if (!table) {
			return NULL;
		}
		entry_store(entry, (uint64_t)(uintptr_t)table | S1_VALID | S1_TABLE);
	}
	return (uint64_t *)(uintptr_t)(*entry & S1_ADDRESS);
}

/* The level 3 entry of @va; NULL if a table for it cannot be had. */
static uint64_t *page_entry(uint64_t va)
{
	uint64_t *level2 = table_below(&stage1_root[va / BLOCK1_BYTES]);
	uint64_t *level3 = level2 ? table_below(&level2[va / BLOCK2_BYTES % TABLE_ENTRIES]) : NULL;

	return level3 ? &level3[va / PAGE_BYTES % TABLE_ENTRIES] : NULL;
}

enum hyp_status stage1_prepare(uint64_t pa, uint64_t size)
{
	if (pa > VA_LIMIT || size > VA_LIMIT - pa) {
		return HYP_EINVAL;
	}
	for (uint64_t at = pa & ~(uint64_t)(PAGE_BYTES - 1); at < pa + size; at += PAGE_BYTES) {
		if (!page_entry(at)) {
			return HYP_ENOMEM;
		}
	}
	return HYP_OK;
}

enum hyp_status stage1_map(uint64_t pa, uint64_t size, enum stage1_kind kind)
{
	enum hyp_status status = stage1_prepare(pa, size);
	uint64_t at = pa & ~(uint64_t)(PAGE_BYTES - 1);

	for (; status == HYP_OK && at < pa + size; at += PAGE_BYTES) {
		entry_store(page_entry(at), kind == STAGE1_NONE ? 0 : at | attributes[kind]);
	}
	return status;
}

void stage1_unmap(uint64_t pa, uint64_t size)
{
	if (stage1_map(pa, size, STAGE1_NONE) != HYP_OK) {
		hyp_bug("unmapping %#lx needs memory", pa);
	}
	tlbi(alle2is);
	dsb(ish);
	isb();
}

/* Nothing first, and each entry as the one before. */
static bool is_empty(const uint64_t *table)
{
	return !table[0] && memcmp(table, table + 1, PAGE_BYTES - sizeof(*table)) == 0;
}

void stage1_trim(uint64_t pa, uint64_t size)
{
	for (uint64_t at = pa & ~(uint64_t)(BLOCK2_BYTES - 1); at < pa + size; at += BLOCK2_BYTES) {
		uint64_t *level2 =
			(uint64_t *)(uintptr_t)(stage1_root[at / BLOCK1_BYTES] & S1_ADDRESS);
		uint64_t *entry = level2 ? &level2[at / BLOCK2_BYTES % TABLE_ENTRIES] : NULL;
		uint64_t *level3 = entry ? (uint64_t *)(uintptr_t)(*entry & S1_ADDRESS) : NULL;

		if (level3 && is_empty(level3)) {
			entry_store(entry, 0);
			tlbi(alle2is);
			dsb(ish);
			isb();
			pool_free(level3);
		}
	}
}

/* Of this CPU, which alone uses it: no other has it in its TLB. */
void *stage1_window(uint64_t pa)
{
	char *window = windows + cpu_this() * (uint64_t)PAGE_BYTES;
	uint64_t *entry = page_entry((uint64_t)(uintptr_t)window);

	entry_store(entry, 0);
	tlbi_by(vae2, (uint64_t)(uintptr_t)window >> PAGE_SHIFT);
	dsb(nsh);
	isb();
	if (pa != 0) {
		entry_store(entry, pa | attributes[STAGE1_DATA]);
	}
	return window;
}

void cache_flush(const void *base, uint64_t size)
{
	uintptr_t line = (uintptr_t)WORD_BYTES
			 << ID_FIELD(sysreg_read(ctr_el0), CTR_DMINLINE_SHIFT);

	for (uintptr_t at = (uintptr_t)base & ~(line - 1); at < (uintptr_t)base + size;
	     at += line) {
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	dsb(sy);
}

static void boot_map(const char *start, const char *end, enum stage1_kind kind)
{
	if (stage1_map((uint64_t)(uintptr_t)start, (uint64_t)(end - start), kind) != HYP_OK) {
		hyp_bug("no memory for the tables of EL2");
	}
}

void boot_tables(void)
{
	const char *hyp_end = (const char *)HYP_BASE + HYP_BYTES;
	const char *uart = (const char *)UART_BASE;

	pool_init((uintptr_t)pool_start, (uintptr_t)hyp_end);
	boot_map(text_start, text_end, STAGE1_TEXT);
	boot_map(rodata_start, rodata_end, STAGE1_RODATA);
	boot_map(data_start, data_end, STAGE1_DATA);
	for (const char *stride = stacks; stride < stacks + CPU_MAX * STACK_STRIDE;
	     stride += STACK_STRIDE) {
		boot_map(stride + STACK_TOP - STACK_BYTES, stride + STACK_TOP, STAGE1_DATA);
		boot_map(stride + FATAL_STACK_TOP - FATAL_STACK_BYTES, stride + FATAL_STACK_TOP,
			 STAGE1_DATA);
	}
	/* The windows' table must be there: stage1_window() cannot fail. */
	boot_map(windows, windows + CPU_MAX * PAGE_BYTES, STAGE1_NONE);
	boot_map(pool_start, hyp_end, STAGE1_DATA);
	boot_map(uart, uart + PAGE_BYTES, STAGE1_DEVICE);
	/* Written with the MMU off; no older line of it may be in a cache. */
	cache_flush(data_start, (uint64_t)(hyp_end - data_start));
}

/* ---- of page_ops.h and s2.h ---- */

void page_settle(uint64_t pfn, uint64_t count, bool wipe)
{
	for (; count > 0; pfn++, count--) {
		void *page = stage1_window(pfn << PAGE_SHIFT);

		if (wipe) {
			memset(page, 0, PAGE_BYTES);
		}
		cache_flush(page, PAGE_BYTES);
	}
	stage1_window(0);
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}

void s2_entry_write(uint64_t *entry, uint64_t value)
{
	entry_store(entry, value);
}

bool s2_may_replace(void)
{
	return ID_FIELD(sysreg_read(id_aa64mmfr2_el1), MMFR2_BBM_SHIFT) >= BBM_IN_ONE_STORE;
}

/* TLB maintenance is by the VMID in VTTBR_EL2, which may be any at this time. */
void s2_flush(const struct s2 *s2, uint64_t ipa, uint64_t size)
{
	uint64_t before = sysreg_read(vttbr_el2);

	if (s2->is_devices) {
		smmu_flush(ipa, size);
		return;
	}
	dsb(ishst);
	sysreg_write(vttbr_el2, s2_vttbr(s2));
	isb();
	if (size / PAGE_BYTES > TLBI_RANGE_MAX) {
		tlbi(vmalls12e1is);
	} else {
		for (uint64_t at = ipa; at < ipa + size; at += PAGE_BYTES) {
			tlbi_by(ipas2e1is, at >> PAGE_SHIFT);
		}
		/* Translations of both stages together know no IPA. */
		dsb(ish);
		tlbi(vmalle1is);
	}
	dsb(ish);
	sysreg_write(vttbr_el2, before);
	isb();
	if (s2->vmid == 0) {
		smmu_flush(ipa, size); /* it may be the devices' too */
	}
}
