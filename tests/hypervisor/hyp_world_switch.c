/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world switch on a CPU whose registers are variables: a guest finds its own values in all
 * of them, the host finds its own again, and nothing of the guest stays behind. And exceptions
 * that EL1 gets (Arm ARM D1.3).
 */
#include <hyp/bug.h>
#include <hyp/cpu.h>
#include <hyp/host_s2.h>
#include <hyp/world.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/sysreg.h"

#define HOST(n) (0x4057000000000000 + (uint64_t)(n))
#define GUEST(n) (0x5ec2e70000000000 + (uint64_t)(n))
#define LATER(n) (0x1a7e000000000000 + (uint64_t)(n))
#define NAMES 256u
#define HOST_ROOT UINT64_C(0x40600000)
#define FIRST_FEATURE (SYS_CSSELR_EL1 + 1) /* SYSREGS_BASE ends before it */

static struct {
	const char *name;
	uint64_t value;
} registers[NAMES];

/* Names beside encodings that world_switch.c and these tests use. */
static const char *const aliases[][2] = {
	{ "cntv_ctl_el0", "S3_3_C14_C3_1" },   { "cntv_cval_el0", "S3_3_C14_C3_2" },
	{ "cntvoff_el2", "S3_4_C14_C0_3" },    { "pmcr_el0", "S3_3_C9_C12_0" },
	{ "par_el1", "S3_0_C7_C4_0" },         { "pmselr_el0", "S3_3_C9_C12_5" },
	{ "id_aa64pfr0_el1", "S3_0_C0_C4_0" }, { "id_aa64dfr0_el1", "S3_0_C0_C5_0" },
	{ "sctlr_el1", "S3_0_C1_C0_0" },       { "vbar_el1", "S3_0_C12_C0_0" },
	{ "elr_el1", "S3_0_C4_C0_1" },         { "spsr_el1", "S3_0_C4_C0_0" },
	{ "esr_el1", "S3_0_C5_C2_0" },         { "far_el1", "S3_0_C6_C0_0" },
};

#define ENCODED(name, op0, op1, crn, crm, op2, reset) \
	"S" #op0 "_" #op1 "_C" #crn "_C" #crm "_" #op2,
static const char *const encoded[SYS_COUNT] = { SYSREGS(ENCODED) };

static struct vm vm;
static struct vcpu *vcpu;
static struct world_run run;
static void (*in_guest)(void);
static enum guest_event event;
static uint32_t flushes;
static uint64_t translated; /* by at s1e1r, into PAR_EL1 */
static uint32_t saves, loads, sve_saves, sve_loads;
static uint64_t counters[2][PMU_COUNTERS_MAX]; /* behind PMXEVCNTR, PMXEVTYPER */

char guest_vectors[8], vectors[8];

uint64_t *fake_sysreg(const char *name)
{
	for (size_t n = 0; n < sizeof(aliases) / sizeof(aliases[0]); n++) {
		name = strcmp(name, aliases[n][0]) == 0 ? aliases[n][1] : name;
	}
	if (strcmp(name, "pmxevcntr_el0") == 0 || strcmp(name, "pmxevtyper_el0") == 0) {
		return &counters[name[5] == 't'][*fake_sysreg("pmselr_el0") & 31];
	}
	for (uint32_t n = 0; n < NAMES; n++) {
		if (!registers[n].name) {
			registers[n].name = name;
		}
		if (strcmp(registers[n].name, name) == 0) {
			return &registers[n].value;
		}
	}
	abort();
}

void fake_instruction(const char *what, uint64_t value)
{
	flushes += strcmp(what, "tlbi vmalle1") == 0;
	if (strcmp(what, "at s1e1r") == 0) {
		assert_int_equal(value, 0xffff000000001678);
		sysreg_write(par_el1, translated);
	}
}

void hyp_bug(const char *why, ...)
{
	(void)why;
	abort();
}

uint32_t cpu_this(void)
{
	return 1;
}

uint64_t host_s2_root(void)
{
	return HOST_ROOT;
}

