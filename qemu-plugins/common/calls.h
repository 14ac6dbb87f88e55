/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of calls across exception levels. The table is generated at build
 * time (gen_calls.py): published ABIs from platform/abi/smccc.h, and what a
 * Linux host calls its EL2 code from the headers of the kernel that the
 * machine runs, because those numbers change from kernel to kernel.
 */
#ifndef COMMON_CALLS_H
#define COMMON_CALLS_H

#include <stddef.h>
#include <stdint.h>

/* Who a number means something for. */
enum call_who {
	CALL_ANY,  /* SMCCC, PSCI, TRNG, vendor calls of KVM and pKVM: W0 */
	CALL_HOST, /* HVC of a Linux host to KVM at EL2: W0 */
	CALL_STUB, /* HVC of a Linux host before KVM's EL2 code is there: X0 */
	CALL_XEN,  /* HVC with the immediate CALLS_XEN_IMMEDIATE: X16 */
};

/* Of HVC: a call to Xen (its public header arch-arm.h, "Hypercall Calling Convention"). */
#define CALLS_XEN_IMMEDIATE 0xea1

struct call {
	enum call_who who;
	uint32_t number;
	const char *name;
	/*
	 * Names of arguments and results by register, "x1=ipa x2=pages>x0=status"; empty
	 * if none are published.
	 */
	const char *arguments;
};

/* The whole table, for those who write it elsewhere. */
extern const struct call calls_table[];
extern const size_t calls_count;

/* "any", "host", "stub", "xen". */
const char *calls_who_name(enum call_who who);

/*
 * The call's name, NULL if it has none. A number of CALL_ANY is found by its
 * 32-bit and its 64-bit convention (bit 30), whichever the table has.
 */
const char *calls_name(enum call_who who, uint32_t number);

#endif /* COMMON_CALLS_H */
