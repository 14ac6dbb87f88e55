/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the hypervisor's own memory, for its tables. Virtual = physical.
 *
 * Lock: pool_lock, taken here.
 */
#ifndef HYP_POOL_H
#define HYP_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Free pages, of the pool or of a VM: each begins with where the next is. Lock: the user's. */
struct page_list {
	void *first;
	uint64_t count;
};

static inline void page_list_push(struct page_list *list, void *page)
{
	*(void **)page = list->first;
	list->first = page;
	list->count++;
}

/* A page, of zeroes if all of it but its beginning was; NULL if there is none. */
static inline void *page_list_pop(struct page_list *list)
{
	void **page = list->first;

	if (page) {
		list->first = *page;
		list->count--;
		*page = NULL;
	}
	return page;
}

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
