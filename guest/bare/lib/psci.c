/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/psci.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/smccc.h"
#include "platform/abi/smccc.h"

/* PSCI returns 32-bit values for its 32-bit functions. */
static int64_t status32(struct smccc_result result)
{
	return (int32_t)result.x[0];
}

int64_t psci_version(void)
{
	return status32(smccc_call(PSCI_VERSION, 0, 0, 0));
}

int64_t psci_features(uint32_t function)
{
	return status32(smccc_call(PSCI_FEATURES, function, 0, 0));
}

int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
	return smccc_status(smccc_call(PSCI_CPU_ON, mpidr, entry, context));
}

int64_t psci_affinity_info(uint64_t mpidr)
{
	return smccc_status(smccc_call(PSCI_AFFINITY_INFO, mpidr, 0, 0));
}

static __attribute__((noreturn)) void call_and_wait(uint32_t function)
{
	smccc_call(function, 0, 0, 0);
	for (;;) {
		cpu_wait_interrupt();
	}
}

void psci_cpu_off(void)
{
	call_and_wait(PSCI_CPU_OFF);
}

void psci_system_off(void)
{
	call_and_wait(PSCI_SYSTEM_OFF);
}

void psci_system_reset(void)
{
	call_and_wait(PSCI_SYSTEM_RESET);
}
