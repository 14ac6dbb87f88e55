/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table walks with a granule of 4 KiB (Arm ARM DDI 0487, D8.2), to find the
 * descriptor that maps an address. Pure: memory is read by a callback.
 */
#ifndef QEMU_PLUGINS_INJECT_WALK_H
#define QEMU_PLUGINS_INJECT_WALK_H

#include <stdbool.h>
#include <stdint.h>

/* The table that a walk begins with. */
struct inject_root {
	uint64_t base;     /* PA of the first table */
	int level;         /* -1 to 3 */
	unsigned int bits; /* of the input address that the tables translate */
};

/* A descriptor. */
struct inject_walk {
	uint64_t at; /* its PA */
	uint64_t descriptor;
	int level;
	uint64_t output; /* PA that the address is mapped to; valid if @maps */
	bool maps;       /* the descriptor is a block or a page */
};

/* Eight bytes at @pa; false: there is no memory. */
typedef bool (*inject_read)(uint64_t pa, uint64_t *value);

/* From the registers of stage 2. NULL, or why these tables cannot be read. */
const char *inject_root_stage2(uint64_t vttbr, uint64_t vtcr, struct inject_root *root);

/*
 * Of stage 1 with one range of addresses (TCR_EL2 without E2H) or two (TCR_EL1,
 * and TCR_EL2 with E2H), for address @va.
 */
const char *inject_root_stage1(uint64_t ttbr0, uint64_t ttbr1, uint64_t tcr, bool two_ranges,
			       uint64_t va, struct inject_root *root);

/*
 * Walk to the descriptor of @address at @level, or to the last that is there
 * (-1). NULL, or why there is none.
 */
const char *inject_walk(const struct inject_root *root, uint64_t address, int level,
			inject_read read, struct inject_walk *found);

#endif /* QEMU_PLUGINS_INJECT_WALK_H */
