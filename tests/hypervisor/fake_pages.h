/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of a few pages, for what is tested here: what the host can reach, and one
 * word of content a page. Implements hyp/page_ops.h.
 */
#ifndef TESTS_HYPERVISOR_FAKE_PAGES_H
#define TESTS_HYPERVISOR_FAKE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_PFN 0x40200u
#ifndef FAKE_PAGES
#define FAKE_PAGES 16u
#endif

struct fake_pages {
	bool reach[FAKE_PAGES];       /* the host can reach it */
	uint64_t content[FAKE_PAGES]; /* 0: wiped */
	bool prepared[FAKE_PAGES];    /* by the last page_host_prepare() */
	uint32_t fail_nth;            /* the n-th preparation from now fails; 0: none does */
	uint32_t faults;              /* rules of page_ops.h that were broken */
};

extern struct fake_pages fake_pages;

/* Nothing reachable, all contents 0, no failure planned. */
void fake_pages_reset(void);

#endif /* TESTS_HYPERVISOR_FAKE_PAGES_H */
