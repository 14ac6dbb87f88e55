/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest/bare/lib/pattern.c: the numbers that others compute as well. The expected
 * values come from the published definitions: FNV-1a's own test vectors, and
 * xorshift64 worked out by hand for the seed 1.
 */
#include "guest/bare/lib/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_BYTES 4096
#define SEED UINT64_C(0x6169726172726574)

static uint64_t page[PAGE_BYTES / sizeof(uint64_t)];

static void test_first_word_of_seed_1(void **state)
{
	(void)state;
	/*
	 * 1 ^ 1 << 13 = 0x2001; ^ 0x2001 >> 7 = 0x40 gives 0x2041;
	 * ^ 0x2041 << 17 = 0x40820000 gives 0x40822041.
	 */
	pattern_fill(page, sizeof(page[0]), 1);
	assert_int_equal(page[0], 0x40822041);
	assert_int_equal(page[1], 0);
}

static void test_check_value_is_fnv_1a(void **state)
{
	(void)state;
	assert_int_equal(pattern_check_value("", 0), UINT64_C(0xcbf29ce484222325));
	assert_int_equal(pattern_check_value("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
	assert_int_equal(pattern_check_value("foobar", 6), UINT64_C(0x85944171f73967e8));
}

static void test_every_changed_byte_is_found(void **state)
{
	uint8_t *bytes = (uint8_t *)page;

	(void)state;
	pattern_fill(page, sizeof(page), SEED);
	assert_true(pattern_compare(page, sizeof(page), SEED) == PATTERN_EQUAL);
	for (size_t i = 0; i < sizeof(page); i++) {
		bytes[i] ^= 0x80;
		assert_int_equal(pattern_compare(page, sizeof(page), SEED), i);
		bytes[i] ^= 0x80;
	}
	bytes[100] ^= 1;
	bytes[7] ^= 1;
	assert_int_equal(pattern_compare(page, sizeof(page), SEED), 7);
}

static void test_other_seed_is_another_pattern(void **state)
{
	(void)state;
	pattern_fill(page, sizeof(page), SEED);
	assert_true(pattern_compare(page, sizeof(page), SEED + 1) < sizeof(page[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_word_of_seed_1),
		cmocka_unit_test(test_check_value_is_fnv_1a),
		cmocka_unit_test(test_every_changed_byte_is_found),
		cmocka_unit_test(test_other_seed_is_another_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
