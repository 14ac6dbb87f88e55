/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the coverage plugin: the instructions of EL2 that were met, and their counts. */
#ifndef QEMU_PLUGINS_COVERAGE_H
#define QEMU_PLUGINS_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "qemu-plugins/common/qemu_api.h"
#include "qemu-plugins/common/regs.h"

/* Instructions that can be told apart; Xen, the largest known, has a fifth of that. */
#define COVERAGE_SITES_MAX (1u << 18)

/* One instruction, by its physical address. Made at translation, kept for ever. */
struct coverage_site {
	uint64_t pa;
	uint64_t va; /* where it was executed first */
	uint32_t word;
	uint32_t slot;      /* index of its counter in each vCPU's element */
	uint64_t taken;     /* conditional branches: how often; atomic */
	uint64_t not_taken; /* the same */
};

struct coverage {
	GMutex lock;
	const char *out;
	bool regs_ready, full, written;
	struct regs regs;
	GHashTable *sites;                     /* by pa; lock */
	GPtrArray *by_slot;                    /* struct coverage_site; lock */
	struct qemu_plugin_scoreboard *counts; /* COVERAGE_SITES_MAX words for each vCPU */
	unsigned int vcpus;
};

/* Whether @word is a conditional branch: B.cond, BC.cond, CBZ, CBNZ, TBZ, TBNZ. */
bool coverage_is_branch(uint32_t word);

/*
 * Whether the conditional branch @word is taken, with these flags (PSTATE, NZCV in 31:28) and
 * this value of the register that it names (coverage_branch_rt()).
 */
bool coverage_branch_taken(uint32_t word, uint64_t pstate, uint64_t xt);

/* Number of the register that the branch @word looks at, 31 (zero) if it looks at flags. */
unsigned int coverage_branch_rt(uint32_t word);

/*
 * The site of the instruction @word at @pa, made if it is new; NULL when there is no more
 * place, which is noted. Takes coverage->lock.
 */
struct coverage_site *coverage_site_at(struct coverage *coverage, uint64_t pa, uint64_t va,
				       uint32_t word);

/*
 * Write all sites, by address. @count says how often the site's instruction was executed.
 * Needs coverage->lock. False if the file has an error.
 */
bool coverage_write(const struct coverage *coverage, FILE *file,
		    uint64_t (*count)(const struct coverage *, const struct coverage_site *));

#endif /* QEMU_PLUGINS_COVERAGE_H */
