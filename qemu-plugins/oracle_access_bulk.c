/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions that access memory in bulk. Pure. */
#include "qemu-plugins/oracle_access.h"

#include "qemu-plugins/common/a64.h"

/*
 * As for A-profile CPUs of Arm: DCZID_EL0 is not among the registers that QEMU shows. Within a
 * page whatever it is, since blocks are aligned and at most 2 KiB.
 */
#define DC_BLOCK_BYTES 64

/* C4.1 "Memory Copy and Memory Set": op1 is SET for those, which of the three is in bits 15:14. */
#define MOPS_OP1(word) ((word) >> 22 & 3)
#define MOPS_OP1_SET 3
#define MOPS_SET_STEP(word) ((word) >> 14 & 3)

#define PSTATE_N (1u << 31)
#define PSTATE_C (1u << 29)
/* The most that a SET* or CPY* does; a larger size is cut by the instruction (C6.2). */
#define SIZE_MAX_BYTES (UINT64_MAX >> 1)

struct oracle_bulk oracle_bulk_decode(uint32_t word)
{
	struct a64 insn = a64_decode(word);
	struct oracle_bulk bulk = { .to = insn.rt, .from = insn.rm, .size = insn.rn };

	if (insn.kind == A64_DC_ZERO) {
		bulk.kind = BULK_ZERO;
	} else if (insn.kind == A64_MOPS && MOPS_OP1(word) == MOPS_OP1_SET) {
		bulk.kind = BULK_SET;
		bulk.is_first = MOPS_SET_STEP(word) == 0;
	} else if (insn.kind == A64_MOPS) {
		bulk.kind = BULK_COPY;
		bulk.is_first = MOPS_OP1(word) == 0;
	}
	return bulk;
}

void oracle_bulk_ranges(const struct oracle_bulk *bulk, const struct oracle_bulk_values *values,
			struct oracle_span *written, struct oracle_span *read)
{
	uint64_t bytes = values->size;
	uint64_t back = 0; /* from what the address registers hold to the first byte */

	*written = (struct oracle_span){ 0 };
	*read = (struct oracle_span){ 0 };
	if (bulk->kind == BULK_NONE) {
		return;
	}
	if (bulk->kind == BULK_ZERO) {
		written->base = values->to & ~(uint64_t)(DC_BLOCK_BYTES - 1);
		written->bytes = DC_BLOCK_BYTES;
		return;
	}
	if (bulk->is_first) {
		bytes = bytes < SIZE_MAX_BYTES ? bytes : SIZE_MAX_BYTES;
	} else if ((values->pstate & PSTATE_C) != 0) {
		back = (values->pstate & PSTATE_N) != 0 ? bytes : 0;
	} else if (bytes > SIZE_MAX_BYTES) {
		bytes = -bytes;
		back = bytes;
	}
	*written = (struct oracle_span){ values->to - back, bytes };
	if (bulk->kind == BULK_COPY) {
		*read = (struct oracle_span){ values->from - back, bytes };
	}
}
