/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PSCI for guests: numbers by Arm DEN 0022, not by smccc.h. */
#include "tests/hypervisor/fake_guest_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>

#define CPU_ON UINT64_C(0xc4000003)
#define CPU_ON_32 UINT64_C(0x84000003)
#define AFFINITY_INFO UINT64_C(0xc4000004)
#define FEATURES UINT64_C(0x8400000a)
#define RESET2 UINT64_C(0xc4000012)
#define ENTRY UINT64_C(0x80001000)
#define INVALID ((uint64_t)-2)
#define ALREADY_ON ((uint64_t)-4)
#define ON_PENDING ((uint64_t)-5)
#define INTERNAL_FAILURE ((uint64_t)-6)
#define INVALID_ADDRESS ((uint64_t)-9)
#define RACES 200

static const uint32_t kinds[] = { 0, HYP_VM_PROTECTED, HYP_VM_PROTECTED | HYP_VM_RSI };

static uint64_t answer_of(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_int_equal(fake_call(id, x1, x2, x3), GUEST_CALL_RESUME);
	assert_int_equal(fake.vcpus[0].x[1] | fake.vcpus[0].x[2] | fake.vcpus[0].x[3], 0);
	return fake.vcpus[0].x[0];
}

static void what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fake_begin(kinds[i], 1);
		assert_int_equal(answer_of(0x84000000, 0, 0, 0), 0x10001);
		assert_int_equal(answer_of(0x84000006, 0, 0, 0), 2);
	}
}

/* Every number of PSCI's range, both widths; also other services' calls, which are not its. */
static void features_are_what_there_is(void **state)
{
	static const uint32_t there[] = { 0x84000000, 0x84000001, 0xc4000001, 0x84000002,
					  0x84000003, 0xc4000003, 0x84000004, 0xc4000004,
					  0x84000006, 0x84000008, 0x84000009, 0x8400000a,
					  0x84000012, 0xc4000012, 0x80000000 };
	uint32_t count = 0;

	(void)state;
	fake_begin(HYP_VM_PROTECTED, 1);
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		assert_int_equal(answer_of(FEATURES, there[i], 0, 0), 0);
	}
	for (uint32_t function = 0; function < 256; function++) {
		count += answer_of(FEATURES, 0x84000000 | function, 0, 0) == 0;
		count += answer_of(FEATURES, 0xc4000000 | function, 0, 0) == 0;
		count += answer_of(FEATURES, 0x80000000 | function, 0, 0) == 0;
		count += answer_of(FEATURES, 0xc6000000 | function, 0, 0) == 0;
	}
	assert_int_equal(count, sizeof(there) / sizeof(there[0]));
}

static void suspend_is_a_wfi(void **state)
{
	struct vcpu *vcpu = fake_begin(HYP_VM_PROTECTED, 1);

	(void)state;
	for (uint64_t wide = 0; wide < 2; wide++) {
		assert_int_equal(fake_call(0x84000001 | wide << 30, 0x10000, ENTRY, 5),
				 GUEST_CALL_EXIT);
		assert_int_equal(vcpu->x[0], 0);
		assert_int_equal(vcpu->exit.reason, HYP_EXIT_WFX);
		assert_int_equal(vcpu->exit.esr, 0x06000000);
		assert_int_equal(vcpu->power, VCPU_ON);
	}
}

static void a_cpu_is_turned_on_once(void **state)
{
	struct vcpu *vcpu = fake_begin(HYP_VM_PROTECTED, 3);
	struct vcpu *second = &fake.vcpus[2];

	(void)state;
	second->power = VCPU_OFF;
	assert_int_equal(fake_call(CPU_ON, 2, ENTRY, 77), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->x[0], 0);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_PSCI);
	assert_int_equal(vcpu->exit.x[0], CPU_ON);
	assert_int_equal(vcpu->exit.x[1], 2);
	assert_int_equal(second->power, VCPU_PENDING);
	assert_int_equal(second->entry, ENTRY);
	assert_int_equal(second->argument, 77);
	/* Nobody may change where it goes until it has gone. */
	assert_int_equal(answer_of(CPU_ON, 2, ENTRY + 4, 78), ON_PENDING);
	assert_int_equal(second->entry, ENTRY);
	assert_int_equal(second->argument, 77);
	second->power = VCPU_ON;
	assert_int_equal(answer_of(CPU_ON, 2, ENTRY, 0), ALREADY_ON);
	assert_int_equal(answer_of(CPU_ON, 0, ENTRY, 0), ALREADY_ON);
}

