/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/lib/fuzz_plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The number at *@text, which moves behind it. */
static bool number(const char **text, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**text)) {
		return false;
	}
	errno = 0;
	*value = strtoull(*text, &end, 0);
	*text = end;
	return errno == 0 && *value <= max;
}

/* "N" or "N-M", behind the range before it. */
static bool range(const char **text, uint64_t least, struct fuzz_range *range)
{
	uint64_t first, last;

	if (!number(text, UINT32_MAX - 1, &first) || first < least) {
		return false;
	}
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!number(text, UINT32_MAX - 1, &last) || last < first) {
			return false;
		}
	}
	*range = (struct fuzz_range){ (uint32_t)first, (uint32_t)(last - first + 1) };
	return true;
}

bool fuzz_plan_parse(const char *seed, const char *calls, struct fuzz_plan *plan)
{
	uint64_t least = 0;

	memset(plan, 0, sizeof(*plan));
	if (!number(&seed, UINT64_MAX, &plan->seed) || *seed != '\0') {
		return false;
	}
	for (;; calls++) {
		struct fuzz_range *next = &plan->ranges[plan->ranges_count];

		if (plan->ranges_count == FUZZ_RANGES_MAX || !range(&calls, least, next)) {
			return false;
		}
		plan->ranges_count++;
		least = (uint64_t)next->first + next->count;
		if (*calls != ',') {
			return *calls == '\0';
		}
	}
}
