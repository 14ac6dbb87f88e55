/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's traps lead to, and what the host's answers do. Syndromes are written out by
 * the Arm ARM (D24.2, ESR_EL2), the rules by platform/abi/hyp_vcpu.h.
 */
#include "tests/hypervisor/fake_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DABT UINT64_C(0x92000000) /* EC 0x24, IL */
#define IABT UINT64_C(0x82000000)
#define SYS UINT64_C(0x62000000)
#define ISV (UINT64_C(1) << 24)
#define WNR UINT64_C(0x40)
#define CM UINT64_C(0x100)
#define S1PTW UINT64_C(0x80)
#define READ UINT64_C(1)
#define PC UINT64_C(0x40080000)
#define IPA UINT64_C(0x8000001234)
#define AT UINT64_C(0x1234) /* IPA without the top bit */

static struct vcpu *vcpu;

void fake_world_prepare(struct vcpu *made)
{
	vcpu = made;
	for (uint64_t n = 0; n < 31; n++) {
		vcpu->x[n] = 0xf0f1f2f3f4f50000 + n;
	}
	vcpu->pc = PC;
	vcpu->pstate = 0x600003c5;
}

static bool traps(uint64_t esr)
{
	vcpu->trap = (struct vcpu_trap){ .esr = esr, .far = 0xffff000012345234, .ipa = IPA };
	vcpu->pc = PC;
	fake.exceptions = 0;
	return vcpu_handle_trap(vcpu);
}

static uint64_t dabt(uint64_t sas, uint64_t sse, uint64_t srt, uint64_t sf, bool is_write)
{
	return DABT | ISV | sas << 22 | sse << 21 | srt << 16 | sf << 15 | (is_write ? WNR : 0) | 6;
}

static uint64_t sysreg(uint32_t op0, uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2)
{
	return SYS | (uint64_t)op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | 5 << 5 | crm << 1;
}

static uint64_t of_encoding(uint32_t encoding)
{
	return sysreg(encoding >> 14, encoding >> 11 & 7, encoding >> 7 & 15, encoding >> 3 & 15,
		      encoding & 7);
}

static void gets_undefined(void)
{
	assert_int_equal(fake.exceptions, 1);
	assert_int_equal(fake.esr, 0x02000000);
	assert_int_equal(fake.pc, PC);
}

static void gets_abort(uint64_t esr)
{
	assert_int_equal(fake.exceptions, 1);
	assert_int_equal(fake.esr, esr);
	assert_int_equal(fake.pc, PC);
}

/* ---- memory ---- */

static void a_page_is_asked_for(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_MEMORY;
	/* SET, FnV, EA, SRT, SF and what is RES0 stay here. */
	assert_true(traps(DABT | ISV | 0x00fffe00 | WNR | 7));
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_MEMORY);
	assert_int_equal(vcpu->exit.esr, DABT | WNR | 7);
	assert_int_equal(vcpu->exit.address, AT & ~0xfff);
	for (int n = 0; n < 4; n++) {
		assert_int_equal(vcpu->exit.x[n], 0);
	}
	assert_int_equal(vcpu->pc, PC);
	assert_int_equal(fake.fault_ipa, IPA);
	assert_true(fake.fault_is_write);
	assert_false(fake.fault_is_permission);
	assert_int_equal(vcpu_answers(vcpu), HYP_RUN_ABORT | HYP_RUN_DEVICE);
}

static void what_kind_of_access_it_was(void **state)
{
	static const struct {
		uint64_t esr;
		bool is_write, is_permission;
	} cases[] = {
		{ DABT | 6, false, false },         { DABT | WNR | 6, true, false },
		{ DABT | 0xf, false, true },        { DABT | WNR | 0xf, true, true },
		{ DABT | 0xb, false, false },       { IABT | 6, false, false },
		{ IABT | 0xf, false, true },        { IABT | WNR | 6, false, false },
		{ DABT | S1PTW | 6, false, false }, { DABT | S1PTW | WNR | 6, false, false },
		{ DABT | S1PTW | 0xf, true, true },
	};

	(void)state;
	fake.fault = GUEST_FAULT_RETRY;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		assert_false(traps(cases[n].esr));
		assert_int_equal(fake.faults, n + 1);
		assert_int_equal(fake.fault_is_write, cases[n].is_write);
		assert_int_equal(fake.fault_is_permission, cases[n].is_permission);
		assert_int_equal(vcpu->pc, PC);
		assert_int_equal(fake.exceptions, 0);
	}
}

