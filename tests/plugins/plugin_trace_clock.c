/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconstructed virtual clock. A tick is 16 ns. */
#include "qemu-plugins/trace_clock.h"

#include "tests/plugins/cmocka_all.h"

static void counts_instructions(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	assert_int_equal(clock.hz, TRACE_CLOCK_DEFAULT_HZ);
	assert_int_equal(trace_clock_now(&clock, 0), 0);
	assert_int_equal(trace_clock_now(&clock, 1000), 1000);
	trace_clock_init(&clock, 3, 0);
	assert_int_equal(trace_clock_now(&clock, 1000), 8000);
}

static void leaves_a_time_that_fits(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	trace_clock_sample(&clock, 1000, 62); /* [992, 1008) */
	assert_int_equal(trace_clock_now(&clock, 1000), 1000);
}

static void follows_a_jump(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	trace_clock_sample(&clock, 1000, 62500000); /* one second */
	assert_int_equal(trace_clock_now(&clock, 1000), 1000000000);
	assert_int_equal(trace_clock_now(&clock, 1010), 1000000010);
}

static void takes_back_what_was_counted_twice(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	trace_clock_sample(&clock, 1100, 62); /* ends at 1007 */
	assert_int_equal(trace_clock_now(&clock, 1100), 1007);
	assert_int_equal(trace_clock_now(&clock, 1200), 1107);
}

static void never_goes_back(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	assert_int_equal(trace_clock_now(&clock, 5000), 5000);
	trace_clock_sample(&clock, 5000, 1);
	assert_int_equal(trace_clock_now(&clock, 5001), 5000);
	assert_int_equal(trace_clock_now(&clock, 5000 + 5000), 5031);
}

static void wakes_at_its_timer(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	trace_clock_fired(&clock, 1000, 100000);
	assert_int_equal(trace_clock_now(&clock, 1000), 1600000);
	/* One that fired long ago says nothing. */
	trace_clock_fired(&clock, 2000, 62);
	assert_int_equal(trace_clock_now(&clock, 2000), 1601000);
}

static void wants_few_samples(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 0);
	assert_true(trace_clock_wants_sample(&clock, 0));
	trace_clock_sample(&clock, 1000, 62);
	assert_false(trace_clock_wants_sample(&clock, 1001));
	assert_false(trace_clock_wants_sample(&clock, 1000 + TRACE_CLOCK_SAMPLE_INSNS - 1));
	assert_true(trace_clock_wants_sample(&clock, 1000 + TRACE_CLOCK_SAMPLE_INSNS));
	trace_clock_slept(&clock, 2000);
	assert_true(trace_clock_wants_sample(&clock, 2001));
}

static void survives_large_counts(void **state)
{
	struct trace_clock clock;
	(void)state;

	trace_clock_init(&clock, 0, 1000000000);
	trace_clock_sample(&clock, 10, UINT64_C(1) << 60);
	assert_int_equal(trace_clock_now(&clock, 10), UINT64_C(1) << 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_instructions),
		cmocka_unit_test(leaves_a_time_that_fits),
		cmocka_unit_test(follows_a_jump),
		cmocka_unit_test(takes_back_what_was_counted_twice),
		cmocka_unit_test(never_goes_back),
		cmocka_unit_test(wakes_at_its_timer),
		cmocka_unit_test(wants_few_samples),
		cmocka_unit_test(survives_large_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