void fp_save(struct fp_state *fp, bool is_sve);
void fp_load(const struct fp_state *fp, bool is_sve);

void fp_save(struct fp_state *fp, bool is_sve)
{
	saves++;
	sve_saves += is_sve;
	fp->control[0] = sysreg_read(fpsr);
}

void fp_load(const struct fp_state *fp, bool is_sve)
{
	loads++;
	sve_loads += is_sve;
	sysreg_write(fpsr, fp->control[0]);
}

uint32_t sve_bytes(void);
uint32_t sve_bytes(void)
{
	return 32;
}

bool pstate_is_legal(uint64_t pstate)
{
	return pstate == 5;
}

enum guest_event guest_enter(struct vcpu *entered);
enum guest_event guest_enter(struct vcpu *entered)
{
	assert_ptr_equal(entered, vcpu);
	assert_int_equal(sysreg_read(elr_el2), vcpu->pc);
	assert_int_equal(sysreg_read(spsr_el2), vcpu->pstate);
	if (in_guest) {
		in_guest();
	}
	return event;
}

static int begin(void **state)
{
	(void)state;
	memset(registers, 0, sizeof(registers));
	memset(counters, 0, sizeof(counters));
	memset(&run, 0, sizeof(run));
	free(vcpu);
	vcpu = aligned_alloc(16, sizeof(*vcpu));
	memset(vcpu, 0, sizeof(*vcpu));
	vm = (struct vm){ .s2 = { .root = (uint64_t *)0x50000000, .vmid = 9 },
			  .flags = HYP_VM_PROTECTED };
	vcpu->vm = &vm;
	vcpu->index = 2;
	vcpu->mpidr = 0x80000002;
	vcpu->pc = 0x1000;
	vcpu->pstate = 5;
	for (uint32_t n = 0; n < SYS_COUNT; n++) {
		*fake_sysreg(encoded[n]) = HOST(n);
		vcpu->state.sys[n] = GUEST(n);
	}
	vcpu->state.sys[SYS_MDSCR_EL1] = 0;
	sysreg_write(id_aa64pfr0_el1, UINT64_C(0x110000000)); /* SVE, RAS */
	sysreg_write(id_aa64dfr0_el1, 0x00305609);            /* 6 breakpoints, 4 watchpoints */
	sysreg_write(pmcr_el0, UINT64_C(6) << 11 | 1);        /* 6 counters, on */
	sysreg_write(mpidr_el1, 0x80000001);
	sysreg_write(mdcr_el2, 6);
	sysreg_write(elr_el2, 0xe1);
	sysreg_write(spsr_el2, 0x5b);
	sysreg_write(fpsr, HOST(999));
	vcpu->state.fp.control[0] = GUEST(999);
	in_guest = NULL;
	event = GUEST_IRQ;
	flushes = saves = loads = sve_saves = sve_loads = 0;
	return 0;
}

static void switched(uint64_t flags)
{
	run.flags = flags;
	world_enter(vcpu, &run);
	world_guest(vcpu);
	world_leave(vcpu, &run);
}

/* Whether the register is the guest's own while it runs, for a vCPU with @features. */
static bool is_switched(uint32_t n, uint32_t features)
{
	if (n >= SYS_APIAKEYLO_EL1 && n <= SYS_APGAKEYHI_EL1) {
		return features & HYP_VCPU_PAUTH;
	}
	if (n == SYS_ZCR_EL1) {
		return features & HYP_VCPU_SVE;
	}
	if (n >= SYS_PMCNTENSET_EL0 && n <= SYS_PMCR_EL0) {
		return features & HYP_VCPU_PMU;
	}
	return n < SYS_MDSCR_EL1;
}

static bool is_guests_alone(uint32_t n)
{
	return n >= SYS_VSESR_EL2 && n <= SYS_CNTV_CTL_EL0;
}

static void guest_has_its_own(void)
{
	for (uint32_t n = 0; n < SYS_MDSCR_EL1; n++) {
		uint64_t *value = fake_sysreg(encoded[n]);

		if (is_switched(n, vcpu->features)) {
			assert_int_equal(*value, GUEST(n));
			*value = LATER(n);
		}
	}
	assert_int_equal(sysreg_read(fpsr), GUEST(999));
	sysreg_write(fpsr, LATER(999));
}

