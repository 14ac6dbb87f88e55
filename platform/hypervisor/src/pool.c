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

void *pool_alloc(void)
{
	void *page = NULL;

	lock_take(&pool_lock);
	if (fails_now()) {
		/* as if there were none */
	} else if (returned) {
		page = returned;
		returned = returned->next;
		returned_count--;
	} else if (limit - mark >= PAGE_BYTES) {
		page = (void *)mark;
		mark += PAGE_BYTES;
	}
	lock_release(&pool_lock);
	if (page) {
		memset(page, 0, PAGE_BYTES);
	}
	return page;
}

void *pool_alloc_pair(void)
{
	void *pair = NULL;
	uintptr_t base;

	lock_take(&pool_lock);
	base = (mark + 2 * PAGE_BYTES - 1) & ~(uintptr_t)(2 * PAGE_BYTES - 1);
	if (!fails_now() && base <= limit && limit - base >= 2 * PAGE_BYTES) {
		if (base != mark) {
			struct free_page *skipped = (struct free_page *)mark;

			skipped->next = returned;
			returned = skipped;
			returned_count++;
		}
		pair = (void *)base;
		mark = base + 2 * PAGE_BYTES;
	}
	lock_release(&pool_lock);
	if (pair) {
		memset(pair, 0, 2 * PAGE_BYTES);
	}
	return pair;
}

void pool_free(void *page)
{
	struct free_page *entry = page;

	lock_take(&pool_lock);
	entry->next = returned;
	returned = entry;
	returned_count++;
	lock_release(&pool_lock);
}

uint64_t pool_free_count(void)
{
	uint64_t count;

	lock_take(&pool_lock);
	count = (limit - mark) / PAGE_BYTES + returned_count;
	lock_release(&pool_lock);
	return count;
}

void pool_fail_nth(uint64_t nth)
{
	lock_take(&pool_lock);
	fail_countdown = nth;
	lock_release(&pool_lock);
}
