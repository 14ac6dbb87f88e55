/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host gets of the firmware: PSCI relayed, an allow-list of SMCs, nothing else.
 * The firmware here notes what reaches it, and answers as it is told.
 */
#include <hyp/cpu.h>
#include <hyp/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 3u
#define ENTRY UINT64_C(0x51000000)
#define ARGUMENT UINT64_C(0x1234)
#define CALLS_MAX 8u

static struct regs calls[CALLS_MAX]; /* what reached the firmware */
static uint32_t call_count;
static uint64_t affinity_answer;
static uint64_t answer;

void _start_secondary(void);

void _start_secondary(void)
{
	fail_msg("an address, never called here");
}

bool cpu_find(uint64_t affinity, uint32_t *cpu)
{
	*cpu = (uint32_t)affinity;
	return affinity < CPUS;
}

void smc_call(struct regs *regs)
{
	assert_true(call_count < CALLS_MAX);
	calls[call_count++] = *regs;
	regs->x[0] = (uint32_t)regs->x[0] == 0xc4000004 ? affinity_answer : answer;
}

static uint64_t host_calls(uint64_t id, uint64_t a, uint64_t b, uint64_t c)
{
	struct regs regs = { .x = { id, a, b, c, 4, 5, 6, 7 } };

	memset(calls, 0, sizeof(calls));
	call_count = 0;
	smc_host_call(&regs, 0);
	return regs.x[0];
}

static int begin(void **state)
{
	(void)state;
	affinity_answer = 1; /* off */
	answer = 0;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		uint64_t entry, argument;

		psci_take_entry(cpu, &entry, &argument);
	}
	return 0;
}

/* Numbers by the specifications, not by smccc.h. */
static void what_reaches_the_firmware_as_it_is(void **state)
{
	static const uint64_t passed[] = {
		0x84000000,                         /* PSCI_VERSION */
		0x84000002,                         /* CPU_OFF */
		0x84000004,                         /* AFFINITY_INFO, both widths */
		0xc4000004, 0x84000006,             /* MIGRATE_INFO_TYPE */
		0x84000008,                         /* SYSTEM_OFF */
		0x84000009,                         /* SYSTEM_RESET */
		0x80000000,                         /* SMCCC_VERSION */
		0x80000001,                         /* ARCH_FEATURES */
		0x80000002,                         /* ARCH_SOC_ID */
		0x80008000,                         /* WORKAROUND_1, 2, 3 */
		0x80007fff, 0x80003fff, 0x84000050, /* TRNG */
		0x84000051, 0x84000052, 0xc4000053,
	};

	(void)state;
	answer = 77;
	affinity_answer = 77;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		assert_int_equal(host_calls(passed[i], 1, 2, 3), 77);
		assert_int_equal(call_count, 1);
		assert_int_equal(calls[0].x[0], passed[i]);
		assert_int_equal(calls[0].x[1], 1);
		assert_int_equal(calls[0].x[3], 3);
	}
}

static void what_does_not(void **state)
{
	static const uint64_t refused[] = {
		0,          0xc400000e,                     /* SYSTEM_SUSPEND */
		0xc4000012,                                 /* SYSTEM_RESET2 */
		0x84000013,                                 /* MEM_PROTECT */
		0xc4000014,                                 /* MEM_PROTECT_CHECK_RANGE */
		0x84000005,                                 /* MIGRATE */
		0xc4000005, 0x8400000b,                     /* CPU_FREEZE */
		0x84000010,                                 /* STAT_RESIDENCY */
		0x84000053,                                 /* TRNG_RND, 32 bits */
		0x84000060,                                 /* FF-A */
		0xc4000061, 0x84000063,         0xc4000150, /* RMI */
		0xc4000190,                                 /* RSI */
		0x8600ff01,                                 /* vendor: UID */
		0xc6000002,                                 /* vendor: pKVM */
		0x82000000,                                 /* silicon provider */
		0xb2000000,                                 /* trusted applications, trusted OS */
		0xffffffff, 0xffffffffffffffff,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(host_calls(refused[i], 1, 2, 3), (uint64_t)-1);
		assert_int_equal(call_count, 0);
	}
}

/* All 64-bit and 32-bit fast calls of the first 512 of each owner: only those above pass. */
static void no_other_identifier(void **state)
{
	uint32_t passed = 0;

	(void)state;
	for (uint64_t owner = 0; owner < 64; owner++) {
		for (uint64_t function = 0; function < 512; function++) {
			for (uint64_t wide = 0; wide < 4; wide++) {
				host_calls(wide << 30 | owner << 24 | function, 9, 9, 9);
				passed += call_count != 0;
			}
		}
	}
	/*
	 * PSCI: VERSION, SUSPEND x 2, OFF, AFFINITY x 2, MIGRATE_INFO_TYPE, SYSTEM_OFF and
	 * RESET; CPU_ON x 2 and FEATURES do not, for CPU 9 and function 9. SMCCC: 3. TRNG: 4.
	 */
	assert_int_equal(passed, 9 + 3 + 4);
}

