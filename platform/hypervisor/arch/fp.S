/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only code at EL2 that touches FP/SIMD and SVE registers: saves and loads them for
 * world_switch.c. CPTR_EL2 must not trap them. Ordinary functions; those for SVE need a CPU
 * that has it, and take vectors as long as ZCR_EL2 says.
 *
 * @z  registers, one behind the other; @p P0-P15 and FFR; @control FPSR, FPCR.
 */
#include "arch/asm.h"

	.arch_extension sve

.macro pairs instruction
	.irp	pair, "0,1", "2,3", "4,5", "6,7", "8,9", "10,11", "12,13", "14,15", "16,17", "18,19", "20,21", "22,23", "24,25", "26,27", "28,29", "30,31"
	one_pair \instruction, \pair
	.endr
.endm

.macro one_pair instruction, first, second
	\instruction q\first, q\second, [x0, #\first * 16]
.endm

.macro all_sve instruction
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\instruction z\n, [x0, #\n, mul vl]
	.endr
.endm

.macro all_predicates instruction
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\instruction p\n, [x1, #\n, mul vl]
	.endr
.endm

/* void fp_save(uint8_t *z, uint64_t *control) */
func fp_save
	pairs	stp
	mrs	x2, fpsr
	mrs	x3, fpcr
	stp	x2, x3, [x1]
	ret
endfunc fp_save

/* void fp_load(const uint8_t *z, const uint64_t *control) */
func fp_load
	pairs	ldp
	ldp	x2, x3, [x1]
	msr	fpsr, x2
	msr	fpcr, x3
	ret
endfunc fp_load

/* void sve_save(uint8_t *z, uint8_t *p, uint64_t *control) */
func sve_save
	all_sve	str
	all_predicates str
	rdffr	p0.b
	str	p0, [x1, #16, mul vl]
	mrs	x3, fpsr
	mrs	x4, fpcr
	stp	x3, x4, [x2]
	ret
endfunc sve_save

/* void sve_load(const uint8_t *z, const uint8_t *p, const uint64_t *control) */
func sve_load
	all_sve	ldr
	ldr	p0, [x1, #16, mul vl]
	wrffr	p0.b
	all_predicates ldr
	ldp	x3, x4, [x2]
	msr	fpsr, x3
	msr	fpcr, x4
	ret
endfunc sve_load

/* uint64_t sve_bytes(void): the length of a vector. */
func sve_bytes
	rdvl	x0, #1
	ret
endfunc sve_bytes
