/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's traps ask for. Each changes the host's registers as its answer needs. */
#ifndef HYP_HOST_H
#define HYP_HOST_H

#include <hyp/regs.h>

/* Where a CPU that the host turned on shall begin, once. @cpu is this CPU. */
void psci_take_entry(uint32_t cpu, uint64_t *entry, uint64_t *argument);

/*
 * SMC of the host: what the allow-list has, goes to the firmware, but CPUs that it turns on
 * enter EL2 first; all else is NOT_SUPPORTED.
 */
void smc_host_call(struct regs *regs, uint64_t immediate);

/* HVC of the host: platform/abi/hyp_hypercalls.h. */
void hvc_host_call(struct regs *regs, uint64_t immediate);

#endif /* HYP_HOST_H */
