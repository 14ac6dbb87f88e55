/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier B, registers: tagged values of a protected guest in what the host has after an exit. */
#include "qemu-plugins/oracle_register.h"

#include "platform/abi/smccc.h"
#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle_except.h"
#include "tests/plugins/oracle_case.h"

#define TAG(kind, number) (UINT64_C(0x7a675eedc0de0000) | (kind) << 8 | (number))
#define ESR(ec) ((uint64_t)(ec) << 26)
#define ESR_STORE(rt) (ESR(ARM_EC_DATA_ABORT_LOWER) | 1 << 24 | 1 << 6 | (rt) << 16)
#define ESR_LOAD(rt) (ESR(ARM_EC_DATA_ABORT_LOWER) | 1 << 24 | (rt) << 16)
#define ESR_MSR(rt) (ESR(ARM_EC_SYSREG) | (rt) << 5)
#define ESR_MRS(rt) (ESR_MSR(rt) | 1)
#define CPTR_TFP (1 << 10)
#define MDCR_TDA (1 << 9)

static void reads_tags(void **state)
{
	struct oracle_tags tags;
	(void)state;

	assert_null(oracle_tags_parse(NULL, &tags));
	assert_true(oracle_tags_match(&tags, TAG(1, 30)));
	assert_true(oracle_tags_match(&tags, TAG(4, 0)));
	assert_true(oracle_tags_match(&tags, (uint32_t)TAG(1, 30)));
	assert_false(oracle_tags_match(&tags, TAG(0, 0)));
	assert_false(oracle_tags_match(&tags, TAG(5, 0)));
	assert_false(oracle_tags_match(&tags, 0));
	assert_false(oracle_tags_match(&tags, UINT64_C(0x7a675eed00000101)));
	assert_false(oracle_tags_match(&tags, UINT64_C(0xffff0000c0de0101)));
	assert_null(oracle_tags_parse("0xab00/0xff00", &tags));
	assert_true(oracle_tags_match(&tags, 0xab12));
	assert_false(oracle_tags_match(&tags, 0xac12));
}

static void refuses_bad_tags(void **state)
{
	static const char *const bad[] = { "",      "1/2",      "0x1",     "0x1/",
					   "0x1/2", "0x1/0x1z", "0x2/0x1", "0x0/0x0" };
	struct oracle_tags tags;
	size_t i;
	(void)state;

	for (i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_non_null(oracle_tags_parse(bad[i], &tags));
	}
}

static void knows_what_exits_need(void **state)
{
	(void)state;
	assert_int_equal(oracle_register_needed(ESR_STORE(5), 0), 1 << 5);
	assert_int_equal(oracle_register_needed(ESR_STORE(31), 0), 0);
	assert_int_equal(oracle_register_needed(ESR_LOAD(5), 0), 0);
	assert_int_equal(oracle_register_needed(ESR_MSR(7), 0), 1 << 7);
	assert_int_equal(oracle_register_needed(ESR_MRS(7), 0), 0);
	assert_int_equal(oracle_register_needed(ESR(ARM_EC_HVC64), PSCI_CPU_ON), 0xe);
	assert_int_equal(oracle_register_needed(ESR(ARM_EC_SMC64), PSCI_SYSTEM_OFF), 0xe);
	assert_int_equal(oracle_register_needed(ESR(ARM_EC_HVC64), KVM_PTP), 0xf);
	assert_int_equal(oracle_register_needed(ESR(ARM_EC_HVC64), TRNG_RND64), 0);
	assert_int_equal(oracle_register_needed(ESR(ARM_EC_HVC64), 0xc600fffe), 0);
	assert_int_equal(oracle_register_needed(ESR(ARM_EC_WFX), 0), 0);
}

/* A protected guest leaves with @esr, its X3 and X9 marked; then the host goes on. */
static uint64_t exit_esr;
static const char *leaks_to;
static uint64_t leak;

static void leave_and_return(void)
{
	const char *cleared = leaks_to != NULL && strcmp(leaks_to, "x3") == 0 ? "x9" : "x3";

	oracle_option_tags = NULL;
	assert_null(oracle_tier_register.start(0));
	fake_set("ESR_EL2", exit_esr);
	fake_set("x3", TAG(1, 3));
	fake_set("x9", TAG(1, 9));
	g_mutex_lock(&oracle.lock);
	oracle_tier_register.entered(0, PARTY_VM_FIRST, ARM_VECTOR_SYNC);
	fake_set("x3", 0);
	fake_set("x9", 0);
	fake_set(cleared, 1);
	if (leaks_to != NULL) {
		fake_set(leaks_to, leak);
	}
	oracle_tier_register.returns(0, PARTY_HOST);
	g_mutex_unlock(&oracle.lock);
}

