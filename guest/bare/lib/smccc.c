/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/smccc.h"

#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/probe.h"
#include "platform/abi/smccc.h"

#include <stddef.h>

static uint64_t hvc_count;
static uint64_t smc_count;

static const struct smccc_result not_supported = { .x = { (uint64_t)SMCCC_NOT_SUPPORTED } };

struct smccc_result smccc_hvc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	uint64_t args[8] = { function, x1, x2, x3 };
	struct smccc_result result;

	__atomic_fetch_add(&hvc_count, 1, __ATOMIC_RELAXED);
	return probe_hvc(args, result.x) ? result : not_supported;
}

struct smccc_result smccc_smc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3,
			      bool *undefined)
{
	uint64_t args[8] = { function, x1, x2, x3 };
	struct smccc_result result;
	bool completed;

	__atomic_fetch_add(&smc_count, 1, __ATOMIC_RELAXED);
	completed = probe_smc(args, result.x);
	if (undefined) {
		*undefined = !completed;
	}
	return completed ? result : not_supported;
}

struct smccc_result smccc_smc_early(uint64_t function, uint64_t x1)
{
	uint64_t args[8] = { function, x1 };
	struct smccc_result result;

	smc_count++;
	return probe_smc(args, result.x) ? result : not_supported;
}

void smccc_smc_counted(void)
{
	__atomic_fetch_add(&smc_count, 1, __ATOMIC_RELAXED);
}

struct smccc_result smccc_call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	if (machine.conduit_smc) {
		return smccc_smc(function, x1, x2, x3, NULL);
	}
	return smccc_hvc(function, x1, x2, x3);
}

uint64_t smccc_hvc_count(void)
{
	return __atomic_load_n(&hvc_count, __ATOMIC_RELAXED);
}

uint64_t smccc_smc_count(void)
{
	return __atomic_load_n(&smc_count, __ATOMIC_RELAXED);
}
