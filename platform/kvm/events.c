/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_{GET,SET}_VCPU_EVENTS and KVM_SET_GUEST_DEBUG. */
#include <linux/slab.h>

#include "platform/kvm/module.h"
#include "platform/kvm/reg_id.h"

#define VSESR_EL2 (HYP_REG_SYSTEM + (3 << 14 | 4 << 11 | 5 << 7 | 2 << 3 | 3))
#define VSESR_ISS 0x1ffffffULL

int kvm_get_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events)
{
	memset(events, 0, sizeof(*events));
	events->exception.serror_pending = vcpu->serror_pending;
	events->exception.serror_has_esr = 1;
	if (vcpu->serror_pending && vcpu->is_initialized) {
		kvm_reg_get(vcpu, VSESR_EL2, &events->exception.serror_esr);
	}
	return 0;
}

static int inject_serror(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events)
{
	u64 syndrome = events->exception.serror_has_esr ? events->exception.serror_esr : 0;
	int error = 0;

	if (syndrome & ~VSESR_ISS) {
		return -EINVAL;
	}
	if (vcpu->vm->is_protected) {
		return 0; /* as KVM: taken, and without effect */
	}
	if (vcpu->is_initialized) {
		error = kvm_reg_set(vcpu, VSESR_EL2, syndrome);
	}
	vcpu->serror_pending = !error;
	return error == -ENOENT ? 0 : error;
}

int kvm_set_events(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(events->reserved); i++) {
		if (events->reserved[i]) {
			return -EINVAL;
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(events->exception.pad); i++) {
		if (events->exception.pad[i]) {
			return -EINVAL;
		}
	}
	/* Only the answer to an access can become an abort: one that userspace has just seen. */
	if (events->exception.ext_dabt_pending) {
		if (vcpu->vm->is_protected || vcpu->answer_flags ||
		    vcpu->entry.reason != HYP_EXIT_MMIO) {
			return -EINVAL;
		}
		vcpu->pending = KVM_PENDING_NONE;
		vcpu->answer_flags = HYP_RUN_ABORT;
	}
	return events->exception.serror_pending ? inject_serror(vcpu, events) : 0;
}

/* ---- Guest debug ------------------------------------------------------------------------------ */

/* A debug register by its kind: op2 is 4 DBGBVR, 5 DBGBCR, 6 DBGWVR, 7 DBGWCR. */
static u64 debug_reg(u32 number, u32 op2)
{
	return HYP_REG_SYSTEM + (2 << 14 | number << 3 | op2);
}

static u64 *debug_value(struct kvm_guest_debug_arch *arch, u32 number, u32 op2)
{
	switch (op2) {
	case 4:
		return &arch->dbg_bvr[number];
	case 5:
		return &arch->dbg_bcr[number];
	case 6:
		return &arch->dbg_wvr[number];
	default:
		return &arch->dbg_wcr[number];
	}
}

static void debug_load(struct kvm_vcpu *vcpu, struct kvm_guest_debug_arch *arch)
{
	for (u32 number = 0; number < KVM_ARM_MAX_DBG_REGS; number++) {
		for (u32 op2 = 4; op2 <= 7; op2++) {
			kvm_reg_set(vcpu, debug_reg(number, op2), *debug_value(arch, number, op2));
		}
	}
}

static void debug_save(struct kvm_vcpu *vcpu, struct kvm_guest_debug_arch *arch)
{
	for (u32 number = 0; number < KVM_ARM_MAX_DBG_REGS; number++) {
		for (u32 op2 = 4; op2 <= 7; op2++) {
			kvm_reg_get(vcpu, debug_reg(number, op2), debug_value(arch, number, op2));
		}
	}
}

void kvm_guest_debug_init(struct kvm_vcpu *vcpu)
{
	if (vcpu->debug_regs && vcpu->is_initialized) {
		debug_save(vcpu, &vcpu->debug_regs->guest);
		debug_load(vcpu, &vcpu->debug_regs->host);
	}
}

/* The host's break- and watchpoints in, or the guest's own back. */
static int debug_switch(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *debug)
{
	struct kvm_debug_regs *regs = vcpu->debug_regs;

	if (regs && vcpu->is_initialized) {
		debug_load(vcpu, &regs->guest);
	}
	if (!(debug->control & KVM_GUESTDBG_USE_HW)) {
		kfree(regs);
		vcpu->debug_regs = NULL;
		return 0;
	}
	if (!regs) {
		regs = kzalloc(sizeof(*regs), GFP_KERNEL_ACCOUNT);
		if (!regs) {
			return -ENOMEM;
		}
		vcpu->debug_regs = regs;
	}
	regs->host = debug->arch;
	kvm_guest_debug_init(vcpu);
	return 0;
}

int kvm_set_guest_debug(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *debug)
{
	int error;

	if (debug->control & ~KVM_GUESTDBG_KNOWN || vcpu->vm->is_protected) {
		return -EINVAL;
	}
	error = debug_switch(vcpu, debug);
	if (!error) {
		vcpu->debug = debug->control & KVM_GUESTDBG_ENABLE ? debug->control : 0;
	}
	return error;
}
