// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device KVM_DEV_TYPE_ARM_VGIC_V3: user space creates the vGIC, places it, and saves and
 * restores its registers. Needs all vCPUs to stand still for that.
 */
#include "platform/kvm/irq_parts.h"

#include <linux/anon_inodes.h>
#include <linux/bitfield.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

#include <asm/sysreg.h>

/* KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION's value. */
#define REGION_INDEX GENMASK_ULL(11, 0)
#define REGION_FLAGS GENMASK_ULL(15, 12)
#define REGION_BASE GENMASK_ULL(51, 16)
#define REGION_COUNT GENMASK_ULL(63, 52)

/* What an attribute of the registers' groups names. */
struct target {
	struct kvm_vcpu *vcpu;
	u32 offset;
};

static u64 __user *user_u64(const struct kvm_device_attr *attr)
{
	return (u64 __user *)(unsigned long)attr->addr;
}

static u32 __user *user_u32(const struct kvm_device_attr *attr)
{
	return (u32 __user *)(unsigned long)attr->addr;
}

static long set_address(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	u64 limit = 1ULL << vm->ipa_bits;
	u64 value;

	if (get_user(value, user_u64(attr))) {
		return -EFAULT;
	}
	/* vCPUs that run look at places without a lock. */
	if (vm->irq.timers_fixed) {
		return -EBUSY;
	}
	switch (attr->attr) {
	case KVM_VGIC_V3_ADDR_TYPE_DIST:
		return vgic_place_dist(&vm->irq.vgic, value, limit);
	case KVM_VGIC_V3_ADDR_TYPE_REDIST:
		return vgic_place_redists(&vm->irq.vgic, value, 0, 0, limit);
	case KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION:
		if ((value & REGION_FLAGS) || FIELD_GET(REGION_COUNT, value) == 0) {
			return -EINVAL;
		}
		return vgic_place_redists(&vm->irq.vgic, value & REGION_BASE,
					  FIELD_GET(REGION_COUNT, value),
					  FIELD_GET(REGION_INDEX, value), limit);
	default:
		return -ENXIO;
	}
}

static long get_address(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	const struct vgic *vgic = &vm->irq.vgic;
	u64 value, index;

	switch (attr->attr) {
	case KVM_VGIC_V3_ADDR_TYPE_DIST:
		value = vgic->dist_base;
		break;
	case KVM_VGIC_V3_ADDR_TYPE_REDIST:
		value = vgic->region_count > 0 ? vgic->regions[0].base : VGIC_NO_ADDRESS;
		break;
	case KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION:
		if (get_user(value, user_u64(attr))) {
			return -EFAULT;
		}
		index = FIELD_GET(REGION_INDEX, value);
		if (index >= vgic->region_count) {
			return -ENOENT;
		}
		value = index | vgic->regions[index].base |
			FIELD_PREP(REGION_COUNT, vgic->regions[index].count);
		break;
	default:
		return -ENXIO;
	}
	return put_user(value, user_u64(attr));
}

static long set_irq_count(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	u32 value;

	if (get_user(value, user_u32(attr))) {
		return -EFAULT;
	}
	if (value < 2 * GIC_FIRST_SPI || value > VGIC_NUMBERS || value % 32 != 0) {
		return -EINVAL;
	}
	if (vm->irq.vgic.irq_count != 0) {
		return -EBUSY;
	}
	vm->irq.vgic.irq_count = value;
	return 0;
}

static long init(struct kvm_vm *vm)
{
	long error;

	if (kvm_vcpu_count(vm) == 0) {
		return -ENODEV;
	}
	if (vm->irq.vgic.initialized) {
		return 0;
	}
	error = kvm_lock_all_vcpus(vm);
	if (error == 0) {
		error = vgic_init(&vm->irq.vgic, kvm_vcpu_count(vm));
		kvm_unlock_all_vcpus(vm);
	}
	return error;
}

static long control(struct kvm_vm *vm, u64 what)
{
	switch (what) {
	case KVM_DEV_ARM_VGIC_CTRL_INIT:
		return init(vm);
	case KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES:
		/* There are no LPIs whose pending bits could be in tables. */
		return vm->irq.vgic.initialized ? 0 : -ENXIO;
	default:
		return -ENXIO;
	}
}

/*
 * The vCPU that @attr names by affinity, in bits 63:32; none named, and for the distributor:
 * the first.
 */