static void all_registers(uint32_t features)
{
	vcpu->features = features;
	in_guest = guest_has_its_own;
	switched(0);
	for (uint32_t n = 0; n < SYS_MDSCR_EL1; n++) {
		bool is_theirs = is_switched(n, features);

		assert_int_equal(vcpu->state.sys[n], is_theirs ? LATER(n) : GUEST(n));
		if (n == SYS_PMCR_EL0) {
			assert_int_equal(*fake_sysreg(encoded[n]), UINT64_C(6) << 11 | 1);
		} else if (!is_guests_alone(n)) {
			assert_int_equal(*fake_sysreg(encoded[n]), HOST(n));
		}
	}
	assert_int_equal(vcpu->state.fp.control[0], LATER(999));
	assert_int_equal(sysreg_read(fpsr), HOST(999));
	assert_int_equal(saves, 2);
	assert_int_equal(loads, 2);
	/* The host always has vectors as long as the CPU's. */
	assert_int_equal(sve_saves, features & HYP_VCPU_SVE ? 2 : 1);
	assert_int_equal(sve_loads, features & HYP_VCPU_SVE ? 2 : 1);
}

static void every_register_is_whose_it_is(void **state)
{
	for (uint32_t features = 0; features < 8; features++) {
		begin(state);
		all_registers(features);
	}
}

static void nothing_stays_behind(void **state)
{
	(void)state;
	in_guest = guest_has_its_own;
	switched(0);
	assert_int_equal(sysreg_read(cntv_ctl_el0), 0);
	assert_int_equal(sysreg_read(cntv_cval_el0), 0);
	assert_int_equal(sysreg_read(cntvoff_el2), 0);
	assert_int_equal(sysreg_read(S3_4_C12_C11_0), 0); /* ICH_HCR_EL2 */
	assert_int_equal(sysreg_read(vttbr_el2), HOST_ROOT);
	assert_int_equal(sysreg_read(hcr_el2), 0x30080080001 | 0);
	assert_int_equal(sysreg_read(cptr_el2), 0x32ff);
	assert_int_equal(sysreg_read(cnthctl_el2), 3);
	assert_int_equal(sysreg_read(mdcr_el2), 6);
	assert_int_equal(sysreg_read(vmpidr_el2), 0x80000001);
	assert_int_equal(sysreg_read(vbar_el2), (uintptr_t)vectors);
	assert_int_equal(sysreg_read(elr_el2), 0xe1);
	assert_int_equal(sysreg_read(spsr_el2), 0x5b);
	assert_int_equal(sysreg_read(pmcr_el0), UINT64_C(6) << 11 | 1);
}

static void traps_of_a_guest(void)
{
	/* By the Arm ARM: VM SWIO PTW FMO IMO AMO FB BSU TID1 TID3 TSC TIDCP TACR RW TLOR TERR TEA TID5 */
	assert_int_equal(sysreg_read(hcr_el2), UINT64_C(0x04000038803d063f));
	assert_int_equal(sysreg_read(cptr_el2), 0x401033ff); /* SVE, trace, activity monitors */
	assert_int_equal(sysreg_read(cnthctl_el2), 1);
	/* The host's counters; debug, profiling, trace, PMU */
	assert_int_equal(sysreg_read(mdcr_el2), 6 | 0x08084e60);
	assert_int_equal(sysreg_read(vttbr_el2), UINT64_C(0x0009000050000000));
	assert_int_equal(sysreg_read(vmpidr_el2), 0x80000002);
	assert_int_equal(sysreg_read(vbar_el2), (uintptr_t)guest_vectors);
	assert_int_equal(sysreg_read(S3_4_C12_C9_5), 7);
	assert_int_equal(sysreg_read(mdscr_el1), 0);
	assert_int_equal(sysreg_read(pmcr_el0) & 1, 0); /* a protected guest is not counted */
}

