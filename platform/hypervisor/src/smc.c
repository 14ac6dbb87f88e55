/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter of the host's SMCs: an allow-list. PSCI (Arm DEN 0022) is relayed: the host's
 * entry points never reach the firmware; a CPU comes to EL2 first, sets itself up, and goes
 * on to where the host wanted it.
 */
#include <hyp/cpu.h>
#include <hyp/host.h>
#include <hyp/layout.h>
#include <hyp/trace.h>

#include <stddef.h>

#include "platform/abi/smccc.h"

/* CPU_SUSPEND: the state is one that loses registers (original format, bit 16). */
#define SUSPEND_POWERDOWN (UINT64_C(1) << 16)

static struct entry_point {
	uint64_t entry;
	uint64_t argument;
	uint32_t pending; /* atomic: 1 from CPU_ON until the CPU has taken it */
} entry_points[CPU_MAX];

void _start_secondary(void);

uint64_t smc_simple(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	struct regs call = { .x = { function, a, b, c } };

	smc_call(&call);
	return call.x[0];
}

static uint64_t cpu_on(uint64_t target, uint64_t entry, uint64_t argument)
{
	struct entry_point *point;
	uint64_t status;
	uint32_t cpu;

	if (!cpu_find(target, &cpu)) {
		return (uint64_t)PSCI_INVALID_PARAMETERS;
	}
	point = &entry_points[cpu];
	/* Whoever sets pending owns the entry point until the CPU has it. */
	if (__atomic_exchange_n(&point->pending, 1, __ATOMIC_ACQUIRE)) {
		return (uint64_t)PSCI_ON_PENDING;
	}
	status = smc_simple(PSCI_AFFINITY_INFO, target, 0, 0) == PSCI_AFFINITY_OFF ?
			 PSCI_SUCCESS :
			 (uint64_t)PSCI_ALREADY_ON;
	if (status == PSCI_SUCCESS) {
		point->entry = entry;
		point->argument = argument;
		status = smc_simple(PSCI_CPU_ON, target, (uintptr_t)_start_secondary, cpu);
	}
	if (status != PSCI_SUCCESS) {
		__atomic_store_n(&point->pending, 0, __ATOMIC_RELEASE);
	}
	return status;
}

void psci_take_entry(uint32_t cpu, uint64_t *entry, uint64_t *argument)
{
	*entry = entry_points[cpu].entry;
	*argument = entry_points[cpu].argument;
	__atomic_store_n(&entry_points[cpu].pending, 0, __ATOMIC_RELEASE);
}

/* What a kernel asks the firmware about CPUs, and for random numbers. */
static const uint32_t allowed[] = { PSCI_VERSION,
				    PSCI_CPU_SUSPEND,
				    SMC32(PSCI_CPU_SUSPEND),
				    PSCI_CPU_OFF,
				    PSCI_CPU_ON,
				    SMC32(PSCI_CPU_ON),
				    PSCI_AFFINITY_INFO,
				    SMC32(PSCI_AFFINITY_INFO),
				    PSCI_MIGRATE_INFO_TYPE,
				    PSCI_SYSTEM_OFF,
				    PSCI_SYSTEM_RESET,
				    PSCI_FEATURES,
				    SMCCC_VERSION,
				    SMCCC_ARCH_FEATURES,
				    SMCCC_ARCH_SOC_ID,
				    SMCCC_ARCH_WORKAROUND_1,
				    SMCCC_ARCH_WORKAROUND_2,
				    SMCCC_ARCH_WORKAROUND_3,
				    TRNG_VERSION,
				    TRNG_FEATURES,
				    TRNG_GET_UUID,
				    TRNG_RND64 };

static bool is_allowed(uint32_t id)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (allowed[i] == id) {
			return true;
		}
	}
	return false;
}

static void relay(struct regs *regs)
{
	uint64_t mask = regs->x[0] & SMC64 ? UINT64_MAX : UINT32_MAX;
	uint64_t x1 = regs->x[1] & mask;

	switch (SMC32((uint32_t)regs->x[0])) {
	case SMC32(PSCI_CPU_ON):
		regs->x[0] = cpu_on(x1, regs->x[2] & mask, regs->x[3] & mask);
		return;
	case SMC32(PSCI_CPU_SUSPEND):
		/* Only standby: it comes back here by itself, with its registers. */
		regs->x[0] = x1 & SUSPEND_POWERDOWN ? (uint64_t)PSCI_DENIED :
						      smc_simple(regs->x[0], x1, 0, 0);
		return;
	case PSCI_FEATURES:
		regs->x[0] = is_allowed((uint32_t)x1) ? smc_simple(PSCI_FEATURES, x1, 0, 0) :
							(uint64_t)PSCI_NOT_SUPPORTED;
		return;
	default:
		smc_call(regs);
	}
}

void smc_host_call(struct regs *regs, uint64_t immediate)
{
	/* Bits 63:32 of a function identifier are not part of it (DEN 0028, 2.3). */
	uint64_t id = regs->x[0];
	bool forwarded = immediate == 0 && is_allowed((uint32_t)id);

	if (forwarded) {
		relay(regs);
	} else {
		regs->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
	}
	trace_emit(host_smc, 0, 0, id, forwarded);
}
