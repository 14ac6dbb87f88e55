/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EL2's vector table, and the way from and to the host.
 *
 * Two rows are in use: synchronous exceptions of the host, from AArch64 and AArch32. All
 * others report and stop the machine (fatal_exception()), on a stack of their own.
 */
#include "arch/asm.h"

#include <hyp/layout.h>

.macro host_row
	.balign 128
	b	host_exit
.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global vectors
vectors:
	fatal_rows 0, 1, 2, 3		/* EL2 on SP_EL0, which it never uses */
	fatal_rows 4, 5, 6, 7		/* EL2 itself: a fault of ours; interrupts are masked */
	host_row			/* the host, AArch64 */
	fatal_rows 9, 10, 11		/* HCR_EL2 leaves interrupts and SErrors to EL1 */
	host_row			/* a 32-bit process of the host */
	fatal_rows 13, 14, 15
	.balign 128

/* Store x0-x30 as struct regs at sp. */
.macro save_regs
	pairs	stp, x, 8, sp, "0,1", X2_TO_X17, X18_TO_X29
	str	x30, [sp, #240]
.endm

/*
 * The host trapped: save it, call trap_host(struct regs *) and return to it. sp is the
 * top of this CPU's stack.
 */
func host_exit
	outermost
	sub	sp, sp, #REGS_BYTES
	save_regs
	mov	x29, xzr
	mov	x0, sp
	bl	trap_host
	b	host_return
endfunc host_exit

/* void host_start(uint64_t argument, uint64_t stack_top): see regs.h. */
func host_start
	sub	sp, x1, #REGS_BYTES
	stp	x0, xzr, [sp]
	mov	x0, #16
1:	add	x1, sp, x0
	stp	xzr, xzr, [x1]
	add	x0, x0, #16
	cmp	x0, #REGS_BYTES
	b.lo	1b
	b	host_return
endfunc host_start

/* Restore the struct regs at sp and go to EL1. Jumped to, by the two above. */
func host_return
	pairs	ldp, x, 8, sp, "0,1", X2_TO_X17, X18_TO_X29
	ldr	x30, [sp, #240]
	add	sp, sp, #REGS_BYTES
	eret
	dsb	nsh
	isb
endfunc host_return

/*
 * From fatal_row: x0 is the row, the real x0 and x1 are in sp_el0 and tpidr_el0. Calls
 * fatal_exception(struct regs *, row, sp) on the CPU's stack for it; tpidr_el2 is
 * the base of the CPU's stacks.
 */
func fatal_exit
	outermost
	mov	x1, sp
	msr	tpidrro_el0, x1
	mrs	x1, tpidr_el2
	add	x1, x1, #FATAL_STACK_TOP
	mov	sp, x1
	sub	sp, sp, #REGS_BYTES
	msr	contextidr_el1, x0
	mrs	x0, sp_el0
	mrs	x1, tpidr_el0
	save_regs
	mrs	x1, contextidr_el1
	mrs	x2, tpidrro_el0
	mov	x0, sp
	bl	fatal_exception
	b	fatal_exit
endfunc fatal_exit

/*
 * void smc_call(struct regs *regs): SMC with regs->x[0..17]; they hold the results
 * afterwards. An ordinary function.
 */
func smc_call
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x0, x18, [sp, #16]
	mov	x18, x0
	pairs	ldp, x, 8, x18, "0,1", X2_TO_X17
	smc	#0
	ldr	x18, [sp, #16]
	pairs	stp, x, 8, x18, "0,1", X2_TO_X17
	ldr	x18, [sp, #24]
	ldp	x29, x30, [sp], #32
	ret
endfunc smc_call