static void what_traps(void **state)
{
	(void)state;
	sysreg_write(mdscr_el1, 0x8000); /* the host debugs itself */
	in_guest = traps_of_a_guest;
	switched(0);
	assert_int_equal(sysreg_read(mdscr_el1), 0x8000);
}

static void traps_by_flag(void)
{
	/* TWI, TWE, APK, API, VSE beside */
	assert_int_equal(sysreg_read(hcr_el2), UINT64_C(0x04000338803d673f));
	assert_int_equal(sysreg_read(cptr_el2), 0x401032ff);
	assert_int_equal(sysreg_read(mdcr_el2), 6 | 0x08084e00);
}

static void what_traps_by_flags_and_features(void **state)
{
	(void)state;
	vcpu->features = HYP_VCPU_PAUTH | HYP_VCPU_SVE | HYP_VCPU_PMU;
	vcpu->has_vserror = true;
	in_guest = traps_by_flag;
	switched(HYP_RUN_TRAP_WFI | HYP_RUN_TRAP_WFE);
	assert_true(vcpu->has_vserror);
}

static void takes_the_serror(void)
{
	sysreg_write(hcr_el2, sysreg_read(hcr_el2) & ~UINT64_C(0x100));
}

static void an_serror_is_taken_once(void **state)
{
	(void)state;
	vcpu->has_vserror = true;
	in_guest = takes_the_serror;
	switched(0);
	assert_false(vcpu->has_vserror);
}

static void is_counted(void)
{
	assert_int_equal(sysreg_read(pmcr_el0) & 1, 1);
}

static void the_host_may_count_a_normal_guest(void **state)
{
	(void)state;
	vm.flags = 0;
	in_guest = is_counted;
	switched(0);
}

static void counts_itself(void)
{
	for (uint32_t n = 0; n < 6; n++) {
		assert_int_equal(counters[0][n], GUEST(n));
		assert_int_equal(counters[1][n], GUEST(n + 50));
		counters[0][n] = LATER(n);
	}
	*fake_sysreg(encoded[SYS_PMCR_EL0]) = UINT64_C(6) << 11 | 1;
	*fake_sysreg(encoded[SYS_PMOVSSET_EL0]) = 4;
	*fake_sysreg(encoded[SYS_PMINTENSET_EL1]) = 4;
}

static void event_counters(void **state)
{
	(void)state;
	vcpu->features = HYP_VCPU_PMU;
	vcpu->state.sys[SYS_PMCR_EL0] = UINT64_C(6) << 11;
	for (uint32_t n = 0; n < 6; n++) {
		counters[0][n] = HOST(n);
		counters[1][n] = HOST(n + 50);
		vcpu->state.event_counter[n] = GUEST(n);
		vcpu->state.event_type[n] = GUEST(n + 50);
	}
	in_guest = counts_itself;
	switched(0);
	for (uint32_t n = 0; n < 6; n++) {
		assert_int_equal(vcpu->state.event_counter[n], LATER(n));
		assert_int_equal(counters[0][n], HOST(n));
		assert_int_equal(counters[1][n], HOST(n + 50));
	}
	assert_int_equal(run.state & HYP_STATE_PMU, HYP_STATE_PMU);
}

static void debugs(void)
{
	assert_int_equal(sysreg_read(dbgbvr5_el1), GUEST(5));
	assert_int_equal(sysreg_read(dbgwcr3_el1), GUEST(103));
	assert_int_equal(sysreg_read(dbgwcr4_el1), HOST(4)); /* there is none on this CPU */
	assert_int_equal(sysreg_read(mdscr_el1), 0x8000 | (run.flags & HYP_RUN_STEP ? 1 : 0));
	assert_int_equal(sysreg_read(mdcr_el2) >> 8 & 1, !!(run.flags & HYP_RUN_DEBUG));
}

