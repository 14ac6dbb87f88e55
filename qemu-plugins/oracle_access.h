/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier B, memory: what EL1 and EL0 really access, held against who owns the page: loads,
 * stores, atomics and instruction fetch by QEMU's callbacks, and the instructions that QEMU
 * reports no access of (DC ZVA, GVA, GZVA; SET* and CPY* of FEAT_MOPS) by decoding them.
 */
#ifndef QEMU_PLUGINS_ORACLE_ACCESS_H
#define QEMU_PLUGINS_ORACLE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "qemu-plugins/common/qemu_api.h"

enum oracle_bulk_kind {
	BULK_NONE,
	BULK_ZERO, /* DC ZVA, GVA, GZVA: one block at @to */
	BULK_SET,  /* SETP, SETM, SETE and the SETG* of MTE */
	BULK_COPY, /* CPYP, CPYM, CPYE and the CPYF* */
};

/* An instruction that accesses memory in bulk; registers by number, 31: XZR. */
struct oracle_bulk {
	enum oracle_bulk_kind kind;
	bool is_first; /* SETP, CPYP: registers hold what the program put there */
	uint8_t to;
	uint8_t from; /* BULK_COPY: source address */
	uint8_t size; /* not BULK_ZERO: bytes */
};

struct oracle_bulk oracle_bulk_decode(uint32_t word);

/* [base, base + bytes) of virtual addresses; 0 bytes: none. */
struct oracle_span {
	uint64_t base;
	uint64_t bytes;
};

/* What the registers that an oracle_bulk names hold before it executes. */
struct oracle_bulk_values {
	uint64_t to;
	uint64_t from;
	uint64_t size;
	uint32_t pstate;
};

/*
 * What the instruction is still to write and to read. The architecture lets a CPU keep the
 * registers in one of two ways between a SET*'s or CPY*'s three instructions; PSTATE.C says
 * which (DDI 0487, C6.2 "CPYP, CPYM, CPYE": options A and B).
 */
void oracle_bulk_ranges(const struct oracle_bulk *bulk, const struct oracle_bulk_values *values,
			struct oracle_span *written, struct oracle_span *read);

#endif /* QEMU_PLUGINS_ORACLE_ACCESS_H */
