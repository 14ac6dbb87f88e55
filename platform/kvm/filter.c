/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/kvm/filter.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif
#include <linux/kvm.h>

/* Fast calls of owner 0, with 32 and 64 bits (Arm DEN 0028, 2.5). */
static const struct filter_range architecture[] = {
	{ 0x80000000, 0x8000ffff, 0 },
	{ 0xc0000000, 0xc000ffff, 0 },
};

static int overlap(const struct filter_range *range, __u32 first, __u32 last)
{
	return first <= range->last && range->first <= last;
}

int filter_add(struct filter *filter, __u32 base, __u32 count, __u8 action)
{
	__u32 last = base + count - 1;

	if (count == 0 || last < base || action > KVM_SMCCC_FILTER_FWD_TO_USER) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < sizeof(architecture) / sizeof(*architecture); i++) {
		if (overlap(&architecture[i], base, last)) {
			return -EEXIST;
		}
	}
	for (__u32 i = 0; i < filter->count; i++) {
		if (overlap(&filter->ranges[i], base, last)) {
			return -EEXIST;
		}
	}
	if (filter->count == FILTER_RANGES_MAX) {
		return -ENOMEM;
	}
	filter->ranges[filter->count++] =
		(struct filter_range){ .first = base, .last = last, .action = action };
	return 0;
}

__u8 filter_action(const struct filter *filter, __u32 function)
{
	for (__u32 i = 0; i < filter->count; i++) {
		if (overlap(&filter->ranges[i], function, function)) {
			return filter->ranges[i].action;
		}
	}
	return KVM_SMCCC_FILTER_HANDLE;
}
