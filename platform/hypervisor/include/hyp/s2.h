/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 tables, of the host and of guests: 40 bits, from level 1 (two pages in a row),
 * 4 KiB granule (Arm ARM D8). Walk, split by break-before-make, map, unmap, annotate.
 */
#ifndef HYP_S2_H
#define HYP_S2_H

#include <stdint.h>

/* A table. Its user says where pages for it come from and how its TLB entries go. */
struct s2 {
	uint64_t *root;  /* two pages */
	uint32_t vmid;   /* 0: the host */
	void *free_list; /* guests: pages that the host gave for tables */
	uint64_t free_count;
};

#endif /* HYP_S2_H */