static void other_causes_are_aborts(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_RETRY;
	for (uint64_t cause = 0; cause < 64; cause++) {
		if (cause >= 4 && cause < 16) {
			continue;
		}
		assert_false(traps(DABT | cause));
		gets_abort(0x96000010);
		assert_int_equal(fake.far, 0xffff000012345234);
	}
	assert_int_equal(fake.faults, 0);
}

static void the_abort_says_who_and_how(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_ABORT;
	assert_false(traps(DABT | WNR | 6));
	gets_abort(0x96000050);
	assert_int_equal(vcpu->pc, 0x200);
	vcpu->pstate = 0x5;
	assert_false(traps(IABT | 6));
	gets_abort(0x86000010);
	vcpu->pstate = 0;
	assert_false(traps(DABT | 6));
	gets_abort(0x92000010);
	vcpu->pstate = 0;
	assert_false(traps(IABT | 6));
	gets_abort(0x82000010);
}

static void tables_that_changed_meanwhile(void **state)
{
	(void)state;
	vcpu->trap = (struct vcpu_trap){ .esr = DABT | 0xf, .ipa = UINT64_MAX };
	assert_false(vcpu_handle_trap(vcpu));
	assert_int_equal(fake.faults, 0);
	assert_int_equal(fake.exceptions, 0);
}

/* ---- devices ---- */

static void a_write_is_told_as_wide_as_it_is(void **state)
{
	static const uint64_t masks[] = { 0xff, 0xffff, 0xffffffff, UINT64_MAX };

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	for (uint64_t sas = 0; sas < 4; sas++) {
		for (uint64_t srt = 0; srt < 32; srt++) {
			assert_true(traps(dabt(sas, 0, srt, 1, true) | 0x200));
			assert_int_equal(vcpu->exit.reason, HYP_EXIT_MMIO);
			assert_int_equal(vcpu->exit.esr, dabt(sas, 0, 0, 1, true));
			assert_int_equal(vcpu->exit.address, AT);
			assert_int_equal(vcpu->exit.x[0],
					 srt == 31 ? 0 : vcpu->x[srt] & masks[sas]);
			assert_int_equal(vcpu->exit.x[1], 0);
			assert_int_equal(vcpu->pc, PC);
		}
	}
}

static void a_read_tells_no_register(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	assert_true(traps(dabt(3, 1, 7, 1, false)));
	assert_int_equal(vcpu->exit.esr, dabt(3, 1, 0, 1, false));
	for (int n = 0; n < 4; n++) {
		assert_int_equal(vcpu->exit.x[n], 0);
	}
}

/* Every size, sign and width, into every register. */
static void an_answer_is_extended(void **state)
{
	static const uint64_t data = 0xa1b2c3d485868788;
	static const uint64_t expected[4][2][2] = {
		/* [SAS][SSE][SF] */
		{ { 0x88, 0x88 }, { 0xffffff88, 0xffffffffffffff88 } },
		{ { 0x8788, 0x8788 }, { 0xffff8788, 0xffffffffffff8788 } },
		{ { 0x85868788, 0x85868788 }, { 0x85868788, 0xffffffff85868788 } },
		{ { 0x85868788, data }, { 0x85868788, data } },
	};
	const uint64_t x[4] = { data, 1, 2, 3 };

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	for (uint64_t way = 0; way < 16 * 32; way++) {
		uint64_t sas = way & 3, sse = way >> 2 & 1, sf = way >> 3 & 1, srt = way >> 4;
		uint64_t before[31];

		assert_true(traps(dabt(sas, sse, srt, sf, false)));
		memcpy(before, vcpu->x, sizeof(before));
		assert_false(vcpu_apply_answer(vcpu, HYP_RUN_ANSWER, x));
		for (uint64_t n = 0; n < 31; n++) {
			assert_int_equal(vcpu->x[n], n == srt ? expected[sas][sse][sf] : before[n]);
		}
		assert_int_equal(vcpu->pc, PC + 4);
		assert_int_equal(vcpu->exit.reason, HYP_EXIT_IRQ);
	}
}

