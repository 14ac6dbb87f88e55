/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan of fuzzing (platform/abi/fuzz_plan.h) from words. */
#ifndef HOST_LIB_FUZZ_PLAN_H
#define HOST_LIB_FUZZ_PLAN_H

#include <stdbool.h>

#include "platform/abi/fuzz_plan.h"

/*
 * Read @seed, a number, and @calls, "3,7-9": numbers and ranges, ascending and apart.
 *
 * Returns false when one of them is none, there are more than FUZZ_RANGES_MAX, or a number does
 * not fit 32 bits. @plan is then half filled.
 */
bool fuzz_plan_parse(const char *seed, const char *calls, struct fuzz_plan *plan);

#endif /* HOST_LIB_FUZZ_PLAN_H */
