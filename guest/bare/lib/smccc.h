/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls to the hypervisor (SMCCC, Arm DEN 0028), counted. Any CPU, no locks.
 * Function identifiers and status codes: platform/abi/smccc.h.
 */
#ifndef GUEST_SMCCC_H
#define GUEST_SMCCC_H

#include <stdbool.h>
#include <stdint.h>

struct smccc_result {
	uint64_t x[4];
};

/* A result's x0 as a status: 0 or negative. */
static inline int64_t smccc_status(struct smccc_result result)
{
	return (int64_t)result.x[0];
}

/*
 * HVC #0 with the given x0..x3 (x4..x7 are 0). An undefined instruction gives
 * SMCCC_NOT_SUPPORTED.
 */
struct smccc_result smccc_hvc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);

/*
 * SMC #0, the same. *@undefined (if not NULL) tells whether the instruction was
 * undefined, which is what a protected guest gets; the result is then
 * SMCCC_NOT_SUPPORTED. It counts as executed.
 */
struct smccc_result smccc_smc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3,
			      bool *undefined);

/* SMC #0 with the MMU off, on the first CPU alone: no atomics there. Else as smccc_smc(). */
struct smccc_result smccc_smc_early(uint64_t function, uint64_t x1);

/* Count an SMC that was made in another way. */
void smccc_smc_counted(void);

/* By the conduit that the device tree's PSCI node names: HVC, or SMC. */
struct smccc_result smccc_call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);

/* HVC and SMC instructions executed until now, by all CPUs. */
uint64_t smccc_hvc_count(void);
uint64_t smccc_smc_count(void);

#endif /* GUEST_SMCCC_H */
