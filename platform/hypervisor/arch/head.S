/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where CPUs enter the hypervisor: at EL2, MMU and data cache off.
 */
#include "arch/asm.h"

#include <hyp/layout.h>

/* SCTLR_EL2 (Arm ARM D24.2): RES1 bits; then M, C, SA, I, WXN. */
#define SCTLR_EL2_OFF 0x30c50830
#define SCTLR_EL2_ON (SCTLR_EL2_OFF | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 12 | 1 << 19)

/* MAIR_EL2: index 0 normal memory, write-back; index 1 Device-nGnRE. */
#define MAIR_EL2_VALUE 0x04ff

/* TCR_EL2: 39 bits of address, write-back, inner shareable, 4 KiB; RES1 bits 31 and 23. */
#define TCR_EL2_VALUE (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 1 << 31)
#define TCR_EL2_PS_SHIFT 16
#define PARANGE_48_BITS 5

#define CURRENT_EL2 (2 << 2)

/* The header of an arm64 Image (Linux, Documentation/arch/arm64/booting.rst). */
	.section .text.head, "ax"
	.global image_start
image_start:
	b	_start
	.long	0
	.quad	0			/* text_offset: at a 2 MiB border */
	.quad	HYP_BYTES		/* image_size: with all that is not in the file */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/*
 * void _start(const void *fdt): the first CPU, from the boot loader. Does not return.
 */
func _start
	outermost
	msr	daifset, #0xf
	mov	x19, x0
	mrs	x1, CurrentEL
	cmp	x1, #CURRENT_EL2
	b.ne	refused
	adr	x1, image_start
	ldr	x2, =HYP_BASE
	cmp	x1, x2
	b.ne	refused
	ldr	x0, =SCTLR_EL2_OFF
	msr	sctlr_el2, x0
	isb
	ldr	x0, =bss_start
	ldr	x1, =bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	mov	x0, #0
	bl	stack_set
	bl	boot_tables
	bl	mmu_on
	mov	x0, x19
	bl	hyp_start
	b	refused
endfunc _start

/*
 * void _start_secondary(uint64_t cpu): a CPU that the host asked the firmware for, with
 * its number in x0. The tables are the first CPU's. Does not return.
 */
func _start_secondary
	outermost
	msr	daifset, #0xf
	mov	x19, x0
	bl	mmu_on
	mov	x0, x19
	bl	stack_set
	mov	x0, x19
	bl	hyp_start_secondary
	b	refused
endfunc _start_secondary

/* void stack_set(uint64_t cpu): the stack of @cpu. Uses x0-x2. Called above only. */
func stack_set
	ldr	x1, =stacks
	mov	x2, #STACK_STRIDE
	madd	x1, x0, x2, x1
	add	sp, x1, #STACK_TOP
	msr	spsel, #1
	add	sp, x1, #STACK_TOP
	mov	x29, xzr
	ret
endfunc stack_set

/* void mmu_on(void): translate by stage1_root. Uses x0-x2 and no stack. Called above only. */
func mmu_on
	ldr	x0, =MAIR_EL2_VALUE
	msr	mair_el2, x0
	ldr	x0, =TCR_EL2_VALUE
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #0xf
	mov	x2, #PARANGE_48_BITS
	cmp	x1, x2
	csel	x1, x1, x2, lo
	bfi	x0, x1, #TCR_EL2_PS_SHIFT, #3
	msr	tcr_el2, x0
	ldr	x0, =stage1_root
	msr	ttbr0_el2, x0
	ldr	x0, =vectors
	msr	vbar_el2, x0
	isb
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	ldr	x0, =SCTLR_EL2_ON
	msr	sctlr_el2, x0
	isb
	ret
endfunc mmu_on

/*
 * Not at EL2, not where it was linked for, or a C entry returned: nothing to rely on but
 * the console's data register. Uses x0-x2.
 */
func refused
	ldr	x0, =UART_BASE
	adr	x1, refused_text
2:	ldrb	w2, [x1], #1
	cbz	w2, 3f
	strb	w2, [x0]
	b	2b
3:	wfi
	b	3b
endfunc refused

refused_text:
	.asciz	"hyp: cannot start: needs EL2 and its own load address\r\n"
	.balign	4
