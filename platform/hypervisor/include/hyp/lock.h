/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket locks. The order, outermost first:
 *
 *   1 vm->lock     vm.h: a guest's stage 2, what a VM knows
 *   2 meta_lock    vm.c: EL2's mapping of what hosts gave for VMs
 *   3 slots_lock   vm.c: which VMs there are, and who holds them
 *   4 owner_lock   owner.c: the ownership table, VMs, and the host's stage 2
 *   5 smmu_lock    smmu.c: the SMMU's queues
 *   6 pool_lock    pool.c: free pages of the hypervisor
 *   7 ring->lock   trace.c: the events of a CPU
 *   8 log_lock     console.c: the console's line
 *
 * Nobody holds two VMs' locks.
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
#ifdef __aarch64__ /* unit tests run elsewhere */
		__asm__ volatile("yield");
#endif
	}
}

/* Let the next one have @lock. Needs the lock. */
static inline void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

static inline void lock_leave(struct lock **held)
{
	lock_release(*held);
}

/* Take @lock until the end of the block. */
#define lock_hold(which)                                                           \
	struct lock *held_ __attribute__((cleanup(lock_leave), unused)) = (which); \
	lock_take(held_)

#endif /* HYP_LOCK_H */
