/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end: an invariant of the hypervisor is broken. */
#ifndef HYP_BUG_H
#define HYP_BUG_H

#include <stdint.h>

/*
 * Print @why and a back trace, then reset the machine. Does not return, on any CPU.
 *
 * For what cannot be unless the hypervisor itself is wrong; never for what the host, a
 * guest or a device did.
 */
__attribute__((noreturn, format(printf, 1, 2))) void hyp_bug(const char *why, ...);

#endif /* HYP_BUG_H */
