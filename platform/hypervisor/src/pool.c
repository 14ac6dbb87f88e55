/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First by a mark that moves up, then from the list of what came back. */
#include <hyp/layout.h>
#include <hyp/lock.h>
#include <hyp/pool.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct free_page {
	struct free_page *next;
};

static struct lock pool_lock;
static uintptr_t mark;             /* never given out: [mark, limit); lock: pool_lock */
static uintptr_t limit;            /* lock: pool_lock */
static struct free_page *returned; /* lock: pool_lock */
static uint64_t returned_count;    /* lock: pool_lock */
static uint64_t fail_countdown;    /* lock: pool_lock */

void pool_init(uintptr_t base, uintptr_t end)
{
	mark = base;
	limit = end;
	returned = NULL;
	returned_count = 0;
	fail_countdown = 0;
}

/* Whether this allocation is the one that shall fail. Needs pool_lock. */
static bool fails_now(void)
{
	return fail_countdown > 0 && --fail_countdown == 0;
}

static void give_back(void *page)
{
	struct free_page *first = page;

	first->next = returned;
	returned = first;
	returned_count++;
}

/* Zeroes that were never given out, at a border of @bytes; what is skipped stays free. */
static void *fresh(uintptr_t bytes)
{
	uintptr_t base = (mark + bytes - 1) & ~(bytes - 1);

	if (base > limit || limit - base < bytes) {
		return NULL;
	}
	for (; mark < base; mark += PAGE_BYTES) {
		give_back((void *)mark);
	}
	mark = base + bytes;
	return memset((void *)base, 0, bytes);
}

void *pool_alloc(void)
{
	struct free_page *page;

	lock_hold(&pool_lock);
	if (fails_now()) {
		return NULL;
	}
	if (!returned) {
		return fresh(PAGE_BYTES);
	}
	page = returned;
	returned = page->next;
	returned_count--;
	return memset(page, 0, PAGE_BYTES);
}

void *pool_alloc_pair(void)
{
	lock_hold(&pool_lock);
	return fails_now() ? NULL : fresh(2 * (uintptr_t)PAGE_BYTES);
}

void pool_free(void *page)
{
	lock_hold(&pool_lock);
	give_back(page);
}

uint64_t pool_free_count(void)
{
	lock_hold(&pool_lock);
	return (limit - mark) / PAGE_BYTES + returned_count;
}

void pool_fail_nth(uint64_t nth)
{
	lock_hold(&pool_lock);
	fail_countdown = nth;
}
