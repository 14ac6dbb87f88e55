/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks: a program at any exception level says where it is, and the trace has
 * it. A mark is an instruction of the hint space that the architecture has not
 * given a meaning (Arm ARM DDI 0487, C6.2 "HINT": such hints execute as NOP), so
 * it is harmless on any CPU and costs nothing when nobody watches.
 *
 * At the instruction x0 has the name, up to 8 ASCII characters, the first in
 * bits 7:0, the rest 0; x1 to x3 are the program's.
 */
#ifndef ABI_MARK_H
#define ABI_MARK_H

#define MARK_HINT 0x77       /* CRm 0b1110, op2 0b111 */
#define MARK_WORD 0xd5032eff /* the instruction */

#ifndef __ASSEMBLER__

#include <stdint.h>

/* @name's first 8 characters as x0 has them. */
static inline uint64_t mark_name(const char *name)
{
	uint64_t word = 0;
	unsigned int i;

	for (i = 0; i < 8 && name[i] != 0; i++) {
		word |= (uint64_t)(unsigned char)name[i] << (8 * i);
	}
	return word;
}

#ifdef __aarch64__
/* Leave the mark @name with two values of the caller's. Any context, any level. */
static inline void mark(const char *name, uint64_t first, uint64_t second)
{
	register uint64_t x0 __asm__("x0") = mark_name(name);
	register uint64_t x1 __asm__("x1") = first;
	register uint64_t x2 __asm__("x2") = second;
	register uint64_t x3 __asm__("x3") = 0;

	__asm__ volatile("hint #0x77" : : "r"(x0), "r"(x1), "r"(x2), "r"(x3) : "memory");
}
#endif

#endif /* __ASSEMBLER__ */

#endif /* ABI_MARK_H */
