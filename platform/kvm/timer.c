// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's timers. The virtual one runs at EL2 with the guest: here are its interrupt, its
 * offset, and its alarm while the vCPU sleeps. The physical one is here: its registers trap.
 *
 * Counter values are the host's (CNTPCT, which EL2 shows to all as it is) unless said.
 */
#include "platform/kvm/irq_parts.h"

#include <linux/bitops.h>
#include <linux/device.h>
#include <linux/math64.h>
#include <linux/uaccess.h>

#include <asm/arch_timer.h>

#include "platform/kvm/timer_regs.h"

#define NOT_TOLD (~0ULL)

static u64 counter(void)
{
	return arch_timer_read_counter();
}

/* When the counter will be at @value; at most some hours ahead, then the timer looks again. */
static ktime_t time_of(u64 value)
{
	u64 frequency = arch_timer_get_cntfrq();
	u64 now = counter();
	u64 ticks = value > now ? min(value - now, frequency << 12) : 0;

	return ktime_add_ns(ktime_get(), mul_u64_u32_div(ticks, NSEC_PER_SEC, frequency) + 1);
}

void timer_set_vtimer(struct kvm_vcpu *vcpu, bool level)
{
	if (vcpu->irq.vtimer_level != level) {
		vcpu->irq.vtimer_level = level;
		if (vcpu->irq.is_ready) {
			vgic_inject(&vcpu->vm->irq.vgic, vcpu->id, vcpu->vm->irq.ppis[IRQ_VTIMER],
				    level, true);
		}
	}
}

static enum hrtimer_restart wfi_expired(struct hrtimer *timer)
{
	struct kvm_vcpu *vcpu = container_of(timer, struct kvm_vcpu, irq.wfi);

	if (counter() < vcpu->irq.wfi_deadline) {
		hrtimer_set_expires(timer, time_of(vcpu->irq.wfi_deadline));
		return HRTIMER_RESTART;
	}
	timer_set_vtimer(vcpu, true);
	kvm_vcpu_kick(vcpu);
	return HRTIMER_NORESTART;
}

void irq_wfi_begin(struct kvm_vcpu *vcpu, u64 deadline)
{
	if (deadline == ~0ULL) {
		return;
	}
	vcpu->irq.wfi_deadline = deadline;
	if (counter() >= deadline) {
		timer_set_vtimer(vcpu, true);
	} else {
		hrtimer_start(&vcpu->irq.wfi, time_of(deadline), HRTIMER_MODE_ABS_HARD);
	}
}

void irq_wfi_end(struct kvm_vcpu *vcpu)
{
	hrtimer_cancel(&vcpu->irq.wfi);
}

/* CNTP_CTL as it reads now. */
static u64 ptimer_ctl(const struct kvm_vcpu *vcpu)
{
	u64 ctl = vcpu->irq.ptimer_ctl;

	if ((ctl & CNT_CTL_ENABLE) && counter() >= vcpu->irq.ptimer_cval) {
		ctl |= CNT_CTL_ISTATUS;
	}
	return ctl;
}

static void ptimer_line(struct kvm_vcpu *vcpu, bool level)
{
	if (vcpu->irq.is_ready) {
		vgic_inject(&vcpu->vm->irq.vgic, vcpu->id, vcpu->vm->irq.ppis[IRQ_PTIMER], level,
			    true);
	}
}

static enum hrtimer_restart ptimer_expired(struct hrtimer *timer)
{
	struct kvm_vcpu *vcpu = container_of(timer, struct kvm_vcpu, irq.ptimer);

	if (counter() < vcpu->irq.ptimer_cval) {
		hrtimer_set_expires(timer, time_of(vcpu->irq.ptimer_cval));
		return HRTIMER_RESTART;
	}
	ptimer_line(vcpu, true);
	return HRTIMER_NORESTART;
}

