/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs, and what each is set to before it runs the host. */
#ifndef HYP_CPU_H
#define HYP_CPU_H

#include <hyp/regs.h>

#include <stdbool.h>
#include <stdint.h>

/* MPIDR_EL1's affinity fields: how PSCI and the device tree name a CPU. */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

/* Begin with the CPUs whose affinities are given; @count at most CPU_MAX. */
void cpu_init_all(const uint64_t *affinities, uint32_t count);

/* How many CPUs there are. */
uint32_t cpu_count(void);

/* Which CPU this is, 0 to cpu_count() - 1. Needs cpu_init_this() before. */
uint32_t cpu_this(void);

/* The CPU of that affinity; false: there is none. */
bool cpu_find(uint64_t affinity, uint32_t *cpu);

/* The machine's clock: CNTPCT_EL0. */
uint64_t cpu_ticks(void);

/* The stack [low, high) that @sp is in; false: in none. */
bool cpu_stack_of(uint64_t sp, uint64_t *low, uint64_t *high);

/*
 * Set this CPU's EL2 and EL1 registers for the host: stage 2 on, SMC trapped, EL1 as after
 * a reset. @cpu is its number.
 *
 * Needs host_s2_init() before.
 */
void cpu_init_this(uint32_t cpu);

/* Enter the host at @entry with x0 = @argument, at EL1. Needs cpu_init_this() before. */
__attribute__((noreturn)) void cpu_run_host(uint64_t entry, uint64_t argument);

#endif /* HYP_CPU_H */
