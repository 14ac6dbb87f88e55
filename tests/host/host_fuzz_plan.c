/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of fuzzing: their words, and that each call has random numbers of its own. */
#include "platform/host/lib/fuzz_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct fuzz_plan plan;

static void words(void **state)
{
	(void)state;
	assert_true(fuzz_plan_parse("0x10", "0-99999", &plan));
	assert_int_equal(plan.seed, 16);
	assert_int_equal(plan.ranges_count, 1);
	assert_int_equal(plan.ranges[0].first, 0);
	assert_int_equal(plan.ranges[0].count, 100000);
	assert_true(fuzz_plan_parse("18446744073709551615", "3,7-9,10", &plan));
	assert_true(plan.seed == UINT64_MAX);
	assert_int_equal(plan.ranges_count, 3);
	assert_int_equal(plan.ranges[1].first, 7);
	assert_int_equal(plan.ranges[1].count, 3);
	assert_int_equal(plan.ranges[2].first, 10);
	assert_int_equal(plan.ranges[2].count, 1);
	assert_true(fuzz_plan_parse("0", "0-4294967294", &plan));
}

static void bad_words(void **state)
{
	static const char *const seeds[] = { "", "x", "1x", "-1", " 1", "18446744073709551616" };
	static const char *const calls[] = { "",    "x",          "1-",  "-1",   "3-2",
					     "3,3", "3-5,5",      "5,3", "1,",   ",1",
					     "1;2", "4294967295", "1 ",  "1--2", "1-2-3" };
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		assert_false(fuzz_plan_parse(seeds[i], "1", &plan));
	}
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_false(fuzz_plan_parse("1", calls[i], &plan));
	}
}

static void as_many_ranges_as_fit(void **state)
{
	static char text[8 * (FUZZ_RANGES_MAX + 1)];
	char *at = text;
	int i;
	(void)state;

	for (i = 0; i < FUZZ_RANGES_MAX; i++) {
		at += sprintf(at, "%s%d", i > 0 ? "," : "", 2 * i);
	}
	assert_true(fuzz_plan_parse("1", text, &plan));
	assert_int_equal(plan.ranges_count, FUZZ_RANGES_MAX);
	sprintf(at, ",9999");
	assert_false(fuzz_plan_parse("1", text, &plan));
}

static void each_call_has_its_own_numbers(void **state)
{
	struct fuzz_random a = fuzz_random_of(1, 7), b = fuzz_random_of(1, 7);
	uint64_t first = fuzz_any(&a);
	(void)state;

	assert_true(first == fuzz_any(&b));
	assert_true(fuzz_any(&a) != first);
	a = fuzz_random_of(1, 8);
	assert_true(fuzz_any(&a) != first);
	a = fuzz_random_of(2, 7);
	assert_true(fuzz_any(&a) != first);
	a = (struct fuzz_random){ 0 };
	assert_true(fuzz_any(&a) == UINT64_C(0xe220a8397b1dcdaf)); /* of the published generator */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(bad_words),
		cmocka_unit_test(as_many_ranges_as_fit),
		cmocka_unit_test(each_call_has_its_own_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
