/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PSCI relay (Arm DEN 0022). The host's entry points never reach the firmware: a CPU comes
 * to EL2 first, sets itself up, and goes on to where the host wanted it.
 */
#include <hyp/cpu.h>
#include <hyp/host.h>
#include <hyp/layout.h>
#include <hyp/lock.h>

#include "platform/abi/smccc.h"

/* SMC32 variants of calls that smccc.h has as SMC64. */
#define PSCI_CPU_SUSPEND_32 0x84000001
#define PSCI_CPU_ON_32 0x84000003
#define PSCI_AFFINITY_INFO_32 0x84000004

/* CPU_SUSPEND: the state is one that loses registers (original format, bit 16). */
#define SUSPEND_POWERDOWN (UINT64_C(1) << 16)

struct entry_point {
	uint64_t entry;
	uint64_t argument;
	uint32_t pending; /* atomic: 1 from CPU_ON until the CPU has taken it */
};

static struct entry_point entry_points[CPU_MAX];

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
	if (smc_simple(PSCI_AFFINITY_INFO, target, 0, 0) != PSCI_AFFINITY_OFF) {
		__atomic_store_n(&point->pending, 0, __ATOMIC_RELEASE);
		return (uint64_t)PSCI_ALREADY_ON;
	}
	point->entry = entry;
	point->argument = argument;
	status = smc_simple(PSCI_CPU_ON, target, (uint64_t)(uintptr_t)_start_secondary, cpu);
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

static bool is_relayed(uint64_t function)
{
	switch (function) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON_32:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO_32:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
		return true;
	default:
		return false;
	}
}

bool psci_host_call(struct regs *regs)
{
	uint64_t function = (uint32_t)regs->x[0];

	if (!is_relayed(function)) {
		return false;
	}
	switch (function) {
	case PSCI_CPU_ON:
		regs->x[0] = cpu_on(regs->x[1], regs->x[2], regs->x[3]);
		break;
	case PSCI_CPU_ON_32:
		regs->x[0] =
			cpu_on((uint32_t)regs->x[1], (uint32_t)regs->x[2], (uint32_t)regs->x[3]);
		break;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND_32:
		/* Only standby: it comes back here by itself, with its registers. */
		regs->x[0] = regs->x[1] & SUSPEND_POWERDOWN ?
				     (uint64_t)PSCI_DENIED :
				     smc_simple(function, regs->x[1], 0, 0);
		break;
	case PSCI_FEATURES:
		regs->x[0] = is_relayed((uint32_t)regs->x[1]) || regs->x[1] == SMCCC_VERSION ?
				     smc_simple(function, (uint32_t)regs->x[1], 0, 0) :
				     (uint64_t)PSCI_NOT_SUPPORTED;
		break;
	default:
		regs->x[0] = smc_simple(function, regs->x[1], regs->x[2], regs->x[3]);
		break;
	}
	return true;
}
