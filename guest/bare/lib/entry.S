/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where CPUs begin: at EL1, MMU and caches off, interrupts masked.
 *
 * Each CPU runs its program on SP_EL0 ("EL1t") and takes exceptions on SP_EL1,
 * so a stack overflow still leaves a good stack to report it from.
 */
#include "guest/bare/lib/asm.h"
#include "guest/bare/lib/layout.h"
#include "platform/abi/guest_memory_map.h"
#include "platform/abi/smccc.h"

/* SCTLR_EL1 (Arm ARM D24.2): the bits that ARMv8.0 requires to be 1, ... */
#define SCTLR_RES1 0x30d00800
/* ... and M (0), C (2), SA (3), I (12), WXN (19). */
#define SCTLR_ON (SCTLR_RES1 | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 12 | 1 << 19)

/* MAIR_EL1: index 0 normal memory, write-back; index 1 Device-nGnRnE. */
#define MAIR_VALUE 0x00ff

/*
 * TCR_EL1: T0SZ = 25 (39 bits of address: the walk starts at level 1), inner
 * and outer write-back, inner shareable, 4 KiB granule, no TTBR1 walks.
 */
#define TCR_VALUE (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23)
#define TCR_IPS_SHIFT 32

#define CURRENT_EL1 (1 << 2)
#define CACHE_LINE_MIN 16

/* What mmu_build() and what it calls use of the stack, at most. */
#define EARLY_STACK_BYTES 4096

/*
 * The first byte of the image is the header of an arm64 Image (Linux,
 * Documentation/arch/arm64/booting.rst, section 4), so that what starts kernels
 * starts it: at RAM's start, 4 KiB pages, little endian.
 */
#define IMAGE_FLAGS (1 << 1)

	.section .text.entry, "ax"
image_header:
	b	_start
	.long	0
	.quad	0			/* from RAM's start */
	.quad	image_bytes
	.quad	IMAGE_FLAGS
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/*
 * void _start(const void *fdt): called by the header, as the hypervisor enters
 * it, with the device tree's address in x0; does not return.
 */
func _start
	msr	daifset, #0xf
	mrs	x1, CurrentEL
	cmp	x1, #CURRENT_EL1
	b.ne	entry_refused
	adr	x1, image_header
	ldr	x2, =image_start
	cmp	x1, x2
	b.ne	entry_refused
	mov	x19, x0
	mov	x0, #0
	bl	cpu_setup

	ldr	x0, =bss_start
	ldr	x1, =bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	mov	x0, x19
	bl	mmu_build
	/*
	 * What was written with the MMU off is in memory; drop older lines of
	 * it that a cache may hold (mmu_build did so for its tables).
	 */
	ldr	x0, =bss_start
	ldr	x1, =bss_end
	bl	cache_drop
	mov	x1, sp
	sub	x0, x1, #EARLY_STACK_BYTES
	bl	cache_drop
	bl	mmu_enable
	mov	x0, x19
	bl	guest_start
	b	entry_refused
endfunc _start

/*
 * void _start_secondary(uint64_t index): where PSCI CPU_ON sends a CPU, with
 * its index in x0. The tables are those that the first CPU built.
 */
func _start_secondary
	msr	daifset, #0xf
	mov	x19, x0
	bl	cpu_setup
	bl	mmu_enable
	mov	x0, x19
	bl	smp_secondary
	b	entry_refused
endfunc _start_secondary

/*
 * void cache_drop(uintptr_t from, uintptr_t to): clean and invalidate
 * [from, to), both 16-byte aligned, to the point of coherency. Called above and by
 * mmu_build(); uses x0, no stack.
 */
func cache_drop
2:	dc	civac, x0
	add	x0, x0, #CACHE_LINE_MIN
	cmp	x0, x1
	b.lo	2b
	dsb	sy
	ret
endfunc cache_drop

/*
 * void cpu_setup(uint64_t index): stacks, vectors and index of this CPU.
 * Called by the two entries above only; uses x0-x3, no stack.
 */
func cpu_setup
	msr	tpidr_el1, x0
	add	x3, x0, #1
	msr	spsel, #1
	ldr	x1, =exception_stacks
	mov	x2, #EXCEPTION_STACK_BYTES
	madd	x1, x3, x2, x1
	mov	sp, x1
	msr	spsel, #0
	ldr	x1, =stacks
	ldr	x2, =STACK_STRIDE
	madd	x1, x3, x2, x1
	mov	sp, x1
	ldr	x1, =vectors
	msr	vbar_el1, x1
	mov	x29, xzr
	isb
	ret
endfunc cpu_setup

/*
 * void mmu_enable(void): turn on translation by mmu_root, and the caches.
 * Called by the two entries above only; uses x0-x2, no stack.
 */
func mmu_enable
	ldr	x0, =MAIR_VALUE
	msr	mair_el1, x0
	ldr	x0, =TCR_VALUE
	mrs	x1, id_aa64mmfr0_el1
	ubfx	x1, x1, #0, #4		/* PARange: the IPS field takes it as it is, */
	mov	x2, #5			/* up to 48 bits */
	cmp	x1, x2
	csel	x1, x1, x2, lo
	bfi	x0, x1, #TCR_IPS_SHIFT, #3
	msr	tcr_el1, x0
	ldr	x0, =mmu_root
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	ldr	x0, =SCTLR_ON
	msr	sctlr_el1, x0
	isb
	ret
endfunc mmu_enable

/*
 * Wrong exception level, wrong address, or a C entry that returned: no stack
 * and no console to rely on. Say it by pvpanic, then ask for the end.
 */
func entry_refused
	mov	x0, #GUEST_PVPANIC_BASE
	mov	w1, #1
	strb	w1, [x0]
	ldr	x0, =PSCI_SYSTEM_OFF
	hvc	#0
3:	wfi
	b	3b
endfunc entry_refused
