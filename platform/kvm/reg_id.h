/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identifiers of KVM_{GET,SET}_ONE_REG on arm64, and what they are. Pure: also built natively by
 * tests/kvm_api.
 */
#ifndef KVM_REG_ID_H
#define KVM_REG_ID_H

#include <linux/types.h>

enum reg_kind {
	REG_NONE = 0, /* no such register */
	REG_BAD,      /* of a wrong size or place: -EINVAL */
	REG_HYP,      /* `hyp` at the hypervisor */
	REG_SPSR,     /* AArch32's SPSRs, `index` 0 to 3: kept, without a use */
	REG_TIMER,
	REG_FIRMWARE, /* `index` */
	REG_BITMAP,   /* firmware's features, `index` */
	REG_SVE,      /* Z, P, FFR: `hyp` is the first of `parts` */
	REG_SVE_LENGTHS,
};

struct reg_id {
	enum reg_kind kind;
	__u32 index;
	__u32 bytes; /* of userspace's value */
	__u32 parts; /* registers of the hypervisor, for a vector of vector_bytes */
	__u64 hyp;   /* HYP_REG_* */
};

/* @vector_bytes  longest vector of the vCPU; 0: it has no SVE */
struct reg_id reg_id(__u64 id, __u32 vector_bytes);

/* The system register of an identifier that is REG_HYP by its encoding. */
__u64 reg_id_of_system(__u32 op0, __u32 op1, __u32 crn, __u32 crm, __u32 op2);

#endif /* KVM_REG_ID_H */