static int find_target(struct kvm_vm *vm, const struct kvm_device_attr *attr, struct target *target)
{
	bool is_dist = attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	u64 affinity = is_dist ? 0 : attr->attr >> KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT;
	unsigned int cpu = vgic_cpu_of(&vm->irq.vgic, affinity);

	target->vcpu = cpu == VGIC_NOBODY ? NULL : kvm_vcpu_by_id(vm, cpu);
	if (target->vcpu == NULL) {
		return -EINVAL;
	}
	target->offset = attr->attr & KVM_DEV_ARM_VGIC_OFFSET_MASK;
	return 0;
}

/* -ENXIO: there is no such register; *@value is 0 then. */
static int access_memory(struct kvm_vm *vm, const struct kvm_device_attr *attr, bool write,
			 const struct target *target, u64 *value)
{
	struct vgic_access access = {
		.cpu = target->vcpu->id,
		.offset = target->offset,
		.bytes = 4,
		.write = write,
		.user = true,
		.value = *value,
	};
	bool dist = attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	int error;

	if (target->offset >= (dist ? GICD_BYTES : GICR_BYTES)) {
		*value = 0;
		return -ENXIO;
	}
	error = dist ? vgic_dist_access(&vm->irq.vgic, &access) :
		       vgic_redist_access(&vm->irq.vgic, &access);
	*value = access.value;
	return error;
}

static int access_cpuif(const struct target *target, bool write, u64 *value)
{
	u32 instr = target->offset & KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK;
	u64 host_ctlr = read_sysreg_s(SYS_ICC_CTLR_EL1);
	enum vgic_cpuif kind;
	u64 held = 0;
	int error = 0;
	u32 ich;

	kind = vgic_cpuif_find(instr, host_ctlr, &ich);
	if (kind == VGIC_CPUIF_NONE || kind == VGIC_CPUIF_ABSENT) {
		return kind == VGIC_CPUIF_NONE ? -ENOENT : -EINVAL;
	}
	if (kind != VGIC_CPUIF_CONSTANT) {
		error = kvm_reg_get(target->vcpu, HYP_REG_SYSTEM + ich, &held);
	}
	if (error != 0 || !write) {
		*value = vgic_cpuif_read(instr, host_ctlr, held);
		return error;
	}
	error = vgic_cpuif_write(instr, host_ctlr, *value, &held);
	if (error == 0 && kind == VGIC_CPUIF_VMCR) {
		WRITE_ONCE(target->vcpu->irq.vgic.vmcr, held);
	}
	return error != 0 || kind == VGIC_CPUIF_CONSTANT ?
		       error :
		       kvm_reg_set(target->vcpu, HYP_REG_SYSTEM + ich, held);
}

static int access_levels(struct kvm_vm *vm, const struct target *target, bool write, u64 *value)
{
	u32 intid = target->offset & KVM_DEV_ARM_VGIC_LINE_LEVEL_INTID_MASK;
	u32 info = target->offset >> KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT;
	u32 levels = *value;

	if (info != VGIC_LEVEL_INFO_LINE_LEVEL || intid % 32 != 0) {
		return -EINVAL;
	}
	vgic_levels(&vm->irq.vgic, target->vcpu->id, intid, write, &levels);
	*value = levels;
	return 0;
}

/* Registers are reached with all vCPUs held. */
static long access_held(struct kvm_vm *vm, const struct kvm_device_attr *attr, bool write,
			u64 *value)
{
	struct target target;
	long error = find_target(vm, attr, &target);

	if (error != 0) {
		return error;
	}
	error = kvm_lock_all_vcpus(vm);
	if (error != 0) {
		return error;
	}
	if (!vm->irq.vgic.initialized) {
		error = -EBUSY;
	} else if (attr->group == KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS) {
		error = access_cpuif(&target, write, value);
	} else if (attr->group == KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO) {
		error = access_levels(vm, &target, write, value);
	} else {
		error = access_memory(vm, attr, write, &target, value);
		/* As for a guest: reads as 0, ignores writes. Only "has" tells. */
		error = error == -ENXIO ? 0 : error;
	}
	kvm_unlock_all_vcpus(vm);
	return error;
}

