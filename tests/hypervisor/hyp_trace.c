/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace ring: what is recorded, read, lost and printed. */
#include <hyp/console.h>
#include <hyp/cpu.h>
#include <hyp/layout.h>
#include <hyp/pool.h>
#include <hyp/trace.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 2u
#define RING_PAGES 32u
#define RING_EVENTS (RING_PAGES * 4096 / 32)
#define POOL_PAGES (CPUS * RING_PAGES)
#define EVENTS_MASK ((1u << 11) - 1) /* as many as hyp_trace.h lists */

static _Alignas(PAGE_BYTES) char pool_memory[POOL_PAGES * PAGE_BYTES];
static uint32_t this_cpu;
static uint64_t ticks;
static char printed[64][120];
static size_t printed_count;

uint32_t cpu_this(void)
{
	return this_cpu;
}

uint32_t cpu_count(void)
{
	return CPUS;
}

uint64_t cpu_ticks(void)
{
	return ++ticks;
}

void log_line_unlocked(const char *format, ...)
{
	va_list list;

	assert_true(printed_count < 64);
	va_start(list, format);
	vsnprintf(printed[printed_count++], sizeof(printed[0]), format, list);
	va_end(list);
}

static enum hyp_status set(uint64_t mask, uint64_t *before)
{
	struct regs regs = { .x = { 0, mask } };
	enum hyp_status status = trace_set(&regs);

	*before = regs.x[1];
	return status;
}

static struct regs read_from(uint64_t cpu)
{
	struct regs regs = { .x = { 0, cpu } };

	assert_int_equal(trace_read(&regs), HYP_OK);
	return regs;
}

static void drain(void)
{
	for (uint64_t cpu = 0; cpu < CPUS; cpu++) {
		while (read_from(cpu).x[1] > 0) {
		}
	}
}

static void nothing_is_recorded_before(void **state)
{
	(void)state;
	trace_emit(host_hcall, 0, 0, 1, 2);
	trace_print_tail();
	assert_int_equal(read_from(0).x[1], 0);
	assert_int_equal(printed_count, 0);
}

static void no_memory_no_trace(void **state)
{
	uint64_t before;

	(void)state;
	pool_fail_nth(POOL_PAGES);
	assert_int_equal(set(1, &before), HYP_ENOMEM);
	assert_int_equal(before, 1); /* x1 is unchanged */
	assert_int_equal(trace_mask, 0);
	assert_int_equal(set(1, &before), HYP_OK);
	assert_int_equal(before, 0);
	assert_int_equal(pool_free_count(), 0);
}

static void only_events_that_there_are(void **state)
{
	uint64_t before;

	(void)state;
	assert_int_equal(set(EVENTS_MASK, &before), HYP_OK);
	assert_int_equal(before, 1);
	assert_int_equal(set(EVENTS_MASK + 1, &before), HYP_EINVAL);
	assert_int_equal(set(UINT64_C(1) << 63, &before), HYP_EINVAL);
	assert_int_equal(set(1 << HYP_TRACE_host_smc, &before), HYP_OK);
	assert_int_equal(before, EVENTS_MASK);
}

static void only_what_is_on(void **state)
{
	uint64_t before, computed = 0;
	struct regs regs;

	(void)state;
	assert_int_equal(set(1 << HYP_TRACE_guest_hcall, &before), HYP_OK);
	trace_emit(guest_fault, 3, 1, ++computed, 0);
	assert_int_equal(computed, 0);
	trace_emit(guest_hcall, 0xfedc, 7, ++computed, UINT64_MAX);
	assert_int_equal(computed, 1);
	regs = read_from(0);
	assert_int_equal(regs.x[1], 1);
	assert_int_equal(regs.x[2], 0);
	assert_int_equal(regs.x[3], ticks);
	assert_int_equal(regs.x[4], 0x7fedc0009);
	assert_int_equal(regs.x[5], 1);
	assert_int_equal(regs.x[6], UINT64_MAX);
	assert_int_equal(read_from(0).x[1], 0);
}

