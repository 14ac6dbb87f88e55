/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only code at EL2 that touches FP/SIMD and SVE registers: saves and loads them for
 * world_switch.c. CPTR_EL2 must not trap them. Ordinary functions, which use x1 to x4; with
 * @is_sve on a CPU that has it: vectors as long as ZCR_EL2 says.
 */
#include "arch/asm.h"

#include <hyp/layout.h>

	.arch_extension sve

#define ALL_PAIRS "0,1", X2_TO_X17, X18_TO_X29, "30,31"

.macro each instruction, type, base, list:vararg
	.irp	n, \list
	\instruction \type\n, [\base, #\n, mul vl]
	.endr
.endm

#define TO_15 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define TO_31 TO_15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31

/* void fp_save(struct fp_state *fp, bool is_sve) */
func fp_save
	mrs	x2, fpsr
	mrs	x3, fpcr
	stp	x2, x3, [x0], #FP_Z
	cbnz	w1, 1f
	pairs	stp, q, 16, x0, ALL_PAIRS
	ret
1:	each	str, z, x0, TO_31
	add	x1, x0, #FP_P
	each	str, p, x1, TO_15
	rdffr	p0.b
	str	p0, [x1, #16, mul vl]
	ret
endfunc fp_save

/* void fp_load(const struct fp_state *fp, bool is_sve) */
func fp_load
	ldp	x2, x3, [x0], #FP_Z
	msr	fpsr, x2
	msr	fpcr, x3
	cbnz	w1, 1f
	pairs	ldp, q, 16, x0, ALL_PAIRS
	ret
1:	each	ldr, z, x0, TO_31
	add	x1, x0, #FP_P
	ldr	p0, [x1, #16, mul vl]
	wrffr	p0.b
	each	ldr, p, x1, TO_15
	ret
endfunc fp_load

/* uint64_t sve_bytes(void): the length of a vector. */
func sve_bytes
	rdvl	x0, #1
	ret
endfunc sve_bytes
