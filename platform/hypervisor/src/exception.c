/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that EL2 gives to EL1, host or guest. */
#include <hyp/world.h>

#include "arch/sysreg.h"

void exception_take(uint64_t *pc, uint64_t *pstate, uint64_t esr)
{
	uint64_t sctlr = sysreg_read(sctlr_el1);
	uint64_t mode = *pstate & PSR_M_MASK;
	uint64_t state = (*pstate & (PSR_NZCV | PSR_DIT | PSR_PAN)) | PSR_DAIF | PSR_EL1H;
	uint64_t vector = VECTOR_EL0_64;

	if (*pstate & PSR_NRW) {
		vector = VECTOR_EL0_32;
		state &= ~PSR_DIT; /* elsewhere in an AArch32 state */
	} else if (mode == PSR_EL1H) {
		vector = VECTOR_EL1H;
	} else if (mode == PSR_EL1T) {
		vector = VECTOR_EL1T;
	}
	state |= sctlr & SCTLR_SPAN ? 0 : PSR_PAN;
	state |= sctlr & SCTLR_DSSBS ? PSR_SSBS : 0;
	sysreg_write(elr_el1, *pc);
	sysreg_write(spsr_el1, *pstate);
	sysreg_write(esr_el1, esr);
	*pc = sysreg_read(vbar_el1) + vector;
	*pstate = state;
}

void exception_take_abort(uint64_t *pc, uint64_t *pstate, uint64_t esr, uint64_t far)
{
	bool is_el1 = !(*pstate & PSR_NRW) && (*pstate & PSR_M_MASK) != PSR_EL0T;

	sysreg_write(far_el1, far);
	exception_take(pc, pstate, esr + ((uint64_t)is_el1 << ESR_EC_SHIFT));
}
