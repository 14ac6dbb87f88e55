/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's calls about vCPUs, register by register: what it is told at each exit, what it
 * can set, and that nothing else passes. Numbers by platform/abi/hyp_vcpu.h, written out.
 */
#include "tests/hypervisor/fake_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECRET(n) (0x5ec2e70000000000 + (uint64_t)(n))
#define HOSTS(n) (0x4057000000000000 + (uint64_t)(n))
#define PC UINT64_C(0x40080000)
#define HCR_OF_HOST UINT64_C(2)

/* What the guest does once: a trap, or an event. */
static struct vcpu_trap next_trap;
static enum guest_event next_event;
static uint64_t next_pstate;

static enum guest_event guest(struct vcpu *vcpu)
{
	for (uint64_t n = 0; n < 31; n++) {
		vcpu->x[n] = SECRET(n);
	}
	memset(&vcpu->state, 0x5e, sizeof(vcpu->state));
	vcpu->state.sys[SYS_CNTV_CTL_EL0] = 1;
	vcpu->state.sys[SYS_CNTV_CVAL_EL0] = 1000;
	vcpu->state.sys[SYS_CNTVOFF_EL2] = 5;
	vcpu->pc = PC;
	vcpu->pstate = next_pstate;
	vcpu->trap = next_trap;
	return next_event;
}

void fake_world_prepare(struct vcpu *made)
{
	(void)made;
	fake.guest = guest;
	fake.run_out = (struct world_run){ .ich_hcr = UINT64_C(3) << 27,
					   .lr = { 11, 12, 13, 14 },
					   .vmcr = 15,
					   .misr = 16,
					   .state = HYP_STATE_VTIMER };
	next_event = GUEST_SYNC;
	next_pstate = 0x5;
	next_trap = (struct vcpu_trap){ .esr = 0x06000000 };
}

static enum hyp_status run_with(struct regs *regs, uint64_t flags)
{
	for (uint64_t n = 0; n < 31; n++) {
		regs->x[n] = HOSTS(n);
	}
	regs->x[1] = FAKE_VM;
	regs->x[2] = 0;
	regs->x[3] = flags;
	regs->x[8] = HCR_OF_HOST;
	for (uint64_t n = 9; n < 13; n++) {
		regs->x[n] = n;
	}
	return vcpu_run(regs);
}

static enum hyp_status run(uint64_t flags)
{
	struct regs regs;

	return run_with(&regs, flags);
}

static enum hyp_status set(uint32_t index, uint64_t reg, uint64_t low, uint64_t high)
{
	struct regs regs = { .x = { 0, FAKE_VM, index, reg, low, high } };

	return vcpu_set_reg(&regs);
}

static enum hyp_status get(uint32_t index, uint64_t reg, uint64_t value[2])
{
	struct regs regs = { .x = { 0, FAKE_VM, index, reg } };
	enum hyp_status status = vcpu_get_reg(&regs);

	value[0] = status == HYP_OK ? regs.x[1] : 0;
	value[1] = status == HYP_OK ? regs.x[2] : 0;
	return status;
}

/* x1 to x16 after a run are exactly these; all others are the host's own. */
static void tells(uint64_t flags, const uint64_t expected[7], uint64_t state, uint64_t deadline)
{
	struct regs regs;

	assert_int_equal(run_with(&regs, flags), HYP_OK);
	for (uint64_t n = 1; n <= 7; n++) {
		assert_int_equal(regs.x[n], expected[n - 1]);
	}
	assert_int_equal(regs.x[8], UINT64_C(3) << 27);
	for (uint64_t n = 9; n <= 12; n++) {
		assert_int_equal(regs.x[n], n + 2);
	}
	assert_int_equal(regs.x[13], 15);
	assert_int_equal(regs.x[14], 16);
	assert_int_equal(regs.x[15], state);
	assert_int_equal(regs.x[16], deadline);
	for (uint64_t n = 17; n < 31; n++) {
		assert_int_equal(regs.x[n], HOSTS(n));
	}
	assert_int_equal(fake.entered, fake.left);
	assert_int_equal(fake.holds, 0);
	assert_int_equal(fake.vm.vcpus[0]->busy, 0);
}

