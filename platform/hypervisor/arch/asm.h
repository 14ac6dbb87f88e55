/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions in assembly: symbols with size and type. Nobody called an `outermost` one:
 * debuggers end their back trace there.
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* clang-format off */
	.cfi_sections .debug_frame

.macro func name
	.global \name
	.type \name, %function
	.balign 4
\name:
	.cfi_startproc
.endm

.macro outermost
	.cfi_undefined x30
.endm

.macro endfunc name
	.cfi_endproc
	.size \name, . - \name
.endm

/* Vectors that report a fault of ours; sp_el0 and tpidr_el0 are free: the machine ends. */
.macro fatal_rows numbers:vararg
	.irp	number, \numbers
	.balign 128
	msr	sp_el0, x0
	msr	tpidr_el0, x1
	mov	x0, #\number
	b	fatal_exit
	.endr
.endm

/*
 * stp or ldp of the registers \type\first, \type\second at their place in an array at \base.
 * The brackets are strings, lest clang-format takes this for Objective-C.
 */
.macro pair instruction, type, bytes, base, first, second, open="[", close="]"
	\instruction \type\first, \type\second, \open\base, #\first * \bytes\close
.endm

.macro pairs instruction, type, bytes, base, list:vararg
	.irp	numbers, \list
	pair	\instruction, \type, \bytes, \base, \numbers
	.endr
.endm

#define X4_TO_X17 "4,5", "6,7", "8,9", "10,11", "12,13", "14,15", "16,17"
#define X2_TO_X17 "2,3", X4_TO_X17
#define X18_TO_X29 "18,19", "20,21", "22,23", "24,25", "26,27", "28,29"
/* clang-format on */

#endif /* ARCH_ASM_H */
