/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's SMCCC filter: ranges of function identifiers with an action each. Pure: no locks, no
 * allocation; also built natively by tests/kvm_api.
 */
#ifndef KVM_FILTER_H
#define KVM_FILTER_H

#include <linux/types.h>

#define FILTER_RANGES_MAX 64

/* [first, last] of function identifiers. */
struct filter_range {
	__u32 first;
	__u32 last;
	__u8 action; /* enum kvm_smccc_filter_action */
};

struct filter {
	__u32 count; /* in no order */
	struct filter_range ranges[FILTER_RANGES_MAX];
};

/*
 * Add [base, base + count) with @action.
 * Errors  -EINVAL empty, beyond 32 bits, no such action; -EEXIST overlaps what is there, or the
 *         Arm architecture's calls, which nobody else serves; -ENOMEM no room.
 */
int filter_add(struct filter *filter, __u32 base, __u32 count, __u8 action);

/* What to do with a call: KVM_SMCCC_FILTER_HANDLE where nothing was said. */
__u8 filter_action(const struct filter *filter, __u32 function);

#endif /* KVM_FILTER_H */
