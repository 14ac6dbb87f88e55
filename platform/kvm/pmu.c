/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt of a guest's PMU. Its counters are at the hypervisor. */
#include <linux/uaccess.h>

#include "platform/kvm/module.h"

#define PPI_FIRST 16
#define SPI_FIRST 32

static bool has_pmu(const struct kvm_vcpu *vcpu)
{
	return vcpu->features & (1U << KVM_ARM_VCPU_PMU_V3);
}

/* All vCPUs have it at the same PPI, or each at an SPI of its own. Needs vm->lock. */
static bool suits_others(const struct kvm_vcpu *vcpu, u32 irq)
{
	const struct kvm_vm *vm = vcpu->vm;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		u32 other = vm->vcpus[i]->pmu_irq;

		if (other && (irq < SPI_FIRST ? other != irq : other == irq)) {
			return false;
		}
	}
	return true;
}

static int set_irq(struct kvm_vcpu *vcpu, const int __user *user)
{
	int irq;

	if (!vcpu->vm->irq.has_vgic) {
		return -EINVAL;
	}
	if (get_user(irq, user)) {
		return -EFAULT;
	}
	if (irq < PPI_FIRST || irq > 1019 || !suits_others(vcpu, irq)) {
		return -EINVAL;
	}
	if (vcpu->pmu_irq) {
		return -EBUSY;
	}
	vcpu->pmu_irq = irq;
	return 0;
}

static int make(struct kvm_vcpu *vcpu)
{
	if (vcpu->has_pmu) {
		return -EBUSY;
	}
	if (vcpu->vm->irq.has_vgic) {
		if (!vcpu->vm->irq.vgic.initialized) {
			return -ENODEV;
		}
		if (!vcpu->pmu_irq) {
			return -ENXIO;
		}
		if (!vgic_own(&vcpu->vm->irq.vgic, vcpu->id, vcpu->pmu_irq, 0)) {
			return -EINVAL;
		}
	}
	vcpu->has_pmu = true;
	return 0;
}

static int set(struct kvm_vcpu *vcpu, const struct kvm_device_attr *attr)
{
	int error;

	mutex_lock(&vcpu->vm->lock);
	if (attr->attr == KVM_ARM_VCPU_PMU_V3_IRQ) {
		error = vcpu->has_pmu ? -EBUSY : set_irq(vcpu, u64_to_user_ptr(attr->addr));
	} else {
		error = make(vcpu);
	}
	mutex_unlock(&vcpu->vm->lock);
	return error;
}

int pmu_attr(struct kvm_vcpu *vcpu, unsigned int command, const struct kvm_device_attr *attr)
{
	bool is_irq = attr->attr == KVM_ARM_VCPU_PMU_V3_IRQ;
	int irq = vcpu->pmu_irq;

	if (!is_irq && attr->attr != KVM_ARM_VCPU_PMU_V3_INIT) {
		return -ENXIO;
	}
	if (command == KVM_HAS_DEVICE_ATTR) {
		return has_pmu(vcpu) ? 0 : -ENXIO;
	}
	if (!has_pmu(vcpu)) {
		return -ENODEV;
	}
	if (command == KVM_SET_DEVICE_ATTR) {
		return set(vcpu, attr);
	}
	if (!is_irq || !irq) {
		return -ENXIO;
	}
	return put_user(irq, (int __user *)u64_to_user_ptr(attr->addr)) ? -EFAULT : 0;
}

int pmu_first_run(const struct kvm_vcpu *vcpu)
{
	return has_pmu(vcpu) && !vcpu->has_pmu ? -EINVAL : 0;
}

void pmu_leave(struct kvm_vcpu *vcpu, bool level)
{
	if (vcpu->has_pmu && vcpu->pmu_irq && level != vcpu->pmu_level) {
		vcpu->pmu_level = level;
		vgic_inject(&vcpu->vm->irq.vgic, vcpu->id, vcpu->pmu_irq, level, true);
	}
}
