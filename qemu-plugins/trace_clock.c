/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/trace_clock.h"

#define NS_PER_S UINT64_C(1000000000)

static uint64_t ticks_to_ns(const struct trace_clock *clock, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * NS_PER_S / clock->hz);
}

static uint64_t estimate(const struct trace_clock *clock, uint64_t insns)
{
	return clock->base_ns + ((insns - clock->base_insns) << clock->shift);
}

void trace_clock_init(struct trace_clock *clock, unsigned int shift, uint64_t hz)
{
	*clock = (struct trace_clock){
		.shift = shift,
		.hz = hz != 0 ? hz : TRACE_CLOCK_DEFAULT_HZ,
	};
}

uint64_t trace_clock_now(struct trace_clock *clock, uint64_t insns)
{
	uint64_t now = estimate(clock, insns);

	if (now > clock->last_ns) {
		clock->last_ns = now;
	}
	return clock->last_ns;
}

bool trace_clock_wants_sample(const struct trace_clock *clock, uint64_t insns)
{
	return insns >= clock->next_insns;
}

void trace_clock_slept(struct trace_clock *clock, uint64_t insns)
{
	clock->next_insns = insns;
}

void trace_clock_sample(struct trace_clock *clock, uint64_t insns, uint64_t ticks)
{
	uint64_t first = ticks_to_ns(clock, ticks);
	uint64_t last = ticks_to_ns(clock, ticks + 1) - 1;
	uint64_t now = estimate(clock, insns);

	clock->next_insns = insns + TRACE_CLOCK_SAMPLE_INSNS;
	if (now < first) {
		clock->base_ns = first;
	} else if (now > last) {
		clock->base_ns = last;
	} else {
		return;
	}
	clock->base_insns = insns;
}

void trace_clock_fired(struct trace_clock *clock, uint64_t insns, uint64_t ticks)
{
	uint64_t at = ticks_to_ns(clock, ticks);

	if (at > estimate(clock, insns)) {
		clock->base_ns = at;
		clock->base_insns = insns;
	}
}
