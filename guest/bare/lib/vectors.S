/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vector table of all CPUs. Every row saves the registers on the exception
 * stack and calls exception_handle(frame, row). A row taken while the handler
 * itself ran (SPx) starts again from the top of that stack: the older frame is
 * lost, but there is room to report.
 */
#include "guest/bare/lib/asm.h"
#include "guest/bare/lib/exception.h"
#include "guest/bare/lib/layout.h"

.macro row number
	.balign 128
	.if \number >= VECTOR_NESTED && \number < VECTOR_LOWER
	b	nested_\number
	.else
	sub	sp, sp, #FRAME_BYTES
	stp	x0, x1, [sp]
	mov	x1, #\number
	b	exception_common
	.endif
.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global vectors
vectors:
	row 0
	row 1
	row 2
	row 3
	row 4
	row 5
	row 6
	row 7
	row 8
	row 9
	row 10
	row 11
	row 12
	row 13
	row 14
	row 15
	.balign 128

.macro nested number
nested_\number:
	mrs	x0, tpidr_el1
	ldr	x1, =exception_stacks
	add	x0, x0, #1
	mov	x2, #EXCEPTION_STACK_BYTES
	madd	x1, x0, x2, x1
	mov	sp, x1
	sub	sp, sp, #FRAME_BYTES
	stp	x0, x1, [sp]
	mov	x1, #\number
	b	exception_common
.endm
	nested 4
	nested 5
	nested 6
	nested 7

/*
 * x0 and x1 are saved in the frame at sp; x1 is the row. Saves the rest, calls C,
 * restores all and returns to frame->elr.
 */
func exception_common
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, sp_el0
	stp	x30, x2, [sp, #240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #FRAME_ELR]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #FRAME_ESR]
	mov	x0, sp
	bl	exception_handle

	ldp	x2, x3, [sp, #FRAME_ELR]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldr	x30, [sp, #240]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_BYTES
	eret
	dsb	nsh
	isb
endfunc exception_common
