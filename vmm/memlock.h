/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RLIMIT_MEMLOCK: KVM locks every page of a protected VM and counts it against
 * this limit, also for root once the sandbox has taken its capabilities.
 */
#ifndef VMM_MEMLOCK_H
#define VMM_MEMLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

enum memlock_error {
	MEMLOCK_ERROR_LIMIT, /* too small, and may not be raised */
};

/* GError's domain of the errors above. */
#define MEMLOCK_ERROR (memlock_error_quark())
GQuark memlock_error_quark(void);

/*
 * Make sure that this process may lock @bytes, raising the limit where that is
 * allowed: up to the hard limit, or beyond it with CAP_SYS_RESOURCE.
 *
 * Errors  MEMLOCK_ERROR_LIMIT, with the limit, what is needed and what to do.
 */
bool memlock_allow(uint64_t bytes, GError **error);

#endif /* VMM_MEMLOCK_H */
