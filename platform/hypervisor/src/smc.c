/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of the host's SMCs: an allow-list. */
#include <hyp/host.h>
#include <hyp/trace.h>

#include <stddef.h>

#include "platform/abi/smccc.h"

/* Beside PSCI: what a kernel asks the firmware about the CPU, and for random numbers. */
static const uint32_t allowed[] = {
	SMCCC_VERSION,
	SMCCC_ARCH_FEATURES,
	SMCCC_ARCH_SOC_ID,
	SMCCC_ARCH_WORKAROUND_1,
	SMCCC_ARCH_WORKAROUND_2,
	SMCCC_ARCH_WORKAROUND_3,
	TRNG_VERSION,
	TRNG_FEATURES,
	TRNG_GET_UUID,
	TRNG_RND64,
};

static bool is_allowed(uint64_t function)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (function == allowed[i]) {
			return true;
		}
	}
	return false;
}

void smc_host_call(struct regs *regs, uint64_t immediate)
{
	uint64_t id = regs->x[0];
	bool forwarded = false;

	/* Bits 63:32 of a function identifier are not part of it (DEN 0028, 2.3). */
	if (immediate != 0) {
		regs->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
	} else if (psci_host_call(regs)) {
		forwarded = true;
	} else if (is_allowed((uint32_t)regs->x[0])) {
		smc_call(regs);
		forwarded = true;
	} else {
		regs->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
	}
	trace_emit(host_smc, 0, 0, id, forwarded);
}