static void an_immediate_is_refused(void **state)
{
	struct regs regs = { .x = { 0x84000000 } };

	(void)state;
	call_count = 0;
	smc_host_call(&regs, 1);
	assert_int_equal(regs.x[0], (uint64_t)-1);
	assert_int_equal(call_count, 0);
}

static void a_cpu_enters_el2_first(void **state)
{
	uint64_t entry, argument;

	(void)state;
	assert_int_equal(host_calls(0xc4000003, 2, ENTRY, ARGUMENT), 0);
	assert_int_equal(call_count, 2);
	assert_int_equal(calls[1].x[0], 0xc4000003);
	assert_int_equal(calls[1].x[1], 2);
	assert_int_equal(calls[1].x[2], (uint64_t)(uintptr_t)_start_secondary);
	assert_int_equal(calls[1].x[3], 2);
	/* Nobody else may change where it goes until it has gone. */
	assert_int_equal(host_calls(0xc4000003, 2, ENTRY + 4, 0), (uint64_t)-5);
	assert_int_equal(call_count, 0);
	psci_take_entry(2, &entry, &argument);
	assert_int_equal(entry, ENTRY);
	assert_int_equal(argument, ARGUMENT);
	assert_int_equal(host_calls(0xc4000003, 2, ENTRY, ARGUMENT), 0);
}

static void the_narrow_call_is_narrow(void **state)
{
	uint64_t entry, argument;

	(void)state;
	assert_int_equal(
		host_calls(0x84000003, UINT64_C(0xffff00000001), ~UINT64_C(0), ~UINT64_C(0)), 0);
	assert_int_equal(calls[1].x[1], 1);
	psci_take_entry(1, &entry, &argument);
	assert_int_equal(entry, 0xffffffff);
	assert_int_equal(argument, 0xffffffff);
}

static void cpus_that_cannot_be_turned_on(void **state)
{
	(void)state;
	assert_int_equal(host_calls(0xc4000003, CPUS, ENTRY, 0), (uint64_t)-2);
	assert_int_equal(host_calls(0xc4000003, UINT64_MAX, ENTRY, 0), (uint64_t)-2);
	assert_int_equal(call_count, 0);
	affinity_answer = 0; /* it runs */
	assert_int_equal(host_calls(0xc4000003, 1, ENTRY, 0), (uint64_t)-4);
	assert_int_equal(call_count, 1);
	/* The firmware says no: the next try is not "pending". */
	affinity_answer = 1;
	answer = (uint64_t)-6;
	assert_int_equal(host_calls(0xc4000003, 1, ENTRY, 0), (uint64_t)-6);
	answer = 0;
	assert_int_equal(host_calls(0xc4000003, 1, ENTRY, 0), 0);
}

static void only_standby(void **state)
{
	(void)state;
	assert_int_equal(host_calls(0xc4000001, 0x10000, ENTRY, 0), (uint64_t)-3);
	assert_int_equal(host_calls(0x84000001, 0x10000, ENTRY, 0), (uint64_t)-3);
	assert_int_equal(call_count, 0);
	assert_int_equal(host_calls(0xc4000001, 0, ENTRY, ARGUMENT), 0);
	assert_int_equal(call_count, 1);
	/* The firmware never sees where the host would go on. */
	assert_int_equal(calls[0].x[2], 0);
	assert_int_equal(calls[0].x[3], 0);
}

static void features_are_those_that_are_relayed(void **state)
{
	(void)state;
	answer = 0;
	assert_int_equal(host_calls(0x8400000a, 0xc4000003, 0, 0), 0);
	assert_int_equal(host_calls(0x8400000a, 0x80000000, 0, 0), 0);
	assert_int_equal(host_calls(0x8400000a, 0xc4000012, 0, 0), (uint64_t)-1);
	assert_int_equal(host_calls(0x8400000a, 0xc400000e, 0, 0), (uint64_t)-1);
	assert_int_equal(host_calls(0x8400000a, 0, 0, 0), (uint64_t)-1);
	assert_int_equal(call_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_reaches_the_firmware_as_it_is, begin),
		cmocka_unit_test_setup(what_does_not, begin),
		cmocka_unit_test_setup(no_other_identifier, begin),
		cmocka_unit_test_setup(an_immediate_is_refused, begin),
		cmocka_unit_test_setup(a_cpu_enters_el2_first, begin),
		cmocka_unit_test_setup(the_narrow_call_is_narrow, begin),
		cmocka_unit_test_setup(cpus_that_cannot_be_turned_on, begin),
		cmocka_unit_test_setup(only_standby, begin),
		cmocka_unit_test_setup(features_are_those_that_are_relayed, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
