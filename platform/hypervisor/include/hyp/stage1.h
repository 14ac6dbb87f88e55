/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EL2's own address space: identity, in pages, writable or executable but never both.
 * Only what the hypervisor needs is there; RAM of the host is not.
 *
 * Lock: none at boot, on one CPU; later stage1_window() only, with owner_lock.
 */
#ifndef HYP_STAGE1_H
#define HYP_STAGE1_H

#include "platform/abi/hyp_status.h"

#include <stdint.h>

enum stage1_kind { STAGE1_NONE = 0, STAGE1_TEXT, STAGE1_RODATA, STAGE1_DATA, STAGE1_DEVICE };

/*
 * Map [pa, pa + size) as @kind, or take it away (STAGE1_NONE). Borders are moved outwards
 * to pages. Kinds do not change without NONE in between.
 *
 * Errors HYP_ENOMEM part of it may be mapped; HYP_EINVAL above 39 bits.
 */
__attribute__((warn_unused_result)) enum hyp_status stage1_map(uint64_t pa, uint64_t size,
							       enum stage1_kind kind);

/* Take away what stage1_map() mapped; for all CPUs, when this returns. */
void stage1_unmap(uint64_t pa, uint64_t size);

/* The page at @pa, writable, at the address returned, until the next call. Needs owner_lock. */
void *stage1_window(uint64_t pa);

/* No page is in the window any more. Needs owner_lock. */
void stage1_window_close(void);

/* Map the image, stacks, pool and console. By _start, with the MMU off. */
void boot_tables(void);

/* Clean and invalidate the data cache to the point of coherency. */
void cache_flush(const void *base, uint64_t size);

#endif /* HYP_STAGE1_H */
