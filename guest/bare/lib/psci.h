/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PSCI (Arm DEN 0022) as a guest calls it. Any CPU, no locks. */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include <stdint.h>

/* Major version in bits 30:16, minor in 15:0; or PSCI_NOT_SUPPORTED. */
int64_t psci_version(void);

/* PSCI_SUCCESS if @function exists, else PSCI_NOT_SUPPORTED. */
int64_t psci_features(uint32_t function);

/* Start the CPU @mpidr at @entry with x0 = @context. Returns a PSCI status. */
int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);

/* 0 on, 1 off, 2 on pending, or a PSCI error. */
int64_t psci_affinity_info(uint64_t mpidr);

/* Each of these ends this CPU, or the machine; if refused, waits for ever. */
__attribute__((noreturn)) void psci_cpu_off(void);
__attribute__((noreturn)) void psci_system_off(void);
__attribute__((noreturn)) void psci_system_reset(void);

#endif /* GUEST_PSCI_H */
