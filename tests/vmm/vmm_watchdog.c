/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stall detector with a clock of the test's own, and pvpanic. */
#include "tests/vmm/support.h"
#include "vmm/pvpanic.h"
#include "vmm/watchdog.h"

#define STATUS 0x0
#define LOAD 0x4
#define CURRENT 0x8
#define FREQUENCY 0xc
#define FRAME 0x10
#define CPUS 2
#define SECOND G_USEC_PER_SEC
#define NEVER (-1)

struct dog {
	struct watchdog *watchdog;
	unsigned stalls;
	unsigned vcpu; /* of the last stall */
	GMainLoop *loop;
};

static void stalled(void *opaque, unsigned vcpu)
{
	struct dog *dog = opaque;

	dog->stalls++;
	dog->vcpu = vcpu;
	if (dog->loop != NULL) {
		g_main_loop_quit(dog->loop);
	}
}

static int setup(void **state)
{
	struct dog *dog = g_new0(struct dog, 1);
	const struct watchdog_config config = {
		.cpus = CPUS,
		.vm_fd = -1,
		.stalled = stalled,
		.opaque = dog,
	};

	fake_irq_reset();
	dog->watchdog = watchdog_new(&config);
	*state = dog;
	return 0;
}

static int teardown(void **state)
{
	struct dog *dog = *state;

	watchdog_free(dog->watchdog);
	g_free(dog);
	return 0;
}

static uint32_t in(const struct dog *dog, uint64_t offset)
{
	return (uint32_t)watchdog_ops.read(dog->watchdog, offset, 4);
}

static void out(const struct dog *dog, uint64_t offset, uint32_t value)
{
	watchdog_ops.write(dog->watchdog, offset, 4, value);
}

static void start(const struct dog *dog, unsigned vcpu, uint32_t ticks)
{
	out(dog, vcpu * FRAME + FREQUENCY, 10);
	out(dog, vcpu * FRAME + LOAD, ticks);
	out(dog, vcpu * FRAME + STATUS, 1);
}

static void test_registers(void **state)
{
	const struct dog *dog = *state;

	assert_int_equal(in(dog, STATUS), 0);
	assert_int_equal(in(dog, FREQUENCY), 10);
	assert_int_equal(in(dog, CURRENT), 0);
	out(dog, STATUS, 0xffffffff);
	assert_int_equal(in(dog, STATUS), 1);
	out(dog, FREQUENCY, 1000);
	out(dog, LOAD, 60000);
	assert_int_equal(in(dog, LOAD), 60000);
	assert_in_range(in(dog, CURRENT), 50000, 60000);
	out(dog, CURRENT, 1);
	assert_in_range(in(dog, CURRENT), 50000, 60000);
	out(dog, FREQUENCY, 0); /* no division by it */
	assert_int_equal(in(dog, FREQUENCY), 10);
	/* The second vCPU has its own. */
	assert_int_equal(in(dog, FRAME + LOAD), 0);
}

static void test_bad_accesses(void **state)
{
	const struct dog *dog = *state;

	watchdog_ops.write(dog->watchdog, LOAD, 8, 1);
	watchdog_ops.write(dog->watchdog, LOAD, 1, 1);
	out(dog, LOAD + 2, 1);
	out(dog, CPUS * FRAME + LOAD, 1);
	out(dog, GUEST_VMWDT_SIZE - 4, 1);
	assert_int_equal(in(dog, LOAD), 0);
	assert_int_equal(in(dog, CPUS * FRAME + FREQUENCY), 0);
	assert_int_equal(in(dog, GUEST_VMWDT_SIZE - 4), 0);
	assert_int_equal(watchdog_ops.read(dog->watchdog, FREQUENCY, 1), 0);
	assert_int_equal(watchdog_check(dog->watchdog, G_MAXINT64), NEVER);
	assert_int_equal(dog->stalls, 0);
}

static void test_disabled_never_ends(void **state)
{
	const struct dog *dog = *state;

	assert_int_equal(watchdog_check(dog->watchdog, G_MAXINT64), NEVER);
	out(dog, LOAD, 10);
	assert_int_equal(watchdog_check(dog->watchdog, G_MAXINT64), NEVER);
	out(dog, STATUS, 1);
	out(dog, LOAD, 0);
	assert_int_equal(watchdog_check(dog->watchdog, G_MAXINT64), NEVER);
	assert_int_equal(fake_irq.ppi_changes, 0);
}

