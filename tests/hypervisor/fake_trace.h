/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace as a test sees it: the events since fake_trace_clear(), while trace_mask is set. */
#ifndef TESTS_HYPERVISOR_FAKE_TRACE_H
#define TESTS_HYPERVISOR_FAKE_TRACE_H

#include <hyp/trace.h>

#include <stddef.h>

#define FAKE_EVENTS 64

struct fake_event {
	enum hyp_trace_event event;
	uint32_t vm, vcpu;
	uint64_t first, second;
};

struct fake_trace {
	struct fake_event events[FAKE_EVENTS]; /* the first that came */
	size_t count;
};

extern struct fake_trace fake_trace;

/* Record all events, from now on. */
void fake_trace_clear(void);

#endif /* TESTS_HYPERVISOR_FAKE_TRACE_H */
