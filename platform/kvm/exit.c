/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an exit of the guest leads to: a table by reason. */
#include <uapi/linux/psci.h>
#include <linux/sched.h>

#include "platform/kvm/module.h"

#define ESR_EC_SHIFT 26
#define ESR_ISS GENMASK(24, 0)
#define ESR_WFX_TI 0x3 /* 0: WFI, 1: WFE, 2: WFIT, 3: WFET */
#define ESR_ISV BIT(24)
#define ESR_SAS_SHIFT 22
#define ESR_WNR BIT(6)
#define ESR_SYSREG_READ BIT(0)

#define PSCI_64BIT 0x40000000

static void answer(struct kvm_vcpu *vcpu, u32 flags)
{
	vcpu->answer_flags |= flags;
}

static int internal_error(struct kvm_vcpu *vcpu, u64 data)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	run->internal.ndata = 2;
	run->internal.data[0] = vcpu->entry.reason;
	run->internal.data[1] = data;
	return 0;
}

static int exit_irq(struct kvm_vcpu *vcpu)
{
	return 1;
}

static int exit_wfx(struct kvm_vcpu *vcpu)
{
	const struct hyp_run *run = &vcpu->entry;

	if (run->esr & 1) {
		yield();
	} else {
		kvm_vcpu_sleep(vcpu, run->gic[HYP_RUN_GIC_DEADLINE]);
	}
	return 1;
}

static int exit_memory(struct kvm_vcpu *vcpu)
{
	int result = kvm_memory_fault(vcpu, vcpu->entry.address, vcpu->entry.esr);

	if (result < 0) {
		return result;
	}
	switch ((enum memory_fault)result) {
	case MEMORY_FAULT_MAPPED:
		break;
	case MEMORY_FAULT_DEVICE:
		answer(vcpu, HYP_RUN_DEVICE);
		break;
	case MEMORY_FAULT_ABORT:
		answer(vcpu, HYP_RUN_ABORT);
		break;
	}
	return 1;
}

/* An access that the CPU did not describe. */
static int mmio_undescribed(struct kvm_vcpu *vcpu)
{
	if (vcpu->vm->is_protected) {
		answer(vcpu, HYP_RUN_ABORT);
		return 1;
	}
	if (!READ_ONCE(vcpu->vm->tells_nisv)) {
		return -ENOSYS;
	}
	vcpu->run->exit_reason = KVM_EXIT_ARM_NISV;
	vcpu->run->arm_nisv.esr_iss = vcpu->entry.esr & ESR_ISS;
	vcpu->run->arm_nisv.fault_ipa = vcpu->entry.address;
	return 0;
}

static int exit_mmio(struct kvm_vcpu *vcpu)
{
	struct hyp_run *run = &vcpu->entry;
	unsigned int bytes = 1U << (run->esr >> ESR_SAS_SHIFT & 3);
	bool is_write = run->esr & ESR_WNR;
	u64 data = is_write ? run->x[0] : 0;

	if (kvm_memory_undo_device(vcpu->vm, run->address, is_write)) {
		return 1;
	}
	if (!(run->esr & ESR_ISV)) {
		return mmio_undescribed(vcpu);
	}
	if (irq_mmio(vcpu, run->address, bytes, is_write, &data)) {
		run->x[0] = data;
		answer(vcpu, HYP_RUN_ANSWER);
		return 1;
	}
	vcpu->run->exit_reason = KVM_EXIT_MMIO;
	vcpu->run->mmio.phys_addr = run->address;
	vcpu->run->mmio.len = bytes;
	vcpu->run->mmio.is_write = is_write;
	memcpy(vcpu->run->mmio.data, &data, sizeof(data));
	vcpu->pending = is_write ? KVM_PENDING_WRITE : KVM_PENDING_READ;
	return 0;
}

static int exit_sysreg(struct kvm_vcpu *vcpu)
{
	struct hyp_run *run = &vcpu->entry;
	bool is_write = !(run->esr & ESR_SYSREG_READ);
	u64 value = run->x[0];

	if (irq_sysreg(vcpu, run->esr, is_write, &value)) {
		run->x[0] = value;
		answer(vcpu, HYP_RUN_ANSWER);
	} else {
		answer(vcpu, HYP_RUN_UNDEF);
	}
	return 1;
}

/* All vCPUs stop, and userspace decides what happens to the VM. */
static int system_event(struct kvm_vcpu *vcpu, u32 type, u64 flags)
{
	struct kvm_vm *vm = vcpu->vm;
	u32 count = kvm_vcpu_count(vm);

	for (u32 i = 0; i < count; i++) {
		WRITE_ONCE(vm->vcpus[i]->mp_state, KVM_MP_STATE_STOPPED);
		kvm_vcpu_kick(vm->vcpus[i]);
	}
	vcpu->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	vcpu->run->system_event.type = type;
	vcpu->run->system_event.ndata = 1;
	vcpu->run->system_event.data[0] = flags;
	return 0;
}