static void breakpoints_only_when_in_use(void **state)
{
	static const uint64_t flags[] = { 0, HYP_RUN_DEBUG, HYP_RUN_DEBUG | HYP_RUN_STEP };

	(void)state;
	vm.flags = 0;
	sysreg_write(dbgbvr5_el1, HOST(1));
	sysreg_write(dbgwcr3_el1, HOST(3));
	sysreg_write(dbgwcr4_el1, HOST(4));
	vcpu->state.debug[0][5] = GUEST(5);
	vcpu->state.debug[3][3] = GUEST(103);
	vcpu->state.sys[SYS_OSLSR_EL1] = 0xa; /* locked: nothing can happen */
	vcpu->state.sys[SYS_MDSCR_EL1] = 0x8000;
	switched(0);
	vcpu->state.sys[SYS_OSLSR_EL1] = 0x8;
	in_guest = debugs;
	for (size_t n = 0; n < sizeof(flags) / sizeof(flags[0]); n++) {
		switched(flags[n]);
		assert_int_equal(sysreg_read(dbgbvr5_el1), HOST(1));
		assert_int_equal(sysreg_read(dbgwcr3_el1), HOST(3));
		assert_int_equal(sysreg_read(mdscr_el1), 0);
	}
	/* The host's are on though the guest has turned its own off, or locked them. */
	vcpu->state.sys[SYS_MDSCR_EL1] = 0;
	switched(HYP_RUN_DEBUG);
	vcpu->state.sys[SYS_OSLSR_EL1] = 0xa;
	switched(HYP_RUN_DEBUG);
	assert_int_equal(vcpu->state.sys[SYS_MDSCR_EL1], 0);
}

static void lists_are_the_guests(void)
{
	assert_int_equal(sysreg_read(S3_4_C12_C11_0), 0x4003); /* TDIR */
	assert_int_equal(sysreg_read(S3_4_C12_C12_0), 10);
	assert_int_equal(sysreg_read(S3_4_C12_C12_3), 13);
	sysreg_write(S3_4_C12_C12_3, 23);
	sysreg_write(S3_4_C12_C11_0, UINT64_C(2) << 27 | 0x4003);
	sysreg_write(S3_4_C12_C11_2, 8);
	sysreg_write(cntv_ctl_el0, 5);
}

static void interrupts_go_in_and_out(void **state)
{
	(void)state;
	/* Of the host's ICH_HCR_EL2 only what it may set: not TC, TALL, EOIcount. */
	run = (struct world_run){ .ich_hcr = 0xffffff02, .lr = { 10, 11, 12, 13 } };
	in_guest = lists_are_the_guests;
	switched(0);
	assert_int_equal(run.lr[0], 10);
	assert_int_equal(run.lr[3], 23);
	assert_int_equal(run.ich_hcr, UINT64_C(2) << 27);
	assert_int_equal(run.misr, 8);
	assert_int_equal(run.vmcr, GUEST(SYS_ICH_VMCR_EL2));
	assert_int_equal(run.state, HYP_STATE_VTIMER);
}

static void another_vcpu_finds_no_translations(void **state)
{
	(void)state;
	vm.s2.vmid = 77;
	switched(0);
	switched(0);
	assert_int_equal(flushes, 1);
	vcpu->index = 3;
	switched(0);
	vcpu->index = 2;
	switched(0);
	assert_int_equal(flushes, 3);
	vm.s2.vmid = 78;
	switched(0);
	assert_int_equal(flushes, 4);
}

static uint64_t faults(uint64_t esr, uint64_t hpfar)
{
	event = GUEST_SYNC;
	sysreg_write(esr_el2, esr);
	sysreg_write(far_el2, 0xffff000000001678);
	sysreg_write(hpfar_el2, hpfar);
	world_guest(vcpu);
	return vcpu->trap.ipa;
}

static void where_an_abort_was(void **state)
{
	(void)state;
	sysreg_write(par_el1, 0x123);
	assert_int_equal(faults(0x92000006, 0x400090), 0x40009678);
	assert_int_equal(vcpu->trap.esr, 0x92000006);
	assert_int_equal(vcpu->trap.far, 0xffff000000001678);
	assert_int_equal(faults(0x92000086, 0x400090), 0x40009000); /* a table walk */
	/* HPFAR need not be valid after a permission fault, but of a table walk. */
	translated = 0xff00000050001000 | 0xb80;
	assert_int_equal(faults(0x9200004f, 0x400090), 0x50001678);
	assert_int_equal(sysreg_read(par_el1), 0x123);
	translated = 0x809;
	assert_int_equal(faults(0x8200000f, 0x400090), UINT64_MAX);
	assert_int_equal(faults(0x9200008f, 0x400090), 0x40009000);
}

