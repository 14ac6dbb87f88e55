/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket locks. The order, outermost first:
 *
 *   1 owner_lock   owner.c: the ownership table, VMs, and the host's stage 2
 *   2 pool_lock    pool.c: free pages of the hypervisor
 *   3 ring->lock   trace.c: the events of a CPU
 *   4 log_lock     console.c: the console's line
 *
 * No lock is taken with interrupts of EL2 enabled: EL2 runs with all of them masked.
 */
#ifndef HYP_LOCK_H
#define HYP_LOCK_H

#include <stdint.h>

struct lock {
	uint32_t next;    /* ticket of who comes next */
	uint32_t serving; /* ticket of who holds it */
};

/* Wait for @lock and take it. Not recursive. */
static inline void lock_take(struct lock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
	}
}

/* Let the next one have @lock. Needs the lock. */
static inline void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif /* HYP_LOCK_H */
