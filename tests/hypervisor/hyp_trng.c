/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generator by its definition, where its numbers come from, and what guests get of it. */
#include <hyp/guest_call.h>
#include <hyp/sha256.h>
#include <hyp/trng.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define RND32 UINT64_C(0x84000053)
#define RND64 UINT64_C(0xc4000053)
#define NO_ENTROPY ((uint64_t)-3)
#define INVALID ((uint64_t)-2)

static struct vcpu vcpu;
static uint64_t cpu_numbers; /* that the CPU has left */

bool rndr_read(uint64_t *number)
{
	if (cpu_numbers == 0) {
		return false;
	}
	*number = 0x0101010101010101 * cpu_numbers--;
	return true;
}

static void call(uint64_t id, uint64_t x1)
{
	vcpu.x[0] = id;
	vcpu.x[1] = x1;
	vcpu.x[2] = vcpu.x[3] = 0x5555;
	assert_int_equal(guest_trng_rnd(&vcpu), GUEST_CALL_RESUME);
}

/* Must come first: nothing has been mixed in yet. */
static void nothing_without_a_seed(void **state)
{
	uint8_t bytes[4] = { 1, 2, 3, 4 };

	(void)state;
	cpu_numbers = 0;
	assert_false(trng_read(bytes, sizeof(bytes)));
	assert_memory_equal(bytes, ((uint8_t[]){ 1, 2, 3, 4 }), sizeof(bytes));
	call(RND64, 64);
	assert_int_equal(vcpu.x[0], NO_ENTROPY);
	assert_int_equal(vcpu.x[1] | vcpu.x[2] | vcpu.x[3], 0);
}

/* Less than a whole state from the CPU is not enough to begin with. */
static void the_cpu_alone(void **test)
{
	uint8_t bytes[4];

	(void)test;
	cpu_numbers = 3;
	assert_false(trng_read(bytes, sizeof(bytes)));
	assert_int_equal(cpu_numbers, 0);
}

static void hash(const uint8_t state[32], const uint8_t input[32], uint8_t purpose, uint8_t out[32])
{
	uint8_t all[65];

	memcpy(all, state, 32);
	memcpy(&all[32], input, 32);
	all[64] = purpose;
	sha256(all, sizeof(all), out);
}

/* A seed given twice, the state known: so the numbers are, and no others. */
static void by_its_definition(void **test)
{
	static const uint8_t zero[32];
	uint8_t state[32] = { 0 }, digest[32], expected[80], seen[80], seed[100] = { 7, 7, 7 };

	(void)test;
	cpu_numbers = 0;
	trng_add(seed, sizeof(seed));
	sha256(seed, sizeof(seed), digest);
	hash(state, digest, 0, state);
	assert_true(trng_read(seen, sizeof(seen)));
	for (size_t at = 0; at < sizeof(expected); at += 32) {
		hash(state, zero, 1, digest);
		hash(state, zero, 0, state);
		memcpy(&expected[at], digest,
		       sizeof(expected) - at < 32 ? sizeof(expected) - at : 32);
	}
	assert_memory_equal(seen, expected, sizeof(seen));
}

/* Its numbers count: without them the same state would give the same. */
static void with_the_cpu(void **test)
{
	uint8_t bytes[8];

	(void)test;
	cpu_numbers = 9;
	assert_true(trng_read(bytes, sizeof(bytes)));
	assert_int_equal(cpu_numbers, 5);
	assert_true(trng_read(bytes, sizeof(bytes)));
	assert_true(trng_read(bytes, sizeof(bytes)));
	assert_int_equal(cpu_numbers, 0);
}

static void never_the_same_twice(void **state)
{
	uint8_t last[80] = { 0 }, now[80];

	(void)state;
	trng_add("a seed of more than thirty-two bytes, so it takes two", 53);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(trng_read(now, sizeof(now)));
		for (size_t at = 0; at + 8 <= sizeof(now); at += 8) {
			assert_memory_not_equal(&now[at], &last[at], 8);
		}
		memcpy(last, now, sizeof(last));
	}
}

static void every_bit_that_is_wanted_and_no_other(void **state)
{
	(void)state;
	for (uint64_t wide = 0; wide < 2; wide++) {
		uint64_t width = wide ? 64 : 32;

		for (uint64_t bits = 1; bits <= 3 * width; bits++) {
			uint64_t seen[3] = { 0 };

			for (uint32_t i = 0; i < 100; i++) {
				call(wide ? RND64 : RND32, bits);
				assert_int_equal(vcpu.x[0], 0);
				seen[0] |= vcpu.x[3];
				seen[1] |= vcpu.x[2];
				seen[2] |= vcpu.x[1];
			}
			for (uint64_t word = 0; word < 3; word++) {
				for (uint64_t at = 0; at < 64; at++) {
					assert_int_equal(seen[word] >> at & 1,
							 at < width && word * width + at < bits);
				}
			}
		}
	}
}

static void amounts_that_cannot_be(void **state)
{
	static const uint64_t none[] = { 0, 193, 1000, UINT64_MAX, UINT64_C(1) << 32 };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		call(RND64, none[i]);
		assert_int_equal(vcpu.x[0], INVALID);
		assert_int_equal(vcpu.x[1] | vcpu.x[2] | vcpu.x[3], 0);
	}
	call(RND32, 97);
	assert_int_equal(vcpu.x[0], INVALID);
	/* The narrow call does not look at bits 63:32. */
	call(RND32, UINT64_C(0xffffffff00000060));
	assert_int_equal(vcpu.x[0], 0);
}

static void what_it_says_of_itself(void **state)
{
	(void)state;
	guest_trng_uuid(&vcpu);
	assert_int_equal(vcpu.x[0], 0x5c594022);
	assert_int_equal(vcpu.x[3], 0xeae4f031);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_without_a_seed),
		cmocka_unit_test(the_cpu_alone),
		cmocka_unit_test(by_its_definition),
		cmocka_unit_test(with_the_cpu),
		cmocka_unit_test(never_the_same_twice),
		cmocka_unit_test(every_bit_that_is_wanted_and_no_other),
		cmocka_unit_test(amounts_that_cannot_be),
		cmocka_unit_test(what_it_says_of_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