/* Its registers are to become these. */
static void ptimer_set(struct kvm_vcpu *vcpu, u64 ctl, u64 cval)
{
	u64 now;

	/* While the timer is not armed, nobody else looks at these. */
	hrtimer_cancel(&vcpu->irq.ptimer);
	vcpu->irq.ptimer_ctl = ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
	vcpu->irq.ptimer_cval = cval;
	now = ptimer_ctl(vcpu);
	ptimer_line(vcpu, (now & CNT_CTL_ISTATUS) && !(now & CNT_CTL_IMASK));
	if ((now & (CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)) == CNT_CTL_ENABLE) {
		hrtimer_start(&vcpu->irq.ptimer, time_of(cval), HRTIMER_MODE_ABS_HARD);
	}
}

bool timer_sysreg(struct kvm_vcpu *vcpu, u32 reg, bool is_write, u64 *value)
{
	u64 cval = vcpu->irq.ptimer_cval;
	u64 ctl = vcpu->irq.ptimer_ctl;

	switch (reg) {
	case TIMER_REG_CNTP_CTL:
		ctl = *value;
		*value = is_write ? *value : ptimer_ctl(vcpu);
		break;
	case TIMER_REG_CNTP_CVAL:
		cval = *value;
		*value = is_write ? *value : vcpu->irq.ptimer_cval;
		break;
	case TIMER_REG_CNTP_TVAL:
		cval = counter() + sign_extend64(*value & 0xffffffff, 31);
		*value = is_write ? *value : lower_32_bits(vcpu->irq.ptimer_cval - counter());
		break;
	default:
		return false;
	}
	if (is_write) {
		ptimer_set(vcpu, ctl, cval);
	}
	return true;
}

