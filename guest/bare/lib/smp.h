/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More than one CPU: starting them and giving them work. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Start CPU @index (1 .. machine.cpu_count - 1) with its own stacks and the MMU on;
 * it runs @work(@index) and then switches itself off. First CPU only, a CPU may
 * be started again after it went off. Returns PSCI_CPU_ON's status.
 */
int64_t smp_start(unsigned int index, void (*work)(unsigned int index));

/* Called by entry.S on a secondary CPU. Does not return. */
__attribute__((noreturn)) void smp_secondary(uint64_t index);

#endif /* GUEST_SMP_H */
