/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First by a mark that moves up, then from the list of what came back. */
#include <hyp/layout.h>
#include <hyp/lock.h>
#include <hyp/pool.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static struct lock pool_lock;
static uintptr_t mark;            /* never given out: [mark, limit); lock: pool_lock */
static uintptr_t limit;           /* lock: pool_lock */
static struct page_list returned; /* lock: pool_lock */
static uint64_t fail_countdown;   /* lock: pool_lock */

void pool_init(uintptr_t base, uintptr_t end)
{
	mark = base;
	limit = end;
	returned = (struct page_list){ 0 };
	fail_countdown = 0;
}

/* Whether this allocation is the one that shall fail. Needs pool_lock. */
static bool fails_now(void)
{
	return fail_countdown > 0 && --fail_countdown == 0;
}

/* Zeroes that were never given out, at a border of @bytes; what is skipped stays free. */
static void *fresh(uintptr_t bytes)
{
	uintptr_t base = (mark + bytes - 1) & ~(bytes - 1);

	if (base > limit || limit - base < bytes) {
		return NULL;
	}
	for (; mark < base; mark += PAGE_BYTES) {
		page_list_push(&returned, (void *)mark);
	}
	mark = base + bytes;
	return memset((void *)base, 0, bytes);
}

void *pool_alloc(void)
{
	void *page;

	lock_hold(&pool_lock);
	if (fails_now()) {
		return NULL;
	}
	page = page_list_pop(&returned);
	return page ? memset(page, 0, PAGE_BYTES) : fresh(PAGE_BYTES);
}

void *pool_alloc_pair(void)
{
	lock_hold(&pool_lock);
	return fails_now() ? NULL : fresh(2 * (uintptr_t)PAGE_BYTES);
}

void pool_free(void *page)
{
	lock_hold(&pool_lock);
	page_list_push(&returned, page);
}

uint64_t pool_free_count(void)
{
	lock_hold(&pool_lock);
	return (limit - mark) / PAGE_BYTES + returned.count;
}

void pool_fail_nth(uint64_t nth)
{
	lock_hold(&pool_lock);
	fail_countdown = nth;
}
