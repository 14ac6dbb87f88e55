/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings up every CPU by PSCI. Each reports itself, adds to a number under a lock at
 * the same time as the others, and goes off; then the sum and the CPUs' states
 * are checked.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/rsi.h"
#include "guest/bare/lib/smp.h"
#include "guest/bare/lib/spinlock.h"
#include "platform/abi/smccc.h"

#define ADDITIONS 2000
#define WAIT_MS 60000
#define AFFINITY_OFF 1

static struct spinlock lock;
static volatile unsigned int sum; /* lock */
static unsigned int finished;     /* atomic */

static void work(unsigned int index)
{
	report_ok("cpu", "index=%u mpidr=0x%llx", index,
		  (unsigned long long)(sysreg_read(mpidr_el1) & 0xff00ffffff));
	for (unsigned int i = 0; i < ADDITIONS; i++) {
		spinlock_take(&lock);
		sum = sum + 1;
		spinlock_release(&lock);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static bool all_finished(const void *context)
{
	const unsigned int *count = context;

	return __atomic_load_n(&finished, __ATOMIC_ACQUIRE) == *count;
}

static bool is_off(const void *context)
{
	const uint64_t *mpidr = context;

	return psci_affinity_info(*mpidr) == AFFINITY_OFF;
}

/* In a realm no CPU begins where the host could put other code. */
static void check_entry(void)
{
	int64_t status;

	if (rsi_shared_bit() && machine.cpu_count > 1) {
		status = psci_cpu_on(machine.mpidr[1], (uintptr_t)guest_main | rsi_shared_bit(), 0);
		report_check(status == PSCI_INVALID_ADDRESS, "entry_in_shared_memory",
			     "status=%lld", (long long)status);
	}
}

int guest_main(void)
{
	unsigned int count = machine.cpu_count;
	int64_t status;

	report_begin();
	report_value("cpus", "count=%u", count);
	check_entry();
	for (unsigned int i = 1; i < count; i++) {
		status = smp_start(i, work);
		if (!report_check(!status, "cpu_on", "index=%u status=%lld", i,
				  (long long)status)) {
			return 1;
		}
	}
	work(0);
	report_check(timer_wait(all_finished, &count, WAIT_MS), "all_finished", "finished=%u",
		     __atomic_load_n(&finished, __ATOMIC_ACQUIRE));
	report_check(sum == count * ADDITIONS, "sum", "is=%u expected=%u", sum, count * ADDITIONS);
	for (unsigned int i = 1; i < count; i++) {
		report_check(timer_wait(is_off, &machine.mpidr[i], WAIT_MS), "cpu_off", "index=%u",
			     i);
	}
	status = psci_cpu_on(machine.mpidr[0], 0, 0);
	report_check(status == PSCI_ALREADY_ON, "already_on", "status=%lld", (long long)status);
	return 0;
}