static void at_most_three_an_answer(void **state)
{
	uint64_t before;
	struct regs regs;

	(void)state;
	assert_int_equal(set(1 << HYP_TRACE_smmu_event, &before), HYP_OK);
	this_cpu = 1;
	for (uint64_t i = 0; i < 4; i++) {
		trace_emit(smmu_event, 0, 0, i, 0);
	}
	this_cpu = 0;
	assert_int_equal(read_from(0).x[1], 0);
	regs = read_from(1);
	assert_int_equal(regs.x[1], 3);
	assert_int_equal(regs.x[4], 10 | 1 << 8);
	assert_int_equal(regs.x[5], 0);
	assert_int_equal(regs.x[9], 1);
	assert_int_equal(regs.x[13], 2);
	assert_int_equal(regs.x[15], 0);
	regs = read_from(1);
	assert_int_equal(regs.x[1], 1);
	assert_int_equal(regs.x[5], 3);
	assert_int_equal(regs.x[7], 0);
}

static void no_such_cpu(void **state)
{
	struct regs regs = { .x = { 0, CPUS } };

	(void)state;
	assert_int_equal(trace_read(&regs), HYP_EINVAL);
	regs.x[1] = UINT64_MAX;
	assert_int_equal(trace_read(&regs), HYP_EINVAL);
}

static void the_oldest_are_lost(void **state)
{
	uint64_t before;
	struct regs regs;

	(void)state;
	assert_int_equal(set(EVENTS_MASK, &before), HYP_OK);
	for (uint64_t i = 0; i < RING_EVENTS + 5; i++) {
		trace_emit(host_hcall, 0, 0, i, 0);
	}
	regs = read_from(0);
	assert_int_equal(regs.x[2], 5);
	assert_int_equal(regs.x[5], 5); /* the first that is left */
	for (uint64_t i = 3; i < RING_EVENTS; i++) {
		struct regs more = i % 3 == 0 ? read_from(0) : regs;

		regs = more;
		assert_int_equal(regs.x[5 + 4 * (i % 3)], i + 5);
	}
	assert_int_equal(read_from(0).x[1], 0);
	assert_int_equal(read_from(0).x[2], 5);
}

static void the_tail_is_the_newest_of_each_cpu(void **state)
{
	char expected[120];
	uint64_t first;

	(void)state;
	drain();
	first = ticks + 1;
	for (uint64_t i = 0; i < 40; i++) {
		this_cpu = i % 2;
		trace_emit(host_mem_abort, 9, 1, i, 0xabc);
	}
	this_cpu = 0;
	printed_count = 0;
	trace_print_tail();
	assert_int_equal(printed_count, 24);
	for (size_t i = 0; i < 24; i++) {
		size_t cpu = i / 12;
		size_t event = 16 + i % 12 * 2 + cpu;

		snprintf(expected, sizeof(expected),
			 "trace %zu cpu %zu vm 9 vcpu 1 host_mem_abort 0x%zx 0xabc", first + event,
			 cpu, event);
		assert_string_equal(printed[i], expected);
	}
}

static void off_again(void **state)
{
	uint64_t before;

	(void)state;
	drain();
	assert_int_equal(set(0, &before), HYP_OK);
	trace_emit(host_hcall, 0, 0, 1, 2);
	assert_int_equal(read_from(0).x[1], 0);
}

/* In this order: the rings live as long as the machine. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_recorded_before),
		cmocka_unit_test(no_memory_no_trace),
		cmocka_unit_test(only_events_that_there_are),
		cmocka_unit_test(only_what_is_on),
		cmocka_unit_test(at_most_three_an_answer),
		cmocka_unit_test(no_such_cpu),
		cmocka_unit_test(the_oldest_are_lost),
		cmocka_unit_test(the_tail_is_the_newest_of_each_cpu),
		cmocka_unit_test(off_again),
	};

	pool_init((uintptr_t)pool_memory, (uintptr_t)pool_memory + sizeof(pool_memory));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
