/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of calls.ko. */
#ifndef ATTACK_CALLS_H
#define ATTACK_CALLS_H

#include <linux/types.h>

#include "platform/abi/calls.h"

/* CALLS_FUZZ. One at a time (EBUSY). */
long calls_fuzz(struct calls_fuzz *fuzz);

/* CALLS_WATCH_START, CALLS_WATCH_STOP, and the module's end. */
long calls_watch_start(void);
long calls_watch_stop(struct calls_watch *watch);
void calls_watch_end(void);

/* What the guests of fuzzed VMs can ask the hypervisor for, beside any number. */
struct calls_guest_call {
	u32 id;
	bool by_smc;
	bool takes_end; /* the end of a range in x2; else how many pages, or zero */
};
extern const struct calls_guest_call calls_guest_calls[];
extern const u32 calls_guest_count;

#endif /* ATTACK_CALLS_H */
