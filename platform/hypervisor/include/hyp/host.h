/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's traps ask for. Each changes the host's registers as its answer needs. */
#ifndef HYP_HOST_H
#define HYP_HOST_H

#include <hyp/regs.h>

#include <stdbool.h>

/*
 * PSCI for the host, relayed to the firmware: CPUs enter EL2 first. False: the call in
 * x0 of @regs is not one that is relayed, nothing was done.
 */
bool psci_host_call(struct regs *regs);

/* Where a CPU that the host turned on shall begin, once. @cpu is this CPU. */
void psci_take_entry(uint32_t cpu, uint64_t *entry, uint64_t *argument);

/* SMC of the host: what the allow-list has, goes to the firmware; all else NOT_SUPPORTED. */
void smc_host_call(struct regs *regs, uint64_t immediate);

/* HVC of the host: platform/abi/hyp_hypercalls.h. */
void hvc_host_call(struct regs *regs, uint64_t immediate);

#endif /* HYP_HOST_H */
