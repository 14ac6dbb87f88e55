/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RSI 1.0: numbers and layouts by Arm DEN 0137, not by smccc.h. */
#include "tests/hypervisor/fake_guest_memory.h"

#include <hyp/sha256.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CALL(n) (UINT64_C(0xc4000190) + (n))
#define ERROR_INPUT 1
#define TOP (UINT64_C(1) << 32) /* of the private half: 33 bits */

static struct vcpu *vcpu;

static int begin(void **state)
{
	(void)state;
	vcpu = fake_begin(HYP_VM_PROTECTED | HYP_VM_RSI, 1);
	return 0;
}

static uint64_t answer_of(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_int_equal(fake_call(id, x1, x2, x3), GUEST_CALL_RESUME);
	return vcpu->x[0];
}

static void versions(void **state)
{
	static const uint64_t others[] = { 0, 1, 0x10001, 0x20000, UINT64_C(1) << 32 | 0x10000 };

	(void)state;
	assert_int_equal(answer_of(CALL(0), 0x10000, 0, 0), 0);
	assert_int_equal(vcpu->x[1], 0x10000);
	assert_int_equal(vcpu->x[2], 0x10000);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(answer_of(CALL(0), others[i], 0, 0), ERROR_INPUT);
		assert_int_equal(vcpu->x[1], 0x10000);
		assert_int_equal(vcpu->x[2], 0x10000);
	}
	assert_int_equal(answer_of(CALL(1), 0, 0, 0), 0);
	assert_int_equal(vcpu->x[1], 0);
}

static void slots_that_are_not_there(void **state)
{
	(void)state;
	assert_int_equal(answer_of(CALL(2), 5, 0, 0), ERROR_INPUT);
	assert_int_equal(answer_of(CALL(2), UINT64_MAX, 0, 0), ERROR_INPUT);
	assert_int_equal(answer_of(CALL(3), 0, 32, 1), ERROR_INPUT);
	assert_int_equal(answer_of(CALL(3), 5, 32, 1), ERROR_INPUT);
	assert_int_equal(answer_of(CALL(3), 1, 65, 1), ERROR_INPUT);
	assert_int_equal(answer_of(CALL(3), 1, UINT64_MAX, 1), ERROR_INPUT);
	for (uint64_t slot = 0; slot < 5; slot++) {
		assert_int_equal(answer_of(CALL(2), slot, 1, 1), 0);
		for (uint32_t i = 1; i <= 8; i++) {
			assert_int_equal(vcpu->x[i], 0);
		}
	}
}

static void a_measurement_is_a_chain(void **state)
{
	uint8_t chain[32 + 64] = { 0 }, digest[64] = { 0 };

	(void)state;
	for (uint64_t bytes = 0; bytes <= 64; bytes++) {
		for (uint32_t i = 0; i < 8; i++) {
			vcpu->x[3 + i] = 0x0123456789abcdef * (i + bytes + 1);
		}
		memcpy(&chain[32], &vcpu->x[3], bytes);
		sha256(chain, 32 + bytes, digest);
		memcpy(chain, digest, 32);
		assert_int_equal(answer_of(CALL(3), 4, bytes, vcpu->x[3]), 0);
		assert_int_equal(answer_of(CALL(2), 4, 0, 0), 0);
		assert_memory_equal(&vcpu->x[1], digest, sizeof(digest));
	}
	/* The others are as they were. */
	for (uint64_t slot = 0; slot < 4; slot++) {
		assert_int_equal(answer_of(CALL(2), slot, 0, 0), 0);
		assert_int_equal(vcpu->x[1], 0);
	}
}

static void no_attestation(void **state)
{
	(void)state;
	assert_int_equal(answer_of(CALL(4), 1, 2, 3), 4);
	assert_int_equal(answer_of(CALL(5), 0x1000, 0, 4096), 2);
	assert_int_equal(vcpu->x[1] | vcpu->x[2] | vcpu->x[3], 0);
}

static void the_realm_is_told(void **state)
{
	static const uint64_t wrong[] = { 0x1008, TOP, TOP + 0x1000, UINT64_MAX << 12 };
	uint64_t words[512] = { 33, 0 };

	(void)state;
	memset(fake.memory[1], 0xff, sizeof(fake.memory[1]));
	assert_int_equal(answer_of(CALL(6), 0x1000, 0, 0), 0);
	assert_memory_equal(fake.memory[1], words, sizeof(words));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(answer_of(CALL(6), wrong[i], 0, 0), ERROR_INPUT);
	}
	fake.page[1] = GUEST_PAGE_SHARED;
	assert_int_equal(answer_of(CALL(6), 0x1000, 0, 0), ERROR_INPUT);
	fake.page[1] = GUEST_PAGE_NONE;
	assert_int_equal(fake_call(CALL(6), 0x1000, 0, 0), GUEST_CALL_RETRY);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_MEMORY);
	assert_int_equal(vcpu->exit.address, 0x1000);
	assert_int_equal(vcpu->x[0], CALL(6));
	/* No page of the host's can come where there is no RAM. */
	fake.ram[1] = false;
	assert_int_equal(answer_of(CALL(6), 0x1000, 0, 0), ERROR_INPUT);
}

static uint64_t set(uint64_t base, uint64_t top, uint64_t ripas, uint64_t flags)
{
	vcpu->x[4] = flags;
	return answer_of(CALL(7), base, top, ripas);
}

