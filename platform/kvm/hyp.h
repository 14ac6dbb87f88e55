/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's calls, as functions (platform/abi/hyp_hypercalls.h says what each means).
 * They answer HYP_* (enum hyp_status) unless said; hyp_errno() turns that into -errno.
 * None sleeps; any context in which preemption may be off.
 */
#ifndef KVM_HYP_H
#define KVM_HYP_H

#include <linux/types.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_status.h"
#include "platform/abi/hyp_vcpu.h"

/* Registers of VCPU_RUN by their names in hyp_vcpu.h. */
struct hyp_run {
	u32 flags;   /* in: HYP_RUN_* */
	u32 reason;  /* out: enum hyp_exit */
	u64 esr;     /* out: x2 */
	u64 address; /* out: x3 */
	u64 x[4];    /* in: answer; out: x4 to x7 */
	u64 gic[9];  /* in: x8 to x12; out: x8 to x16 */
};

/* Indices of hyp_run.gic. */
#define HYP_RUN_GIC_STATE 7    /* HYP_STATE_* */
#define HYP_RUN_GIC_DEADLINE 8 /* when the virtual timer fires; ~0: never */

struct hyp_features {
	u32 ipa_bits;       /* largest */
	u32 list_registers; /* of the GIC, at most HYP_LIST_REGISTERS */
	u32 flags;          /* HYP_FEATURE_* */
	u32 sve_bytes;      /* longest vector; 0: no SVE */
};

/* 0, or the errno of KVM's that a status means. */
int hyp_errno(long status);

/* A call with up to five arguments and a value in x1 (may be NULL). */
long hyp_call(u64 function, u64 a, u64 b, u64 c, u64 d, u64 e, u64 *value);

/* HYP_NOT_SUPPORTED if there is no hypervisor of the ABI's version below us. */
long hyp_features(struct hyp_features *features);

long hyp_vcpu_run(u64 vm, u32 vcpu, struct hyp_run *run);
long hyp_vcpu_get_reg(u64 vm, u32 vcpu, u64 reg, u64 value[2]);
long hyp_vcpu_set_reg(u64 vm, u32 vcpu, u64 reg, const u64 value[2]);

#endif /* KVM_HYP_H */
