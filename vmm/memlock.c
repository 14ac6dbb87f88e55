/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/memlock.h"

#include <sys/resource.h>

#include "vmm/error.h"
#include "vmm/log.h"

G_DEFINE_QUARK(vmm_memlock_error, memlock_error)

#define KIB 1024

bool memlock_allow(uint64_t bytes, GError **error)
{
	struct rlimit limit = { 0 };
	struct rlimit wanted;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
		error_set_errno(error, "cannot read RLIMIT_MEMLOCK");
		return false;
	}
	if (limit.rlim_cur >= bytes) { /* RLIM_INFINITY is the largest number */
		return true;
	}
	wanted = (struct rlimit){ .rlim_cur = bytes, .rlim_max = MAX(limit.rlim_max, bytes) };
	if (setrlimit(RLIMIT_MEMLOCK, &wanted) == 0) {
		log_debug("RLIMIT_MEMLOCK raised from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
			  " KiB",
			  (guint64)limit.rlim_cur / KIB, (guint64)bytes / KIB);
		return true;
	}
	g_set_error(error, MEMLOCK_ERROR, MEMLOCK_ERROR_LIMIT,
		    "RLIMIT_MEMLOCK is %" G_GUINT64_FORMAT " KiB, but a protected VM of this size "
		    "locks %" G_GUINT64_FORMAT " KiB: raise it (ulimit -l) or lower --mem",
		    (guint64)limit.rlim_cur / KIB, (guint64)bytes / KIB);
	return false;
}
