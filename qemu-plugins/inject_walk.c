/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/inject_walk.h"

#include <stddef.h>

#define PAGE_BITS 12
#define LEVEL_BITS 9
#define TABLE_ADDRESS UINT64_C(0x0000fffffffff000)
#define ROOT_ADDRESS UINT64_C(0x0000fffffffffffe)
#define VALID 1
#define IS_TABLE 2

/* VTCR_EL2 (D24.2): T0SZ 5:0, SL0 7:6, TG0 15:14. */
#define VTCR_T0SZ(vtcr) (0x3f & (unsigned int)(vtcr))
#define VTCR_SL0(vtcr) ((unsigned int)((vtcr) >> 6) & 3)
#define VTCR_TG0(vtcr) ((unsigned int)((vtcr) >> 14) & 3)
/* TCR_ELx: T0SZ 5:0, TG0 15:14, T1SZ 21:16, TG1 31:30. */
#define TCR_T1SZ(tcr) ((unsigned int)((tcr) >> 16) & 0x3f)
#define TCR_TG1(tcr) ((unsigned int)((tcr) >> 30) & 3)
#define TG0_4K 0
#define TG1_4K 2

static const char only_4k[] = "its granule is not 4 KiB";

/* Bits of the address below those that @level's index uses. */
static unsigned int shift_of(int level)
{
	return (unsigned int)(PAGE_BITS + LEVEL_BITS * (3 - level));
}

/* The level at which tables for @bits begin when they are not concatenated. */
static int first_level(unsigned int bits)
{
	int level = 3;

	while (shift_of(level) + LEVEL_BITS < bits) {
		level--;
	}
	return level;
}

const char *inject_root_stage2(uint64_t vttbr, uint64_t vtcr, struct inject_root *root)
{
	unsigned int sl0 = VTCR_SL0(vtcr);

	if (VTCR_TG0(vtcr) != TG0_4K) {
		return only_4k;
	}
	root->bits = 64 - VTCR_T0SZ(vtcr);
	root->base = vttbr & ROOT_ADDRESS;
	/* SL0: 0 level 2, 1 level 1, 2 level 0, 3 level 3 (FEAT_TTST). */
	root->level = sl0 == 3 ? 3 : 2 - (int)sl0;
	return root->bits > 48 ? "its addresses have more than 48 bits" : NULL;
}

const char *inject_root_stage1(uint64_t ttbr0, uint64_t ttbr1, uint64_t tcr, bool two_ranges,
			       uint64_t va, struct inject_root *root)
{
	bool upper = two_ranges && (va >> 55 & 1) != 0;

	if (upper ? TCR_TG1(tcr) != TG1_4K : VTCR_TG0(tcr) != TG0_4K) {
		return only_4k;
	}
	root->bits = 64 - (upper ? TCR_T1SZ(tcr) : VTCR_T0SZ(tcr));
	root->base = (upper ? ttbr1 : ttbr0) & ROOT_ADDRESS;
	root->level = first_level(root->bits);
	return root->bits > 48 ? "its addresses have more than 48 bits" : NULL;
}

const char *inject_walk(const struct inject_root *root, uint64_t address, int level,
			inject_read read, struct inject_walk *found)
{
	uint64_t input = address & (UINT64_MAX >> (64 - root->bits));
	uint64_t table = root->base;
	/* A first table may be several, side by side: its index has more bits. */
	uint64_t index = input >> shift_of(root->level);

	for (found->level = root->level; found->level <= 3; found->level++) {
		unsigned int shift = shift_of(found->level);
		bool leaf;

		found->at = table + index * sizeof(uint64_t);
		if (!read(found->at, &found->descriptor)) {
			return "its tables are not in memory";
		}
		leaf = found->level == 3 || (found->descriptor & IS_TABLE) == 0;
		found->maps = (found->descriptor & VALID) != 0 && leaf &&
			      (found->level < 3 || (found->descriptor & IS_TABLE) != 0);
		found->output =
			(found->descriptor & TABLE_ADDRESS & ~((UINT64_C(1) << shift) - 1)) |
			(input & ((UINT64_C(1) << shift) - 1));
		if (found->level == level) {
			return NULL;
		}
		if ((found->descriptor & VALID) == 0 || leaf) {
			break;
		}
		table = found->descriptor & TABLE_ADDRESS;
		index = input >> shift_of(found->level + 1) & ((1u << LEVEL_BITS) - 1);
	}
	return level < 0 ? NULL : "the walk ends before that level";
}
