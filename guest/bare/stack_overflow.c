/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recurses without end: the guard page under the stack must stop it, and the runtime
 * must still be able to report (`fault sync` with far in the page that
 * `value stack` gives) and panic.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/layout.h"

extern char stacks[];

/* Not a tail call, and a frame large enough to get there soon, but not past the guard. */
__attribute__((noinline)) static uint64_t recurse(uint64_t depth)
{
	volatile uint64_t frame[32];

	frame[depth % 32] = depth;
	if (depth == UINT64_MAX) {
		return 0;
	}
	return recurse(depth + 1) + frame[depth % 32];
}

int guest_main(void)
{
	report_begin();
	report_value("stack", "guard=0x%llx guard_bytes=%u", (unsigned long long)(uintptr_t)stacks,
		     STACK_GUARD_BYTES);
	report_fail("recursion_ended", "sum=%llu", (unsigned long long)recurse(0));
	return 1;
}
