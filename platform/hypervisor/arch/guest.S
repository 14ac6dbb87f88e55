/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from and to a guest: its own vector table, used from world_enter() to world_leave(),
 * and the switch of general registers.
 *
 * While the guest runs, sp is the frame of guest_enter(): x29, x30, x19 to x28, the vCPU.
 */
#include "arch/asm.h"

#include <hyp/layout.h>

#define FRAME_BYTES 112
#define FRAME_VCPU 96
#define FRAME_X19 (19 * 8 - 16) /* x19 is at sp + 16 */
#define CALLEE_SAVED "19,20", "21,22", "23,24", "25,26", "27,28"

/* Why guest_enter() returns: enum guest_event. */
#define SYNC 0
#define IRQ 1
#define SERROR 2

.macro guest_row event
	.balign 128
	stp	x0, x1, [sp, #-16]!
	mov	x0, #\event
	b	guest_exit
.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global guest_vectors
guest_vectors:
	fatal_rows 0, 1, 2, 3, 4, 5, 6, 7
	guest_row SYNC			/* AArch64 */
	guest_row IRQ
	guest_row IRQ
	guest_row SERROR
	guest_row SYNC			/* AArch32: its SPSR_EL2 tells, and it never runs again */
	guest_row IRQ
	guest_row IRQ
	guest_row SERROR
	.balign 128

/*
 * enum guest_event guest_enter(struct vcpu *vcpu): run the guest by ELR_EL2 and SPSR_EL2 with
 * the x0-x30 at @vcpu, until it traps; they are there again then. Called by world_guest().
 */
func guest_enter
	stp	x29, x30, [sp, #-FRAME_BYTES]!
	mov	x29, sp
	sub	x1, sp, #FRAME_X19
	pairs	stp, x, 8, x1, CALLEE_SAVED
	str	x0, [sp, #FRAME_VCPU]
	pairs	ldp, x, 8, x0, X2_TO_X17, X18_TO_X29
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0]
	eret
	dsb	nsh
	isb
endfunc guest_enter

/* From guest_row: x0 is the event, the guest's x0 and x1 are at sp. Returns from guest_enter(). */
func guest_exit
	outermost
	ldr	x1, [sp, #16 + FRAME_VCPU]
	stp	x2, x3, [x1, #16]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x1]
	pairs	stp, x, 8, x1, X4_TO_X17, X18_TO_X29
	str	x30, [x1, #240]
	sub	x1, sp, #FRAME_X19
	pairs	ldp, x, 8, x1, CALLEE_SAVED
	ldp	x29, x30, [sp], #FRAME_BYTES
	ret
endfunc guest_exit
