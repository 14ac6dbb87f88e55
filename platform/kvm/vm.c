/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's file descriptor. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "platform/kvm/module.h"

#define IPA_BITS_DEFAULT 40
#define IPA_BITS_MIN 32

void kvm_vm_get(struct kvm_vm *vm)
{
	refcount_inc(&vm->users);
}

static void vm_destroy(struct kvm_vm *vm)
{
	irq_vm_release(vm);
	kvm_memory_destroy(vm);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		kvm_vcpu_free(vm->vcpus[i]);
	}
	smccc_vm_free(vm);
	mmdrop(vm->mm);
	kfree(vm);
}

void kvm_vm_put(struct kvm_vm *vm)
{
	if (refcount_dec_and_test(&vm->users)) {
		vm_destroy(vm);
	}
}

struct kvm_vcpu *kvm_vcpu_by_id(struct kvm_vm *vm, u32 id)
{
	u32 count = kvm_vcpu_count(vm);

	for (u32 i = 0; i < count; i++) {
		if (vm->vcpus[i]->id == id) {
			return vm->vcpus[i];
		}
	}
	return NULL;
}

int kvm_lock_all_vcpus(struct kvm_vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		if (!mutex_trylock(&vm->vcpus[i]->mutex)) {
			while (i > 0) {
				mutex_unlock(&vm->vcpus[--i]->mutex);
			}
			return -EBUSY;
		}
	}
	return 0;
}

void kvm_unlock_all_vcpus(struct kvm_vm *vm)
{
	for (u32 i = vm->vcpu_count; i > 0; i--) {
		mutex_unlock(&vm->vcpus[i - 1]->mutex);
	}
}

static long vm_set_region(struct kvm_vm *vm, unsigned int command, void __user *user)
{
	struct kvm_userspace_memory_region2 region = {};

	if (copy_from_user(&region, user, _IOC_SIZE(command))) {
		return -EFAULT;
	}
	return kvm_memory_set_region(vm, &(struct slot_request){
						 .slot = region.slot,
						 .flags = region.flags,
						 .gpa = region.guest_phys_addr,
						 .bytes = region.memory_size,
						 .hva = region.userspace_addr,
					 });
}

static long vm_dirty_log(struct kvm_vm *vm, unsigned int command, void __user *user)
{
	union {
		struct kvm_dirty_log get;
		struct kvm_clear_dirty_log clear;
	} log;

	if (copy_from_user(&log, user, _IOC_SIZE(command))) {
		return -EFAULT;
	}
	return command == KVM_GET_DIRTY_LOG ? kvm_memory_get_dirty(vm, &log.get) :
					      kvm_memory_clear_dirty(vm, &log.clear);
}

/* Caps of a VM that can be turned on. */
static long vm_enable(struct kvm_vm *vm, const struct kvm_enable_cap *cap)
{
	long error = -EINVAL;

	mutex_lock(&vm->lock);
	switch (cap->cap) {
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
		if (!cap->flags && !(cap->args[0] & ~(u64)KVM_DIRTY_LOG_MANUAL_KNOWN) &&
		    cap->args[0] != KVM_DIRTY_LOG_INITIALLY_SET) {
			vm->memory.dirty_flags = cap->args[0];
			error = 0;
		}
		break;
	case KVM_CAP_ARM_NISV_TO_USER:
		if (!cap->flags && !vm->is_protected) {
			WRITE_ONCE(vm->tells_nisv, true);
			error = 0;
		}
		break;
	case KVM_CAP_HALT_POLL:
		error = cap->flags || cap->args[0] != (u32)cap->args[0] ? -EINVAL : 0;
		break;
	default:
		break;
	}
	mutex_unlock(&vm->lock);
	return error;
}

static long vm_enable_ioctl(struct kvm_vm *vm, void __user *user)
{
	struct kvm_enable_cap cap;

	return copy_from_user(&cap, user, sizeof(cap)) ? -EFAULT : vm_enable(vm, &cap);
}

static long vm_preferred_target(void __user *user)
{
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };

	return copy_to_user(user, &init, sizeof(init)) ? -EFAULT : 0;
}