static void sees_leaks(void **state)
{
	(void)state;
	exit_esr = ESR(ARM_EC_WFX);
	leaks_to = NULL;
	assert_true(case_is_silent(leave_and_return));
	leaks_to = "x3";
	leak = TAG(1, 3);
	assert_true(case_is_breach(leave_and_return, "in x3"));
	leaks_to = "x12";
	leak = TAG(1, 9);
	assert_true(case_is_breach(leave_and_return, "in x12"));
	leak = (uint32_t)TAG(1, 9);
	assert_true(case_is_breach(leave_and_return, "in x12"));
	/* The data of a store to a device are for the host, wherever it gets them. */
	exit_esr = ESR_STORE(9);
	assert_true(case_is_silent(leave_and_return));
	leak = TAG(1, 3);
	assert_true(case_is_breach(leave_and_return, "in x12"));
}

static void add_system_registers(void)
{
	leaks_to = NULL;
	exit_esr = ESR(ARM_EC_WFX);
	leave_and_return();
}

static void timer_can_be_excepted(void **state)
{
	(void)state;
	exit_esr = ESR(ARM_EC_WFX);
	leaks_to = "CNTV_CVAL_EL0";
	leak = TAG(4, 14);
	assert_true(case_is_breach(leave_and_return, "in CNTV_CVAL_EL0"));
	assert_null(oracle_except_parse("vtimer"));
	assert_true(case_is_silent(leave_and_return));
	leaks_to = "CNTP_CVAL_EL0";
	assert_true(case_is_breach(leave_and_return, "in CNTP_CVAL_EL0"));
	assert_null(oracle_except_parse(NULL));
}

static void what_is_trapped_is_not_seen(void **state)
{
	(void)state;
	exit_esr = ESR(ARM_EC_WFX);
	leak = TAG(2, 7);
	leaks_to = "z7";
	fake_set("z7", 0);
	assert_true(case_is_breach(leave_and_return, "in z7"));
	fake_set("CPTR_EL2", CPTR_TFP);
	assert_true(case_is_silent(leave_and_return));
	leak = TAG(4, 16);
	leaks_to = "DBGWVR0_EL1";
	assert_true(case_is_breach(leave_and_return, "in DBGWVR0_EL1"));
	fake_set("MDCR_EL2", MDCR_TDA);
	assert_true(case_is_silent(leave_and_return));
}

static void knows_nothing_of_others(void **state)
{
	(void)state;
	/* Before any protected guest has marks, a tag says nothing. */
	assert_true(case_is_silent(add_system_registers));
	oracle_vm(PARTY_VM_FIRST)->is_protected = false;
	exit_esr = ESR(ARM_EC_WFX);
	leaks_to = "x3";
	leak = TAG(1, 3);
	assert_true(case_is_silent(leave_and_return));
	oracle_vm(PARTY_VM_FIRST)->is_protected = true;
}

static void load_from_host_page(void)
{
	add_system_registers();
	fake_set("cpsr", 5);
	oracle_register_loaded(0, 0, CASE_HOST, CASE_HOST, 0x1000);
}

static void loads_are_looked_at(void **state)
{
	struct qemu_plugin_tb tb = { 0 };
	(void)state;

	fake_access(&tb, 0, 0, CASE_HOST, false, TAG(2, 7)); /* the fake keeps the value */
	assert_true(case_is_breach(load_from_host_page, "loads a protected guest's value"));
	fake_access(&tb, 0, 0, CASE_HOST, false, 7);
	assert_true(case_is_silent(load_from_host_page));
}

#define TEST(name) cmocka_unit_test_setup(name, case_start)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_tags),
		TEST(refuses_bad_tags),
		TEST(knows_what_exits_need),
		TEST(sees_leaks),
		TEST(timer_can_be_excepted),
		TEST(what_is_trapped_is_not_seen),
		TEST(knows_nothing_of_others),
		TEST(loads_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
