/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's hypercalls from a hostile host's side: ioctls of /dev/terrarium-calls, which
 * calls.ko makes (platform/host/attack). For HYP=terrarium.
 *
 * Structs have no padding that is not named. The device is root's. Errors: EINVAL, ENOMEM,
 * EFAULT, EBUSY somebody else does it, EINTR.
 */
#ifndef ABI_CALLS_H
#define ABI_CALLS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "platform/abi/fuzz_plan.h"

#define CALLS_DEVICE "/dev/terrarium-calls"

/*
 * Hypercalls by a plan, with arguments that make sense and with any others, about pages of
 * the module's own, VMs that these calls make, and whatever there is not to be had. VMs of
 * others are attacked too, but for calls that may end them or give them pages. Before the first
 * call of each CALLS_ROUND numbers everything is taken back, and VMs are begun anew.
 */
#define CALLS_ROUND 1024
#define CALLS_STATUSES 11 /* 0 to -9 of hyp_status.h, and any other */

struct calls_fuzz {
	struct fuzz_plan plan;         /* in */
	__u64 answers[CALLS_STATUSES]; /* out: how often each status came */
	__u64 vms;                     /* out: made */
	__u64 runs;                    /* out: VCPU_RUNs that a guest left again */
	__u64 others;                  /* out: calls that were about VMs of others */
	__u64 pages;                   /* out: of the module's own */
	__u64 lost;                    /* out: of these, not the host's again at the end */
};

/*
 * Watch what the host has in its registers when VCPU_RUN returns: marks of register_tags.h.
 * Masks have a bit for each register with a mark, at any of the returns since WATCH_START.
 */
#define CALLS_EXITS 16 /* HYP_EXIT_* of hyp_vcpu.h; 15: the call failed */

struct calls_watch {
	__u64 runs[CALLS_EXITS];    /* out: by exit */
	__u64 results[CALLS_EXITS]; /* out: x0 to x17 of the answer */
	__u64 general;              /* out: the host's own x19 to x29 */
	__u64 vector;               /* out: v0 to v31, either half */
	__u64 system;               /* out: system registers, in spy.c's order */
};

#define CALLS_FUZZ _IOWR('H', 1, struct calls_fuzz)
#define CALLS_WATCH_START _IO('H', 2)
#define CALLS_WATCH_STOP _IOR('H', 3, struct calls_watch)

#endif /* ABI_CALLS_H */
