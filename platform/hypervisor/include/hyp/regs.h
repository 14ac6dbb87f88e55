/* SPDX-License-Identifier: GPL-2.0-or-later */
/* General registers of the host (or of EL2 itself, when it faults), as vectors.S saves them. */
#ifndef HYP_REGS_H
#define HYP_REGS_H

#include <hyp/layout.h>

#include <stdint.h>

struct regs {
	uint64_t x[31];
	uint64_t reserved;
};

_Static_assert(sizeof(struct regs) == REGS_BYTES, "vectors.S");

/*
 * Go to EL1 by ELR_EL2 and SPSR_EL2 for the first time on this CPU: x0 = @argument, all
 * others 0. @stack_top is where traps begin. In vectors.S.
 */
__attribute__((noreturn)) void host_start(uint64_t argument, uint64_t stack_top);

/* SMC with x[0] to x[17] of @regs, which the results replace. In vectors.S. */
void smc_call(struct regs *regs);

/* SMC @function with three arguments: x0 of the result. */
uint64_t smc_simple(uint64_t function, uint64_t a, uint64_t b, uint64_t c);

#endif /* HYP_REGS_H */