static void an_interrupt_tells_nothing(void **state)
{
	const uint64_t irq[7] = { 0 }, serror[7] = { 8 };

	(void)state;
	next_trap = (struct vcpu_trap){ .esr = SECRET(1), .far = SECRET(2), .ipa = SECRET(3) };
	next_event = GUEST_IRQ;
	tells(0, irq, HYP_STATE_VTIMER, 0);
	next_event = GUEST_SERROR;
	tells(0, serror, HYP_STATE_VTIMER, 0);
	assert_int_equal(fake.run_in.ich_hcr, HCR_OF_HOST);
	assert_int_equal(fake.run_in.lr[0], 9);
	assert_int_equal(fake.run_in.lr[3], 12);
}

static void waiting_tells_until_when(void **state)
{
	const uint64_t wfi[7] = { 1, 0x06000000 };

	(void)state;
	tells(HYP_RUN_TRAP_WFI, wfi, HYP_STATE_VTIMER, 1005);
	next_pstate = 0x85;
	tells(HYP_RUN_TRAP_WFI, wfi, HYP_STATE_VTIMER | HYP_STATE_IRQ_MASKED, 1005);
}

static void memory_tells_the_page(void **state)
{
	const uint64_t expected[7] = { 2, 0x92000047, 0x1000 };

	(void)state;
	fake.fault = GUEST_FAULT_MEMORY;
	next_trap = (struct vcpu_trap){ .esr = 0x9302fe47, .far = SECRET(2), .ipa = 0x1234 };
	tells(0, expected, HYP_STATE_VTIMER, 0);
}

static void a_device_is_told_its_data(void **state)
{
	const uint64_t write[7] = { 3, 0x93400046, 0x1234, SECRET(2) & 0xffff };
	const uint64_t read[7] = { 3, 0x93400006, 0x1234 };

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	next_trap = (struct vcpu_trap){ .esr = 0x93420046, .far = SECRET(2), .ipa = 0x1234 };
	tells(0, write, HYP_STATE_VTIMER, 0);
	next_trap.esr = 0x93420006;
	tells(HYP_RUN_ANSWER, read, HYP_STATE_VTIMER, 0);
}

static void a_call_tells_what_it_must(void **state)
{
	const uint64_t expected[7] = { 4, 0, 0, SECRET(0), SECRET(1), SECRET(2), SECRET(3) };

	(void)state;
	fake.call = GUEST_CALL_EXIT;
	next_trap.esr = 0x5a000000;
	tells(0, expected, HYP_STATE_VTIMER, 0);
}

static void a_register_tells_the_value_written(void **state)
{
	const uint64_t expected[7] = { 5, 0x623a3016, 0, SECRET(4) };

	(void)state;
	next_trap.esr = 0x623a3016 | 4 << 5; /* ICC_SGI1R_EL1 from x4 */
	tells(0, expected, HYP_STATE_VTIMER, 0);
}

static void an_illegal_state_ends_it(void **state)
{
	const uint64_t expected[7] = { 11, 0, 0, HYP_BROKEN_STATE };
	struct regs regs;

	(void)state;
	for (int from_el0 = 0; from_el0 < 2; from_el0++) {
		assert_int_equal(fake_world_begin(HYP_VM_PROTECTED), 0);
		next_pstate = from_el0 ? 0x10 : 0x1f; /* AArch32 */
		next_trap = (struct vcpu_trap){ .esr = SECRET(1), .ipa = SECRET(2) };
		tells(0, expected, HYP_STATE_VTIMER, 0);
		/* It never runs again. */
		assert_int_equal(run_with(&regs, 0), HYP_OK);
		assert_int_equal(regs.x[1], 11);
		assert_int_equal(regs.x[4], HYP_BROKEN_STATE);
		assert_int_equal(regs.x[5], 0);
		assert_int_equal(fake.stretches, 1);
	}
}

