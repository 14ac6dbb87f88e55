/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A closed run's plan as it lies in the machine's shared memory (scenarios/harness/closed.py
 * writes it): this header, little-endian, then at PLAN_OFFSET a tar archive with /plan/run and the
 * files that the plan puts.
 */
#ifndef HOST_PLAN_H
#define HOST_PLAN_H

#include <stdint.h>

#define PLAN_MAGIC 0x4e414c5052524554ULL /* "TERRPLAN" */
#define PLAN_OFFSET 4096

struct plan_header {
	uint64_t magic;
	uint64_t bytes; /* of the archive */
};

#endif /* HOST_PLAN_H */
