/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What page ownership needs of page tables and memory. Chosen by the linker: the real
 * ones in the image, fakes in tests. Called by owner.c only, with owner_lock held.
 */
#ifndef HYP_PAGE_OPS_H
#define HYP_PAGE_OPS_H

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Make sure that page_host_set() for these pages cannot fail: split blocks of the host's
 * stage 2 where the range begins and ends. What the host can reach stays as it is.
 *
 * Errors HYP_ENOMEM no page for a table is left.
 */
MUST_CHECK enum hyp_status page_host_prepare(uint64_t pfn, uint64_t count);

/*
 * The host can reach the pages (@reach) or not, on every CPU, when this returns.
 *
 * Needs  page_host_prepare() for the same range before, under the same lock.
 */
void page_host_set(uint64_t pfn, uint64_t count, bool reach);

/* Whether the host can reach the page now; @pfn need not be RAM. */
bool page_host_reaches(uint64_t pfn);

/*
 * Whoever looks, through whatever cache attributes, sees and executes what is in the pages,
 * or, with @wipe, zeroes; and nothing that was written to them before comes later.
 */
void page_settle(uint64_t pfn, uint64_t count, bool wipe);

#endif /* HYP_PAGE_OPS_H */
