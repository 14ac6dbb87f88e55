/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host did that brought it here, and what it gets. */
#include <hyp/console.h>
#include <hyp/gic.h>
#include <hyp/host.h>
#include <hyp/layout.h>
#include <hyp/owner.h>
#include <hyp/regs.h>
#include <hyp/smmu.h>
#include <hyp/trace.h>
#include <hyp/world.h>

#include <stddef.h>

#include "arch/sysreg.h"

/* So many refused accesses are on the console, then no more: the host could flood it. */
#define REFUSALS_PRINTED 4

typedef void (*trap_fn)(struct regs *regs, uint64_t esr);

void trap_host(struct regs *regs);

static uint32_t refusals; /* atomic */

/* What EL1 traps to EL2 and should not use: as if the instruction were not there. */
static void trap_undefined(struct regs *regs, uint64_t esr)
{
	uint64_t pc = sysreg_read(elr_el2), pstate = sysreg_read(spsr_el2);

	(void)regs;
	exception_take(&pc, &pstate, (uint64_t)EC_UNKNOWN << ESR_EC_SHIFT | (esr & ESR_IL));
	sysreg_write(elr_el2, pc);
	sysreg_write(spsr_el2, pstate);
}

static void trap_hvc(struct regs *regs, uint64_t esr)
{
	hvc_host_call(regs, esr & ESR_IMM16_MASK);
}

static void trap_smc(struct regs *regs, uint64_t esr)
{
	/* A trapped SMC has not been executed: go on behind it. */
	sysreg_write(elr_el2, sysreg_read(elr_el2) + INSTRUCTION_BYTES);
	smc_host_call(regs, esr & ESR_IMM16_MASK);
}

/*
 * The host went where it has nothing to look for. It gets an abort whose cause is given
 * as alignment: of all causes that Linux knows, this one looks at no page tables (in which
 * all is well, so that it would try again for ever) but ends a process with a signal, and
 * an access of the kernel that has an entry in its exception table with -EFAULT.
 */
static void refuse(uint64_t esr, uint64_t pfn)
{
	bool is_data = (EC_OF(esr)) == EC_DABT_LOW;
	uint64_t kept = ESR_EC_MASK << ESR_EC_SHIFT | ESR_IL | (is_data ? ESR_WNR | ESR_CM : 0);
	uint64_t pc = sysreg_read(elr_el2), pstate = sysreg_read(spsr_el2);

	if (__atomic_fetch_add(&refusals, 1, __ATOMIC_RELAXED) < REFUSALS_PRINTED) {
		log_line("the host's %s of page %#lx at pc %#lx is refused",
			 !is_data      ? "execution" :
			 esr & ESR_WNR ? "write" :
					 "read",
			 pfn, pc);
	}
	exception_take_abort(&pc, &pstate, (esr & kept) | FSC_ALIGNMENT, sysreg_read(far_el2));
	sysreg_write(elr_el2, pc);
	sysreg_write(spsr_el2, pstate);
}

static void trap_abort(struct regs *regs, uint64_t esr)
{
	uint64_t pfn = HPFAR_PFN(sysreg_read(hpfar_el2));

	if ((esr & ESR_FSC_LEVEL_MASK) == FSC_TRANSLATION && owner_host_reaches(pfn)) {
		return; /* the mapping was being changed; it is there now */
	}
	if ((esr & ESR_FSC_MASK) == FSC_TLB_CONFLICT) {
		/* A block was replaced by its table, or the other way, in one store. */
		tlbi(vmalls12e1);
		dsb(nsh);
		return;
	}
	if (gic_host_access(regs, esr, pfn << PAGE_SHIFT | sysreg_read(far_el2) % PAGE_BYTES)) {
		sysreg_write(elr_el2, sysreg_read(elr_el2) + INSTRUCTION_BYTES);
		return;
	}
	trace_emit(host_mem_abort, 0, 0, esr, pfn << PAGE_SHIFT);
	refuse(esr, pfn);
}

static const trap_fn traps[EC_COUNT] = {
	[EC_HVC32] = trap_hvc, [EC_HVC64] = trap_hvc,      [EC_SMC32] = trap_smc,
	[EC_SMC64] = trap_smc, [EC_IABT_LOW] = trap_abort, [EC_DABT_LOW] = trap_abort,
};

/* What the trace says of @trap. */
static enum hyp_trace_reason reason_of(trap_fn trap)
{
	return trap == trap_hvc   ? HYP_REASON_HVC :
	       trap == trap_smc   ? HYP_REASON_SMC :
	       trap == trap_abort ? HYP_REASON_HOST_ABORT :
				    HYP_REASON_UNKNOWN;
}

/* From vectors.S, on this CPU's stack, interrupts masked. */
void trap_host(struct regs *regs)
{
	uint64_t esr = sysreg_read(esr_el2);
	trap_fn trap = traps[EC_OF(esr)];

	trace_emit(hyp_enter, 0, 0, reason_of(trap), esr);
	smmu_poll();
	(trap ? trap : trap_undefined)(regs, esr);
	trace_emit(hyp_exit, 0, 0, HYP_REASON_ERET_HOST, 0);
}