static void a_normal_vm_tells_its_level(void **state)
{
	const uint64_t wfi[7] = { 1, 0x06000000 };

	(void)state;
	tells(0, wfi, HYP_STATE_VTIMER | HYP_STATE_EL1, 1005);
	next_pstate = 0;
	tells(0, wfi, HYP_STATE_VTIMER, 1005);
}

/* Each answer to each exit of a protected VM: taken if it fits, else nothing has run. */
static void answers_must_fit(void **state)
{
	static const uint64_t answers[] = { 0x1, 0x2, 0x4, 0x8, 0x400, 0x3, 0x5, 0x9, 0x6, 0xa };
	struct vcpu *vcpu = fake.vm.vcpus[0];

	(void)state;
	for (int reason = 0; reason < HYP_EXIT_COUNT; reason++) {
		for (size_t n = 0; n < sizeof(answers) / sizeof(answers[0]); n++) {
			bool fits = (reason == 2 && (answers[n] == 0x2 || answers[n] == 0x8)) ||
				    (reason == 3 && (answers[n] == 0x1 || answers[n] == 0x2)) ||
				    (reason == 4 && answers[n] == 0x1) ||
				    (reason == 5 && (answers[n] == 0x1 || answers[n] == 0x4));
			uint32_t before = fake.entered;

			vcpu_set_exit(vcpu, (enum hyp_exit)reason);
			vcpu->exit.esr = UINT64_C(1) << 24;
			vcpu->trap = (struct vcpu_trap){ .esr = 0x93400006 };
			assert_int_equal(run(answers[n]), fits ? HYP_OK : HYP_EINVAL);
			assert_int_equal(fake.entered, before + fits);
			assert_int_equal(vcpu->exit.reason, fits ? 1 : reason);
		}
	}
}

static void an_answer_counts_once(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	next_trap = (struct vcpu_trap){ .esr = 0x93420006, .ipa = 0x1234 };
	assert_int_equal(run(0), HYP_OK);
	next_event = GUEST_IRQ;
	assert_int_equal(run(HYP_RUN_ANSWER), HYP_OK);
	assert_int_equal(run(HYP_RUN_ANSWER), HYP_EINVAL);
}

static void an_answer_without_a_run(void **state)
{
	struct vcpu *vcpu = fake.vm.vcpus[0];
	struct regs regs;

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	next_trap = (struct vcpu_trap){ .esr = 0x93c20006 | 0x8000, .ipa = 0x1234 };
	assert_int_equal(run(0), HYP_OK);
	assert_int_equal(run_with(&regs, HYP_RUN_ANSWER | HYP_RUN_NO_ENTRY), HYP_OK);
	assert_int_equal(regs.x[1], 0);
	assert_int_equal(fake.stretches, 1);
	assert_int_equal(vcpu->x[2], HOSTS(4));
	assert_int_equal(vcpu->pc, PC + 4);
}

static void flags_that_are_not_for_all(void **state)
{
	(void)state;
	assert_int_equal(run(HYP_RUN_VSERROR), HYP_EPERM);
	assert_int_equal(run(HYP_RUN_DEBUG), HYP_EPERM);
	assert_int_equal(run(HYP_RUN_STEP), HYP_EINVAL);
	assert_int_equal(run(HYP_RUN_DEBUG | HYP_RUN_STEP), HYP_EPERM);
	for (uint32_t bit = 11; bit < 64; bit++) {
		assert_int_equal(run(UINT64_C(1) << bit), HYP_EINVAL);
	}
	assert_int_equal(fake.entered, 0);
	assert_int_equal(fake_world_begin(0), 0);
	assert_int_equal(run(HYP_RUN_VSERROR | HYP_RUN_DEBUG | HYP_RUN_STEP), HYP_OK);
	assert_true(fake.vm.vcpus[0]->has_vserror);
	assert_true(fake.vm.vcpus[0]->is_debugged);
	assert_int_equal(run(0), HYP_OK);
	assert_false(fake.vm.vcpus[0]->is_debugged);
}