static void a_positive_answer_too(void **state)
{
	const uint64_t x[4] = { 0xffffffffffffff7f };

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	assert_true(traps(dabt(0, 1, 3, 1, false)));
	vcpu->pstate = 0x00200c05; /* BTYPE and SS end with the instruction */
	vcpu_apply_answer(vcpu, HYP_RUN_ANSWER, x);
	assert_int_equal(vcpu->x[3], 0x7f);
	assert_int_equal(vcpu->pstate, 5);
}

static void the_answer_to_a_write_has_no_data(void **state)
{
	const uint64_t x[4] = { 1, 2, 3, 4 };
	uint64_t before[31];

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	assert_true(traps(dabt(3, 0, 4, 1, true)));
	memcpy(before, vcpu->x, sizeof(before));
	vcpu_apply_answer(vcpu, HYP_RUN_ANSWER, x);
	assert_memory_equal(before, vcpu->x, sizeof(before));
	assert_int_equal(vcpu->pc, PC + 4);
}

static void device_accesses_that_say_too_little(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	assert_false(traps(DABT | 6));
	gets_abort(0x96000010);
	vcpu->pstate = 5;
	assert_false(traps(DABT | S1PTW | 6));
	gets_abort(0x96000010);
	vcpu->pstate = 5;
	assert_false(traps(IABT | 6));
	gets_abort(0x86000010);
	/* Cache maintenance has nothing to do there. */
	assert_false(traps(DABT | CM | WNR | 6));
	assert_int_equal(fake.exceptions, 0);
	assert_int_equal(vcpu->pc, PC + 4);
}

static void a_normal_guests_go_to_the_host(void **state)
{
	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	assert_true(traps(DABT | 0x003f0000 | WNR | 6));
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_MMIO);
	assert_int_equal(vcpu->exit.esr, DABT | WNR | 6);
	assert_int_equal(vcpu->exit.address, AT);
	assert_int_equal(vcpu->exit.x[0], 0);
	assert_int_equal(vcpu_answers(vcpu), HYP_RUN_ABORT);
}

/* ---- system registers ---- */

/* What a guest may do with a register that traps; nobody else may do anything. */
enum may { REFUSED = 0, SERVED, TO_HOST };

static enum may may_access(uint32_t encoding, bool is_read, bool is_protected)
{
	uint32_t op0 = encoding >> 14, op1 = encoding >> 11 & 7, crn = encoding >> 7 & 15,
		 crm = encoding >> 3 & 15, op2 = encoding & 7;
	uint32_t id = op0 << 12 | op1 << 8 | crn << 4 | crm;

	if (id == 0x30cb && (op2 >= 5 || op2 == 1)) { /* ICC_SGI1R, ASGI1R, SGI0R, DIR */
		return is_read ? REFUSED : TO_HOST;
	}
	if (id == 0x33e2 && op2 <= 2) { /* CNTP_* */
		return TO_HOST;
	}
	if (id >= 0x3001 && id <= 0x3007) { /* ID registers */
		return is_read ? SERVED : REFUSED;
	}
	if ((id == 0x3000 && op2 == 6) || (id == 0x3100 && op2 == 7) ||   /* REVIDR, AIDR */
	    (id == 0x3010 && op2 == 1) || (id == 0x30cc && op2 == 5) ||   /* ACTLR, ICC_SRE */
	    (id == 0x3053 && op2 <= 3) || id == 0x3054 || id == 0x3055) { /* ERR* */
		return SERVED;
	}
	if ((id == 0x2010 && op2 == 4) || (id == 0x2011 && op2 == 4)) { /* OSLAR, OSLSR */
		return is_protected || is_read == (id == 0x2011) ? SERVED : REFUSED;
	}
	if ((id == 0x2013 && op2 == 4) || (id == 0x2002 && op2 == 2)) { /* OSDLR, MDSCR */
		return SERVED;
	}
	if (id >= 0x2000 && id <= 0x200f && op2 >= 4) { /* 16 breakpoints and watchpoints */
		return is_protected && crm > 1 ? REFUSED : SERVED;
	}
	if (is_protected) {
		return REFUSED;
	}
	return (id == 0x2010 && op2 == 0) || (id == 0x2002 && op2 == 0) ||
			       (op2 == 2 && (id == 0x2000 || id == 0x2003 || id == 0x2006)) ||
			       (id == 0x2014 && op2 == 4) ||
			       ((id == 0x2078 || id == 0x2079 || id == 0x207e) && op2 == 6) ||
			       ((id == 0x2301 || id == 0x2304 || id == 0x2305) && op2 == 0) ?
		       SERVED :
		       REFUSED;
}

