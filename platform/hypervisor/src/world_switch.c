/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This CPU's registers between host and guest. All of the host's EL1 state is its own again after. */
#include <hyp/bug.h>
#include <hyp/cpu.h>
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/world.h>

#include "arch/sysreg.h"

#define VM_MAX 256
#define PAGE_OFFSET_MASK UINT64_C(0xfff)
#define PAR_FAILED BIT(0)
#define PAR_ADDRESS UINT64_C(0x0000fffffffff000)

/* What of the host is not here while a guest runs. */
struct host_cpu {
	struct cpu_state state;
	uint64_t elr, spsr, mdcr, mdscr, pmcr;
	bool has_debug_loaded;     /* the debug registers are the guest's */
	uint8_t last_vcpu[VM_MAX]; /* by VMID: index + 1 of the vCPU that ran here */
};

static struct host_cpu hosts[CPU_MAX];

enum guest_event guest_enter(struct vcpu *vcpu);
void fp_save(struct fp_state *fp, bool is_sve);
void fp_load(const struct fp_state *fp, bool is_sve);
uint32_t sve_bytes(void);

extern char guest_vectors[], vectors[];

#define SAVE(name, op0, op1, crn, crm, op2, reset) \
	state->sys[SYS_##name] = sysreg_read_at(SYSREG_AT(op0, op1, crn, crm, op2));
#define LOAD(name, op0, op1, crn, crm, op2, reset) \
	sysreg_write_at(SYSREG_AT(op0, op1, crn, crm, op2), state->sys[SYS_##name]);

/* Of ID_AA64PFR0_EL1. */
static bool has(uint32_t shift)
{
	return ID_FIELD(sysreg_read(id_aa64pfr0_el1), shift) != 0;
}

/* clang-format off */
#define EL1(way)                                                       \
	SYSREGS_BASE(way)                                              \
	if (has(PFR0_RAS_SHIFT)) { SYSREGS_RAS(way) }                  \
	if (features & HYP_VCPU_PAUTH) { SYSREGS_PAUTH(way) }          \
	if (features & HYP_VCPU_SVE) { SYSREGS_SVE(way) }
/* clang-format on */

static void el1_save(struct cpu_state *state, uint32_t features)
{
	EL1(SAVE)
}

static void el1_load(const struct cpu_state *state, uint32_t features)
{
	EL1(LOAD)
}

/* ---- PMU ---- */

/* MDCR_EL2.HPMN: all that there are; 0: no PMU. */
static uint32_t pmu_counters(void)
{
	return sysreg_read(mdcr_el2) & PMCR_N_MASK;
}

/* Counters stand still at EL2 (MDCR_EL2.HPMD) or are stopped by PMCR_EL0.E meanwhile. */
static void pmu_save(struct cpu_state *state)
{
	SYSREGS_PMU(SAVE)
	sysreg_write(pmcr_el0, 0);
	for (uint32_t n = 0; n < pmu_counters(); n++) {
		sysreg_write(pmselr_el0, n);
		isb();
		state->event_counter[n] = sysreg_read(pmxevcntr_el0);
		state->event_type[n] = sysreg_read(pmxevtyper_el0);
	}
}

static void pmu_load(const struct cpu_state *state)
{
	sysreg_write(pmcntenclr_el0, UINT32_MAX);
	sysreg_write(pmintenclr_el1, UINT32_MAX);
	sysreg_write(pmovsclr_el0, UINT32_MAX);
	for (uint32_t n = 0; n < pmu_counters(); n++) {
		sysreg_write(pmselr_el0, n);
		isb();
		sysreg_write(pmxevtyper_el0, state->event_type[n]);
		sysreg_write(pmxevcntr_el0, state->event_counter[n]);
	}
	SYSREGS_PMU(LOAD)
}

/* Of a vCPU without PMU: the host counts normal guests if it likes, protected ones never. */
static void pmu_enter(struct vcpu *vcpu, struct host_cpu *host)
{
	host->pmcr = 0;
	if (vcpu->features & HYP_VCPU_PMU) {
		pmu_save(&host->state);
		pmu_load(&vcpu->state);
	} else if (vm_is_protected(vcpu->vm) && pmu_counters() > 0) {
		host->pmcr = sysreg_read(pmcr_el0);
		sysreg_write(pmcr_el0, host->pmcr & ~PMCR_ENABLE);
	}
}

static uint64_t pmu_leave(struct vcpu *vcpu, struct host_cpu *host)
{
	const uint64_t *sys = vcpu->state.sys;

	if (host->pmcr) {
		sysreg_write(pmcr_el0, host->pmcr);
	}
	if (!(vcpu->features & HYP_VCPU_PMU)) {
		return 0;
	}
	pmu_save(&vcpu->state);
	pmu_load(&host->state);
	return sys[SYS_PMCR_EL0] & PMCR_ENABLE && sys[SYS_PMOVSSET_EL0] & sys[SYS_PMINTENSET_EL1] ?
		       HYP_STATE_PMU :
		       0;
}

/* ---- debug ---- */

/* clang-format off */
#define EACH_OF_16(X, kind, name, last)                                                    \
	X(kind, name, 0, last) X(kind, name, 1, last) X(kind, name, 2, last)               \
	X(kind, name, 3, last) X(kind, name, 4, last) X(kind, name, 5, last)               \
	X(kind, name, 6, last) X(kind, name, 7, last) X(kind, name, 8, last)               \
	X(kind, name, 9, last) X(kind, name, 10, last) X(kind, name, 11, last)             \
	X(kind, name, 12, last) X(kind, name, 13, last) X(kind, name, 14, last)            \
	X(kind, name, 15, last)
#define DEBUG_REGISTERS(X)                                                                 \
	EACH_OF_16(X, 0, dbgbvr, DFR0_BRPS_SHIFT) EACH_OF_16(X, 1, dbgbcr, DFR0_BRPS_SHIFT) \
	EACH_OF_16(X, 2, dbgwvr, DFR0_WRPS_SHIFT) EACH_OF_16(X, 3, dbgwcr, DFR0_WRPS_SHIFT)
#define DEBUG_SAVE(kind, name, n, last)         \
	if (n <= (int)ID_FIELD(there, last)) {  \
		state->debug[kind][n] = sysreg_read(name##n##_el1); }
#define DEBUG_LOAD(kind, name, n, last)         \
	if (n <= (int)ID_FIELD(there, last)) {  \
		sysreg_write(name##n##_el1, state->debug[kind][n]); }
/* clang-format on */

static void debug_save(struct cpu_state *state)
{
	uint64_t there = sysreg_read(id_aa64dfr0_el1);

	DEBUG_REGISTERS(DEBUG_SAVE)
}

static void debug_load(const struct cpu_state *state)
{
	uint64_t there = sysreg_read(id_aa64dfr0_el1);

	DEBUG_REGISTERS(DEBUG_LOAD)
}

/*
 * The guest's accesses to debug registers trap, so they are here only if they can do
 * something: with a debug exception on and the OS lock open, or for the host, who debugs
 * the guest: then break- and watchpoints are on, whatever the guest says.
 */
static void debug_enter(struct vcpu *vcpu, struct host_cpu *host, uint64_t flags)
{
	uint64_t mdscr = vcpu->state.sys[SYS_MDSCR_EL1];
	bool open = vcpu->state.sys[SYS_OSLSR_EL1] != OSLSR_LOCKED;
	uint64_t traps = MDCR_GUEST | (flags & HYP_RUN_DEBUG ? MDCR_TDE : 0);

	host->mdcr = sysreg_read(mdcr_el2);
	host->mdscr = sysreg_read(mdscr_el1);
	host->has_debug_loaded = flags & HYP_RUN_DEBUG || (mdscr & (MDSCR_SS | MDSCR_MDE) && open);
	traps |= vcpu->features & HYP_VCPU_PMU ? 0 : MDCR_TPM | MDCR_TPMCR;
	sysreg_write(mdcr_el2, host->mdcr | traps);
	sysreg_write(mdscr_el1, 0);
	if (host->has_debug_loaded) {
		debug_save(&host->state);
		debug_load(&vcpu->state);
		mdscr |= flags & HYP_RUN_DEBUG ? MDSCR_MDE : 0; /* of the host, not the guest */
		sysreg_write(mdscr_el1, mdscr | (flags & HYP_RUN_STEP ? MDSCR_SS : 0));
	}
}

static void debug_leave(struct host_cpu *host)
{
	sysreg_write(mdscr_el1, 0);
	if (host->has_debug_loaded) {
		debug_load(&host->state);
	}
	sysreg_write(mdscr_el1, host->mdscr);
	sysreg_write(mdcr_el2, host->mdcr);
}

/* ---- interrupt controller and timer ---- */

/* ICH_LR<n>_EL2 */
#define EACH_LR(X) X(0) X(1) X(2) X(3)
#define LR_LOAD(n) sysreg_write(S3_4_C12_C12_##n, run->lr[n]);
#define LR_SAVE(n) run->lr[n] = sysreg_read(S3_4_C12_C12_##n);

static void interrupts_enter(const struct cpu_state *state, const struct world_run *run)
{
	sysreg_write(S3_4_C12_C9_5, ICC_SRE_GUEST); /* ICC_SRE_EL2 */
	SYSREGS_GIC(LOAD)
	EACH_LR(LR_LOAD)
	sysreg_write(S3_4_C12_C11_0, (run->ich_hcr & ICH_HCR_HOST) | ICH_HCR_EN);
	sysreg_write(cnthctl_el2, CNTHCTL_GUEST);
	SYSREGS_TIMER(LOAD)
}

static void interrupts_leave(struct cpu_state *state, struct world_run *run)
{
	SYSREGS_TIMER(SAVE)
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntv_cval_el0, 0); /* the host could read it */
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(cnthctl_el2, CNTHCTL_HOST);
	run->misr = sysreg_read(S3_4_C12_C11_2); /* ICH_MISR_EL2 */
	run->ich_hcr = sysreg_read(S3_4_C12_C11_0) & ICH_HCR_EOICOUNT;
	SYSREGS_GIC(SAVE)
	run->vmcr = state->sys[SYS_ICH_VMCR_EL2];
	EACH_LR(LR_SAVE)
	sysreg_write(S3_4_C12_C11_0, 0);
	sysreg_write(S3_4_C12_C9_5, ICC_SRE_HOST);
	if ((state->sys[SYS_CNTV_CTL_EL0] & (TIMER_ENABLE | TIMER_MASKED | TIMER_STATUS)) ==
	    (TIMER_ENABLE | TIMER_STATUS)) {
		run->state |= HYP_STATE_VTIMER;
	}
}

/* ---- the whole ---- */

static void stage2_enter(const struct vcpu *vcpu, struct host_cpu *host)
{
	const struct s2 *s2 = &vcpu->vm->s2;
	uint8_t *last = &host->last_vcpu[s2->vmid % VM_MAX];

	sysreg_write(vttbr_el2, s2_vttbr(s2));
	if (*last == vcpu->index + 1) {
		return;
	}
	/* vCPUs of a VM may have different tables under one ASID. */
	*last = (uint8_t)(vcpu->index + 1);
	isb();
	tlbi(vmalle1);
	ic_iallu();
	dsb(nsh);
	isb();
}

void world_enter(struct vcpu *vcpu, const struct world_run *run)
{
	struct host_cpu *host = &hosts[cpu_this()];
	const struct cpu_state *state = &vcpu->state;
	uint64_t hcr = HCR_GUEST;

	if (!pstate_is_legal(vcpu->pstate)) {
		hyp_bug("a vCPU's PSTATE is %#lx", vcpu->pstate);
	}
	host->elr = sysreg_read(elr_el2);
	host->spsr = sysreg_read(spsr_el2);
	pmu_enter(vcpu, host);
	debug_enter(vcpu, host, run->flags);
	fp_save(&host->state.fp, has(PFR0_SVE_SHIFT));
	fp_load(&state->fp, vcpu->features & HYP_VCPU_SVE);
	el1_save(&host->state, vcpu->features);
	sysreg_write(vbar_el2, (uintptr_t)guest_vectors);
	sysreg_write(cptr_el2, vcpu->features & HYP_VCPU_SVE ? CPTR_GUEST : CPTR_GUEST | CPTR_TZ);
	sysreg_write(vmpidr_el2, vcpu->mpidr);
	hcr |= run->flags & HYP_RUN_TRAP_WFI ? HCR_TWI : 0;
	hcr |= run->flags & HYP_RUN_TRAP_WFE ? HCR_TWE : 0;
	hcr |= vcpu->features & HYP_VCPU_PAUTH ? HCR_API | HCR_APK : 0;
	hcr |= vcpu->has_vserror ? HCR_VSE : 0;
	sysreg_write(hcr_el2, hcr);
	stage2_enter(vcpu, host);
	el1_load(state, vcpu->features);
	interrupts_enter(state, run);
	isb();
}

void world_leave(struct vcpu *vcpu, struct world_run *run)
{
	struct host_cpu *host = &hosts[cpu_this()];
	struct cpu_state *state = &vcpu->state;

	run->state = 0;
	interrupts_leave(state, run);
	vcpu->has_vserror = sysreg_read(hcr_el2) & HCR_VSE;
	el1_save(state, vcpu->features);
	sysreg_write(hcr_el2, HCR_HOST);
	sysreg_write(vttbr_el2, host_s2_root());
	sysreg_write(vmpidr_el2, sysreg_read(mpidr_el1));
	sysreg_write(cptr_el2, CPTR_HOST);
	sysreg_write(vbar_el2, (uintptr_t)vectors);
	isb();
	el1_load(&host->state, vcpu->features);
	fp_save(&state->fp, vcpu->features & HYP_VCPU_SVE);
	fp_load(&host->state.fp, has(PFR0_SVE_SHIFT));
	debug_leave(host);
	run->state |= pmu_leave(vcpu, host);
	sysreg_write(elr_el2, host->elr);
	sysreg_write(spsr_el2, host->spsr);
	isb();
}

/*
 * The IPA of an abort; UINT64_MAX: the guest changed its tables meanwhile, try again. After a
 * permission fault HPFAR_EL2 need not be valid (Arm ARM D24.2, HPFAR_EL2): translate again.
 */
static uint64_t abort_ipa(uint64_t esr, uint64_t far)
{
	uint64_t ipa = HPFAR_PFN(sysreg_read(hpfar_el2)) << PAGE_SHIFT;

	if ((esr & ESR_FSC_LEVEL_MASK) == FSC_PERMISSION && !(esr & ESR_S1PTW)) {
		uint64_t guest_par = sysreg_read(par_el1);

		at_s1e1r(far);
		isb();
		ipa = sysreg_read(par_el1);
		sysreg_write(par_el1, guest_par);
		if (ipa & PAR_FAILED) {
			return UINT64_MAX;
		}
		ipa &= PAR_ADDRESS;
	}
	return esr & ESR_S1PTW ? ipa : ipa | (far & PAGE_OFFSET_MASK);
}

enum guest_event world_guest(struct vcpu *vcpu)
{
	enum guest_event event;
	uint64_t class;

	sysreg_write(elr_el2, vcpu->pc);
	sysreg_write(spsr_el2, vcpu->pstate);
	event = guest_enter(vcpu);
	vcpu->pc = sysreg_read(elr_el2);
	vcpu->pstate = sysreg_read(spsr_el2);
	if (event == GUEST_SYNC) {
		vcpu->trap.esr = sysreg_read(esr_el2);
		class = EC_OF(vcpu->trap.esr);
		if (class == EC_DABT_LOW || class == EC_IABT_LOW || class == EC_WATCHPOINT_LOW) {
			vcpu->trap.far = sysreg_read(far_el2);
			vcpu->trap.ipa = abort_ipa(vcpu->trap.esr, vcpu->trap.far);
		}
	}
	return event;
}

#define READ_ID(name, crm, op2, most, most_protected) \
	[ID_##name] = sysreg_read_at(SYSREG_AT(3, 0, 0, crm, op2)),

struct cpu_facts cpu_facts(void)
{
	struct cpu_facts facts = { .id = { ID_REGS(READ_ID) }, .midr = sysreg_read(midr_el1) };

	facts.features = facts.id[ID_ID_AA64ISAR1_EL1] & ISAR1_PAUTH ||
					 facts.id[ID_ID_AA64ISAR2_EL1] & ISAR2_PAUTH ?
				 HYP_FEATURE_PAUTH :
				 0;
	facts.features |= pmu_counters() > 0 ? HYP_FEATURE_PMU : 0;
	if (has(PFR0_SVE_SHIFT)) {
		facts.features |= HYP_FEATURE_SVE;
		facts.sve_bytes = sve_bytes();
	}
	facts.list_registers = (sysreg_read(S3_4_C12_C11_1) & ICH_VTR_LISTREGS) + 1; /* ICH_VTR */
	return facts;
}
