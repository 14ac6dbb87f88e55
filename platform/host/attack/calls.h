/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of calls.ko. */
#ifndef ATTACK_CALLS_H
#define ATTACK_CALLS_H

#include "platform/abi/calls.h"

/* CALLS_FUZZ. One at a time (EBUSY). */
long calls_fuzz(struct calls_fuzz *fuzz);

/* CALLS_RULES. One at a time (EBUSY). */
long calls_rules(struct calls_rules *rules);

/* CALLS_WATCH_START, CALLS_WATCH_STOP, and the module's end. */
long calls_watch_start(void);
long calls_watch_stop(struct calls_watch *watch);
void calls_watch_end(void);

/* What the guests of fuzzed VMs can ask the hypervisor for, beside any number. */
struct calls_guest_call {
	uint32_t id;
	uint32_t by_smc;    /* not HVC */
	uint32_t takes_end; /* the end of a range in x2; else how many pages, or zero */
};
extern const struct calls_guest_call calls_guest_calls[];
extern const uint32_t calls_guest_count;

#endif /* ATTACK_CALLS_H */
