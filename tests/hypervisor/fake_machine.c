/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "tests/hypervisor/fake_machine.h"

#include <hyp/bug.h>
#include <hyp/host_s2.h>
#include <hyp/owner.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>
#include <hyp/s2.h>
#include <hyp/stage1.h>
#include <hyp/vm.h>
#include <hyp/regs.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)
#define TLB_SLOTS 16384u
#define STALE_MAX 8192u
#define IPA_END (UINT64_C(1) << 40)
#define ADDRESS UINT64_C(0x0000fffffffff000)
#define LEAF_ATTRIBUTES UINT64_C(0x00600000000003fc) /* XN, AF excepted, S2AP, SH, MemAttr */

struct translation {
	uint64_t vttbr; /* 0: a free slot */
	uint64_t ipa;
	uint64_t leaf; /* 0: forgotten */
};

struct fake_machine fake_machine;
static unsigned char *contents; /* RAM, as the tests see it */
static uint32_t owners[MACHINE_PAGES];
static struct translation tlb[TLB_SLOTS];
static uint64_t *stale[STALE_MAX]; /* entries changed and not yet flushed */
static uint32_t stale_count;
static int64_t window = -1; /* page that the window shows */

void hyp_bug(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	vfprintf(stderr, why, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

void fake_machine_must(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

/* RAM twice: at its address, as EL2 maps it, and elsewhere, all of it, for the tests. */
static void make_ram(void)
{
	size_t bytes = MACHINE_PAGES * PAGE;
	int file = memfd_create("ram", 0);
	void *at;

	fake_machine_must(file >= 0 && ftruncate(file, (off_t)bytes) == 0, "memfd");
	at = mmap((void *)MACHINE_RAM, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
	fake_machine_must(at == (void *)MACHINE_RAM, "mmap at the machine's RAM");
	contents = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	fake_machine_must(contents != MAP_FAILED, "mmap");
	close(file);
}

void *fake_machine_page(uint64_t pfn)
{
	return contents + (pfn - MACHINE_PFN) * PAGE;
}

static void el2_set(uint64_t page, uint64_t count, bool mapped)
{
	fake_machine_must(mprotect((void *)(MACHINE_RAM + page * PAGE), count * PAGE,
				   mapped ? PROT_READ | PROT_WRITE : PROT_NONE) == 0,
			  "mprotect");
}

void fake_machine_boot(void)
{
	struct owner_request hyp = { .op = OWNER_BOOT_HYP,
				     .pfn = MACHINE_PFN,
				     .count = MACHINE_HYP_PAGES };
	struct owner_request host = { .op = OWNER_BOOT_HOST,
				      .pfn = MACHINE_HOST_PFN,
				      .count = MACHINE_PAGES - MACHINE_HYP_PAGES };

	if (!contents) {
		make_ram();
	}
	memset(&fake_machine, 0, sizeof(fake_machine));
	memset(tlb, 0, sizeof(tlb));
	stale_count = 0;
	el2_set(0, MACHINE_PAGES, false);
	el2_set(0, MACHINE_HYP_PAGES, true);
	pool_init(MACHINE_RAM, MACHINE_RAM + MACHINE_HYP_PAGES * PAGE);
	owner_init(owners, MACHINE_PFN, MACHINE_PAGES);
	fake_machine_must(host_s2_init(false) == HYP_OK, "host_s2_init");
	fake_machine_must(owner_apply(&hyp) == HYP_OK && owner_apply(&host) == HYP_OK,
			  "owner_apply");
	owner_seal();
}

int64_t fake_machine_call(uint64_t id, uint64_t *x, uint32_t count)
{
	static const struct {
		uint64_t id;
		enum hyp_status (*call)(struct regs *regs);
	} calls[] = {
		{ HYP_CALL_VM_CREATE, vm_create },   { HYP_CALL_VM_DONATE, vm_donate },
		{ HYP_CALL_VM_CONFIG, vm_config },   { HYP_CALL_VM_MAP, vm_map },
		{ HYP_CALL_VM_UNMAP, vm_unmap },     { HYP_CALL_VM_KILL, vm_kill },
		{ HYP_CALL_VM_RECLAIM, vm_reclaim }, { HYP_CALL_VM_DESTROY, vm_destroy },
		{ HYP_CALL_VM_STATS, vm_stats },
	};
	struct regs regs = { .x = { id } };
	int64_t status = HYP_NOT_SUPPORTED;

	memcpy(&regs.x[1], x, count * sizeof(*x));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		status = calls[i].id == id ? calls[i].call(&regs) : status;
	}
	memcpy(x, &regs.x[1], count * sizeof(*x));
	return status;
}

void fake_machine_end(void)
{
	for (uint64_t id = 1; id <= OWNER_VM_MAX; id++) {
		uint64_t x[3] = { id };

		if (owner_vm_view((uint32_t)id).kind == VM_NONE) {
			continue;
		}
		fake_machine_call(HYP_CALL_VM_KILL, x, 1);
		for (uint64_t pfn = MACHINE_HOST_PFN; pfn < MACHINE_END_PFN; pfn++) {
			if (owner_view(pfn).vm == id) {
				uint64_t page[3] = { id, pfn, 1 };

				fake_machine_must(fake_machine_call(HYP_CALL_VM_RECLAIM, page, 3) ==
							  HYP_OK,
						  "reclaim");
			}
		}
		fake_machine_must(fake_machine_call(HYP_CALL_VM_DESTROY, x, 1) == HYP_OK,
				  "destroy");
	}
}

/* ---- stage1.h ---- */

static bool in_ram(uint64_t pa, uint64_t size)
{
	return pa >= MACHINE_RAM && pa % PAGE == 0 && size % PAGE == 0 &&
	       pa + size <= MACHINE_RAM + MACHINE_PAGES * PAGE;
}

enum hyp_status stage1_prepare(uint64_t pa, uint64_t size)
{
	fake_machine.faults += !in_ram(pa, size);
	fake_machine.stage1_prepared++;
	if (fake_machine.fail_stage1 > 0 && --fake_machine.fail_stage1 == 0) {
		return HYP_ENOMEM;
	}
	return HYP_OK;
}

enum hyp_status stage1_map(uint64_t pa, uint64_t size, enum stage1_kind kind)
{
	fake_machine.faults += !in_ram(pa, size) || kind != STAGE1_DATA;
	for (uint64_t i = (pa - MACHINE_RAM) / PAGE; i < (pa + size - MACHINE_RAM) / PAGE; i++) {
		fake_machine.faults += fake_machine.el2[i] || i < MACHINE_HYP_PAGES;
		fake_machine.el2[i] = true;
	}
	el2_set((pa - MACHINE_RAM) / PAGE, size / PAGE, true);
	return HYP_OK;
}

void stage1_unmap(uint64_t pa, uint64_t size)
{
	fake_machine.faults += !in_ram(pa, size);
	for (uint64_t i = (pa - MACHINE_RAM) / PAGE; i < (pa + size - MACHINE_RAM) / PAGE; i++) {
		uint32_t vm = owner_view(MACHINE_PFN + i).vm;

		/* A VM that lives needs what it has at EL2. */
		fake_machine.faults += !fake_machine.el2[i] || owner_vm_view(vm).kind != VM_DYING;
		fake_machine.el2[i] = false;
	}
	el2_set((pa - MACHINE_RAM) / PAGE, size / PAGE, false);
}

void stage1_trim(uint64_t pa, uint64_t size)
{
	fake_machine.faults += !in_ram(pa, size);
}

void *stage1_window(uint64_t pa)
{
	if (window >= (int64_t)MACHINE_HYP_PAGES && !fake_machine.el2[window]) {
		el2_set((uint64_t)window, 1, false);
	}
	window = pa ? (int64_t)((pa - MACHINE_RAM) / PAGE) : -1;
	if (pa) {
		el2_set((uint64_t)window, 1, true);
	}
	return (void *)(uintptr_t)pa;
}

void cache_flush(const void *base, uint64_t size)
{
	(void)base;
	(void)size;
}

/* ---- page_ops.h: contents ---- */

void page_settle(uint64_t pfn, uint64_t count, bool wipe)
{
	for (uint64_t i = pfn; i < pfn + count; i++) {
		/* What EL2 still maps for itself is not to be anybody else's yet. */
		fake_machine.faults += fake_machine.el2[i - MACHINE_PFN];
		fake_machine.settled[i - MACHINE_PFN] = true;
		if (wipe) {
			memset(fake_machine_page(i), 0, PAGE);
		}
	}
}

/* ---- s2.h ---- */

bool s2_may_replace(void)
{
	return fake_machine.may_replace;
}

/*
 * From one valid entry to another only between a block and the table that says the same, if
 * the CPU can that; and after a valid entry, only when no TLB has it any more.
 */
void s2_entry_write(uint64_t *entry, uint64_t value)
{
	uint64_t old = *entry;
	bool is_split = fake_machine.may_replace && ((old ^ value) & S2_TABLE);

	fake_machine.faults += (old & value & S2_VALID) && old != value && !is_split;
	for (uint32_t i = 0; i < stale_count; i++) {
		fake_machine.faults += stale[i] == entry && (value & S2_VALID);
	}
	if ((old & S2_VALID) && old != value) {
		fake_machine_must(stale_count < STALE_MAX, "stale entries");
		stale[stale_count++] = entry;
	}
	*entry = value;
}

static void forget_entry(const uint64_t *entry)
{
	for (uint32_t i = 0; i < stale_count;) {
		if (stale[i] == entry) {
			stale[i] = stale[--stale_count];
		} else {
			i++;
		}
	}
}

/* All entries on the ways to [ipa, ipa + size), as the flush reaches them. */
static void forget_tables(uint64_t *table, int shift, uint64_t base, uint64_t ipa, uint64_t end)
{
	uint64_t span = UINT64_C(1) << shift;
	uint64_t entries = shift == 30 ? 1024 : 512;

	for (uint64_t i = 0; i < entries && stale_count > 0; i++) {
		uint64_t at = base + i * span;

		if (at + span <= ipa || at >= end) {
			continue;
		}
		forget_entry(&table[i]);
		if (shift > 12 && (table[i] & 3) == 3) {
			forget_tables((uint64_t *)(uintptr_t)(table[i] & ADDRESS), shift - 9, at,
				      ipa, end);
		}
	}
}

void s2_flush(const struct s2 *s2, uint64_t ipa, uint64_t size)
{
	uint64_t vttbr = s2_vttbr(s2);

	fake_machine.flushes++;
	for (uint32_t i = 0; i < TLB_SLOTS; i++) {
		if (tlb[i].vttbr >> 48 == vttbr >> 48 && tlb[i].ipa + PAGE > ipa &&
		    tlb[i].ipa < ipa + size) {
			tlb[i].leaf = 0;
		}
	}
	if (stale_count > 0) {
		forget_tables(s2->root, 30, 0, ipa, ipa + size);
	}
}

/* By the architecture: 40 bits, two tables at level 1. */
uint64_t fake_machine_walk(uint64_t vttbr, uint64_t ipa)
{
	uint64_t table = vttbr & ADDRESS;

	if (ipa >= IPA_END) {
		return 0;
	}
	for (int shift = 30; shift >= 12; shift -= 9) {
		uint64_t index = ipa >> shift & (shift == 30 ? 1023 : 511);
		uint64_t entry;

		if (table < MACHINE_RAM || table >= MACHINE_RAM + MACHINE_PAGES * PAGE) {
			return 0; /* what the walker fetches from nowhere is no entry */
		}
		entry = ((uint64_t *)fake_machine_page((table >> 12) + index / 512))[index % 512];
		if (!(entry & 1) || (shift == 12 && !(entry & 2))) {
			return 0;
		}
		if (shift == 12 || !(entry & 2)) {
			uint64_t offset = ipa & ((UINT64_C(1) << shift) - 1) & ~(PAGE - 1);

			return (entry & LEAF_ATTRIBUTES) | ((entry & ADDRESS) + offset) | 1;
		}
		table = entry & ADDRESS;
	}
	return 0;
}

/* Where the TLB has @ipa, or would. */
static struct translation *tlb_slot(uint64_t vttbr, uint64_t ipa)
{
	uint64_t start = (ipa / PAGE * 5 + (vttbr >> 48) * 769) % TLB_SLOTS;

	for (uint64_t i = 0; i < TLB_SLOTS; i++) {
		struct translation *slot = &tlb[(start + i) % TLB_SLOTS];

		if (slot->vttbr == 0 || (slot->vttbr == vttbr && slot->ipa == ipa)) {
			return slot;
		}
	}
	fake_machine_must(false, "TLB");
	return NULL;
}

uint64_t fake_machine_use(uint64_t vttbr, uint64_t ipa)
{
	uint64_t page = ipa & ~(PAGE - 1);
	struct translation *slot = tlb_slot(vttbr, page);

	if (slot->leaf == 0) {
		*slot = (struct translation){ vttbr, page, fake_machine_walk(vttbr, page) };
	}
	return slot->leaf;
}

const char *fake_machine_broken(void)
{
	for (uint32_t i = 0; i < TLB_SLOTS; i++) {
		if (tlb[i].leaf && fake_machine_walk(tlb[i].vttbr, tlb[i].ipa) != tlb[i].leaf) {
			return "a TLB holds what the tables do not say";
		}
	}
	if (stale_count > 0) {
		return "an entry was changed and not flushed";
	}
	return fake_machine.faults ? "a rule of the architecture was broken" : NULL;
}
