/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/mmu.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/layout.h"
#include "guest/bare/lib/rsi.h"
#include "guest/bare/lib/string.h"
#include "platform/abi/guest_memory_map.h"

#define TABLE_ENTRIES 512
#define TABLES_MAX 24
#define BLOCK_BYTES (UINT64_C(2) << 20)
#define ADDRESS_BITS 39

/* Where an address's index lies at level 1, 2, 3: 9 bits each. */
#define LEVEL_SHIFT(level) (39 - 9 * (level))
#define LEVEL_LAST 3

/* Descriptor bits (Arm ARM D8.3). Attribute index: MAIR_EL1, see entry.S. */
#define PTE_VALID (UINT64_C(1) << 0)
#define PTE_TABLE_OR_PAGE (UINT64_C(1) << 1)
#define PTE_ATTR_DEVICE (UINT64_C(1) << 2)
#define PTE_READ_ONLY (UINT64_C(1) << 7)
#define PTE_INNER_SHAREABLE (UINT64_C(3) << 8)
#define PTE_ACCESSED (UINT64_C(1) << 10)
#define PTE_PRIVILEGED_NX (UINT64_C(1) << 53)
#define PTE_USER_NX (UINT64_C(1) << 54)
#define PTE_ADDRESS UINT64_C(0x0000fffffffff000)

#define PTE_COMMON (PTE_VALID | PTE_ACCESSED | PTE_USER_NX | PTE_INNER_SHAREABLE)

static const uint64_t kind_bits[] = {
	[MMU_CODE] = PTE_COMMON | PTE_READ_ONLY,
	[MMU_CONST] = PTE_COMMON | PTE_READ_ONLY | PTE_PRIVILEGED_NX,
	[MMU_DATA] = PTE_COMMON | PTE_PRIVILEGED_NX,
	[MMU_DEVICE] = PTE_COMMON | PTE_PRIVILEGED_NX | PTE_ATTR_DEVICE,
};

/* The linker script's symbols: their addresses are the values. */
extern char image_start[], text_end[], rodata_end[], noinit_end[], exception_stacks[], stacks[];

/* Level 1; entry.S puts it into TTBR0_EL1. */
uint64_t mmu_root[TABLE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));

/* Lower levels; each is cleared when it is taken into use, not before. */
static uint64_t tables[TABLES_MAX][TABLE_ENTRIES]
	__attribute__((aligned(PAGE_SIZE), section(".noinit")));
static unsigned int tables_used;

void cache_drop(uintptr_t from, uintptr_t to); /* entry.S */

/* A new table in which nothing is mapped, NULL when they ran out. */
static uint64_t *table_new(void)
{
	if (tables_used == TABLES_MAX) {
		return NULL;
	}
	memset(tables[tables_used], 0, PAGE_SIZE);
	return tables[tables_used++];
}

/* The table that @entry leads to; NULL when tables ran out. */
static uint64_t *table_below(uint64_t *entry)
{
	if (!(*entry & PTE_VALID)) {
		uint64_t *table = table_new();

		if (!table) {
			return NULL;
		}
		barrier_full();
		*entry = (uintptr_t)table | PTE_VALID | PTE_TABLE_OR_PAGE;
	}
	return (uint64_t *)(uintptr_t)(*entry & PTE_ADDRESS);
}

/* Map one page or block at @address, as large as @bytes allows; returns its size. */
static uint64_t map_one(uint64_t address, uint64_t bytes, uint64_t bits)
{
	uint64_t *table = mmu_root;
	uint64_t to = address | (bits & PTE_ATTR_DEVICE ? rsi_shared_bit() : 0);

	for (unsigned int level = 1;; level++) {
		uint64_t *entry = &table[address >> LEVEL_SHIFT(level) & (TABLE_ENTRIES - 1)];
		uint64_t size = UINT64_C(1) << LEVEL_SHIFT(level);
		bool is_leaf = *entry & PTE_VALID && !(*entry & PTE_TABLE_OR_PAGE);

		if (level == LEVEL_LAST) {
			if (!(*entry & PTE_VALID)) {
				*entry = to | bits | PTE_TABLE_OR_PAGE;
			}
			return size;
		}
		if (is_leaf) {
			return size - (address & (size - 1));
		}
		if (size == BLOCK_BYTES && !(*entry & PTE_VALID) && bytes >= size &&
		    !(address & (size - 1))) {
			*entry = to | bits;
			return size;
		}
		table = table_below(entry);
		if (!table) {
			return 0;
		}
	}
}

