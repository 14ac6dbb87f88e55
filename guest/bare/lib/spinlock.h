/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock for short work on several CPUs. Needs the MMU on; not recursive. */
#ifndef GUEST_SPINLOCK_H
#define GUEST_SPINLOCK_H

#include "guest/bare/lib/arch.h"

/* Zero-initialised: free. */
struct spinlock {
	uint32_t is_held;
};

/* Take @lock if it is free now. */
static inline bool spinlock_try(struct spinlock *lock)
{
	return !__atomic_exchange_n(&lock->is_held, 1, __ATOMIC_ACQUIRE);
}

/* Take @lock, waiting for it. */
static inline void spinlock_take(struct spinlock *lock)
{
	while (!spinlock_try(lock)) {
		cpu_yield();
	}
}

/* Give @lock back. */
static inline void spinlock_release(struct spinlock *lock)
{
	__atomic_store_n(&lock->is_held, 0, __ATOMIC_RELEASE);
}

#endif /* GUEST_SPINLOCK_H */
