// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts of VMs and vCPUs: what the rest of the module calls (irq.h). */
#include "platform/kvm/irq.h"

#include <linux/bitfield.h>
#include <linux/uaccess.h>

#include "platform/kvm/irq_parts.h"

/* ISS of a trapped MSR or MRS (Arm DDI 0487, D24.2.40). */
#define ISS_SYSREG_CRM GENMASK(4, 1)
#define ISS_SYSREG_CRN GENMASK(13, 10)
#define ISS_SYSREG_OP1 GENMASK(16, 14)
#define ISS_SYSREG_OP2 GENMASK(19, 17)
#define ISS_SYSREG_OP0 GENMASK(21, 20)

/* op0, op1, CRn, CRm, op2. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define ICC_DIR SYSREG(3, 0, 12, 11, 1)
#define ICC_SGI1R SYSREG(3, 0, 12, 11, 5)
#define ICC_ASGI1R SYSREG(3, 0, 12, 11, 6)
#define ICC_SGI0R SYSREG(3, 0, 12, 11, 7)

/* Indices of what VCPU_RUN answers in x8 to x16. */
enum { OUT_HCR = 0, OUT_LRS = 1, OUT_VMCR = 5, OUT_STATE = 7 };

int irq_module_init(void)
{
	int error = irq_fd_module_init();

	if (error != 0) {
		return error;
	}
	error = irq_host_init();
	if (error != 0) {
		irq_fd_module_exit();
	}
	return error;
}

void irq_module_exit(void)
{
	irq_host_exit();
	irq_fd_module_exit();
}

int irq_vm_init(struct kvm_vm *vm)
{
	static const u8 ppis[IRQ_TIMER_COUNT] = {
		[IRQ_VTIMER] = 27,
		[IRQ_PTIMER] = 30,
		[IRQ_HVTIMER] = 28,
		[IRQ_HPTIMER] = 26,
	};

	vgic_setup(&vm->irq.vgic);
	memcpy(vm->irq.ppis, ppis, sizeof(ppis));
	mutex_init(&vm->irq.fds_lock);
	INIT_LIST_HEAD(&vm->irq.ioeventfds);
	INIT_LIST_HEAD(&vm->irq.resamplers);
	INIT_LIST_HEAD(&vm->irq.irqfds);
	spin_lock_init(&vm->irq.irqfds_lock);
	vm->irq.voffset = vm->is_protected ? 0 : arch_timer_read_counter();
	return 0;
}

void irq_vm_release(struct kvm_vm *vm)
{
	irq_fds_release(vm);
	irq_ioeventfds_release(vm);
	irq_routes_release(vm);
	vgic_release(&vm->irq.vgic);
}

int irq_vcpu_init(struct kvm_vcpu *vcpu)
{
	if (vcpu->vm->irq.vgic.initialized) {
		return -EBUSY;
	}
	if (vcpu->id >= VGIC_CPUS) {
		return -EINVAL;
	}
	timer_vcpu_init(vcpu);
	vgic_cpu_setup(&vcpu->vm->irq.vgic, &vcpu->irq.vgic, vcpu->id);
	return 0;
}

void irq_vcpu_release(struct kvm_vcpu *vcpu)
{
	timer_vcpu_release(vcpu);
}

static int first_run(struct kvm_vcpu *vcpu)
{
	struct irq_vm *irq = &vcpu->vm->irq;
	int error;

	if (irq->has_vgic) {
		error = vgic_check_places(&irq->vgic);
		if (error != 0) {
			return error;
		}
		if (!irq->vgic.initialized) {
			return -EBUSY;
		}
	}
	return timer_first_run(vcpu);
}

int irq_vcpu_first_run(struct kvm_vcpu *vcpu)
{
	int error;

	if (vcpu->irq.is_ready) {
		return 0;
	}
	mutex_lock(&vcpu->vm->lock);
	error = first_run(vcpu);
	mutex_unlock(&vcpu->vm->lock);
	vcpu->irq.is_ready = error == 0 && vcpu->vm->irq.has_vgic;
	return error;
}