void timer_vcpu_init(struct kvm_vcpu *vcpu)
{
	hrtimer_setup(&vcpu->irq.wfi, wfi_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	hrtimer_setup(&vcpu->irq.ptimer, ptimer_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	vcpu->irq.voffset = NOT_TOLD;
}

void timer_vcpu_release(struct kvm_vcpu *vcpu)
{
	hrtimer_cancel(&vcpu->irq.wfi);
	hrtimer_cancel(&vcpu->irq.ptimer);
}

void irq_vcpu_reset(struct kvm_vcpu *vcpu)
{
	hrtimer_cancel(&vcpu->irq.wfi);
	ptimer_set(vcpu, 0, vcpu->irq.ptimer_cval);
	timer_set_vtimer(vcpu, false);
	vcpu->irq.voffset = NOT_TOLD;
}

void timer_set_offset(struct kvm_vcpu *vcpu)
{
	u64 offset = READ_ONCE(vcpu->vm->irq.voffset);

	/* Of a protected VM it is 0 and not ours to set. */
	if (vcpu->irq.voffset != offset && !vcpu->vm->is_protected &&
	    kvm_reg_set(vcpu, TIMER_HYP_CNTVOFF, offset) == 0) {
		vcpu->irq.voffset = offset;
	}
}

int timer_first_run(struct kvm_vcpu *vcpu)
{
	struct irq_vm *irq = &vcpu->vm->irq;

	for (size_t i = 0; i < IRQ_TIMER_COUNT; i++) {
		for (size_t j = 0; j < i; j++) {
			if (irq->ppis[i] == irq->ppis[j]) {
				return -EINVAL;
			}
		}
	}
	if (irq->has_vgic) {
		if (!vgic_own(&irq->vgic, vcpu->id, irq->ppis[IRQ_VTIMER], IRQ_HOST_VTIMER) ||
		    !vgic_own(&irq->vgic, vcpu->id, irq->ppis[IRQ_PTIMER], 0)) {
			return -EINVAL;
		}
	}
	irq->timers_fixed = true;
	return 0;
}

int irq_vcpu_get_reg(struct kvm_vcpu *vcpu, u64 id, u64 *value)
{
	int error;

	switch (id) {
	case KVM_REG_ARM_PTIMER_CTL:
		*value = ptimer_ctl(vcpu);
		return 0;
	case KVM_REG_ARM_PTIMER_CVAL:
		*value = vcpu->irq.ptimer_cval;
		return 0;
	case KVM_REG_ARM_PTIMER_CNT:
		*value = counter();
		return 0;
	case KVM_REG_ARM_TIMER_CNT:
		*value = counter() - READ_ONCE(vcpu->vm->irq.voffset);
		return 0;
	case KVM_REG_ARM_TIMER_CVAL:
		return kvm_reg_get(vcpu, TIMER_HYP_CNTV_CVAL, value);
	case KVM_REG_ARM_TIMER_CTL:
		error = kvm_reg_get(vcpu, TIMER_HYP_CNTV_CTL, value);
		if (error == 0 && (*value & CNT_CTL_ENABLE)) {
			u64 cval;

			error = kvm_reg_get(vcpu, TIMER_HYP_CNTV_CVAL, &cval);
			*value &= ~(u64)CNT_CTL_ISTATUS;
			if (error == 0 && counter() - READ_ONCE(vcpu->vm->irq.voffset) >= cval) {
				*value |= CNT_CTL_ISTATUS;
			}
		}
		return error;
	default:
		return -ENOENT;
	}
}

int irq_vcpu_set_reg(struct kvm_vcpu *vcpu, u64 id, u64 value)
{
	switch (id) {
	case KVM_REG_ARM_PTIMER_CTL:
		ptimer_set(vcpu, value, vcpu->irq.ptimer_cval);
		return 0;
	case KVM_REG_ARM_PTIMER_CVAL:
		ptimer_set(vcpu, vcpu->irq.ptimer_ctl, value);
		return 0;
	case KVM_REG_ARM_PTIMER_CNT:
		/* Guests see the machine's own: it has no offset. */
		return 0;
	case KVM_REG_ARM_TIMER_CNT:
		if (vcpu->vm->is_protected) {
			return -EPERM;
		}
		/* For the whole VM: vCPUs learn it before they run. */
		WRITE_ONCE(vcpu->vm->irq.voffset, counter() - value);
		return 0;
	case KVM_REG_ARM_TIMER_CVAL:
		return kvm_reg_set(vcpu, TIMER_HYP_CNTV_CVAL, value);
	case KVM_REG_ARM_TIMER_CTL:
		return kvm_reg_set(vcpu, TIMER_HYP_CNTV_CTL,
				   value & (CNT_CTL_ENABLE | CNT_CTL_IMASK));
	default:
		return -ENOENT;
	}
}

static long set_ppi(struct kvm_vm *vm, enum irq_timer timer, const int __user *user)
{
	long error = 0;
	int ppi;

	if (!READ_ONCE(vm->irq.has_vgic)) {
		return -EINVAL;
	}
	if (get_user(ppi, user)) {
		return -EFAULT;
	}
	if (ppi < GIC_FIRST_PPI || ppi >= GIC_FIRST_SPI) {
		return -EINVAL;
	}
	mutex_lock(&vm->lock);
	if (vm->irq.timers_fixed) {
		error = -EBUSY;
	} else {
		vm->irq.ppis[timer] = ppi;
	}
	mutex_unlock(&vm->lock);
	return error;
}

long timer_attr(struct kvm_vcpu *vcpu, unsigned int cmd, const struct kvm_device_attr *attr)
{
	int __user *user = (int __user *)(unsigned long)attr->addr;

	/* KVM_ARM_VCPU_TIMER_IRQ_* count as enum irq_timer does. */
	if (attr->attr >= IRQ_TIMER_COUNT) {
		return -ENXIO;
	}
	switch (cmd) {
	case KVM_SET_DEVICE_ATTR:
		return set_ppi(vcpu->vm, attr->attr, user);
	case KVM_GET_DEVICE_ATTR:
		return put_user((int)READ_ONCE(vcpu->vm->irq.ppis[attr->attr]), user);
	default:
		return 0;
	}
}
