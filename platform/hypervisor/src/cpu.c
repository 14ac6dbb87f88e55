/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/cpu.h>
#include <hyp/host_s2.h>
#include <hyp/layout.h>

#include <string.h>

#include "arch/sysreg.h"

extern char stacks[];

static uint64_t affinity_of[CPU_MAX]; /* constant after cpu_init_all() */
static uint32_t count_of_all;         /* constant after cpu_init_all() */

void cpu_init_all(const uint64_t *affinities, uint32_t count)
{
	memcpy(affinity_of, affinities, count * sizeof(affinities[0]));
	count_of_all = count;
}

uint32_t cpu_count(void)
{
	return count_of_all;
}

uint32_t cpu_this(void)
{
	return (uint32_t)((sysreg_read(tpidr_el2) - (uintptr_t)stacks) / STACK_STRIDE);
}

bool cpu_find(uint64_t affinity, uint32_t *cpu)
{
	for (*cpu = 0; *cpu < count_of_all; (*cpu)++) {
		if (affinity_of[*cpu] == affinity) {
			return true;
		}
	}
	return false;
}

uint64_t cpu_ticks(void)
{
	return sysreg_read(cntpct_el0);
}

bool cpu_stack_of(uint64_t sp, uint64_t *low, uint64_t *high)
{
	uint64_t offset = (sp - (uintptr_t)stacks) % STACK_STRIDE;
	uint64_t base = sp - offset;

	if (sp < (uintptr_t)stacks || sp - (uintptr_t)stacks >= CPU_MAX * STACK_STRIDE) {
		return false;
	}
	*high = base + (offset < STACK_TOP ? STACK_TOP : FATAL_STACK_TOP);
	*low = *high - (offset < STACK_TOP ? STACK_BYTES : FATAL_STACK_BYTES);
	return sp >= *low;
}

void cpu_init_this(uint32_t cpu)
{
	uint64_t memory_features = sysreg_read(id_aa64mmfr0_el1);
	uint64_t parange = ID_FIELD(memory_features, 0);
	uint64_t pmu = ID_FIELD(sysreg_read(id_aa64dfr0_el1), DFR0_PMUVER_SHIFT);
	uint64_t counters = 0;

	sysreg_write(tpidr_el2, (uintptr_t)stacks + (uint64_t)cpu * STACK_STRIDE);
	sysreg_write(cptr_el2, CPTR_HOST);
	isb();
	if (ID_FIELD(sysreg_read(id_aa64pfr0_el1), PFR0_SVE_SHIFT)) {
		sysreg_write(S3_4_C1_C2_0, ZCR_LONGEST); /* ZCR_EL2 */
	}
	if (pmu != 0 && pmu != PMUVER_OTHER) {
		counters = sysreg_read(pmcr_el0) >> PMCR_N_SHIFT & PMCR_N_MASK;
		counters |= pmu >= PMUVER_3P1 ? MDCR_HPMD : 0;
		counters |= pmu >= PMUVER_3P5 ? MDCR_HCCD : 0;
	}
	sysreg_write(mdcr_el2, counters);
	if (ID_FIELD(memory_features, MMFR0_FGT_SHIFT)) {
		sysreg_write(S3_4_C1_C1_4, 0); /* HFGRTR_EL2: no fine-grained traps */
		sysreg_write(S3_4_C1_C1_5, 0); /* HFGWTR_EL2 */
		sysreg_write(S3_4_C1_C1_6, 0); /* HFGITR_EL2 */
		sysreg_write(S3_4_C3_C1_4, 0); /* HDFGRTR_EL2 */
		sysreg_write(S3_4_C3_C1_5, 0); /* HDFGWTR_EL2 */
	}
	sysreg_write(hstr_el2, 0);
	sysreg_write(cnthctl_el2, CNTHCTL_HOST);
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(vmpidr_el2, sysreg_read(mpidr_el1));
	sysreg_write(S3_4_C12_C9_5, ICC_SRE_HOST); /* ICC_SRE_EL2 */
	isb();
	sysreg_write(S3_4_C12_C11_0, 0); /* ICH_HCR_EL2: no virtual interrupts */
	sysreg_write(vtcr_el2,
		     VTCR_HOST(parange < PARANGE_40_BITS ? parange : (uint64_t)PARANGE_40_BITS));
	sysreg_write(vttbr_el2, host_s2_root()); /* VMID 0 is the host */
	sysreg_write(hcr_el2, HCR_HOST);
	sysreg_write(sctlr_el1, SCTLR_EL1_START);
	sysreg_write(cpacr_el1, 0);
	sysreg_write(cntkctl_el1, 0);
	isb();
	tlbi(vmalls12e1);
	dsb(nsh);
	isb();
}

void cpu_run_host(uint64_t entry, uint64_t argument)
{
	sysreg_write(elr_el2, entry);
	sysreg_write(spsr_el2, PSR_DAIF | PSR_EL1H);
	host_start(argument, sysreg_read(tpidr_el2) + STACK_TOP);
}