void vgic_kick(struct vgic *vgic, unsigned int cpu)
{
	kvm_vcpu_kick(container_of(vgic->cpus[cpu], struct kvm_vcpu, irq.vgic));
}

void vgic_kick_wait(struct vgic *vgic, unsigned int cpus)
{
	for (unsigned int i = 0; i < VGIC_CPUS; i++) {
		if (cpus & 1U << i) {
			kvm_vcpu_kick_wait(container_of(vgic->cpus[i], struct kvm_vcpu, irq.vgic));
		}
	}
}

void irq_vcpu_enter(struct kvm_vcpu *vcpu, u64 in[IRQ_RUN_IN])
{
	struct vgic_run run = { .hcr = 0 };
	bool has_hw = false;

	timer_set_offset(vcpu);
	if (vcpu->irq.is_ready) {
		has_hw = vgic_flush(&vcpu->vm->irq.vgic, vcpu->id, &run);
	}
	/* Asserted and not to be seen by the guest: it must not end each run at once. */
	irq_host_set_vtimer_active(has_hw || vcpu->irq.vtimer_level);
	in[0] = run.hcr;
	memcpy(&in[1], run.lrs, sizeof(run.lrs));
}

void irq_vcpu_leave(struct kvm_vcpu *vcpu, const u64 out[IRQ_RUN_OUT])
{
	struct kvm_vm *vm = vcpu->vm;
	struct vgic_run run = { .hcr = out[OUT_HCR] };
	u16 ended[VGIC_ENDED_MAX];
	unsigned int count;

	if (vcpu->irq.is_ready) {
		memcpy(run.lrs, &out[OUT_LRS], sizeof(run.lrs));
		for (unsigned int i = 0; i < vcpu->irq.vgic.lr_count; i++) {
			if ((run.lrs[i] & VGIC_LR_HW) && !(run.lrs[i] & VGIC_LR_STATE)) {
				irq_host_vtimer_ended();
			}
		}
		count = vgic_fold(&vm->irq.vgic, vcpu->id, &run, out[OUT_VMCR], ended);
		for (unsigned int i = 0; i < count; i++) {
			irq_fd_ended(vm, ended[i]);
		}
	}
	timer_set_vtimer(vcpu, out[OUT_STATE] & HYP_STATE_VTIMER);
}

bool irq_vcpu_pending(struct kvm_vcpu *vcpu)
{
	return vcpu->irq.is_ready && vgic_pending(&vcpu->vm->irq.vgic, vcpu->id);
}

bool irq_mmio(struct kvm_vcpu *vcpu, u64 ipa, unsigned int bytes, bool is_write, u64 *data)
{
	struct vgic *vgic = &vcpu->vm->irq.vgic;
	struct vgic_access access = { .bytes = bytes, .write = is_write, .value = *data };
	bool dist;

	if (vcpu->irq.is_ready && vgic_find(vgic, ipa, vcpu->id, &access, &dist)) {
		if (dist) {
			vgic_dist_access(vgic, &access);
		} else {
			vgic_redist_access(vgic, &access);
		}
		*data = access.value;
		return true;
	}
	return is_write && irq_ioeventfd_write(vcpu->vm, ipa, bytes, *data);
}

bool irq_sysreg(struct kvm_vcpu *vcpu, u32 esr, bool is_write, u64 *value)
{
	struct vgic *vgic = &vcpu->vm->irq.vgic;
	u32 reg = SYSREG(FIELD_GET(ISS_SYSREG_OP0, esr), FIELD_GET(ISS_SYSREG_OP1, esr),
			 FIELD_GET(ISS_SYSREG_CRN, esr), FIELD_GET(ISS_SYSREG_CRM, esr),
			 FIELD_GET(ISS_SYSREG_OP2, esr));

	switch (reg) {
	case ICC_SGI0R:
	case ICC_SGI1R:
	case ICC_ASGI1R:
		if (!is_write || !vcpu->irq.is_ready) {
			return false;
		}
		vgic_sgi(vgic, vcpu->id, *value, reg == ICC_SGI1R);
		return true;
	case ICC_DIR:
		if (!is_write || !vcpu->irq.is_ready) {
			return false;
		}
		if (vgic_deactivate(vgic, vcpu->id, *value & 0xffffff)) {
			irq_fd_ended(vcpu->vm, *value & 0xffffff);
		}
		return true;
	default:
		return timer_sysreg(vcpu, reg, is_write, value);
	}
}

