/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EL2's own address space: identity, in pages, writable or executable but never both.
 * Only what the hypervisor needs is there; RAM of the host is not.
 *
 * Lock: none at boot, on one CPU; later meta_lock of vm.c. The windows are each CPU's own.
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
MUST_CHECK enum hyp_status stage1_map(uint64_t pa, uint64_t size, enum stage1_kind kind);

/*
 * Make the tables that stage1_map() of the same range needs, so that it cannot fail until
 * stage1_trim(). What is mapped stays as it is. Errors as there.
 */
MUST_CHECK enum hyp_status stage1_prepare(uint64_t pa, uint64_t size);

/* Take away what stage1_map() mapped; for all CPUs, when this returns. Its tables stay. */
void stage1_unmap(uint64_t pa, uint64_t size);

/* Tables around [pa, pa + size) in which nothing is mapped are the pool's again. */
void stage1_trim(uint64_t pa, uint64_t size);

/*
 * The page at @pa, writable, at the address returned, for this CPU, until its next call; 0:
 * none. Whoever owns the page must not be able to give it away meanwhile. Not before
 * cpu_init_this().
 */
void *stage1_window(uint64_t pa);

/* Map the image, stacks, pool and console. By _start, with the MMU off. */
void boot_tables(void);

/* Clean and invalidate the data cache to the point of coherency. */
void cache_flush(const void *base, uint64_t size);

#endif /* HYP_STAGE1_H */
