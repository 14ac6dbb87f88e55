/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_RUN: the way into the guest and out of it. */
#include <linux/entry-virt.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

#include "platform/kvm/module.h"

/* What the hypervisor wants to know before a VM runs. Needs vm->lock. */
static int configure(struct kvm_vm *vm)
{
	const struct kvm_slots *slots = vm->memory.slots;
	int error = smccc_configure(vm);

	for (u32 i = 0; !error && vm->has_rsi && i < slots->count; i++) {
		error = pages_declare_ram(vm, slots->slot[i].gfn, slots->slot[i].pages);
	}
	return error;
}

/* Before the vCPU's first entry. */
static int first_run(struct kvm_vcpu *vcpu)
{
	struct kvm_vm *vm = vcpu->vm;
	int error = irq_vcpu_first_run(vcpu);

	if (!error) {
		error = pmu_first_run(vcpu);
	}
	if (error) {
		return error;
	}
	mutex_lock(&vm->lock);
	if (!vm->has_run) {
		error = configure(vm);
		WRITE_ONCE(vm->has_run, !error);
	}
	mutex_unlock(&vm->lock);
	vcpu->has_run = !error;
	return error;
}

static u32 run_flags(const struct kvm_vcpu *vcpu)
{
	u32 flags = vcpu->answer_flags | HYP_RUN_TRAP_WFI;

	if (!single_task_running()) {
		flags |= HYP_RUN_TRAP_WFE;
	}
	if (vcpu->serror_pending) {
		flags |= HYP_RUN_VSERROR;
	}
	if (vcpu->debug & KVM_GUESTDBG_ENABLE) {
		flags |= HYP_RUN_DEBUG;
	}
	if (vcpu->debug & KVM_GUESTDBG_SINGLESTEP) {
		flags |= HYP_RUN_STEP;
	}
	return flags;
}

/* One VCPU_RUN. Interrupts and preemption are off. */
static long enter(struct kvm_vcpu *vcpu)
{
	struct hyp_run *run = &vcpu->entry;
	long status;

	run->flags = run_flags(vcpu);
	/* In the guest, to others, as long as list registers hold interrupts. */
	WRITE_ONCE(vcpu->cpu, smp_processor_id());
	irq_vcpu_enter(vcpu, run->gic);
	status = hyp_vcpu_run(vcpu->vm->handle, vcpu->id, run);
	irq_vcpu_leave(vcpu, run->gic);
	WRITE_ONCE(vcpu->cpu, -1);
	if (status == HYP_OK) {
		vcpu->answer_flags = 0;
		vcpu->serror_pending = false;
		pmu_leave(vcpu, run->gic[HYP_RUN_GIC_STATE] & HYP_STATE_PMU);
	}
	return status;
}

/* Enter, unless something else has to be done first. Whether it was entered; *status if so. */
static bool try_enter(struct kvm_vcpu *vcpu, long *status)
{
	bool is_clear;

	preempt_disable();
	local_irq_disable();
	is_clear = !xfer_to_guest_mode_work_pending() && !kvm_vcpu_is_off(vcpu);
	if (is_clear) {
		*status = enter(vcpu);
	}
	local_irq_enable();
	preempt_enable();
	return is_clear;
}

/* The hypervisor did not run it. 1: try again; -errno. */
static int not_run(struct kvm_vcpu *vcpu, long status)
{
	if (status == HYP_EPERM) { /* off: its own doing, or another vCPU's */
		WRITE_ONCE(vcpu->mp_state, KVM_MP_STATE_STOPPED);
		return 1;
	}
	if (status == HYP_ENOTABLE) { /* for a device's page */
		return pages_add_tables(vcpu->vm) ? -ENOMEM : 1;
	}
	pr_err_ratelimited("terrarium_kvm: VM %llu, vCPU %u does not run (%ld)\n", vcpu->vm->handle,
			   vcpu->id, status);
	WRITE_ONCE(vcpu->vm->is_bugged, true);
	return -EIO;
}

