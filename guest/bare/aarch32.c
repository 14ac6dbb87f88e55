/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goes to EL0 in AArch64, whose SVC comes back, and then to EL0 in AArch32, which a guest must
 * not have: nobody sees it run again.
 *
 *   guest  ok back_from_aarch64
 *   guest  value about_to_enter state=aarch32   where it panics by pvpanic
 *   guest  fail back_from_aarch32
 */
#include "guest/bare/lib/guest.h"

uint64_t el0_run(uint64_t entry, uint64_t spsr);

#define SPSR_MASKED UINT64_C(0x3c0)
#define SPSR_AARCH32_USER (UINT64_C(0x1c0) | 0x10)

/* svc #0; b . */
static const uint32_t a64[] = { 0xd4000001, 0x14000000 };
/* A32: movw r0, #GUEST_PVPANIC_BASE; mov r1, #1; strb r1, [r0]; b . */
static const uint32_t a32[] = { 0xe3000000 | GUEST_PVPANIC_BASE >> 12 << 16 |
					(GUEST_PVPANIC_BASE & 0xfff),
				0xe3a01001, 0xe5c01000, 0xeafffffe };
_Static_assert(GUEST_PVPANIC_BASE < 1 << 16, "movw");

/*
 * With the MMU off, as EL0 may run everything then, and with vectors of its own, which return
 * here from any exception of EL0. Returns its ESR_EL1.
 */
__asm__(".text\n"
	".balign 2048\n"
	"el0_vectors:\n"
	".rept 8\n"
	".balign 128\n"
	"	b	.\n"
	".endr\n"
	".rept 8\n"
	".balign 128\n"
	"	b	el0_back\n"
	".endr\n"
	".balign 128\n"
	".global el0_run\n"
	"el0_run:\n"
	"	stp	x29, x30, [sp, #-48]!\n"
	"	mrs	x2, vbar_el1\n"
	"	mrs	x3, sctlr_el1\n"
	"	stp	x2, x3, [sp, #16]\n"
	"	adr	x4, el0_vectors\n"
	"	msr	vbar_el1, x4\n"
	"	mov	x5, #0x1005\n" /* M, C, I */
	"	bic	x4, x3, x5\n"
	"	dsb	sy\n"
	"	msr	sctlr_el1, x4\n"
	"	isb\n"
	"	msr	elr_el1, x0\n"
	"	msr	spsr_el1, x1\n"
	"	isb\n"
	"	eret\n"
	"el0_back:\n"
	"	msr	spsel, #0\n" /* as this program runs */
	"	ldp	x2, x3, [sp, #16]\n"
	"	msr	sctlr_el1, x3\n"
	"	msr	vbar_el1, x2\n"
	"	isb\n"
	"	mrs	x0, esr_el1\n"
	"	ldp	x29, x30, [sp], #48\n"
	"	ret\n");

int guest_main(void)
{
	uint64_t esr;

	report_begin();
	esr = el0_run((uintptr_t)a64, SPSR_MASKED);
	report_check(esr >> 26 == 0x15, "back_from_aarch64", "esr=0x%llx", (unsigned long long)esr);
	report_value("about_to_enter", "state=aarch32");
	esr = el0_run((uintptr_t)a32, SPSR_AARCH32_USER);
	report_fail("back_from_aarch32", "esr=0x%llx", (unsigned long long)esr);
	return 1;
}