static void only_the_timers_physical_interrupt(void **state)
{
	struct regs regs = { .x = { 0, FAKE_VM } };

	(void)state;
	for (uint64_t lr = 9; lr < 13; lr++) {
		regs.x[lr] = UINT64_C(1) << 61 | UINT64_C(30) << 32;
		assert_int_equal(vcpu_run(&regs), HYP_EINVAL);
		regs.x[lr] = UINT64_C(1) << 61 | UINT64_C(27) << 32;
	}
	assert_int_equal(vcpu_run(&regs), HYP_OK);
}

static void the_page_becomes_a_device(void **state)
{
	struct vcpu *vcpu = fake.vm.vcpus[0];

	(void)state;
	vcpu_set_exit(vcpu, HYP_EXIT_MEMORY);
	vcpu->exit.address = 0x9000000;
	vcpu->trap = (struct vcpu_trap){ .esr = 0x92000006 };
	fake.device_status = HYP_ENOTABLE;
	assert_int_equal(run(HYP_RUN_DEVICE), HYP_ENOTABLE);
	assert_int_equal(fake.entered, 0);
	fake.device_status = HYP_OK;
	assert_int_equal(run(HYP_RUN_DEVICE), HYP_OK);
	assert_int_equal(fake.device_ipa, 0x9000000);
	assert_int_equal(fake.exceptions, 0);
	/* The guest guards its devices: it is an abort. */
	vcpu_set_exit(vcpu, HYP_EXIT_MEMORY);
	vcpu->trap = (struct vcpu_trap){ .esr = 0x92000006 };
	fake.device_status = HYP_EPERM;
	assert_int_equal(run(HYP_RUN_DEVICE), HYP_OK);
	assert_int_equal(fake.exceptions, 1);
	assert_int_equal(fake.esr, 0x96000010);
}

/* ---- made and turned on ---- */

static void who_can_be_made(void **state)
{
	struct regs regs = { .x = { 0, FAKE_VM + 1, 1, 0x100, HYP_VCPU_OFF } };

	(void)state;
	assert_int_equal(vcpu_create(&regs), HYP_ENOENT);
	regs.x[1] = FAKE_VM;
	regs.x[2] = HYP_VCPUS_MAX;
	assert_int_equal(vcpu_create(&regs), HYP_EINVAL);
	regs.x[2] = 0;
	assert_int_equal(vcpu_create(&regs), HYP_EBUSY);
	regs.x[2] = 1;
	regs.x[4] = 0x10;
	assert_int_equal(vcpu_create(&regs), HYP_EINVAL);
	regs.x[4] = HYP_VCPU_OFF | HYP_VCPU_SVE;
	fake.cpu.features = HYP_FEATURE_PAUTH;
	assert_int_equal(vcpu_create(&regs), HYP_EINVAL);
	regs.x[4] = HYP_VCPU_OFF | HYP_VCPU_PAUTH;
	fake.cpu.list_registers = 3;
	assert_int_equal(vcpu_create(&regs), HYP_EINVAL);
	fake.cpu.list_registers = 16;
	fake.take_status = HYP_EPERM;
	assert_int_equal(vcpu_create(&regs), HYP_EPERM);
	assert_null(fake.vm.vcpus[1]);
	fake.take_status = HYP_OK;
	assert_int_equal(vcpu_create(&regs), HYP_OK);
	assert_int_equal(fake.holds, 0);
	assert_int_equal(fake.vm.lock.next, fake.vm.lock.serving);
}