static void sleep_while_off(struct kvm_vcpu *vcpu)
{
	rcuwait_wait_event(&vcpu->wait, !kvm_vcpu_is_off(vcpu), TASK_INTERRUPTIBLE);
}

/* Something waits for the guest that ends a WFI. */
static bool is_awake(struct kvm_vcpu *vcpu)
{
	return vcpu->serror_pending || irq_vcpu_pending(vcpu);
}

void kvm_vcpu_sleep(struct kvm_vcpu *vcpu, u64 deadline)
{
	irq_wfi_begin(vcpu, deadline);
	rcuwait_wait_event(&vcpu->wait, is_awake(vcpu) || kvm_vcpu_is_off(vcpu),
			   TASK_INTERRUPTIBLE);
	irq_wfi_end(vcpu);
}

/* MP state SUSPENDED, as userspace has set it: until an interrupt. 0: tell userspace. */
static int sleep_suspended(struct kvm_vcpu *vcpu)
{
	kvm_vcpu_sleep(vcpu, ~0ULL);
	if (!is_awake(vcpu)) {
		return 1;
	}
	WRITE_ONCE(vcpu->mp_state, KVM_MP_STATE_RUNNABLE);
	vcpu->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	vcpu->run->system_event.type = KVM_SYSTEM_EVENT_WAKEUP;
	vcpu->run->system_event.ndata = 0;
	return 0;
}

/* Until userspace is needed. 0 or -errno. */
static int loop(struct kvm_vcpu *vcpu)
{
	int result = 1;
	long status;

	while (result > 0) {
		if (xfer_to_guest_mode_handle_work()) {
			vcpu->run->exit_reason = KVM_EXIT_INTR;
			return -EINTR;
		}
		if (kvm_vcpu_is_off(vcpu)) {
			sleep_while_off(vcpu);
		} else if (READ_ONCE(vcpu->mp_state) == KVM_MP_STATE_SUSPENDED) {
			result = sleep_suspended(vcpu);
		} else if (try_enter(vcpu, &status)) {
			result = status == HYP_OK ? kvm_vcpu_exit(vcpu) : not_run(vcpu, status);
		}
	}
	return result;
}

void kvm_vcpu_settle(struct kvm_vcpu *vcpu)
{
	struct hyp_run run = vcpu->entry;

	if (!vcpu->answer_flags) {
		return;
	}
	run.flags = vcpu->answer_flags | HYP_RUN_NO_ENTRY;
	memset(run.gic, 0, sizeof(run.gic));
	preempt_disable();
	local_irq_disable();
	if (hyp_vcpu_run(vcpu->vm->handle, vcpu->id, &run) == HYP_OK) {
		vcpu->answer_flags = 0;
	}
	local_irq_enable();
	preempt_enable();
}

static void signals_begin(struct kvm_vcpu *vcpu)
{
	if (vcpu->has_sigset) {
		sigprocmask(SIG_SETMASK, &vcpu->sigset, &current->real_blocked);
	}
}

static void signals_end(struct kvm_vcpu *vcpu)
{
	if (vcpu->has_sigset) {
		sigprocmask(SIG_SETMASK, &current->real_blocked, NULL);
		sigemptyset(&current->real_blocked);
	}
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	bool is_wanted = !READ_ONCE(run->immediate_exit__unsafe);
	int result;

	if (!vcpu->is_initialized) {
		return -ENOEXEC;
	}
	if (!vcpu->is_finalized) {
		return -EPERM;
	}
	if (!vcpu->has_run) {
		result = first_run(vcpu);
		if (result) {
			return result;
		}
	}
	result = kvm_vcpu_complete(vcpu);
	if (result <= 0) {
		return result;
	}
	if (!is_wanted) {
		kvm_vcpu_settle(vcpu);
		return -EINTR;
	}
	signals_begin(vcpu);
	run->exit_reason = KVM_EXIT_UNKNOWN;
	run->flags = 0;
	rcu_assign_pointer(vcpu->task, current);
	result = loop(vcpu);
	rcu_assign_pointer(vcpu->task, NULL);
	signals_end(vcpu);
	return result;
}
