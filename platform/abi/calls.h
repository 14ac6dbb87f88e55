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

/*
 * A protected VM that the call makes for itself, asked by the host for what no host may have,
 * and for some of what it may. X(NAME, what is asked): its status of hyp_status.h.
 */
/* clang-format off */
#define CALLS_RULES_LIST(X)                                                         \
	X(VM, "a protected VM")                                                     \
	X(FIRST_ENTRY, "its first vCPU, which is on")                               \
	X(SECOND_ENTRY, "a second vCPU that is on, at an entry of the host's")      \
	X(LATER_ENTRY, "one that is off until the guest turns it on")               \
	X(CODE, "a page with its code")                                             \
	X(TWO_ADDRESSES, "the same page at another address of it, too")             \
	X(OFF, "a run of what is off")                                              \
	X(RUN, "a run")                                                             \
	X(SERROR, "a run with an SError")                                           \
	X(DEBUG, "a run with its debug exceptions for the host")                    \
	X(STEP, "a run of one instruction")                                         \
	X(TIMER_INTERRUPT, "a run in which it can end its timer's interrupt")       \
	X(LOWER_INTERRUPT, "a run in which it can end the physical interrupt below") \
	X(HIGHER_INTERRUPT, "a run in which it can end the one above")              \
	X(KILL, "its death")                                                        \
	X(DEAD_RUN, "a run of the dead")                                            \
	X(DESTROY_FULL, "its number, while it still has pages")                     \
	X(DESTROY, "its number, now that the host has them again")
/* clang-format on */

#define CALLS_RULES_ENUM(name, text) RULE_##name,
enum calls_rule { CALLS_RULES_LIST(CALLS_RULES_ENUM) RULE_COUNT };
#undef CALLS_RULES_ENUM

struct calls_rules {
	__s64 status[RULE_COUNT]; /* out */
	__u64 in_turn;            /* out: of three runs of its vCPUs in turn on one CPU, done */
	__u64 cpus;               /* out: 2: two CPUs tried to run one vCPU at a time */
	__u64 refused;            /* out: of these runs, EBUSY; they end with the first */
	__s64 killed;             /* out: VM_KILL while it runs on another CPU; ENOENT: not tried */
	__u64 own_cycles;         /* out: that the host's counter has after 1 ms of its own */
	__u64 counted;            /* out: of 1000 cycles in a guest's run, those that it has */
	__u64 lost;               /* out: pages that are not the host's again at the end */
};

#define CALLS_FUZZ _IOWR('H', 1, struct calls_fuzz)
#define CALLS_WATCH_START _IO('H', 2)
#define CALLS_WATCH_STOP _IOR('H', 3, struct calls_watch)
#define CALLS_RULES _IOR('H', 4, struct calls_rules)

#endif /* ABI_CALLS_H */
