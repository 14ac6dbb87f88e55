/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/inject_load.h"

#include <stdbool.h>

#define VECTOR (UINT32_C(1) << 26)
#define BIT(word, n) (((word) >> (n)) & 1)
#define FIELD(word, low, bits) ((word) >> (low) & ((1u << (bits)) - 1))
#define RT(word) ((uint8_t)FIELD(word, 0, 5))
#define RT2(word) ((uint8_t)FIELD(word, 10, 5))
#define RS(word) ((uint8_t)FIELD(word, 16, 5))

/* Groups by bits 29:27, 25:24 where they are part of it. */
#define EXCLUSIVE_MASK 0x3f000000u
#define EXCLUSIVE_BITS 0x08000000u
#define LITERAL_MASK 0x3b000000u
#define LITERAL_BITS 0x18000000u
#define PAIR_MASK 0x3a000000u
#define PAIR_BITS 0x28000000u
#define SINGLE_MASK 0x3a000000u
#define SINGLE_BITS 0x38000000u

#define SIZE(word) FIELD(word, 30, 2)
#define SIZE_64 3
#define LITERAL_PREFETCH 3
#define OPC(word) FIELD(word, 22, 2)
#define OPC_STORE 0
#define OPC_SIGNED_64 2 /* with SIZE_64: PRFM */

static unsigned int one(uint8_t reg, uint8_t regs[2])
{
	regs[0] = reg;
	return 1;
}

static unsigned int two(uint8_t first, uint8_t second, uint8_t regs[2])
{
	regs[0] = first;
	regs[1] = second;
	return 2;
}

/* Exclusives, load-acquire, and compare-and-swap, which loads into Rs. */
static unsigned int exclusive(uint32_t word, uint8_t regs[2])
{
	bool ordered = BIT(word, 23) != 0;
	bool pair = BIT(word, 21) != 0;

	if (ordered && pair) {
		return one(RS(word), regs); /* CAS */
	}
	if (!ordered && pair && SIZE(word) < 2) {
		return two(RS(word), (uint8_t)(RS(word) + 1), regs); /* CASP */
	}
	if (BIT(word, 22) == 0) {
		return 0;
	}
	return pair ? two(RT(word), RT2(word), regs) : one(RT(word), regs);
}

static unsigned int single(uint32_t word, uint8_t regs[2])
{
	if (BIT(word, 24) == 0 && BIT(word, 21) != 0 && FIELD(word, 10, 2) != 2) {
		return one(RT(word), regs); /* atomic operations, LDRAA, LDRAB */
	}
	if (OPC(word) == OPC_STORE || (OPC(word) == OPC_SIGNED_64 && SIZE(word) == SIZE_64)) {
		return 0;
	}
	return one(RT(word), regs);
}

unsigned int inject_load_registers(uint32_t word, uint8_t regs[2])
{
	if ((word & EXCLUSIVE_MASK) == EXCLUSIVE_BITS) {
		return exclusive(word, regs);
	}
	if ((word & VECTOR) != 0) {
		return 0;
	}
	if ((word & LITERAL_MASK) == LITERAL_BITS) {
		return SIZE(word) == LITERAL_PREFETCH ? 0 : one(RT(word), regs);
	}
	if ((word & PAIR_MASK) == PAIR_BITS) {
		return BIT(word, 22) != 0 ? two(RT(word), RT2(word), regs) : 0;
	}
	if ((word & SINGLE_MASK) == SINGLE_BITS) {
		return single(word, regs);
	}
	return 0;
}
