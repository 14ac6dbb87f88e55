/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock of one thread: taking it twice, or giving back what is not taken, ends the test. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <stdlib.h>

#include "kernel.h"

typedef struct {
	bool taken;
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->taken = false;
}

static inline void shim_spin_lock(spinlock_t *lock)
{
	if (lock->taken) {
		abort();
	}
	lock->taken = true;
}

static inline void shim_spin_unlock(spinlock_t *lock)
{
	if (!lock->taken) {
		abort();
	}
	lock->taken = false;
}

#define spin_lock_irqsave(lock, flags) (shim_spin_lock(lock), (void)((flags) = 1))
#define spin_unlock_irqrestore(lock, flags) (shim_spin_unlock(lock), (void)(flags))

#endif /* SHIM_LINUX_SPINLOCK_H */
