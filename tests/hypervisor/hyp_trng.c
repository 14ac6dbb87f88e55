/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generator against RFC 8439, where its numbers come from, and what guests get of it. */
#include <hyp/guest_call.h>
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

bool guest_call_is_served(const struct vcpu *asked, uint32_t id)
{
	assert_ptr_equal(asked, &vcpu);
	return id == 0x84000050 || id == 0x84000053 || id == 0xc4000053 || id == 0x84000008;
}

/* RFC 8439, 2.3.2. */
static void the_block_of_the_rfc(void **state)
{
	static const uint32_t expected[] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	static const uint32_t nonce[] = { 0x09000000, 0x4a000000, 0 };
	uint32_t key[CHACHA20_KEY_WORDS], out[CHACHA20_BLOCK_WORDS];
	uint8_t bytes[sizeof(key)];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)i;
	}
	memcpy(key, bytes, sizeof(key));
	chacha20_block(out, key, 1, nonce);
	assert_memory_equal(out, expected, sizeof(expected));
}

/* RFC 8439, A.1, vectors 1 and 2: a key and a nonce of zeroes. */
static void the_stream_of_zeroes(void **state)
{
	static const uint32_t zero[CHACHA20_KEY_WORDS];
	static const uint32_t expected[][4] = {
		{ 0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653 },
		{ 0xbee7079f, 0x7a385155, 0x7c97ba98, 0x0d082d73 },
	};
	uint32_t out[CHACHA20_BLOCK_WORDS];

	(void)state;
	for (uint32_t counter = 0; counter < 2; counter++) {
		chacha20_block(out, zero, counter, zero);
		assert_memory_equal(out, expected[counter], sizeof(expected[counter]));
	}
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
	/* Less than a whole state from the CPU is not enough to begin with. */
	cpu_numbers = 3;
	assert_false(trng_read(bytes, sizeof(bytes)));
	cpu_numbers = 4;
	assert_true(trng_read(bytes, sizeof(bytes)));
	assert_true(trng_read(bytes, sizeof(bytes)));
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
	guest_trng_version(&vcpu);
	assert_int_equal(vcpu.x[0], 0x10000);
	vcpu.x[1] = RND64;
	guest_trng_features(&vcpu);
	assert_int_equal(vcpu.x[0], 0);
	vcpu.x[1] = 0x84000054;
	guest_trng_features(&vcpu);
	assert_int_equal(vcpu.x[0], (uint64_t)-1);
	vcpu.x[1] = 0x84000008; /* a call, but PSCI's */
	guest_trng_features(&vcpu);
	assert_int_equal(vcpu.x[0], (uint64_t)-1);
	guest_trng_uuid(&vcpu);
	assert_int_equal(vcpu.x[0], 0x5c594022);
	assert_int_equal(vcpu.x[3], 0xeae4f031);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_without_a_seed),
		cmocka_unit_test(the_block_of_the_rfc),
		cmocka_unit_test(the_stream_of_zeroes),
		cmocka_unit_test(never_the_same_twice),
		cmocka_unit_test(every_bit_that_is_wanted_and_no_other),
		cmocka_unit_test(amounts_that_cannot_be),
		cmocka_unit_test(what_it_says_of_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
