/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of A64, as far as one has to know them to go on behind one. Pure: also built
 * natively by tests/kvm_api.
 */
#ifndef KVM_ACCESS_H
#define KVM_ACCESS_H

#include <linux/types.h>

#define ACCESS_NO_REGISTER 31 /* the zero register: nothing to load */

/* What an instruction does with general registers, as offsets and numbers. */
struct access {
	__u8 base;       /* Rn, below 31 */
	__u8 loads[2];   /* general registers that it loads, or ACCESS_NO_REGISTER */
	__u8 index;      /* Rm, or ACCESS_NO_REGISTER: then offset is all */
	__u8 extend;     /* Rm's option field: 2 UXTW, 3 LSL, 6 SXTW, 7 SXTX */
	__u8 shift;      /* of Rm */
	__s64 offset;    /* address = base + offset */
	__s64 writeback; /* is added to the base afterwards */
};

/*
 * Decode LDR, STR, LDP, STP and their kin, and DC ZVA. Returns 0: it is another instruction
 * (exclusive, atomic, SIMD structure), or one with SP as base.
 */
int access_decode(__u32 instruction, struct access *access);

/* Address of the access with these general registers. */
__u64 access_address(const struct access *access, const __u64 x[31]);

/* The registers behind a load that found zeros, or a store that went nowhere. */
void access_skip(const struct access *access, __u64 x[31]);

#endif /* KVM_ACCESS_H */