static void test_first_end_interrupts_second_stalls(void **state)
{
	const struct dog *dog = *state;
	gint64 began = g_get_monotonic_time();
	gint64 next;

	start(dog, 1, 80);
	next = watchdog_check(dog->watchdog, began);
	assert_in_range(next, began + 8 * SECOND, g_get_monotonic_time() + 8 * SECOND);
	assert_int_equal(fake_irq.ppi_changes, 0);
	assert_int_equal(watchdog_check(dog->watchdog, next), next + 8 * SECOND);
	assert_true(fake_irq.ppi_level[1]);
	assert_false(fake_irq.ppi_level[0]);
	assert_int_equal(fake_irq.ppi, GUEST_PPI_VMWDT);
	assert_int_equal(dog->stalls, 0);
	watchdog_check(dog->watchdog, next + 8 * SECOND - 1);
	assert_int_equal(dog->stalls, 0);
	assert_int_equal(watchdog_check(dog->watchdog, next + 8 * SECOND), NEVER);
	assert_int_equal(dog->stalls, 1);
	assert_int_equal(dog->vcpu, 1);
	watchdog_check(dog->watchdog, G_MAXINT64);
	assert_int_equal(dog->stalls, 1);
}

static void test_petting_in_between(void **state)
{
	const struct dog *dog = *state;
	gint64 next;

	start(dog, 0, 80);
	next = watchdog_check(dog->watchdog, 0);
	watchdog_check(dog->watchdog, next);
	assert_true(fake_irq.ppi_level[0]);
	out(dog, LOAD, 80);
	assert_false(fake_irq.ppi_level[0]);
	/* Now it has to end twice again. */
	next = watchdog_check(dog->watchdog, 0);
	watchdog_check(dog->watchdog, next);
	assert_int_equal(dog->stalls, 0);
	out(dog, STATUS, 0);
	assert_false(fake_irq.ppi_level[0]);
	assert_int_equal(watchdog_check(dog->watchdog, G_MAXINT64), NEVER);
}

static void test_longest_count(void **state)
{
	const struct dog *dog = *state;

	out(dog, FREQUENCY, 1);
	out(dog, LOAD, UINT32_MAX);
	out(dog, STATUS, 1);
	assert_true(watchdog_check(dog->watchdog, 0) > (gint64)UINT32_MAX * SECOND);
	out(dog, FREQUENCY, UINT32_MAX);
	assert_true(watchdog_check(dog->watchdog, 0) <= g_get_monotonic_time() + SECOND);
}

/* With the main loop, in real time. */
/* While it is suspended no counter ends; what was left of one is left of it afterwards. */
static void test_suspended(void **state)
{
	struct dog *dog = *state;
	gint64 now = g_get_monotonic_time();
	gint64 first;

	start(dog, 0, 80);
	start(dog, 1, 600);
	first = watchdog_check(dog->watchdog, now);
	assert_true(first > now);
	watchdog_suspend(dog->watchdog, now + SECOND);
	watchdog_suspend(dog->watchdog, now + 2 * SECOND); /* the first counts */
	assert_int_equal(watchdog_check(dog->watchdog, now + 1000 * SECOND), NEVER);
	watchdog_resume(dog->watchdog, now + 501 * SECOND);
	watchdog_resume(dog->watchdog, now + 900 * SECOND); /* it is not suspended */
	assert_int_equal(watchdog_check(dog->watchdog, now + 502 * SECOND), first + 500 * SECOND);
	assert_int_equal(dog->stalls, 0);
	watchdog_check(dog->watchdog, first + 500 * SECOND);
	watchdog_check(dog->watchdog, first + 508 * SECOND);
	assert_int_equal(dog->stalls, 1);
	assert_int_equal(dog->vcpu, 0);
	watchdog_suspend(NULL, now);
	watchdog_resume(NULL, now);
}

static void test_main_loop(void **state)
{
	struct dog *dog = *state;

	watchdog_attach(dog->watchdog);
	out(dog, FREQUENCY, 1000);
	out(dog, LOAD, 10);
	out(dog, STATUS, 1);
	dog->loop = g_main_loop_new(NULL, FALSE);
	g_main_loop_run(dog->loop);
	g_main_loop_unref(dog->loop);
	assert_int_equal(dog->stalls, 1);
	assert_int_equal(dog->vcpu, 0);
	assert_int_equal(fake_irq.ppi_changes, 1);
}

static void panicked(void *opaque)
{
	(*(unsigned *)opaque)++;
}

static void test_pvpanic(void **state)
{
	unsigned panics = 0;
	struct pvpanic p = { .panicked = panicked, .opaque = &panics };

	(void)state;
	assert_int_equal(pvpanic_ops.read(&p, 0, 1), 3);
	assert_int_equal(pvpanic_ops.read(&p, 1, 1), 0);
	assert_int_equal(pvpanic_ops.read(&p, 0, 2), 0);
	pvpanic_ops.write(&p, 0, 1, 0);
	pvpanic_ops.write(&p, 0, 1, PVPANIC_CRASH_LOADED);
	pvpanic_ops.write(&p, 1, 1, PVPANIC_PANICKED);
	pvpanic_ops.write(&p, 0, 2, PVPANIC_PANICKED);
	assert_int_equal(panics, 0);
	pvpanic_ops.write(&p, 0, 1, PVPANIC_PANICKED);
	assert_int_equal(panics, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_accesses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disabled_never_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_end_interrupts_second_stalls, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_petting_in_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_suspended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_main_loop, setup, teardown),
		cmocka_unit_test(test_pvpanic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
