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

/* A fault of EL2 itself, as in vectors.S. */
.macro own_row number
	.balign 128
	msr	sp_el0, x0
	msr	tpidr_el0, x1
	mov	x0, #\number
	b	fatal_exit
.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global guest_vectors
guest_vectors:
	own_row 0
	own_row 1
	own_row 2
	own_row 3
	own_row 4
	own_row 5
	own_row 6
	own_row 7
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
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #FRAME_VCPU]
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
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
	stp	x4, x5, [x1, #32]
	stp	x6, x7, [x1, #48]
	stp	x8, x9, [x1, #64]
	stp	x10, x11, [x1, #80]
	stp	x12, x13, [x1, #96]
	stp	x14, x15, [x1, #112]
	stp	x16, x17, [x1, #128]
	stp	x18, x19, [x1, #144]
	stp	x20, x21, [x1, #160]
	stp	x22, x23, [x1, #176]
	stp	x24, x25, [x1, #192]
	stp	x26, x27, [x1, #208]
	stp	x28, x29, [x1, #224]
	str	x30, [x1, #240]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #FRAME_BYTES
	ret
endfunc guest_exit