static void one_vcpu_begins_a_protected_vm(void **state)
{
	(void)state;
	assert_null(fake_vcpu(1, 0));
	assert_non_null(fake_vcpu(1, HYP_VCPU_OFF));
	assert_int_equal(run(0), HYP_OK);
	assert_null(fake_vcpu(2, HYP_VCPU_OFF));
	assert_int_equal(fake_world_begin(0), 0);
	assert_non_null(fake_vcpu(1, 0));
	assert_int_equal(run(0), HYP_OK);
	assert_non_null(fake_vcpu(2, 0));
}

static void off_pending_on(void **state)
{
	struct vcpu *vcpu = fake_vcpu(1, HYP_VCPU_OFF);
	struct regs regs = { .x = { 0, FAKE_VM, 1 } };

	(void)state;
	assert_int_equal(vcpu_run(&regs), HYP_EPERM);
	vcpu->power = VCPU_CLAIMED;
	assert_int_equal(vcpu_run(&regs), HYP_EPERM);
	vcpu->entry = 0x1000;
	vcpu->argument = 77;
	vcpu->x[5] = 5;
	vcpu->state.sys[SYS_SCTLR_EL1] = 1;
	vcpu->power = VCPU_PENDING;
	next_event = GUEST_IRQ;
	regs.x[3] = HYP_RUN_NO_ENTRY;
	assert_int_equal(vcpu_run(&regs), HYP_OK);
	assert_int_equal(vcpu->power, VCPU_ON);
	assert_int_equal(vcpu->pc, 0x1000);
	assert_int_equal(vcpu->pstate, 0x3c5);
	assert_int_equal(vcpu->x[0], 77);
	assert_int_equal(vcpu->x[5], 0);
	assert_int_equal(vcpu->state.sys[SYS_SCTLR_EL1], 0x30d00800);
	assert_int_equal(vcpu->mpidr, 0x80000001);
}

static void one_at_a_time(void **state)
{
	uint64_t value[2];
	struct regs regs = { .x = { 0, FAKE_VM, 3 } };

	(void)state;
	assert_int_equal(vcpu_run(&regs), HYP_ENOENT);
	regs.x[2] = HYP_VCPUS_MAX;
	assert_int_equal(vcpu_run(&regs), HYP_ENOENT);
	regs.x[1] = 99;
	assert_int_equal(vcpu_run(&regs), HYP_ENOENT);
	fake.vm.vcpus[0]->busy = 1;
	assert_int_equal(run(0), HYP_EBUSY);
	assert_int_equal(set(0, HYP_REG_PC, 1, 0), HYP_EBUSY);
	assert_int_equal(get(0, HYP_REG_PC, value), HYP_EBUSY);
	assert_int_equal(fake.holds, 0);
}

/* ---- registers ---- */

static bool is_start(uint64_t reg)
{
	return reg <= 3 || reg == HYP_REG_PC;
}

/* All names that there are, and all that could be. */
static void registers_of_a_protected_vm(void **state)
{
	uint64_t value[2];

	(void)state;
	assert_non_null(fake_vcpu(1, HYP_VCPU_OFF));
	for (uint64_t reg = 0; reg < 0x21000; reg++) {
		assert_int_equal(get(0, reg, value), HYP_EPERM);
		assert_int_equal(set(0, reg, 0x1000, 0), is_start(reg) ? HYP_OK : HYP_EPERM);
		assert_int_equal(set(1, reg, 0x1000, 0), HYP_EPERM);
	}
	assert_int_equal(fake.vm.vcpus[0]->pc, 0x1000);
	assert_int_equal(run(0), HYP_OK);
	for (uint64_t reg = 0; reg < 0x21000; reg++) {
		assert_int_equal(get(0, reg, value), HYP_EPERM);
		assert_int_equal(set(0, reg, 0x1000, 0), HYP_EPERM);
	}
}