/* Which bits of ID registers userspace can change: none. */
static long vm_writable_masks(struct kvm_vm *vm, void __user *user)
{
	struct reg_mask_range range;

	if (copy_from_user(&range, user, sizeof(range))) {
		return -EFAULT;
	}
	if (vm->is_protected || range.range != KVM_ARM_FEATURE_ID_RANGE ||
	    memchr_inv(range.reserved, 0, sizeof(range.reserved))) {
		return -EINVAL;
	}
	return clear_user(u64_to_user_ptr(range.addr),
			  KVM_ARM_FEATURE_ID_RANGE_SIZE * sizeof(u64)) ?
		       -EFAULT :
		       0;
}

static long vm_attr(struct kvm_vm *vm, unsigned int command, void __user *user)
{
	struct kvm_device_attr attr;

	return copy_from_user(&attr, user, sizeof(attr)) ? -EFAULT :
							   smccc_vm_attr(vm, command, &attr);
}

static long vm_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct kvm_vm *vm = file->private_data;
	void __user *user = (void __user *)argument;
	long result;

	if (vm->mm != current->mm || READ_ONCE(vm->is_bugged)) {
		return -EIO;
	}
	switch (command) {
	case KVM_CREATE_VCPU:
		return kvm_vcpu_create(vm, argument);
	case KVM_CHECK_EXTENSION:
		return kvm_check_extension(vm, argument);
	case KVM_SET_USER_MEMORY_REGION:
	case KVM_SET_USER_MEMORY_REGION2:
		return vm_set_region(vm, command, user);
	case KVM_GET_DIRTY_LOG:
	case KVM_CLEAR_DIRTY_LOG:
		return vm_dirty_log(vm, command, user);
	case KVM_ENABLE_CAP:
		return vm_enable_ioctl(vm, user);
	case KVM_ARM_PREFERRED_TARGET:
		return vm_preferred_target(user);
	case KVM_ARM_GET_REG_WRITABLE_MASKS:
		return vm_writable_masks(vm, user);
	case KVM_SET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		return vm_attr(vm, command, user);
	default:
		result = irq_vm_ioctl(vm, command, argument);
		return result == -ENOIOCTLCMD ? -EINVAL : result;
	}
}

static int vm_release(struct inode *inode, struct file *file)
{
	kvm_vm_put(file->private_data);
	return 0;
}

static const struct file_operations vm_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vm_ioctl,
	.release = vm_release,
	.llseek = noop_llseek,
};

/* What a VM's type asks for. */
static int vm_set_type(struct kvm_vm *vm, unsigned long type)
{
	u32 bits = KVM_VM_TYPE_ARM_IPA_SIZE(type);

	if (type & ~(unsigned long)(KVM_VM_TYPE_ARM_MASK | TERRARIUM_VM_TYPE_RSI)) {
		return -EINVAL;
	}
	vm->is_protected = type & KVM_VM_TYPE_ARM_PROTECTED;
	vm->has_rsi = type & TERRARIUM_VM_TYPE_RSI;
	if (vm->has_rsi && (!vm->is_protected || !(kvm_features.flags & HYP_FEATURE_RSI))) {
		return -EINVAL;
	}
	if (bits == 0) {
		bits = min_t(u32, IPA_BITS_DEFAULT, kvm_features.ipa_bits);
	} else if (bits < IPA_BITS_MIN || bits > kvm_features.ipa_bits) {
		return -EINVAL;
	}
	vm->ipa_bits = bits;
	return 0;
}

static int vm_make(struct kvm_vm *vm, unsigned long type)
{
	int error = vm_set_type(vm, type);

	if (!error) {
		error = kvm_memory_init(vm);
	}
	if (!error) {
		error = pages_create_vm(vm);
	}
	if (!error) {
		error = irq_vm_init(vm);
	}
	return error;
}

int kvm_vm_create(unsigned long type)
{
	struct kvm_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int fd, error;

	if (!vm) {
		return -ENOMEM;
	}
	refcount_set(&vm->users, 1);
	mutex_init(&vm->lock);
	vm->mm = current->mm;
	mmgrab(vm->mm);
	error = vm_make(vm, type);
	if (error) {
		kvm_memory_destroy(vm);
		mmdrop(vm->mm);
		kfree(vm);
		return error;
	}
	fd = anon_inode_getfd("kvm-vm", &vm_operations, vm, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		kvm_vm_put(vm);
	}
	return fd;
}
