/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contracts in cause.h. */
#include "guest/bare/lib/asm.h"
#include "guest/bare/lib/cause.h"

#define FRAME_X0 0
#define FRAME_CAUSE 8
#define FRAME_SAVED 16
#define FRAME_BYTES (FRAME_SAVED + 96)

	.arch_extension fp
	.arch_extension simd
	.arch_extension sve
	.text

/* The caller's registers to the stack, then all from the struct cause at x0. */
.macro before
	sub	sp, sp, #FRAME_BYTES
	stp	x19, x20, [sp, #FRAME_SAVED]
	stp	x21, x22, [sp, #FRAME_SAVED + 16]
	stp	x23, x24, [sp, #FRAME_SAVED + 32]
	stp	x25, x26, [sp, #FRAME_SAVED + 48]
	stp	x27, x28, [sp, #FRAME_SAVED + 64]
	stp	x29, x30, [sp, #FRAME_SAVED + 80]
	str	x0, [sp, #FRAME_CAUSE]
	ldr	x1, [x0, #CAUSE_FPCR]
	msr	fpcr, x1
	ldr	x1, [x0, #CAUSE_FPSR]
	msr	fpsr, x1
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ldr	q\n, [x0, #CAUSE_V + \n * 16]
	.endr
	ldr	x1, [x0, #CAUSE_SVE]
	cbz	x1, 8f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ldr	z\n, [x1, #\n, mul vl]
	.endr
	add	x1, x1, #CAUSE_SVE_P
	ldr	p0, [x1, #16, mul vl]
	wrffr	p0.b
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	ldr	p\n, [x1, #\n, mul vl]
	.endr
8:
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	ldr	x\n, [x0, #\n * 8]
	.endr
	ldr	x0, [x0]
.endm

/* All registers into the struct cause, then the caller's again; returns. */
.macro after
	str	x0, [sp, #FRAME_X0]
	ldr	x0, [sp, #FRAME_CAUSE]
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	str	x\n, [x0, #CAUSE_AFTER + \n * 8]
	.endr
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	str	q\n, [x0, #CAUSE_AFTER + CAUSE_V + \n * 16]
	.endr
	ldr	x1, [x0, #CAUSE_SVE]
	cbz	x1, 9f
	mov	x2, #CAUSE_SVE_AFTER
	add	x1, x1, x2
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	str	z\n, [x1, #\n, mul vl]
	.endr
	add	x1, x1, #CAUSE_SVE_P
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	str	p\n, [x1, #\n, mul vl]
	.endr
	rdffr	p0.b
	str	p0, [x1, #16, mul vl]
9:
	ldr	x1, [sp, #FRAME_X0]
	str	x1, [x0, #CAUSE_AFTER]
	mrs	x1, fpcr
	str	x1, [x0, #CAUSE_AFTER + CAUSE_FPCR]
	mrs	x1, fpsr
	str	x1, [x0, #CAUSE_AFTER + CAUSE_FPSR]
	ldp	x19, x20, [sp, #FRAME_SAVED]
	ldp	x21, x22, [sp, #FRAME_SAVED + 16]
	ldp	x23, x24, [sp, #FRAME_SAVED + 32]
	ldp	x25, x26, [sp, #FRAME_SAVED + 48]
	ldp	x27, x28, [sp, #FRAME_SAVED + 64]
	ldp	x29, x30, [sp, #FRAME_SAVED + 80]
	add	sp, sp, #FRAME_BYTES
	ret
.endm

.macro cause name, insn:vararg
func cause_\name
	before
	\insn
	after
endfunc cause_\name
.endm

	cause	nothing, nop
	cause	read8, ldrb w5, [x6]
	cause	write8, strb w5, [x6]
	cause	write64, str x5, [x6]
	cause	load64, ldr x5, [x6]
	cause	hvc, hvc #0
	cause	wfi, wfi
	cause	sgi, msr S3_0_C12_C11_5, x5
	cause	timer, mrs x5, cntp_ctl_el0

func cause_loop
	before
1:	ldrb	w5, [x6]
	cbnz	w5, 2f
	mrs	x7, cntvct_el0
	cmp	x7, x8
	b.lo	1b
2:	after
endfunc cause_loop