static void all_encodings(bool is_protected)
{
	for (uint32_t way = 0; way < 2 * 0x10000; way++) {
		uint32_t encoding = way >> 1;
		bool is_read = way & 1;
		enum may may = may_access(encoding, is_read, is_protected);
		uint64_t before[31];
		bool is_exit;

		vcpu->pstate = 5;
		vcpu->x[5] = 0x123456789abcdef0;
		memcpy(before, vcpu->x, sizeof(before));
		is_exit = traps(of_encoding(encoding) | is_read);
		assert_int_equal(is_exit, may == TO_HOST);
		if (may == REFUSED) {
			gets_undefined();
		} else {
			assert_int_equal(fake.exceptions, 0);
			assert_int_equal(vcpu->pc, may == SERVED ? PC + 4 : PC);
		}
		if (may == SERVED && is_read) {
			before[5] = vcpu->x[5];
		}
		assert_memory_equal(before, vcpu->x, sizeof(before));
	}
}

static void a_protected_guest_has_only_these(void **state)
{
	(void)state;
	all_encodings(true);
}

static void a_normal_guest_has_only_these(void **state)
{
	(void)state;
	all_encodings(false);
}

static uint64_t guest_reads(uint32_t encoding)
{
	assert_false(traps(of_encoding(encoding) | READ));
	assert_int_equal(fake.exceptions, 0);
	return vcpu->x[5];
}

static void guest_writes(uint32_t encoding, uint64_t value)
{
	vcpu->x[5] = value;
	assert_false(traps(of_encoding(encoding)));
	assert_int_equal(fake.exceptions, 0);
}

static void what_registers_read(void **state)
{
	(void)state;
	assert_int_equal(guest_reads(SYSREG(3, 0, 12, 12, 5)), 7);
	assert_int_equal(guest_reads(SYSREG(3, 0, 1, 0, 1)), 0);
	assert_int_equal(guest_reads(SYSREG(3, 0, 0, 4, 0)), vcpu->id[ID_ID_AA64PFR0_EL1]);
	assert_int_equal(guest_reads(SYSREG(3, 0, 0, 1, 0)), 0); /* AArch32 */
	assert_int_equal(guest_reads(SYSREG(3, 0, 0, 4, 5)), 0); /* SME */
	/* Debug does nothing. */
	guest_writes(SYSREG(2, 0, 0, 2, 2), 0x8000);
	guest_writes(SYSREG(2, 0, 0, 0, 5), 1);
	assert_int_equal(guest_reads(SYSREG(2, 0, 0, 2, 2)), 0);
	assert_int_equal(guest_reads(SYSREG(2, 0, 0, 0, 5)), 0);
	assert_int_equal(vcpu->state.sys[SYS_MDSCR_EL1], 0);
	assert_int_equal(vcpu->state.debug[1][0], 0);
}