static long access_registers(struct kvm_vm *vm, const struct kvm_device_attr *attr, bool write)
{
	bool wide = attr->group == KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS;
	u32 narrow = 0;
	u64 value = 0;
	long error;

	if (write) {
		if (wide ? get_user(value, user_u64(attr)) : get_user(narrow, user_u32(attr))) {
			return -EFAULT;
		}
		value = wide ? value : narrow;
	}
	error = access_held(vm, attr, write, &value);
	if (error != 0 || write) {
		return error;
	}
	return wide ? put_user(value, user_u64(attr)) : put_user((u32)value, user_u32(attr));
}

static long set_attribute(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return set_address(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return set_irq_count(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return control(vm, attr->attr);
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
	case KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO:
		return access_registers(vm, attr, true);
	default:
		return -ENXIO;
	}
}

static long get_attribute(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return get_address(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return put_user(vm->irq.vgic.irq_count, user_u32(attr));
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
	case KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO:
		return access_registers(vm, attr, false);
	default:
		return -ENXIO;
	}
}

/* Whether there is such a register: a read, which changes nothing, tells. */
static long has_register(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	struct target target;
	u64 value = 0;
	u32 ich;

	if (find_target(vm, attr, &target) != 0) {
		return -EINVAL;
	}
	if (attr->group == KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS) {
		return vgic_cpuif_find(target.offset & KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK, 0,
				       &ich) == VGIC_CPUIF_NONE ?
			       -ENXIO :
			       0;
	}
	return access_memory(vm, attr, false, &target, &value);
}

static long has_attribute(struct kvm_vm *vm, const struct kvm_device_attr *attr)
{
	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return attr->attr == KVM_VGIC_V3_ADDR_TYPE_DIST ||
				       attr->attr == KVM_VGIC_V3_ADDR_TYPE_REDIST ||
				       attr->attr == KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION ?
			       0 :
			       -ENXIO;
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return attr->attr == KVM_DEV_ARM_VGIC_CTRL_INIT ||
				       attr->attr == KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES ?
			       0 :
			       -ENXIO;
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
		return has_register(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO:
		return (attr->attr & KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_MASK) >>
					       KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT ==
				       VGIC_LEVEL_INFO_LINE_LEVEL ?
			       0 :
			       -ENXIO;
	default:
		return -ENXIO;
	}
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kvm_vm *vm = file->private_data;
	struct kvm_device_attr attr;
	long error;

	if (vm->mm != current->mm) {
		return -EIO;
	}
	if (cmd != KVM_SET_DEVICE_ATTR && cmd != KVM_GET_DEVICE_ATTR &&
	    cmd != KVM_HAS_DEVICE_ATTR) {
		return -ENOTTY;
	}
	if (copy_from_user(&attr, (const void __user *)arg, sizeof(attr))) {
		return -EFAULT;
	}
	mutex_lock(&vm->lock);
	if (cmd == KVM_SET_DEVICE_ATTR) {
		error = set_attribute(vm, &attr);
	} else if (cmd == KVM_GET_DEVICE_ATTR) {
		error = get_attribute(vm, &attr);
	} else {
		error = has_attribute(vm, &attr);
	}
	mutex_unlock(&vm->lock);
	return error;
}

static int device_release(struct inode *inode, struct file *file)
{
	kvm_vm_put(file->private_data);
	return 0;
}

static const struct file_operations device_ops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = device_release,
};

/* The vGIC of @vm, without a file for it yet. Needs vm->lock. */
static long create(struct kvm_vm *vm)
{
	long error;

	if (vm->irq.has_vgic) {
		return -EEXIST;
	}
	error = kvm_lock_all_vcpus(vm);
	if (error != 0) {
		return error;
	}
	if (READ_ONCE(vm->has_run)) {
		error = -EBUSY;
	} else {
		WRITE_ONCE(vm->irq.has_vgic, true);
	}
	kvm_unlock_all_vcpus(vm);
	return error;
}

long vgic_device_create(struct kvm_vm *vm, struct kvm_create_device *device)
{
	long error;
	int fd;

	if (device->type != KVM_DEV_TYPE_ARM_VGIC_V3) {
		return -ENODEV;
	}
	if (device->flags & KVM_CREATE_DEVICE_TEST) {
		return 0;
	}
	mutex_lock(&vm->lock);
	error = create(vm);
	mutex_unlock(&vm->lock);
	if (error != 0) {
		return error;
	}
	kvm_vm_get(vm);
	fd = anon_inode_getfd("kvm-arm-vgic-v3", &device_ops, vm, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		kvm_vm_put(vm);
		return fd;
	}
	device->fd = fd;
	return 0;
}
