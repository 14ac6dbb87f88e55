/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory; the test may make the next request fail. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <stdlib.h>

#include "types.h"

#define GFP_KERNEL_ACCOUNT 0

extern bool shim_no_memory;

static inline void *kvcalloc(size_t count, size_t bytes, int flags)
{
	(void)flags;
	return shim_no_memory ? NULL : calloc(count, bytes);
}

static inline void kvfree(void *memory)
{
	free(memory);
}

#endif /* SHIM_LINUX_SLAB_H */