static void the_narrow_call_is_narrow(void **state)
{
	(void)state;
	fake_begin(0, 2);
	fake.vcpus[1].power = VCPU_OFF;
	assert_int_equal(fake_call(CPU_ON_32, UINT64_C(0xff00000000000001),
				   UINT64_C(0xffffffff80000000), ~UINT64_C(0)),
			 GUEST_CALL_EXIT);
	assert_int_equal(fake.vcpus[1].entry, 0x80000000);
	assert_int_equal(fake.vcpus[1].argument, 0xffffffff);
}

static void cpus_and_places_that_cannot_be(void **state)
{
	struct vcpu *off;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t top = UINT64_C(1) << (kinds[i] & HYP_VM_RSI ? 32 : 33);

		fake_begin(kinds[i], 2);
		off = &fake.vcpus[1];
		off->power = VCPU_OFF;
		assert_int_equal(answer_of(CPU_ON, 2, ENTRY, 0), INVALID);
		assert_int_equal(answer_of(CPU_ON, UINT64_C(1) << 31 | 1, ENTRY, 0), INVALID);
		assert_int_equal(answer_of(CPU_ON, UINT64_MAX, ENTRY, 0), INVALID);
		assert_int_equal(answer_of(CPU_ON, 1, ENTRY + 2, 0), INVALID_ADDRESS);
		assert_int_equal(answer_of(CPU_ON, 1, top, 0), INVALID_ADDRESS);
		assert_int_equal(answer_of(CPU_ON, 1, UINT64_MAX & ~UINT64_C(3), 0),
				 INVALID_ADDRESS);
		assert_int_equal(off->power, VCPU_OFF);
		assert_int_equal(fake_call(CPU_ON, 1, top - 4, 0), GUEST_CALL_EXIT);
	}
}

static void a_cpu_turns_itself_off(void **state)
{
	struct vcpu *vcpu = fake_begin(HYP_VM_PROTECTED, 2);

	(void)state;
	assert_int_equal(fake_call(0x84000002, 0, 0, 0), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_PSCI);
	assert_int_equal(vcpu->exit.x[0], 0x84000002);
	assert_int_equal(vcpu->power, VCPU_OFF);
	assert_int_equal(fake.vcpus[1].power, VCPU_ON);
}

static void affinities(void **state)
{
	(void)state;
	fake_begin(HYP_VM_PROTECTED, 5);
	fake.vcpus[1].power = VCPU_OFF;
	fake.vcpus[2].power = VCPU_PENDING;
	fake.affinity[3] = 0x100; /* cluster 1: off and pending */
	fake.vcpus[3].power = VCPU_OFF;
	fake.affinity[4] = 0x101;
	fake.vcpus[4].power = VCPU_PENDING;
	assert_int_equal(answer_of(AFFINITY_INFO, 0, 0, 0), 0);
	assert_int_equal(answer_of(AFFINITY_INFO, 1, 0, 0), 1);
	assert_int_equal(answer_of(AFFINITY_INFO, 2, 0, 0), 2);
	assert_int_equal(answer_of(AFFINITY_INFO, 0x100, 0, 0), 1);
	assert_int_equal(answer_of(AFFINITY_INFO, 0x10f, 1, 0), 2);
	assert_int_equal(answer_of(AFFINITY_INFO, 0x1, 1, 0), 0);
	assert_int_equal(answer_of(AFFINITY_INFO, 0x100, 2, 0), 0);
	assert_int_equal(answer_of(AFFINITY_INFO, 0xffffff, 3, 0), 0);
	assert_int_equal(answer_of(0x84000004, 1, 0, 0), 1);
	fake.vcpus[4].power = VCPU_CLAIMED;
	assert_int_equal(answer_of(AFFINITY_INFO, 0x101, 0, 0), 2);
	fake.vcpus[4].power = VCPU_OFF;
	assert_int_equal(answer_of(AFFINITY_INFO, 0x100, 1, 0), 1);
	assert_int_equal(answer_of(AFFINITY_INFO, 5, 0, 0), INVALID);
	assert_int_equal(answer_of(AFFINITY_INFO, 0x200, 1, 0), INVALID);
	assert_int_equal(answer_of(AFFINITY_INFO, UINT64_C(1) << 32, 3, 0), INVALID);
	assert_int_equal(answer_of(AFFINITY_INFO, UINT64_C(1) << 31, 0, 0), INVALID);
	assert_int_equal(answer_of(AFFINITY_INFO, 0, 4, 0), INVALID);
	assert_int_equal(answer_of(AFFINITY_INFO, 0, UINT64_MAX, 0), INVALID);
}