/* Linux clears them on each CPU that it starts: the debugger's points are to stay. */
static void a_debugged_guest_leaves_the_points_alone(void **state)
{
	(void)state;
	vcpu->state.debug[0][0] = 0x1234;
	vcpu->state.debug[3][1] = 0x1e7;
	vcpu->is_debugged = true;
	guest_writes(SYSREG(2, 0, 0, 0, 4), 0);
	guest_writes(SYSREG(2, 0, 0, 1, 7), 0);
	assert_int_equal(vcpu->state.debug[0][0], 0x1234);
	assert_int_equal(vcpu->state.debug[3][1], 0x1e7);
	guest_writes(SYSREG(2, 0, 0, 2, 2), 0x8000);
	assert_int_equal(vcpu->state.sys[SYS_MDSCR_EL1], 0x8000);
	vcpu->is_debugged = false;
	guest_writes(SYSREG(2, 0, 0, 0, 4), 0);
	assert_int_equal(vcpu->state.debug[0][0], 0);
}

static void a_normal_guest_can_debug_itself(void **state)
{
	(void)state;
	guest_writes(SYSREG(2, 0, 0, 2, 2), 0x8000);
	assert_int_equal(vcpu->state.sys[SYS_MDSCR_EL1], 0x8000);
	assert_int_equal(guest_reads(SYSREG(2, 0, 0, 2, 2)), 0x8000);
	for (uint32_t n = 0; n < 16; n++) {
		for (uint32_t kind = 0; kind < 4; kind++) {
			guest_writes(SYSREG(2, 0, 0, n, 4 + kind), n * 8 + kind);
			assert_int_equal(vcpu->state.debug[kind][n], n * 8 + kind);
		}
	}
	assert_int_equal(guest_reads(SYSREG(2, 0, 0, 15, 7)), 15 * 8 + 3);
	assert_int_equal(guest_reads(SYSREG(2, 0, 1, 1, 4)), 0xa);
	guest_writes(SYSREG(2, 0, 1, 0, 4), 0);
	assert_int_equal(guest_reads(SYSREG(2, 0, 1, 1, 4)), 0x8);
	guest_writes(SYSREG(2, 0, 1, 0, 4), 1);
	assert_int_equal(guest_reads(SYSREG(2, 0, 1, 1, 4)), 0xa);
	/* No more of them than the ID register says. */
	vcpu->id[ID_ID_AA64DFR0_EL1] = 0x305000;
	assert_false(traps(of_encoding(SYSREG(2, 0, 0, 6, 5))));
	gets_undefined();
	assert_false(traps(of_encoding(SYSREG(2, 0, 0, 4, 7))));
	gets_undefined();
	guest_writes(SYSREG(2, 0, 0, 5, 5), 1);
	guest_writes(SYSREG(2, 0, 0, 3, 7), 1);
}

static void the_host_serves_some(void **state)
{
	const uint64_t x[4] = { 0x1111, 2, 3, 4 };
	uint64_t esr = of_encoding(SYSREG(3, 0, 12, 11, 5));

	(void)state;
	vcpu->x[5] = 0xabcd;
	assert_true(traps(esr));
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_SYSREG);
	assert_int_equal(vcpu->exit.esr, esr & ~UINT64_C(0x3e0));
	assert_int_equal(vcpu->exit.x[0], 0xabcd);
	assert_int_equal(vcpu->exit.x[1], 0);
	assert_int_equal(vcpu_answers(vcpu), HYP_RUN_ANSWER | HYP_RUN_UNDEF);
	vcpu_apply_answer(vcpu, HYP_RUN_ANSWER, x);
	assert_int_equal(vcpu->x[5], 0xabcd);
	assert_int_equal(vcpu->pc, PC + 4);

	assert_true(traps(of_encoding(SYSREG(3, 3, 14, 2, 1)) | READ));
	assert_int_equal(vcpu->exit.x[0], 0);
	vcpu_apply_answer(vcpu, HYP_RUN_ANSWER, x);
	assert_int_equal(vcpu->x[5], 0x1111);

	/* XZR */
	assert_true(traps(of_encoding(SYSREG(3, 3, 14, 2, 1)) | 0x3e0));
	assert_int_equal(vcpu->exit.x[0], 0);

	assert_true(traps(of_encoding(SYSREG(3, 3, 14, 2, 1))));
	vcpu_apply_answer(vcpu, HYP_RUN_UNDEF, x);
	gets_undefined();
}

/* ---- calls and the rest ---- */

