/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that a stage 2 table says, found as an MMU would find it: written from the Arm ARM, D8.3
 * (VMSAv8-64 descriptors, 4 KiB granule), for VTCR_EL2.SL0 and T0SZ as the hypervisor's
 * README gives them: 40 bits, two concatenated tables at level 1. It knows nothing of s2.c.
 */
#ifndef TESTS_HYPERVISOR_S2_WALKER_H
#define TESTS_HYPERVISOR_S2_WALKER_H

#include <stdbool.h>
#include <stdint.h>

/* A page or block that is mapped. */
struct s2_leaf {
	uint64_t ipa;
	uint64_t pa;
	uint64_t bytes;
	bool read, write, execute;
	bool is_normal; /* memory, write-back inside and outside; else a device */
	bool is_good;   /* access flag set, inner shareable if memory, no bit that must be 0 */
};

struct s2_visitor {
	void (*leaf)(void *context, const struct s2_leaf *leaf);
	/* A table at @pa, from which the walker reads entries. Returns false: not to be read. */
	bool (*table)(void *context, uint64_t pa);
	void *context;
};

/* Visit everything that is reachable from @root (VTTBR_EL2's address), of two pages. */
void s2_walk_all(uint64_t root, const struct s2_visitor *visitor);

#endif /* TESTS_HYPERVISOR_S2_WALKER_H */
