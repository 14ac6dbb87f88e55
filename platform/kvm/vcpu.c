/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's file descriptor. */
#include <linux/anon_inodes.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "platform/kvm/module.h"

bool kvm_vcpu_is_off(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->mp_state) == KVM_MP_STATE_STOPPED;
}

void kvm_vcpu_kick(struct kvm_vcpu *vcpu)
{
	struct task_struct *task;

	rcuwait_wake_up(&vcpu->wait);
	rcu_read_lock();
	/* It cannot go away: it clears this before it leaves KVM_RUN, and its struct lives on for RCU. */
	task = rcu_dereference(vcpu->task);
	if (task) {
		kick_process(task);
	}
	rcu_read_unlock();
}

static void nothing(void *unused)
{
}

void kvm_vcpu_kick_wait(struct kvm_vcpu *vcpu)
{
	int cpu;

	kvm_vcpu_kick(vcpu);
	preempt_disable();
	cpu = READ_ONCE(vcpu->cpu);
	if (cpu >= 0 && cpu != smp_processor_id()) {
		smp_call_function_single(cpu, nothing, NULL, 1);
	}
	preempt_enable();
}

int kvm_reg_get(struct kvm_vcpu *vcpu, u64 reg, u64 *value)
{
	u64 both[2];
	long status;

	if (!vcpu->is_initialized) {
		return -ENOEXEC;
	}
	status = hyp_vcpu_get_reg(vcpu->vm->handle, vcpu->id, reg, both);
	*value = both[0];
	return hyp_errno(status);
}

int kvm_reg_set(struct kvm_vcpu *vcpu, u64 reg, u64 value)
{
	u64 both[2] = { value, 0 };

	if (!vcpu->is_initialized) {
		return -ENOEXEC;
	}
	return hyp_errno(hyp_vcpu_set_reg(vcpu->vm->handle, vcpu->id, reg, both));
}

/* ---- Simple ioctls ------------------------------------------------------------------------- */

static long set_mp_state(struct kvm_vcpu *vcpu, u32 state)
{
	bool is_off = state == KVM_MP_STATE_STOPPED;

	if (state != KVM_MP_STATE_RUNNABLE && state != KVM_MP_STATE_SUSPENDED && !is_off) {
		return -EINVAL;
	}
	/* A protected guest's power is its own; the host can only not run it. */
	if (vcpu->is_initialized && !vcpu->vm->is_protected) {
		kvm_reg_set(vcpu, HYP_REG_POWER, is_off ? HYP_POWER_OFF : HYP_POWER_ON);
	}
	WRITE_ONCE(vcpu->mp_state, state);
	return 0;
}

static long mp_state_ioctl(struct kvm_vcpu *vcpu, unsigned int command, void __user *user)
{
	struct kvm_mp_state state = { .mp_state = READ_ONCE(vcpu->mp_state) };

	if (command == KVM_GET_MP_STATE) {
		return copy_to_user(user, &state, sizeof(state)) ? -EFAULT : 0;
	}
	return copy_from_user(&state, user, sizeof(state)) ? -EFAULT :
							     set_mp_state(vcpu, state.mp_state);
}

static long set_signal_mask(struct kvm_vcpu *vcpu, struct kvm_signal_mask __user *user)
{
	struct kvm_signal_mask head;
	sigset_t set;

	if (!user) {
		vcpu->has_sigset = false;
		return 0;
	}
	if (copy_from_user(&head, user, sizeof(head))) {
		return -EFAULT;
	}
	if (head.len != sizeof(set)) {
		return -EINVAL;
	}
	if (copy_from_user(&set, user->sigset, sizeof(set))) {
		return -EFAULT;
	}
	sigdelsetmask(&set, sigmask(SIGKILL) | sigmask(SIGSTOP));
	vcpu->sigset = set;
	vcpu->has_sigset = true;
	return 0;
}

static long one_reg_ioctl(struct kvm_vcpu *vcpu, unsigned int command, void __user *user)
{
	struct kvm_one_reg reg;

	if (!vcpu->is_initialized) {
		return -ENOEXEC;
	}
	if (copy_from_user(&reg, user, sizeof(reg))) {
		return -EFAULT;
	}
	return command == KVM_GET_ONE_REG ? kvm_get_one_reg(vcpu, &reg) :
					    kvm_set_one_reg(vcpu, &reg);
}

static long events_ioctl(struct kvm_vcpu *vcpu, unsigned int command, void __user *user)
{
	struct kvm_vcpu_events events = {};
	int error;

	if (command == KVM_SET_VCPU_EVENTS) {
		return copy_from_user(&events, user, sizeof(events)) ?
			       -EFAULT :
			       kvm_set_events(vcpu, &events);
	}
	error = kvm_get_events(vcpu, &events);
	if (error) {
		return error;
	}
	return copy_to_user(user, &events, sizeof(events)) ? -EFAULT : 0;
}

static long debug_ioctl(struct kvm_vcpu *vcpu, void __user *user)
{
	struct kvm_guest_debug debug;

	return copy_from_user(&debug, user, sizeof(debug)) ? -EFAULT :
							     kvm_set_guest_debug(vcpu, &debug);
}

static long init_ioctl(struct kvm_vcpu *vcpu, void __user *user)
{
	struct kvm_vcpu_init init;

	return copy_from_user(&init, user, sizeof(init)) ? -EFAULT : kvm_vcpu_init(vcpu, &init);
}