static void where_a_call_goes_on(void **state)
{
	static const struct {
		enum guest_call call;
		bool is_exit;
		uint64_t after_hvc; /* PC is behind the HVC, at the SMC */
		uint32_t exceptions;
	} cases[] = {
		{ GUEST_CALL_RESUME, false, PC, 0 },
		{ GUEST_CALL_EXIT, true, PC, 0 },
		{ GUEST_CALL_RETRY, true, PC - 4, 0 },
		{ GUEST_CALL_UNDEF, false, 0x200, 1 },
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		bool is_undef = cases[n].exceptions > 0;

		fake.call = cases[n].call;
		assert_int_equal(traps(0x5a001234), cases[n].is_exit);
		assert_false(fake.call_is_smc);
		assert_int_equal(fake.call_immediate, 0x1234);
		assert_int_equal(fake.call_pc, PC);
		assert_int_equal(vcpu->pc, cases[n].after_hvc);
		assert_int_equal(fake.exceptions, cases[n].exceptions);
		assert_int_equal(is_undef ? fake.pc : PC - 4, PC - 4);

		assert_int_equal(traps(0x5e000000), cases[n].is_exit);
		assert_true(fake.call_is_smc);
		assert_int_equal(fake.call_pc, PC + 4);
		assert_int_equal(vcpu->pc, is_undef ? 0x200 : cases[n].after_hvc + 4);
		assert_int_equal(is_undef ? fake.pc : PC, PC);
	}
}

static void an_answer_to_a_call(void **state)
{
	const uint64_t x[4] = { 1, 2, 3, 4 };
	uint64_t before[31];

	(void)state;
	fake.call = GUEST_CALL_EXIT;
	assert_true(traps(0x5a000000));
	assert_int_equal(vcpu_answers(vcpu), HYP_RUN_ANSWER);
	memcpy(before, vcpu->x, sizeof(before));
	memcpy(before, x, sizeof(x));
	assert_false(vcpu_apply_answer(vcpu, HYP_RUN_ANSWER, x));
	assert_memory_equal(before, vcpu->x, sizeof(before));
	assert_int_equal(vcpu->pc, PC);
}

static void a_forwarded_call_served_here(void **state)
{
	const uint64_t x[4] = { 0 };

	(void)state;
	vcpu->vm->forwards_hvc = true;
	fake.call = GUEST_CALL_EXIT;
	assert_true(traps(0x5e000000));
	assert_false(fake.call_is_served);
	assert_int_equal(vcpu_answers(vcpu), HYP_RUN_ANSWER | HYP_RUN_SERVE);
	fake.call = GUEST_CALL_RESUME;
	assert_false(vcpu_apply_answer(vcpu, HYP_RUN_SERVE, x));
	assert_true(fake.call_is_served);
	assert_true(fake.call_is_smc);
	assert_int_equal(fake.call_pc, PC + 4);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_IRQ);
	fake.call = GUEST_CALL_EXIT;
	assert_true(traps(0x5a000000));
	assert_true(vcpu_apply_answer(vcpu, HYP_RUN_SERVE, x));
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_HVC);
}

static void waiting(void **state)
{
	(void)state;
	assert_true(traps(0x07f003e1)); /* CV, COND, RN, RV beside TI */
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_WFX);
	assert_int_equal(vcpu->exit.esr, 0x06000001);
	assert_int_equal(vcpu->pc, PC + 4);
	assert_int_equal(vcpu_answers(vcpu), 0);
}

/* Each exception class: refused, or the VM ends; by the list of those that have a handler. */
static void exception_classes(void **state)
{
	static const uint8_t undef[] = { 0x09, 0x0a, 0x14, 0x19, 0x1d };
	static const uint8_t handled[] = { 0x01, 0x16, 0x17, 0x18, 0x20,
					   0x24, 0x30, 0x32, 0x34, 0x3c };

	(void)state;
	for (uint64_t class = 0; class < 64; class ++) {
		bool is_exit;

		if (memchr(handled, (int)class, sizeof(handled))) {
			continue;
		}
		vcpu->broken = 0;
		is_exit = traps(class << 26 | UINT64_C(0x2000000));
		if (memchr(undef, (int)class, sizeof(undef))) {
			assert_false(is_exit);
			gets_undefined();
			continue;
		}
		assert_true(is_exit);
		assert_int_equal(vcpu->exit.reason, HYP_EXIT_BROKEN);
		assert_int_equal(vcpu->exit.x[0], HYP_BROKEN_TRAP);
		assert_int_equal(vcpu->broken, HYP_BROKEN_TRAP);
		assert_int_equal(vcpu->exit.esr, 0);
	}
}