static void the_whole_vm(void **state)
{
	struct vcpu *vcpu = fake_begin(HYP_VM_PROTECTED | HYP_VM_RSI, 1);

	(void)state;
	for (uint64_t id = 0x84000008; id <= 0x84000009; id++) {
		assert_int_equal(fake_call(id, 1, 2, 3), GUEST_CALL_EXIT);
		assert_int_equal(vcpu->exit.reason, HYP_EXIT_PSCI);
		assert_int_equal(vcpu->exit.x[0], id);
		assert_int_equal(vcpu->exit.x[1] | vcpu->exit.x[2], 0);
		assert_int_equal(vcpu->x[0], INTERNAL_FAILURE);
	}
	assert_int_equal(fake_call(RESET2, 0, 7, 0), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.x[0], RESET2);
	assert_int_equal(vcpu->exit.x[2], 7);
	assert_int_equal(fake_call(RESET2, 0x80000005, ~UINT64_C(0), 0), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.x[1], 0x80000005);
	assert_int_equal(vcpu->exit.x[2], ~UINT64_C(0));
	assert_int_equal(fake_call(0x84000012, 0, ~UINT64_C(0), 0), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.x[2], 0xffffffff);
	assert_int_equal(answer_of(RESET2, 1, 0, 0), INVALID);
	assert_int_equal(answer_of(RESET2, 0x7fffffff, 0, 0), INVALID);
}

static void *turn_on(void *caller)
{
	struct vcpu *vcpu = caller;

	vcpu->x[0] = CPU_ON;
	vcpu->x[1] = 3;
	vcpu->x[2] = ENTRY + UINT64_C(0x1000) * vcpu->index;
	vcpu->x[3] = vcpu->index;
	guest_call(vcpu, false, 0);
	return NULL;
}

/* Three at once: one wins, and the entry point is wholly its. */
static void a_race(void **state)
{
	(void)state;
	for (uint32_t race = 0; race < RACES; race++) {
		pthread_t threads[3];
		uint64_t winner = 3, winners = 0;

		fake_begin(HYP_VM_PROTECTED, 4);
		fake.vcpus[3].power = VCPU_OFF;
		for (uint32_t i = 0; i < 3; i++) {
			assert_int_equal(pthread_create(&threads[i], NULL, turn_on, &fake.vcpus[i]),
					 0);
		}
		for (uint32_t i = 0; i < 3; i++) {
			pthread_join(threads[i], NULL);
			winners += fake.vcpus[i].x[0] == 0;
			winner = fake.vcpus[i].x[0] == 0 ? i : winner;
			assert_true(fake.vcpus[i].x[0] == 0 || fake.vcpus[i].x[0] == ON_PENDING);
		}
		assert_int_equal(winners, 1);
		assert_int_equal(fake.vcpus[3].argument, winner);
		assert_int_equal(fake.vcpus[3].entry, ENTRY + 0x1000 * winner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_is),
		cmocka_unit_test(features_are_what_there_is),
		cmocka_unit_test(suspend_is_a_wfi),
		cmocka_unit_test(a_cpu_is_turned_on_once),
		cmocka_unit_test(the_narrow_call_is_narrow),
		cmocka_unit_test(cpus_and_places_that_cannot_be),
		cmocka_unit_test(a_cpu_turns_itself_off),
		cmocka_unit_test(affinities),
		cmocka_unit_test(the_whole_vm),
		cmocka_unit_test(a_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
