/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/fake_trace.h"

/* Weak: every test program has this file, and a test of trace.c itself has the real ones. */
#define FAKE __attribute__((weak))

FAKE uint64_t trace_mask;
struct fake_trace fake_trace;

void fake_trace_clear(void)
{
	fake_trace.count = 0;
	trace_mask = (UINT64_C(1) << HYP_TRACE_COUNT) - 1;
}

FAKE void trace_record(enum hyp_trace_event event, uint32_t vm, uint32_t vcpu, uint64_t first,
		       uint64_t second)
{
	if (fake_trace.count < FAKE_EVENTS) {
		fake_trace.events[fake_trace.count++] =
			(struct fake_event){ event, vm, vcpu, first, second };
	}
}

FAKE enum hyp_status trace_set(struct regs *regs)
{
	(void)regs;
	return HYP_EINVAL;
}

FAKE enum hyp_status trace_read(struct regs *regs)
{
	(void)regs;
	return HYP_EINVAL;
}