static void debug_exceptions(void **state)
{
	(void)state;
	assert_true(traps(0xd2000022)); /* watchpoint */
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_DEBUG);
	assert_int_equal(vcpu->exit.esr, 0xd2000022);
	assert_int_equal(vcpu->exit.address, 0xffff000012345234);
	assert_true(traps(0xf2000123)); /* BRK */
	assert_int_equal(vcpu->exit.esr, 0xf2000123);
	assert_int_equal(vcpu->exit.address, 0);
}

static void answers_by_exit(void **state)
{
	(void)state;
	for (int reason = 0; reason < HYP_EXIT_COUNT; reason++) {
		uint64_t expected = reason == HYP_EXIT_MEMORY ? 0x2 | 0x8 :
				    reason == HYP_EXIT_MMIO   ? 0x2 | 0x1 :
				    reason == HYP_EXIT_HVC    ? 0x1 :
				    reason == HYP_EXIT_SYSREG ? 0x1 | 0x4 :
								0;

		vcpu_set_exit(vcpu, (enum hyp_exit)reason);
		vcpu->exit.esr = ISV;
		assert_int_equal(vcpu_answers(vcpu), expected);
	}
}

static void an_abort_for_an_answer(void **state)
{
	const uint64_t x[4] = { 0 };

	(void)state;
	fake.fault = GUEST_FAULT_DEVICE;
	assert_true(traps(dabt(2, 0, 1, 0, false)));
	assert_false(vcpu_apply_answer(vcpu, HYP_RUN_ABORT, x));
	gets_abort(0x96000010);
	/* A call whose page the host will not give: there is no address to tell. */
	vcpu->pstate = 5;
	fake.call = GUEST_CALL_RETRY;
	assert_true(traps(0x5a000000));
	vcpu_apply_answer(vcpu, HYP_RUN_ABORT, x);
	assert_int_equal(fake.esr, 0x96000410);
	assert_int_equal(fake.far, 0);
}

int main(void)
{
#define PROTECTED(test) cmocka_unit_test_setup_teardown(test, fake_begin_protected, fake_end)
#define NORMAL(test) cmocka_unit_test_setup_teardown(test, fake_begin_normal, fake_end)
	const struct CMUnitTest tests[] = {
		PROTECTED(a_page_is_asked_for),
		PROTECTED(what_kind_of_access_it_was),
		PROTECTED(other_causes_are_aborts),
		PROTECTED(the_abort_says_who_and_how),
		PROTECTED(tables_that_changed_meanwhile),
		PROTECTED(a_write_is_told_as_wide_as_it_is),
		PROTECTED(a_read_tells_no_register),
		PROTECTED(an_answer_is_extended),
		PROTECTED(a_positive_answer_too),
		PROTECTED(the_answer_to_a_write_has_no_data),
		PROTECTED(device_accesses_that_say_too_little),
		NORMAL(a_normal_guests_go_to_the_host),
		PROTECTED(a_protected_guest_has_only_these),
		NORMAL(a_normal_guest_has_only_these),
		PROTECTED(what_registers_read),
		NORMAL(a_debugged_guest_leaves_the_points_alone),
		NORMAL(a_normal_guest_can_debug_itself),
		PROTECTED(the_host_serves_some),
		PROTECTED(where_a_call_goes_on),
		PROTECTED(an_answer_to_a_call),
		NORMAL(a_forwarded_call_served_here),
		PROTECTED(waiting),
		PROTECTED(exception_classes),
		NORMAL(debug_exceptions),
		PROTECTED(answers_by_exit),
		PROTECTED(an_abort_for_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
