/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of the guest that come to the host: the filter, and the services that are KVM's own. */
#include <linux/arm-smccc.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <asm/arch_timer.h>

#include "platform/kvm/filter.h"
#include "platform/kvm/module.h"

#define ESR_EC_SHIFT 26
#define ESR_EC_SMC64 0x17

static int filter_set(struct kvm_vm *vm, const void __user *user)
{
	struct kvm_smccc_filter wanted;

	if (copy_from_user(&wanted, user, sizeof(wanted))) {
		return -EFAULT;
	}
	if (memchr_inv(wanted.pad, 0, sizeof(wanted.pad))) {
		return -EINVAL;
	}
	if (vm->has_run) {
		return -EBUSY;
	}
	if (!vm->filter) {
		vm->filter = kzalloc(sizeof(*vm->filter), GFP_KERNEL_ACCOUNT);
	}
	if (!vm->filter) {
		return -ENOMEM;
	}
	return filter_add(vm->filter, wanted.base, wanted.nr_functions, wanted.action);
}

int smccc_vm_attr(struct kvm_vm *vm, unsigned int command, const struct kvm_device_attr *attr)
{
	int error;

	if (vm->is_protected) {
		return -EINVAL; /* its calls do not come to the host */
	}
	if (attr->group != KVM_ARM_VM_SMCCC_CTRL || attr->attr != KVM_ARM_VM_SMCCC_FILTER) {
		return -ENXIO;
	}
	if (command == KVM_HAS_DEVICE_ATTR) {
		return 0;
	}
	mutex_lock(&vm->lock);
	error = filter_set(vm, u64_to_user_ptr(attr->addr));
	mutex_unlock(&vm->lock);
	return error;
}

int smccc_configure(struct kvm_vm *vm)
{
	if (!vm->filter || vm->filter->count == 0) {
		return 0;
	}
	return hyp_errno(
		hyp_call(HYP_CALL_VM_CONFIG, vm->handle, HYP_CONFIG_FORWARD_HVC, 1, 0, 0, NULL));
}

void smccc_vm_free(struct kvm_vm *vm)
{
	kfree(vm->filter);
}

/* The wall clock and the counter at the same moment, as KVM's PTP service gives them. */
static void ptp(struct kvm_vcpu *vcpu, u64 x[4])
{
	u64 counter, nanoseconds;

	if (x[1] != KVM_PTP_VIRT_COUNTER && x[1] != KVM_PTP_PHYS_COUNTER) {
		x[0] = SMCCC_RET_NOT_SUPPORTED;
		return;
	}
	preempt_disable();
	counter = arch_timer_read_counter();
	nanoseconds = ktime_get_real_ns();
	preempt_enable();
	if (x[1] == KVM_PTP_VIRT_COUNTER) {
		counter -= READ_ONCE(vcpu->vm->irq.voffset);
	}
	x[0] = upper_32_bits(nanoseconds);
	x[1] = lower_32_bits(nanoseconds);
	x[2] = upper_32_bits(counter);
	x[3] = lower_32_bits(counter);
}

static int forward_to_user(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	bool is_smc = (vcpu->entry.esr >> ESR_EC_SHIFT & 0x3f) == ESR_EC_SMC64;

	run->exit_reason = KVM_EXIT_HYPERCALL;
	run->hypercall.nr = lower_32_bits(vcpu->entry.x[0]);
	run->hypercall.flags = is_smc ? KVM_HYPERCALL_EXIT_SMC : 0;
	return 0; /* userspace sets the guest's registers itself */
}

int smccc_exit(struct kvm_vcpu *vcpu)
{
	const struct filter *filter = vcpu->vm->filter;
	u64 *x = vcpu->entry.x;
	u32 function = lower_32_bits(x[0]);
	u8 action = filter ? filter_action(filter, function) : KVM_SMCCC_FILTER_HANDLE;

	if (action == KVM_SMCCC_FILTER_FWD_TO_USER) {
		return forward_to_user(vcpu);
	}
	vcpu->answer_flags |= HYP_RUN_ANSWER;
	if (action == KVM_SMCCC_FILTER_DENY) {
		x[0] = SMCCC_RET_NOT_SUPPORTED;
	} else if (function == ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID) {
		ptp(vcpu, x);
	} else if (filter && filter->count && !vcpu->is_served) {
		vcpu->answer_flags = HYP_RUN_SERVE;
		vcpu->is_served = true;
		return 1;
	} else {
		x[0] = SMCCC_RET_NOT_SUPPORTED;
	}
	vcpu->is_served = false;
	return 1;
}
