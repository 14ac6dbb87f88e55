/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/bug.h>
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>
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
#define CACHE_LINE_MIN 16u
#define TLBI_RANGE_MAX 64u /* pages; above, all of the VMID goes */

extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[];
extern char stacks[], window_page[], pool_start[];

uint64_t stage1_root[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));

static uint64_t attributes_of(enum stage1_kind kind)
{
	switch (kind) {
	case STAGE1_TEXT:
		return S1_PAGE | S1_READ_ONLY;
	case STAGE1_RODATA:
		return S1_PAGE | S1_READ_ONLY | S1_XN;
	case STAGE1_DATA:
		return S1_PAGE | S1_XN;
	case STAGE1_DEVICE:
		return S1_PAGE | S1_XN | S1_DEVICE;
	case STAGE1_NONE:
		break;
	}
	return 0;
}

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

enum hyp_status stage1_map(uint64_t pa, uint64_t size, enum stage1_kind kind)
{
	uint64_t attributes = attributes_of(kind);

	if (pa > VA_LIMIT || size > VA_LIMIT - pa) {
		return HYP_EINVAL;
	}
	for (uint64_t at = pa & ~(uint64_t)(PAGE_BYTES - 1); at < pa + size; at += PAGE_BYTES) {
		uint64_t *entry = page_entry(at);

		if (!entry) {
			return HYP_ENOMEM;
		}
		entry_store(entry, attributes ? at | attributes : 0);
	}
	return HYP_OK;
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

static void window_set(uint64_t value)
{
	uint64_t va = (uint64_t)(uintptr_t)window_page;

	entry_store(page_entry(va), 0);
	tlbi_by(vae2is, va >> PAGE_SHIFT);
	dsb(ish);
	isb();
	if (value) {
		entry_store(page_entry(va), value);
	}
}

void *stage1_window(uint64_t pa)
{
	window_set(pa | attributes_of(STAGE1_DATA));
	return window_page;
}

void stage1_window_close(void)
{
	window_set(0);
}

void cache_flush(const void *base, uint64_t size)
{
	uintptr_t at = (uintptr_t)base & ~(uintptr_t)(CACHE_LINE_MIN - 1);

	for (; at < (uintptr_t)base + size; at += CACHE_LINE_MIN) {
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
	/* The window's table must be there: window_set() cannot fail. */
	boot_map(window_page, window_page + PAGE_BYTES, STAGE1_NONE);
	boot_map(pool_start, hyp_end, STAGE1_DATA);
	boot_map(uart, uart + PAGE_BYTES, STAGE1_DEVICE);
	/* Written with the MMU off; no older line of it may be in a cache. */
	cache_flush(data_start, (uint64_t)(hyp_end - data_start));
}

/* ---- of page_ops.h and host_s2.h ---- */

void page_wipe(uint64_t pfn, uint64_t count)
{
	for (; count > 0; pfn++, count--) {
		void *page = stage1_window(pfn << PAGE_SHIFT);

		memset(page, 0, PAGE_BYTES);
		cache_flush(page, PAGE_BYTES);
	}
	stage1_window_close();
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}

void s2_entry_write(uint64_t *entry, uint64_t value)
{
	entry_store(entry, value);
}

/* By VMID: EL2 runs with the host's VTTBR_EL2 when it changes the host's tables. */
void s2_flush(uint64_t ipa, uint64_t size)
{
	dsb(ishst);
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
	isb();
}
