/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm CCA's realm services (RSI 1.0, Arm DEN 0137), for a guest whose device tree says that
 * PSCI is reached by SMC and that finds RSI there. Such a guest's memory has two
 * addresses: private below the top bit of an IPA, shared with the host above. Devices
 * are above. Function identifiers: platform/abi/smccc.h.
 */
#ifndef GUEST_RSI_H
#define GUEST_RSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* x0 to x10 of a call, and of its result. */
struct rsi_registers {
	uint64_t x[11];
};

/* Called by mmu_build() with the MMU off, once: is there RSI, and which bit is the top one? */
void rsi_probe(const void *fdt);

/* The bit of an address that says "shared"; 0: no RSI. */
uint64_t rsi_shared_bit(void);

/* SMC #0 with all of @registers, which the result replaces. Counted as smccc.h's are. */
void rsi_call(struct rsi_registers *registers);

/* IPA_STATE_SET of [base, top) to RSI_RAM or RSI_EMPTY, to the end; false if it is refused. */
bool rsi_set_state(uint64_t base, uint64_t top, uint64_t state);

/*
 * Share @count pages at @pages with the host, or take them back: at the same virtual
 * address before and after. What was in them is lost. Returns 0, or an RSI status.
 */
int64_t rsi_share(void *pages, size_t count);
int64_t rsi_unshare(void *pages, size_t count);

#endif /* GUEST_RSI_H */