static void what_this_cpu_has(void **state)
{
	struct cpu_facts cpu;

	(void)state;
	sysreg_write(S3_4_C12_C11_1, 3);
	cpu = cpu_facts();
	assert_int_equal(cpu.features, HYP_FEATURE_SVE | HYP_FEATURE_PMU);
	assert_int_equal(cpu.sve_bytes, 32);
	assert_int_equal(cpu.list_registers, 4);
	assert_int_equal(cpu.id[ID_ID_AA64PFR0_EL1], UINT64_C(0x110000000));
	sysreg_write(id_aa64pfr0_el1, 0);
	sysreg_write(mdcr_el2, 0); /* no counters */
	sysreg_write(S3_0_C0_C6_2, 0x1000);
	cpu = cpu_facts();
	assert_int_equal(cpu.features, HYP_FEATURE_PAUTH);
	assert_int_equal(cpu.sve_bytes, 0);
}

/* ---- exceptions ---- */

static void where_an_exception_goes(void **state)
{
	static const struct {
		uint64_t from, vector, pstate, far_class;
	} cases[] = {
		/* DAIF and EL1h; PAN by SPAN = 0; flags and DIT stay. Class of an abort. */
		{ 0x5, 0x200, 0x4003c5, 1 },          { 0x4, 0x000, 0x4003c5, 1 },
		{ 0x0, 0x400, 0x4003c5, 0 },          { 0x10, 0x600, 0x4003c5, 0 },
		{ 0xf1b00c05, 0x200, 0xf14003c5, 1 }, { 0xf1000010, 0x600, 0xf04003c5, 0 },
	};

	(void)state;
	sysreg_write(vbar_el1, 0x8000);
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		uint64_t pc = 0x1234, pstate = cases[n].from;

		sysreg_write(sctlr_el1, 0);
		exception_take_abort(&pc, &pstate, 0x92000010, 0x5678);
		assert_int_equal(pc, 0x8000 + cases[n].vector);
		assert_int_equal(pstate, cases[n].pstate);
		assert_int_equal(sysreg_read(elr_el1), 0x1234);
		assert_int_equal(sysreg_read(spsr_el1), cases[n].from);
		assert_int_equal(sysreg_read(far_el1), 0x5678);
		assert_int_equal(sysreg_read(esr_el1), 0x92000010 + (cases[n].far_class << 26));
		/* SPAN and DSSBS */
		sysreg_write(sctlr_el1, UINT64_C(1) << 44 | 1 << 23);
		pstate = 5;
		exception_take(&pc, &pstate, 0x2000000);
		assert_int_equal(pstate, 0x13c5);
		assert_int_equal(sysreg_read(esr_el1), 0x2000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_register_is_whose_it_is, begin),
		cmocka_unit_test_setup(nothing_stays_behind, begin),
		cmocka_unit_test_setup(what_traps, begin),
		cmocka_unit_test_setup(what_traps_by_flags_and_features, begin),
		cmocka_unit_test_setup(an_serror_is_taken_once, begin),
		cmocka_unit_test_setup(the_host_may_count_a_normal_guest, begin),
		cmocka_unit_test_setup(event_counters, begin),
		cmocka_unit_test_setup(breakpoints_only_when_in_use, begin),
		cmocka_unit_test_setup(interrupts_go_in_and_out, begin),
		cmocka_unit_test_setup(another_vcpu_finds_no_translations, begin),
		cmocka_unit_test_setup(where_an_abort_was, begin),
		cmocka_unit_test_setup(what_this_cpu_has, begin),
		cmocka_unit_test_setup(where_an_exception_goes, begin),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(vcpu);
	return failed;
}
