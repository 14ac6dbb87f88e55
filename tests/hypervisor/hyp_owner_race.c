/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two CPUs ask for the same page at the same time. The first is held up between check and
 * commit until the other is there too, or waits for the lock: so requests that are not one
 * after the other meet for sure. owner.c is a part of this file, for its lock to be seen.
 */
#include "platform/hypervisor/src/owner.c"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PFN 0x40000
#define PAGES 4
#define ROUNDS 10
#define VM 7

static uint32_t table[PAGES];
static uint32_t inside;   /* atomic: requests between check and commit */
static uint32_t met;      /* atomic: that were there together */
static uint32_t asking;   /* atomic: CPUs that make their call */
static int reach_changes; /* gains less losses of the host; lock: owner_lock */

static bool other_waits(void)
{
	uint32_t serving = __atomic_load_n(&owner_lock.serving, __ATOMIC_SEQ_CST);

	return __atomic_load_n(&owner_lock.next, __ATOMIC_SEQ_CST) - serving > 1;
}

enum hyp_status page_host_prepare(uint64_t pfn, uint64_t count)
{
	(void)pfn, (void)count;
	__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&inside, __ATOMIC_SEQ_CST) < 2 && !other_waits()) {
		sched_yield();
	}
	if (__atomic_load_n(&inside, __ATOMIC_SEQ_CST) > 1) {
		__atomic_add_fetch(&met, 1, __ATOMIC_SEQ_CST);
	}
	return HYP_OK;
}

void page_host_set(uint64_t pfn, uint64_t count, bool reach)
{
	(void)pfn, (void)count;
	reach_changes += reach ? 1 : -1;
}

bool page_host_reaches(uint64_t pfn)
{
	return pfn >= PFN && reach_changes == 0;
}

void page_settle(uint64_t pfn, uint64_t count, bool wipe)
{
	(void)pfn, (void)count, (void)wipe;
}

struct cpu {
	struct owner_request request;
	enum hyp_status status;
};

static void *ask(void *data)
{
	struct cpu *cpu = data;

	__atomic_add_fetch(&asking, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&asking, __ATOMIC_SEQ_CST) < 2) {
		sched_yield();
	}
	cpu->status = owner_apply(&cpu->request);
	return NULL;
}

/* Both at a time: one of them has the page, and the host lost it once. */
static void one_wins(enum owner_op one, enum owner_op other)
{
	struct cpu cpus[] = {
		{ .request = { .op = one, .pfn = PFN + 1, .count = 1 } },
		{ .request = { .op = other, .pfn = PFN + 1, .count = 1 } },
	};
	pthread_t threads[2];

	owner_init(table, PFN, PAGES);
	met = inside = asking = 0;
	for (uint64_t pfn = PFN; pfn < PFN + PAGES; pfn++) {
		struct owner_request boot = { .op = OWNER_BOOT_HOST, .pfn = pfn, .count = 1 };

		inside = 2; /* there is no other CPU to wait for */
		assert_int_equal(owner_apply(&boot), HYP_OK);
	}
	assert_int_equal(owner_vm_create(VM, VM_PROTECTED, PAGES), HYP_OK);
	met = inside = 0;
	reach_changes = 0;
	for (int i = 0; i < 2; i++) {
		cpus[i].request.vm = cpus[i].request.op == OWNER_HOST_DONATE_GUEST ? VM : 0;
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &cpus[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_int_equal(met, 0);
	assert_int_equal(reach_changes, -1);
	assert_int_equal((cpus[0].status == HYP_OK) + (cpus[1].status == HYP_OK), 1);
	assert_int_equal((cpus[0].status == HYP_EPERM) + (cpus[1].status == HYP_EPERM), 1);
}

static void a_page_is_given_once(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		one_wins(OWNER_HOST_DONATE_HYP, OWNER_HOST_DONATE_HYP);
		one_wins(OWNER_HOST_DONATE_HYP, OWNER_HOST_DONATE_GUEST);
		one_wins(OWNER_HOST_DONATE_GUEST, OWNER_HOST_DONATE_GUEST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_page_is_given_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