static long create_device(struct kvm_vm *vm, void __user *user)
{
	struct kvm_create_device device;
	long error;

	if (copy_from_user(&device, user, sizeof(device))) {
		return -EFAULT;
	}
	error = vgic_device_create(vm, &device);
	if (error == 0 && copy_to_user(user, &device, sizeof(device))) {
		return -EFAULT;
	}
	return error;
}

static long set_line(struct kvm_vm *vm, void __user *user, bool wants_status)
{
	struct kvm_irq_level line;
	long error;

	if (copy_from_user(&line, user, sizeof(line))) {
		return -EFAULT;
	}
	error = irq_line_set(vm, &line);
	if (error == 0 && wants_status && copy_to_user(user, &line, sizeof(line))) {
		return -EFAULT;
	}
	return error;
}

static long change_irqfd(struct kvm_vm *vm, const void __user *user)
{
	struct kvm_irqfd irqfd;

	return copy_from_user(&irqfd, user, sizeof(irqfd)) ? -EFAULT : irq_fd_change(vm, &irqfd);
}

static long change_ioeventfd(struct kvm_vm *vm, const void __user *user)
{
	struct kvm_ioeventfd args;

	return copy_from_user(&args, user, sizeof(args)) ? -EFAULT :
							   irq_ioeventfd_change(vm, &args);
}

long irq_vm_ioctl(struct kvm_vm *vm, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KVM_CREATE_DEVICE:
		return create_device(vm, user);
	case KVM_CREATE_IRQCHIP:
		return -ENODEV; /* that would be a GICv2 */
	case KVM_IRQ_LINE:
		return set_line(vm, user, false);
	case KVM_IRQ_LINE_STATUS:
		return set_line(vm, user, true);
	case KVM_IRQFD:
		return change_irqfd(vm, user);
	case KVM_IOEVENTFD:
		return change_ioeventfd(vm, user);
	case KVM_SET_GSI_ROUTING:
		return irq_routes_set(vm, user);
	case KVM_SIGNAL_MSI:
		return READ_ONCE(vm->irq.has_vgic) ? -ENODEV : -EINVAL;
	default:
		return -ENOIOCTLCMD;
	}
}

long irq_vcpu_attr(struct kvm_vcpu *vcpu, unsigned int cmd, const struct kvm_device_attr *attr)
{
	return attr->group == KVM_ARM_VCPU_TIMER_CTRL ? timer_attr(vcpu, cmd, attr) : -ENXIO;
}

int irq_check_extension(struct kvm_vm *vm, long cap)
{
	switch (cap) {
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_IRQFD:
	case KVM_CAP_IRQFD_RESAMPLE:
	case KVM_CAP_IOEVENTFD:
	case KVM_CAP_IOEVENTFD_ANY_LENGTH:
	case KVM_CAP_DEVICE_CTRL:
	case KVM_CAP_VCPU_ATTRIBUTES:
	case KVM_CAP_ARM_IRQ_LINE_LAYOUT_2:
		return 1;
	case KVM_CAP_IRQ_ROUTING:
		return IRQ_ROUTES_MAX;
	case KVM_CAP_ARM_USER_IRQ:
	case KVM_CAP_COUNTER_OFFSET:
	case KVM_CAP_IOEVENTFD_NO_LENGTH: /* it works; KVM says so on x86 only */
	case KVM_CAP_MSI_DEVID:
	case KVM_CAP_SIGNAL_MSI:
		return 0;
	default:
		return -1;
	}
}