/* Each register of a normal VM is one place of its own. */
static void registers_of_a_normal_vm(void **state)
{
	static uint64_t seen[2048];
	uint64_t value[2];
	uint32_t count = 0;

	(void)state;
	assert_non_null(fake_vcpu(1, HYP_VCPU_PAUTH | HYP_VCPU_SVE | HYP_VCPU_PMU));
	for (uint64_t reg = 0; reg < 0x21000; reg++) {
		uint64_t low = reg == HYP_REG_PSTATE ? 0x3c5 : reg << 20 | 1;

		if (reg == HYP_REG_POWER || reg == HYP_REG_RESET) {
			continue;
		}
		if (set(1, reg, low, ~low) == HYP_OK) {
			assert_true(count < sizeof(seen) / sizeof(seen[0]));
			seen[count++] = reg;
		}
	}
	/*
	 * X0-X30, SP_EL0 (twice named), PC, PSTATE; V0-V31 are the low quarters of Z; 52 system
	 * registers, FPSR, FPCR, 64 debug, 62 event registers; Z, P, FFR of two quarters.
	 */
	assert_int_equal(count, 34 + 32 + SYS_COUNT + 2 + 64 + 62 + 2 * 32 + 2 * 17);
	for (uint32_t n = 0; n < count; n++) {
		uint64_t reg = seen[n], low = reg << 20 | 1;

		assert_int_equal(get(1, reg, value), HYP_OK);
		if (reg == HYP_REG_PSTATE || reg == HYP_REG_SP_EL0 || (reg & ~31) == 0x100) {
			continue; /* has another name, which was written later */
		}
		if (reg >= HYP_REG_P(0, 0)) {
			assert_int_equal(value[0], (uint16_t)low);
			continue;
		}
		assert_int_equal(value[0], low);
		assert_int_equal(value[1], reg >= HYP_REG_Z(0, 0) ? ~low : 0);
	}
}

static void features_decide_what_there_is(void **state)
{
	static const struct {
		uint32_t feature;
		uint64_t reg;
	} cases[] = {
		{ HYP_VCPU_PAUTH, HYP_REG_SYSTEM + SYSREG(3, 0, 2, 1, 0) },
		{ HYP_VCPU_PAUTH, HYP_REG_SYSTEM + SYSREG(3, 0, 2, 3, 1) },
		{ HYP_VCPU_SVE, HYP_REG_SYSTEM + SYSREG(3, 0, 1, 2, 0) },
		{ HYP_VCPU_SVE, HYP_REG_Z(0, 0) },
		{ HYP_VCPU_SVE, HYP_REG_FFR(0) },
		{ HYP_VCPU_PMU, HYP_REG_SYSTEM + SYSREG(3, 3, 9, 12, 0) },
		{ HYP_VCPU_PMU, HYP_REG_SYSTEM + SYSREG(3, 3, 14, 8, 0) },
		{ HYP_VCPU_PMU, HYP_REG_SYSTEM + SYSREG(3, 3, 14, 15, 6) },
	};
	uint64_t value[2];

	(void)state;
	assert_non_null(fake_vcpu(1, HYP_VCPU_PAUTH | HYP_VCPU_SVE | HYP_VCPU_PMU));
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		assert_int_equal(get(0, cases[n].reg, value), HYP_ENOENT);
		assert_int_equal(set(0, cases[n].reg, 0, 0), HYP_ENOENT);
		assert_int_equal(get(1, cases[n].reg, value), HYP_OK);
	}
	/* Vectors here are two quarters long, V is a part of Z. */
	assert_int_equal(get(1, HYP_REG_Z(0, 2), value), HYP_ENOENT);
	assert_int_equal(set(1, HYP_REG_Z(31, 0), 1, 2), HYP_OK);
	assert_int_equal(get(1, HYP_REG_V(31), value), HYP_OK);
	assert_int_equal(value[1], 2);
	assert_int_equal(set(0, HYP_REG_V(31), 3, 4), HYP_OK);
	assert_int_equal(get(0, HYP_REG_V(31), value), HYP_OK);
	assert_int_equal(value[0], 3);
}