bool mmu_map(uint64_t base, uint64_t bytes, enum mmu_kind kind)
{
	uint64_t end = base + bytes;

	if (end < base || end > UINT64_C(1) << ADDRESS_BITS) {
		return false;
	}
	while (base < end) {
		uint64_t size = map_one(base, end - base, kind_bits[kind]);

		if (!size) {
			return false;
		}
		base += size;
	}
	barrier_full();
	__asm__ volatile("isb");
	return true;
}

/* Replace @entry, on every CPU, with nothing in between (Arm ARM D8.16, break-before-make). */
static void replace(uint64_t *entry, uint64_t value)
{
	*entry = 0;
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
	*entry = value;
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* Pages instead of a block. */
static bool split(uint64_t *entry)
{
	uint64_t *table = table_new();

	if (!table) {
		return false;
	}
	for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
		table[i] = (*entry + i * PAGE_SIZE) | PTE_TABLE_OR_PAGE;
	}
	replace(entry, (uintptr_t)table | PTE_VALID | PTE_TABLE_OR_PAGE);
	return true;
}

bool mmu_point(uint64_t page, uint64_t to)
{
	uint64_t *table = mmu_root;

	for (unsigned int level = 1;; level++) {
		uint64_t *entry = &table[page >> LEVEL_SHIFT(level) & (TABLE_ENTRIES - 1)];

		if (!(*entry & PTE_VALID)) {
			return false;
		}
		if (level == LEVEL_LAST) {
			replace(entry, (*entry & ~PTE_ADDRESS) | to);
			return true;
		}
		if (!(*entry & PTE_TABLE_OR_PAGE) && !split(entry)) {
			return false;
		}
		table = (uint64_t *)(uintptr_t)(*entry & PTE_ADDRESS);
	}
}

static void map_between(const char *from, const char *to, enum mmu_kind kind)
{
	mmu_map((uintptr_t)from, (uintptr_t)(to - from), kind);
}

void mmu_build(const void *fdt)
{
	rsi_probe(fdt);
	map_between(image_start, text_end, MMU_CODE);
	map_between(text_end, rodata_end, MMU_CONST);
	map_between(rodata_end, noinit_end, MMU_DATA);
	map_between(exception_stacks, stacks, MMU_DATA);
	for (unsigned int cpu = 0; cpu < GUEST_VCPUS_MAX; cpu++) {
		mmu_map((uintptr_t)stacks + cpu * STACK_STRIDE + STACK_GUARD_BYTES, STACK_BYTES,
			MMU_DATA);
	}
	/* Serials, stall detector and pvpanic lie in the first pages. */
	mmu_map(0, GUEST_PVPANIC_BASE + PAGE_SIZE, MMU_DEVICE);
	mmu_map(GUEST_VIRTIO_BASE, GUEST_VIRTIO_SLOTS * GUEST_VIRTIO_STRIDE, MMU_DEVICE);
	mmu_map(GUEST_GICD_BASE - GUEST_VCPUS_MAX * GUEST_GICR_STRIDE,
		GUEST_VCPUS_MAX * GUEST_GICR_STRIDE + GUEST_GICD_SIZE, MMU_DEVICE);
	mmu_map((uintptr_t)fdt & ~(uint64_t)(PAGE_SIZE - 1), GUEST_FDT_MAX_SIZE, MMU_DATA);
	cache_drop((uintptr_t)tables, (uintptr_t)tables[tables_used]);
}