static int cpu_on(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu *other = kvm_vcpu_by_id(vcpu->vm, vcpu->entry.x[1]);

	if (other) {
		WRITE_ONCE(other->mp_state, KVM_MP_STATE_RUNNABLE);
		kvm_vcpu_kick(other);
	}
	return 1;
}

static int exit_psci(struct kvm_vcpu *vcpu)
{
	switch (vcpu->entry.x[0] & ~(u64)PSCI_64BIT) {
	case PSCI_0_2_FN_CPU_ON:
		return cpu_on(vcpu);
	case PSCI_0_2_FN_CPU_OFF:
		irq_vcpu_reset(vcpu);
		WRITE_ONCE(vcpu->mp_state, KVM_MP_STATE_STOPPED);
		return 1;
	case PSCI_0_2_FN_CPU_SUSPEND:
		kvm_vcpu_sleep(vcpu, vcpu->entry.gic[HYP_RUN_GIC_DEADLINE]);
		return 1;
	case PSCI_0_2_FN_SYSTEM_OFF:
		return system_event(vcpu, KVM_SYSTEM_EVENT_SHUTDOWN, 0);
	case PSCI_0_2_FN_SYSTEM_RESET:
		return system_event(vcpu, KVM_SYSTEM_EVENT_RESET, 0);
	case PSCI_1_1_FN_SYSTEM_RESET2:
		return system_event(vcpu, KVM_SYSTEM_EVENT_RESET,
				    KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2);
	default:
		return internal_error(vcpu, vcpu->entry.x[0]);
	}
}

static int exit_returned(struct kvm_vcpu *vcpu)
{
	pages_returned(vcpu->vm, vcpu->entry.address >> PAGE_SHIFT);
	return 1;
}

static int exit_serror(struct kvm_vcpu *vcpu)
{
	pr_warn_ratelimited("terrarium_kvm: SError while VM %llu ran\n", vcpu->vm->handle);
	if (vcpu->vm->is_protected) {
		return internal_error(vcpu, 0);
	}
	vcpu->serror_pending = true;
	return 1;
}

static int exit_debug(struct kvm_vcpu *vcpu)
{
	struct kvm_debug_exit_arch *arch = &vcpu->run->debug.arch;

	vcpu->run->exit_reason = KVM_EXIT_DEBUG;
	vcpu->run->flags = KVM_DEBUG_ARCH_HSR_HIGH_VALID;
	arch->hsr = lower_32_bits(vcpu->entry.esr);
	arch->hsr_high = upper_32_bits(vcpu->entry.esr);
	arch->far = vcpu->entry.address;
	return 0;
}

static int exit_tables(struct kvm_vcpu *vcpu)
{
	return pages_add_tables(vcpu->vm) ? -ENOMEM : 1;
}

static int exit_broken(struct kvm_vcpu *vcpu)
{
	if (vcpu->entry.x[0] == HYP_BROKEN_STATE) {
		vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
		return -EINVAL;
	}
	return internal_error(vcpu, vcpu->entry.x[0]);
}

static int (*const exits[HYP_EXIT_COUNT])(struct kvm_vcpu *vcpu) = {
	[HYP_EXIT_IRQ] = exit_irq,       [HYP_EXIT_WFX] = exit_wfx,
	[HYP_EXIT_MEMORY] = exit_memory, [HYP_EXIT_MMIO] = exit_mmio,
	[HYP_EXIT_HVC] = smccc_exit,     [HYP_EXIT_SYSREG] = exit_sysreg,
	[HYP_EXIT_PSCI] = exit_psci,     [HYP_EXIT_RETURNED] = exit_returned,
	[HYP_EXIT_SERROR] = exit_serror, [HYP_EXIT_DEBUG] = exit_debug,
	[HYP_EXIT_TABLES] = exit_tables, [HYP_EXIT_BROKEN] = exit_broken,
};

int kvm_vcpu_exit(struct kvm_vcpu *vcpu)
{
	u32 reason = vcpu->entry.reason;

	if (reason >= HYP_EXIT_COUNT) {
		return internal_error(vcpu, 0);
	}
	return exits[reason](vcpu);
}

int kvm_vcpu_complete(struct kvm_vcpu *vcpu)
{
	enum kvm_pending pending = vcpu->pending;

	vcpu->pending = KVM_PENDING_NONE;
	switch (pending) {
	case KVM_PENDING_NONE:
		return 1;
	case KVM_PENDING_READ:
		/* More bytes than were read do no harm: the guest's register gets those that it loads. */
		memcpy(&vcpu->entry.x[0], vcpu->run->mmio.data, sizeof(vcpu->entry.x[0]));
		answer(vcpu, HYP_RUN_ANSWER);
		return 1;
	case KVM_PENDING_WRITE:
		answer(vcpu, HYP_RUN_ANSWER);
		return 1;
	}
	return 1;
}
