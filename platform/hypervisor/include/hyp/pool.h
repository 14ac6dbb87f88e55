/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the hypervisor's own memory, for its tables. Virtual = physical.
 *
 * Lock: pool_lock, taken here.
 */
#ifndef HYP_POOL_H
#define HYP_POOL_H

#include <stdint.h>

/*
 * Begin with the pages of [base, end), both multiples of the page size. They need not be
 * zero. The pool owns them from now on.
 */
void pool_init(uintptr_t base, uintptr_t end);

/* A page of zeroes, the caller's until pool_free(); NULL if none is left. */
void *pool_alloc(void);

/* Two pages of zeroes in a row, at a border of two pages; NULL if there are none. */
void *pool_alloc_pair(void);

/* Give back @page, from pool_alloc(). */
void pool_free(void *page);

/* How many pages are free. */
uint64_t pool_free_count(void);

/* For tests: the @nth allocation from now fails, and no other; 0: none does. */
void pool_fail_nth(uint64_t nth);

#endif /* HYP_POOL_H */
