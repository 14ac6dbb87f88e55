/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/smp.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/psci.h"
#include "guest/bare/lib/timer.h"
#include "platform/abi/smccc.h"

extern char _start_secondary[];

/* Written by the first CPU before the CPU starts. */
static void (*works[GUEST_VCPUS_MAX])(unsigned int index);

int64_t smp_start(unsigned int index, void (*work)(unsigned int index))
{
	if (!index || index >= machine.cpu_count) {
		return PSCI_INVALID_PARAMETERS;
	}
	works[index] = work;
	barrier_full();
	return psci_cpu_on(machine.mpidr[index], (uintptr_t)_start_secondary, index);
}

void smp_secondary(uint64_t index)
{
	timer_init();
	works[index]((unsigned int)index);
	psci_cpu_off();
}
