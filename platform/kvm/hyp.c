/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/kvm/hyp.h"

#include <linux/arm-smccc.h>
#include <linux/errno.h>
#include <linux/minmax.h>

int hyp_errno(long status)
{
	switch ((enum hyp_status)status) {
	case HYP_OK:
		return 0;
	case HYP_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case HYP_EINVAL:
		return -EINVAL;
	case HYP_EPERM:
		return -EPERM;
	case HYP_ENOMEM:
	case HYP_EQUOTA:
	case HYP_ENOTABLE:
		return -ENOMEM;
	case HYP_EBUSY:
		return -EBUSY;
	case HYP_ENOENT:
		return -ENOENT;
	case HYP_ENOPAGE:
		return -EFAULT;
	}
	return -EIO;
}

long hyp_call(u64 function, u64 a, u64 b, u64 c, u64 d, u64 e, u64 *value)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = function, .a1 = a, .a2 = b, .a3 = c, .a4 = d, .a5 = e
	};

	arm_smccc_1_2_hvc(&regs, &regs);
	if (value) {
		*value = regs.a1;
	}
	return (long)regs.a0;
}

long hyp_features(struct hyp_features *features)
{
	struct arm_smccc_1_2_regs regs = { .a0 = HYP_CALL_FEATURES };
	u64 version = 0;
	long status = hyp_call(HYP_CALL_ABI_VERSION, 0, 0, 0, 0, 0, &version);

	if (status != HYP_OK) {
		return status;
	}
	if (version != HYP_ABI_VERSION_NUMBER) {
		return HYP_NOT_SUPPORTED;
	}
	arm_smccc_1_2_hvc(&regs, &regs);
	if ((long)regs.a0 == HYP_OK) {
		features->ipa_bits = regs.a1;
		features->list_registers = min_t(u64, regs.a2, HYP_LIST_REGISTERS);
		features->flags = regs.a3;
		features->sve_bytes = regs.a4;
	}
	return (long)regs.a0;
}

long hyp_vcpu_run(u64 vm, u32 vcpu, struct hyp_run *run)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = HYP_CALL_VCPU_RUN,
		.a1 = vm,
		.a2 = vcpu,
		.a3 = run->flags,
		.a4 = run->x[0],
		.a5 = run->x[1],
		.a6 = run->x[2],
		.a7 = run->x[3],
		.a8 = run->gic[0],
		.a9 = run->gic[1],
		.a10 = run->gic[2],
		.a11 = run->gic[3],
		.a12 = run->gic[4],
	};

	arm_smccc_1_2_hvc(&regs, &regs);
	if ((long)regs.a0 != HYP_OK) {
		return (long)regs.a0;
	}
	run->reason = regs.a1;
	run->esr = regs.a2;
	run->address = regs.a3;
	run->x[0] = regs.a4;
	run->x[1] = regs.a5;
	run->x[2] = regs.a6;
	run->x[3] = regs.a7;
	run->gic[0] = regs.a8;
	run->gic[1] = regs.a9;
	run->gic[2] = regs.a10;
	run->gic[3] = regs.a11;
	run->gic[4] = regs.a12;
	run->gic[5] = regs.a13;
	run->gic[6] = regs.a14;
	run->gic[7] = regs.a15;
	run->gic[8] = regs.a16;
	return HYP_OK;
}

long hyp_vcpu_get_reg(u64 vm, u32 vcpu, u64 reg, u64 value[2])
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = HYP_CALL_VCPU_GET_REG, .a1 = vm, .a2 = vcpu, .a3 = reg
	};

	arm_smccc_1_2_hvc(&regs, &regs);
	value[0] = regs.a1;
	value[1] = regs.a2;
	return (long)regs.a0;
}

long hyp_vcpu_set_reg(u64 vm, u32 vcpu, u64 reg, const u64 value[2])
{
	return hyp_call(HYP_CALL_VCPU_SET_REG, vm, vcpu, reg, value[0], value[1], NULL);
}