static void states_of_memory(void **state)
{
	(void)state;
	assert_int_equal(set(0x2000, 0x5000, 0, 1), 0);
	assert_int_equal(vcpu->x[1], 0x5000);
	assert_int_equal(vcpu->x[2], 0);
	assert_int_equal(answer_of(CALL(8), 0, 0x10000, 0), 0);
	assert_int_equal(vcpu->x[1], 0x2000);
	assert_int_equal(vcpu->x[2], 1);
	assert_int_equal(answer_of(CALL(8), 0x2000, 0x4000, 0), 0);
	assert_int_equal(vcpu->x[1], 0x4000);
	assert_int_equal(vcpu->x[2], 0);
	/* As far as one call goes. */
	fake.ripas_pages = 2;
	assert_int_equal(set(0x2000, 0x5000, 1, 0), 0);
	assert_int_equal(vcpu->x[1], 0x4000);
	assert_int_equal(vcpu->x[2], 0);
	/* What cannot be is rejected; what was done before stays. */
	fake.ripas_pages = 0;
	assert_int_equal(set((FAKE_PAGES - 1) * 4096u, (FAKE_PAGES + 1) * 4096u, 1, 0), 0);
	assert_int_equal(vcpu->x[1], FAKE_PAGES * 4096u);
	assert_int_equal(vcpu->x[2], 0);
	assert_int_equal(set(FAKE_PAGES * 4096u, (FAKE_PAGES + 1) * 4096u, 1, 0), 0);
	assert_int_equal(vcpu->x[1], FAKE_PAGES * 4096u);
	assert_int_equal(vcpu->x[2], 1);
	fake.always = HYP_ENOTABLE;
	vcpu->x[4] = 0;
	assert_int_equal(fake_call(CALL(7), 0x6000, 0x8000, 1), GUEST_CALL_RETRY);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_TABLES);
}

static void ranges_that_cannot_be(void **state)
{
	static const uint64_t wrong[][2] = {
		{ 0x1000, 0x1000 },     { 0x2000, 0x1000 },  { 0x1001, 0x2000 }, { 0x1000, 0x2001 },
		{ 0x1000, TOP + 4096 }, { TOP, TOP + 4096 }, { 0, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(set(wrong[i][0], wrong[i][1], 0, 0), ERROR_INPUT);
		assert_int_equal(answer_of(CALL(8), wrong[i][0], wrong[i][1], 0), ERROR_INPUT);
	}
	assert_int_equal(set(0x1000, 0x2000, 2, 0), ERROR_INPUT);
	assert_int_equal(set(0x1000, 0x2000, UINT64_C(1) << 32, 0), ERROR_INPUT);
	assert_int_equal(fake.ram[1], true);
	assert_int_equal(answer_of(CALL(8), TOP - 4096, TOP, 0), ERROR_INPUT);
}

static void the_host_is_called(void **state)
{
	static const uint64_t answer[4] = { 21, 22, 23, 24 };
	uint64_t call[32] = { UINT64_C(0xabcd0042), 1, 2, 3, 4, 5 };
	uint64_t other[4] = { 1, 2, 3, 4 };

	(void)state;
	memcpy(&fake.memory[2][256], call, sizeof(call));
	assert_int_equal(fake_call(CALL(9), 0x2100, 7, 8), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_HVC);
	assert_int_equal(vcpu->exit.esr, 0x5a000042);
	assert_memory_equal(vcpu->exit.x, &call[1], sizeof(vcpu->exit.x));
	assert_int_equal(vcpu->x[0], 0);
	guest_call_answer(vcpu, answer);
	memcpy(&call[1], answer, sizeof(answer));
	assert_memory_equal(&fake.memory[2][256], call, sizeof(call));
	assert_int_equal(vcpu->x[0], 0);
	/* It is answered once. */
	guest_call_answer(vcpu, other);
	assert_memory_equal(&fake.memory[2][256], call, sizeof(call));
	/* Not answered: another call does not take the answer for its own. */
	assert_int_equal(fake_call(CALL(9), 0x2100, 7, 8), GUEST_CALL_EXIT);
	answer_of(CALL(1), 0, 0, 0);
	guest_call_answer(vcpu, other);
	assert_memory_equal(&fake.memory[2][256], call, sizeof(call));
	/* The page went away meanwhile. */
	assert_int_equal(fake_call(CALL(9), 0x2100, 7, 8), GUEST_CALL_EXIT);
	fake.page[2] = GUEST_PAGE_SHARED;
	guest_call_answer(vcpu, other);
	assert_int_equal(vcpu->x[0], ERROR_INPUT);
	assert_int_equal(answer_of(CALL(9), 0x2100, 0, 0), ERROR_INPUT);
	fake.page[2] = GUEST_PAGE_NONE;
	assert_int_equal(fake_call(CALL(9), 0x2100, 0, 0), GUEST_CALL_RETRY);
	assert_int_equal(answer_of(CALL(9), 0x1080, 0, 0), ERROR_INPUT);
	assert_int_equal(answer_of(CALL(9), TOP, 0, 0), ERROR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(versions, begin),
		cmocka_unit_test_setup(slots_that_are_not_there, begin),
		cmocka_unit_test_setup(a_measurement_is_a_chain, begin),
		cmocka_unit_test_setup(no_attestation, begin),
		cmocka_unit_test_setup(the_realm_is_told, begin),
		cmocka_unit_test_setup(states_of_memory, begin),
		cmocka_unit_test_setup(ranges_that_cannot_be, begin),
		cmocka_unit_test_setup(the_host_is_called, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
