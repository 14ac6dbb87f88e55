/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest_walk.h"

#include <stddef.h>

#define SCTLR_M (UINT64_C(1) << 0)
#define ADDRESS_BITS 48
#define LAST_LEVEL 3
#define TABLE_BYTES_MIN 64
#define DESCRIPTOR_VALID 1
#define DESCRIPTOR_TABLE 2 /* at the last level: a page; above it: a table, else a block */

/* One half of the address space, from TCR_EL1. */
struct half {
	uint64_t table; /* TTBRn_EL1.BADDR */
	unsigned bits;  /* of the addresses in it */
	unsigned granule_bits;
};

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return bits >= 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

static uint64_t field(uint64_t value, unsigned at, unsigned bits)
{
	return low_bits(value >> at, bits);
}

/* TCR_EL1.TG0 and TG1 do not agree on the numbers. */
static unsigned granule_bits(uint64_t tcr, bool is_upper)
{
	static const unsigned lower[] = { 12, 16, 14, 0 };
	static const unsigned upper[] = { 0, 14, 12, 16 };

	return is_upper ? upper[field(tcr, 30, 2)] : lower[field(tcr, 14, 2)];
}

/* Which half @va is in; false: in none. */
static bool half_of(const struct guest_walk_registers *r, uint64_t va, struct half *half)
{
	bool is_upper = field(va, 55, 1) != 0;
	bool ignores_top = field(r->tcr, is_upper ? 38 : 37, 1) != 0; /* TBI1, TBI0 */
	unsigned size = (unsigned)field(r->tcr, is_upper ? 16 : 0, 6);
	bool is_off = field(r->tcr, is_upper ? 23 : 7, 1) != 0; /* EPD1, EPD0 */
	unsigned width = ignores_top ? 56 : 64;
	uint64_t above;

	half->bits = 64 - size;
	half->granule_bits = granule_bits(r->tcr, is_upper);
	half->table = low_bits(is_upper ? r->ttbr1 : r->ttbr0, ADDRESS_BITS) &
		      ~(uint64_t)(TABLE_BYTES_MIN - 1); /* CnP and what is RES0 */
	if (is_off || half->granule_bits == 0 || half->bits > ADDRESS_BITS ||
	    half->bits <= half->granule_bits) {
		return false;
	}
	above = field(va, half->bits, width - half->bits);
	return above == (is_upper ? low_bits(~UINT64_C(0), width - half->bits) : 0);
}

bool guest_walk(const struct guest_walk_registers *registers, uint64_t va, guest_walk_read read,
		void *opaque, uint64_t *ipa)
{
	struct half half;
	unsigned stride, levels, level;
	uint64_t table, descriptor;

	if ((registers->sctlr & SCTLR_M) == 0) {
		*ipa = va;
		return true;
	}
	if (!half_of(registers, va, &half)) {
		return false;
	}
	stride = half.granule_bits - 3;
	levels = (half.bits - half.granule_bits + stride - 1) / stride;
	table = half.table;
	for (level = LAST_LEVEL + 1 - levels;; level++) {
		unsigned at = half.granule_bits + (LAST_LEVEL - level) * stride;
		/* The first table may be a part of one, the addresses above it are cut off. */
		uint64_t index =
			low_bits(low_bits(va, half.bits) >> at,
				 level == LAST_LEVEL + 1 - levels ? half.bits - at : stride);

		if (!read(opaque, table + index * sizeof(descriptor), &descriptor) ||
		    (descriptor & DESCRIPTOR_VALID) == 0) {
			return false;
		}
		if (level == LAST_LEVEL || (descriptor & DESCRIPTOR_TABLE) == 0) {
			if (level == LAST_LEVEL && (descriptor & DESCRIPTOR_TABLE) == 0) {
				return false;
			}
			*ipa = (low_bits(descriptor, ADDRESS_BITS) >> at << at) | low_bits(va, at);
			return true;
		}
		table = low_bits(descriptor, ADDRESS_BITS) >> half.granule_bits
								      << half.granule_bits;
	}
}