static void constant_registers(void **state)
{
	uint64_t value[2];
	uint64_t pfr0 = HYP_REG_SYSTEM + SYSREG(3, 0, 0, 4, 0);

	(void)state;
	assert_int_equal(get(0, HYP_REG_SYSTEM + SYSREG(3, 0, 0, 0, 0), value), HYP_OK);
	assert_int_equal(value[0], 0x410fd493);
	assert_int_equal(get(0, HYP_REG_SYSTEM + SYSREG(3, 0, 0, 0, 5), value), HYP_OK);
	assert_int_equal(value[0], 0x80000000);
	assert_int_equal(get(0, HYP_REG_SYSTEM + SYSREG(3, 0, 0, 7, 7), value), HYP_OK);
	assert_int_equal(value[0], 0);
	assert_int_equal(get(0, pfr0, value), HYP_OK);
	assert_int_equal(set(0, pfr0, value[0], 0), HYP_OK);
	assert_int_equal(set(0, pfr0, value[0] ^ 1, 0), HYP_EINVAL);
	assert_int_equal(set(0, HYP_REG_SYSTEM + SYSREG(3, 0, 0, 0, 5), 0x80000001, 0), HYP_EINVAL);
	assert_int_equal(get(0, HYP_REG_SYSTEM + SYSREG(3, 4, 1, 1, 0), value), HYP_ENOENT);
}

/* EL2, EL3, AArch32 and 64 bits of anything. */
static void states_that_a_guest_cannot_have(void **state)
{
	(void)state;
	for (uint64_t mode = 0; mode < 32; mode++) {
		bool is_legal = mode == 0 || mode == 4 || mode == 5;

		assert_int_equal(set(0, HYP_REG_PSTATE, 0x3c0 | mode, 0),
				 is_legal ? HYP_OK : HYP_EINVAL);
	}
	assert_int_equal(set(0, HYP_REG_PSTATE, UINT64_C(1) << 32 | 5, 0), HYP_EINVAL);
	assert_int_equal(fake.vm.vcpus[0]->pstate, 0x3c5);
}

static void power_and_reset_by_the_host(void **state)
{
	uint64_t value[2];

	(void)state;
	assert_int_equal(set(0, HYP_REG_POWER, HYP_POWER_OFF, 0), HYP_OK);
	assert_int_equal(get(0, HYP_REG_POWER, value), HYP_OK);
	assert_int_equal(value[0], HYP_POWER_OFF);
	assert_int_equal(run(0), HYP_EPERM);
	assert_int_equal(set(0, HYP_REG_POWER, 2, 0), HYP_EINVAL);
	assert_int_equal(set(0, HYP_REG_POWER, HYP_POWER_ON, 0), HYP_OK);
	assert_int_equal(get(0, HYP_REG_POWER, value), HYP_OK);
	assert_int_equal(value[0], HYP_POWER_ON);

	assert_int_equal(set(0, HYP_REG_X(7), 7, 0), HYP_OK);
	assert_int_equal(set(0, HYP_REG_SYSTEM + SYSREG(3, 4, 14, 0, 3), 9, 0), HYP_OK);
	assert_int_equal(set(0, HYP_REG_RESET, 1, 0), HYP_EINVAL);
	assert_int_equal(set(0, HYP_REG_RESET, 0, 0), HYP_OK);
	assert_int_equal(fake.vm.vcpus[0]->x[7], 0);
	assert_int_equal(fake.vm.vcpus[0]->pstate, 0x3c5);
	/* The counter's offset is the VM's. */
	assert_int_equal(fake.vm.vcpus[0]->state.sys[SYS_CNTVOFF_EL2], 9);
}

/* ---- ID registers ---- */

