/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's record of itself: events of platform/abi/hyp_trace.h in a ring for each
 * CPU, whose oldest events are overwritten. Off, and without memory, until the host asks for
 * it by TRACE_SET.
 *
 * The host reads it. So of a protected guest only that is recorded which the host knows
 * anyway: from the guest's exits, and as who gave the pages.
 *
 * Lock: one for each ring, taken here; only log_lock comes after them.
 */
#ifndef HYP_TRACE_H
#define HYP_TRACE_H

#include <hyp/regs.h>

#include "platform/abi/hyp_status.h"
#include "platform/abi/hyp_trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Events that are recorded: a bit for each enum hyp_trace_event. Written by trace.c. */
extern uint64_t trace_mask;

static inline bool trace_is_on(enum hyp_trace_event event)
{
	return __builtin_expect(__atomic_load_n(&trace_mask, __ATOMIC_RELAXED) >> event & 1, 0);
}

/*
 * A trace point: HYP_TRACE_@name with its two values, which are computed only if the event
 * is recorded. One load and a branch if not.
 *
 * @vm, @vcpu  whom it is about; 0, 0: the host.
 */
#define trace_emit(name, vm, vcpu, first, second)                                \
	do {                                                                     \
		if (trace_is_on(HYP_TRACE_##name)) {                             \
			trace_record(HYP_TRACE_##name, vm, vcpu, first, second); \
		}                                                                \
	} while (0)

/* Put an event into this CPU's ring. Called by trace_emit(), when the event is on. */
void trace_record(enum hyp_trace_event event, uint32_t vm, uint32_t vcpu, uint64_t first,
		  uint64_t second);

/* Print the newest events of all CPUs, in order: for a CPU that is about to stop the machine. */
void trace_print_tail(void);

/*
 * The host's hypercalls, by the names of hyp_hypercalls.h.
 *
 * Errors of trace_set: HYP_EINVAL no such event; HYP_ENOMEM no memory for the rings.
 * Of trace_read: HYP_EINVAL no such CPU. Rings that were never used are empty.
 */
enum hyp_status trace_set(struct regs *regs);
enum hyp_status trace_read(struct regs *regs);

#endif /* HYP_TRACE_H */
