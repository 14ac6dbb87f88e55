/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_ARM_VCPU_INIT: what a vCPU has, and its state after reset. */
#include "platform/kvm/module.h"

#define FEATURE(name) (1U << KVM_ARM_VCPU_##name)
#define FEATURE_PTRAUTH (FEATURE(PTRAUTH_ADDRESS) | FEATURE(PTRAUTH_GENERIC))
/* What all vCPUs of a VM have alike. POWER_OFF is each one's own. */
#define FEATURES_ALIKE (~FEATURE(POWER_OFF))

/* Features that this machine's guests can have. */
static u32 features_there(void)
{
	u32 there = FEATURE(POWER_OFF) | FEATURE(PSCI_0_2) | FEATURE(HAS_EL2_E2H0);

	if (kvm_features.flags & HYP_FEATURE_PAUTH) {
		there |= FEATURE_PTRAUTH;
	}
	if (kvm_features.flags & HYP_FEATURE_SVE) {
		there |= FEATURE(SVE);
	}
	if (kvm_features.flags & HYP_FEATURE_PMU) {
		there |= FEATURE(PMU_V3);
	}
	return there;
}

/* KVM's own errors, in its order. */
static int check(const struct kvm_vcpu *vcpu, const struct kvm_vcpu_init *init)
{
	u32 features = init->features[0];
	u32 rest = 0;

	if (init->target != KVM_ARM_TARGET_GENERIC_V8) {
		return -EINVAL;
	}
	for (unsigned int i = 1; i < ARRAY_SIZE(init->features); i++) {
		rest |= init->features[i];
	}
	if (rest || features >> KVM_VCPU_FEATURE_COUNT) {
		return -ENOENT;
	}
	if (features & ~features_there()) {
		return -EINVAL;
	}
	if (features & FEATURE_PTRAUTH && (features & FEATURE_PTRAUTH) != FEATURE_PTRAUTH) {
		return -EINVAL;
	}
	if (vcpu->vm->is_protected && !(features & FEATURE(PSCI_0_2))) {
		return -EINVAL;
	}
	if (vcpu->is_initialized && (features ^ vcpu->features) & FEATURES_ALIKE) {
		return -EINVAL;
	}
	return 0;
}

/* The first vCPU's features are the VM's. Needs vm->lock. */
static int agree(struct kvm_vm *vm, u32 features)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct kvm_vcpu *other = vm->vcpus[i];

		if (other->is_initialized && (features ^ other->features) & FEATURES_ALIKE) {
			return -EINVAL;
		}
	}
	return 0;
}

static u64 hyp_flags(u32 features)
{
	return (features & FEATURE_PTRAUTH ? HYP_VCPU_PAUTH : 0) |
	       (features & FEATURE(SVE) ? HYP_VCPU_SVE : 0) |
	       (features & FEATURE(PMU_V3) ? HYP_VCPU_PMU : 0) |
	       (features & FEATURE(POWER_OFF) ? HYP_VCPU_OFF : 0);
}

static int create(struct kvm_vcpu *vcpu, u32 features)
{
	struct kvm_vm *vm = vcpu->vm;
	int error;

	mutex_lock(&vm->lock);
	error = agree(vm, features);
	if (!error) {
		error = pages_create_vcpu(vm, vcpu->id, hyp_flags(features));
	}
	if (!error) {
		vcpu->features = features;
		vcpu->is_finalized = !(features & FEATURE(SVE));
		vcpu->is_initialized = true;
	}
	mutex_unlock(&vm->lock);
	return error;
}

/* Again: everything as after the first time. */
static int reset(struct kvm_vcpu *vcpu, u32 features)
{
	bool is_off = features & FEATURE(POWER_OFF);
	int error = 0;

	/* Of a protected VM only before its first run, when nothing has changed yet. */
	if (!vcpu->vm->is_protected) {
		error = kvm_reg_set(vcpu, HYP_REG_RESET, 0);
		if (!error) {
			error = kvm_reg_set(vcpu, HYP_REG_POWER,
					    is_off ? HYP_POWER_OFF : HYP_POWER_ON);
		}
	} else if (READ_ONCE(vcpu->vm->has_run) || features != vcpu->features) {
		error = -EPERM;
	}
	vcpu->features = error ? vcpu->features : features;
	return error;
}

int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_vcpu_init *init)
{
	u32 features = init->features[0];
	int error = check(vcpu, init);

	if (error) {
		return error;
	}
	error = vcpu->is_initialized ? reset(vcpu, features) : create(vcpu, features);
	if (error) {
		return error;
	}
	kvm_guest_debug_init(vcpu);
	vcpu->pending = KVM_PENDING_NONE;
	vcpu->answer_flags = 0;
	vcpu->entry.reason = HYP_EXIT_IRQ;
	vcpu->serror_pending = false;
	WRITE_ONCE(vcpu->mp_state,
		   features & FEATURE(POWER_OFF) ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE);
	irq_vcpu_reset(vcpu);
	return 0;
}

int kvm_vcpu_finalize(struct kvm_vcpu *vcpu, int feature)
{
	if (feature != KVM_ARM_VCPU_SVE || !(vcpu->features & FEATURE(SVE))) {
		return -EINVAL;
	}
	if (vcpu->is_finalized) {
		return -EPERM;
	}
	vcpu->is_finalized = true;
	return 0;
}
