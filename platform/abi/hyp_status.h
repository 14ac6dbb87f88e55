/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operation of the hypervisor answers: the status in x0 of its calls, and what
 * its own functions return. Unless a function says otherwise, nothing has changed when
 * the answer is not HYP_OK.
 */
#ifndef ABI_HYP_STATUS_H
#define ABI_HYP_STATUS_H

/* X(number, NAME, text) */
#define HYP_STATUSES(X)                                                   \
	X(0, OK, "done")                                                  \
	X(-1, NOT_SUPPORTED, "no such call")                              \
	X(-2, EINVAL, "an argument cannot be")                            \
	X(-3, EPERM, "who asks may not do this with what it asks for")    \
	X(-4, ENOMEM, "the memory that this needs is not there")          \
	X(-5, EQUOTA, "the VM would hold more pages than it was granted") \
	X(-6, EBUSY, "still in use")                                      \
	X(-7, ENOENT, "no such VM, vCPU or register")                     \
	X(-8, ENOTABLE, "the VM has no page left for its tables")         \
	X(-9, ENOPAGE, "nothing is mapped there")

#ifndef __ASSEMBLER__

#define HYP_STATUS_ENUM(number, name, text) HYP_##name = (number),
enum hyp_status { HYP_STATUSES(HYP_STATUS_ENUM) };
#undef HYP_STATUS_ENUM

/* Of functions whose status nobody may overlook. */
#define MUST_CHECK __attribute__((warn_unused_result))

#endif /* __ASSEMBLER__ */

#endif /* ABI_HYP_STATUS_H */