static void what_a_protected_guest_sees_of_the_cpu(void **state)
{
	/* By the Arm ARM; a CPU that has everything. */
	const uint64_t *id = fake.vm.vcpus[0]->id;

	(void)state;
	assert_int_equal(id[ID_ID_AA64PFR0_EL1],
			 0x1101000011111011);           /* no SVE, no EL2, no AArch32 */
	assert_int_equal(id[ID_ID_AA64PFR1_EL1], 0x21); /* no MTE, no SME */
	assert_int_equal(id[ID_ID_AA64ZFR0_EL1], 0);
	assert_int_equal(id[ID_ID_AA64DFR0_EL1], 0x000000f000101006); /* no PMU */
	assert_int_equal(id[ID_ID_AA64ISAR1_EL1] & 0xff000ff0, 0); /* no pointer authentication */
	assert_int_equal(id[ID_ID_AA64ISAR2_EL1] & 0x0f00ff00, 0);
	assert_int_equal(id[ID_ID_AA64MMFR0_EL1] & 0xf, 2); /* 40 bits */
	for (uint32_t crm = 1; crm < 4; crm++) {
		for (uint32_t op2 = 0; op2 < 8; op2++) {
			assert_int_equal(*vcpu_id(fake.vm.vcpus[0], crm, op2), 0);
		}
	}
}

static void features_show_in_id_registers(void **state)
{
	struct vcpu *vcpu = fake_vcpu(1, HYP_VCPU_PAUTH | HYP_VCPU_SVE | HYP_VCPU_PMU);

	(void)state;
	assert_int_equal(vcpu->id[ID_ID_AA64PFR0_EL1] >> 32 & 0xf, 1);
	assert_int_not_equal(vcpu->id[ID_ID_AA64ZFR0_EL1], 0);
	assert_int_equal(vcpu->id[ID_ID_AA64DFR0_EL1] >> 8 & 0xf, 6);
	assert_int_equal(vcpu->id[ID_ID_AA64ISAR1_EL1] & 0xff000ff0, 0x11000550);
	/* A CPU without anything: nothing is made up. */
	memset(fake.cpu.id, 0, sizeof(fake.cpu.id));
	vcpu = fake_vcpu(2, 0);
	for (uint32_t n = 0; n < ID_COUNT; n++) {
		assert_int_equal(vcpu->id[n], 0);
	}
}

static void features_of_the_machine(void **state)
{
	struct regs regs = { .x = { 0 } };

	(void)state;
	assert_int_equal(vcpu_features(&regs), HYP_OK);
	assert_int_equal(regs.x[1], 40);
	assert_int_equal(regs.x[2], 4);
	assert_int_equal(regs.x[3], 0xf);
	assert_int_equal(regs.x[4], 32);
}

int main(void)
{
#define PROTECTED(test) cmocka_unit_test_setup_teardown(test, fake_begin_protected, fake_end)
#define NORMAL(test) cmocka_unit_test_setup_teardown(test, fake_begin_normal, fake_end)
	const struct CMUnitTest tests[] = {
		PROTECTED(an_interrupt_tells_nothing),
		PROTECTED(waiting_tells_until_when),
		PROTECTED(memory_tells_the_page),
		PROTECTED(a_device_is_told_its_data),
		PROTECTED(a_call_tells_what_it_must),
		PROTECTED(a_register_tells_the_value_written),
		PROTECTED(an_illegal_state_ends_it),
		NORMAL(a_normal_vm_tells_its_level),
		PROTECTED(answers_must_fit),
		PROTECTED(an_answer_counts_once),
		PROTECTED(an_answer_without_a_run),
		PROTECTED(flags_that_are_not_for_all),
		PROTECTED(only_the_timers_physical_interrupt),
		PROTECTED(the_page_becomes_a_device),
		PROTECTED(who_can_be_made),
		PROTECTED(one_vcpu_begins_a_protected_vm),
		PROTECTED(off_pending_on),
		PROTECTED(one_at_a_time),
		PROTECTED(registers_of_a_protected_vm),
		NORMAL(registers_of_a_normal_vm),
		NORMAL(features_decide_what_there_is),
		NORMAL(constant_registers),
		NORMAL(states_that_a_guest_cannot_have),
		NORMAL(power_and_reset_by_the_host),
		PROTECTED(what_a_protected_guest_sees_of_the_cpu),
		NORMAL(features_show_in_id_registers),
		PROTECTED(features_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