static long finalize_ioctl(struct kvm_vcpu *vcpu, int __user *user)
{
	int feature;

	if (!vcpu->is_initialized) {
		return -ENOEXEC;
	}
	return get_user(feature, user) ? -EFAULT : kvm_vcpu_finalize(vcpu, feature);
}

static long attr_ioctl(struct kvm_vcpu *vcpu, unsigned int command, void __user *user)
{
	struct kvm_device_attr attr;

	if (copy_from_user(&attr, user, sizeof(attr))) {
		return -EFAULT;
	}
	if (attr.group == KVM_ARM_VCPU_PMU_V3_CTRL) {
		return pmu_attr(vcpu, command, &attr);
	}
	return irq_vcpu_attr(vcpu, command, &attr);
}

static long run_ioctl(struct kvm_vcpu *vcpu, unsigned long argument)
{
	return argument ? -EINVAL : kvm_vcpu_run(vcpu);
}

static long locked_ioctl(struct kvm_vcpu *vcpu, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (command) {
	case KVM_RUN:
		return run_ioctl(vcpu, argument);
	case KVM_ARM_VCPU_INIT:
		return init_ioctl(vcpu, user);
	case KVM_ARM_VCPU_FINALIZE:
		return finalize_ioctl(vcpu, user);
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return one_reg_ioctl(vcpu, command, user);
	case KVM_GET_REG_LIST:
		return kvm_get_reg_list(vcpu, user);
	case KVM_GET_MP_STATE:
	case KVM_SET_MP_STATE:
		return mp_state_ioctl(vcpu, command, user);
	case KVM_GET_VCPU_EVENTS:
	case KVM_SET_VCPU_EVENTS:
		return events_ioctl(vcpu, command, user);
	case KVM_SET_GUEST_DEBUG:
		return debug_ioctl(vcpu, user);
	case KVM_SET_SIGNAL_MASK:
		return set_signal_mask(vcpu, user);
	case KVM_SET_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		return attr_ioctl(vcpu, command, user);
	default:
		return -EINVAL;
	}
}

long kvm_vcpu_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct kvm_vcpu *vcpu = file->private_data;
	long result;

	if (vcpu->vm->mm != current->mm || READ_ONCE(vcpu->vm->is_bugged)) {
		return -EIO;
	}
	if (_IOC_TYPE(command) != KVMIO) {
		return -EINVAL;
	}
	if (mutex_lock_killable(&vcpu->mutex)) {
		return -EINTR;
	}
	result = locked_ioctl(vcpu, command, argument);
	mutex_unlock(&vcpu->mutex);
	return result;
}

/* ---- Its file and its life ---------------------------------------------------------------- */

static vm_fault_t run_fault(struct vm_fault *fault)
{
	struct kvm_vcpu *vcpu = fault->vma->vm_file->private_data;

	if (fault->pgoff != 0) {
		return VM_FAULT_SIGBUS;
	}
	fault->page = virt_to_page(vcpu->run);
	get_page(fault->page);
	return 0;
}

static const struct vm_operations_struct run_operations = { .fault = run_fault };

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &run_operations;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct kvm_vcpu *vcpu = file->private_data;

	kvm_vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations vcpu_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kvm_vcpu_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

void kvm_vcpu_free(struct kvm_vcpu *vcpu)
{
	irq_vcpu_release(vcpu);
	free_page((unsigned long)vcpu->run);
	kfree(vcpu->debug_regs);
	kfree(vcpu);
}

static struct kvm_vcpu *vcpu_alloc(struct kvm_vm *vm, u32 id)
{
	struct kvm_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);

	if (!vcpu) {
		return NULL;
	}
	vcpu->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run) {
		kfree(vcpu);
		return NULL;
	}
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->cpu = -1;
	mutex_init(&vcpu->mutex);
	rcuwait_init(&vcpu->wait);
	return vcpu;
}

/* Needs vm->lock. */
static int vcpu_add(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	int error, fd;

	if (vm->vcpu_count == HYP_VCPUS_MAX) {
		return -EINVAL;
	}
	if (kvm_vcpu_by_id(vm, vcpu->id)) {
		return -EEXIST;
	}
	vcpu->index = vm->vcpu_count;
	error = irq_vcpu_init(vcpu);
	if (error) {
		return error;
	}
	kvm_vm_get(vm);
	fd = anon_inode_getfd("kvm-vcpu", &vcpu_operations, vcpu, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		irq_vcpu_release(vcpu);
		refcount_dec(&vm->users); /* not the last: the caller's descriptor has one */
		return fd;
	}
	vm->vcpus[vcpu->index] = vcpu;
	smp_store_release(&vm->vcpu_count, vcpu->index + 1);
	return fd;
}

long kvm_vcpu_create(struct kvm_vm *vm, unsigned long id)
{
	struct kvm_vcpu *vcpu;
	int fd;

	if (id >= HYP_VCPUS_MAX) {
		return -EINVAL;
	}
	vcpu = vcpu_alloc(vm, id);
	if (!vcpu) {
		return -ENOMEM;
	}
	mutex_lock(&vm->lock);
	fd = vcpu_add(vm, vcpu);
	mutex_unlock(&vm->lock);
	if (fd < 0) {
		free_page((unsigned long)vcpu->run);
		kfree(vcpu);
	}
	return fd;
}
