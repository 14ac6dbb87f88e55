/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's calls about vCPUs: made, looked at, run. */
#include <hyp/guest_memory.h>
#include <hyp/regs.h>
#include <hyp/trace.h>
#include <hyp/vcpu.h>
#include <hyp/world.h>

#include <stddef.h>
#include <string.h>

#include "arch/sysreg.h"

#define ALL_FEATURES (HYP_VCPU_PAUTH | HYP_VCPU_SVE | HYP_VCPU_PMU)
#define ALL_ANSWERS \
	(HYP_RUN_ANSWER | HYP_RUN_ABORT | HYP_RUN_UNDEF | HYP_RUN_DEVICE | HYP_RUN_SERVE)
#define NORMAL_FLAGS (HYP_RUN_VSERROR | HYP_RUN_DEBUG | HYP_RUN_STEP)
#define ALL_FLAGS \
	(ALL_ANSWERS | HYP_RUN_TRAP_WFI | HYP_RUN_TRAP_WFE | NORMAL_FLAGS | HYP_RUN_NO_ENTRY)
#define VTIMER_INTERRUPT 27 /* PPI 11 */
#define AFFINITY0_VCPUS 16
#define FP_BYTES 16

_Static_assert(sizeof(struct vcpu) <= HYP_VCPU_PAGES * PAGE_BYTES, "hyp_hypercalls.h");

enum hyp_status vcpu_features(struct regs *regs)
{
	struct cpu_facts cpu = cpu_facts();

	regs->x[1] = S2_IPA_BITS;
	regs->x[2] = cpu.list_registers;
	regs->x[3] = cpu.features | HYP_FEATURE_RSI;
	regs->x[4] = cpu.sve_bytes;
	return HYP_OK;
}

uint64_t vcpu_affinity(uint32_t index)
{
	return index % AFFINITY0_VCPUS | (uint64_t)(index / AFFINITY0_VCPUS) << 8;
}

void vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t argument)
{
	memset(vcpu->x, 0, sizeof(vcpu->x));
	vcpu_sys_reset(vcpu);
	vcpu->x[0] = argument;
	vcpu->pc = entry;
	vcpu->pstate = PSR_DAIF | PSR_EL1H;
	vcpu->has_vserror = false;
	vcpu_set_exit(vcpu, HYP_EXIT_IRQ);
}

/*
 * A protected VM begins on one vCPU, where its owner loaded it; all others begin where the
 * guest wants them. So the host makes one that is on, before the first run.
 */
static enum hyp_status create_check(const struct vm *vm, uint64_t index, uint64_t flags)
{
	struct cpu_facts cpu = cpu_facts();

	if (index >= HYP_VCPUS_MAX || flags & ~(uint64_t)(cpu.features | HYP_VCPU_OFF) ||
	    cpu.list_registers < HYP_LIST_REGISTERS) {
		return HYP_EINVAL;
	}
	if (vm->vcpus[index] || (vm_is_protected(vm) && vm->has_run)) {
		return HYP_EBUSY;
	}
	for (uint32_t n = 0; n < HYP_VCPUS_MAX && vm_is_protected(vm); n++) {
		if (!(flags & HYP_VCPU_OFF) && vm->vcpus[n] && vm->vcpus[n]->power != VCPU_OFF) {
			return HYP_EPERM;
		}
	}
	return HYP_OK;
}

enum hyp_status vcpu_create(struct regs *regs)
{
	struct vm *vm = vm_hold(regs->x[1]);
	uint64_t index = regs->x[2], flags = regs->x[4];
	enum hyp_status status;
	struct vcpu *vcpu;
	void *memory;

	if (!vm) {
		return HYP_ENOENT;
	}
	lock_take(&vm->lock);
	status = create_check(vm, index, flags);
	if (status == HYP_OK) {
		status = vm_take_meta(vm->id, regs->x[3], HYP_VCPU_PAGES, &memory);
	}
	if (status == HYP_OK) {
		vcpu = memory;
		vcpu->vm = vm;
		vcpu->index = (uint32_t)index;
		vcpu->features = (uint32_t)flags & ALL_FEATURES;
		vcpu->midr = cpu_facts().midr;
		vcpu->mpidr = MPIDR_RES1 | vcpu_affinity((uint32_t)index);
		vcpu->vector_bytes = flags & HYP_VCPU_SVE ? cpu_facts().sve_bytes : FP_BYTES;
		vcpu->power = flags & HYP_VCPU_OFF ? VCPU_OFF : VCPU_ON;
		vcpu_id_init(vcpu->id, vcpu->features, vm_is_protected(vm));
		vcpu_reset(vcpu, 0, 0);
		__atomic_store_n(&vm->vcpus[index], vcpu, __ATOMIC_RELEASE);
	}
	lock_release(&vm->lock);
	vm_release(vm);
	return status;
}

typedef enum hyp_status (*vcpu_fn)(struct vcpu *vcpu, struct regs *regs);

/* Do it with the vCPU that x1 and x2 name, while nobody else has it. */
static enum hyp_status with_vcpu(struct regs *regs, vcpu_fn act)
{
	struct vm *vm = vm_hold(regs->x[1]);
	uint64_t index = regs->x[2];
	enum hyp_status status = HYP_ENOENT;
	struct vcpu *vcpu;

	if (!vm) {
		return HYP_ENOENT;
	}
	vcpu = index < HYP_VCPUS_MAX ? __atomic_load_n(&vm->vcpus[index], __ATOMIC_ACQUIRE) : NULL;
	if (vcpu && __atomic_exchange_n(&vcpu->busy, 1, __ATOMIC_ACQUIRE)) {
		status = HYP_EBUSY;
	} else if (vcpu) {
		status = act(vcpu, regs);
		__atomic_store_n(&vcpu->busy, 0, __ATOMIC_RELEASE);
	}
	vm_release(vm);
	return status;
}

static enum hyp_status reg_get(struct vcpu *vcpu, struct regs *regs)
{
	enum hyp_status status = HYP_OK;
	uint64_t value[2] = { HYP_POWER_ON, 0 };

	if (vm_is_protected(vcpu->vm)) {
		return HYP_EPERM;
	}
	if (regs->x[3] != HYP_REG_POWER) {
		status = vcpu_reg_read(vcpu, regs->x[3], value);
	} else if (vcpu->power == VCPU_OFF) {
		value[0] = HYP_POWER_OFF;
	}
	if (status == HYP_OK) {
		memcpy(&regs->x[1], value, sizeof(value));
	}
	return status;
}

static enum hyp_status reg_set(struct vcpu *vcpu, struct regs *regs)
{
	uint64_t reg = regs->x[3], *value = &regs->x[4];

	if (vm_is_protected(vcpu->vm)) {
		bool is_start = reg <= HYP_REG_X(3) || reg == HYP_REG_PC;

		if (!is_start || vcpu->vm->has_run || vcpu->power != VCPU_ON) {
			return HYP_EPERM;
		}
	}
	switch (reg) {
	case HYP_REG_POWER:
		if (value[0] != HYP_POWER_ON && value[0] != HYP_POWER_OFF) {
			return HYP_EINVAL;
		}
		__atomic_store_n(&vcpu->power, value[0] == HYP_POWER_ON ? VCPU_ON : VCPU_OFF,
				 __ATOMIC_RELEASE);
		return HYP_OK;
	case HYP_REG_RESET:
		if (value[0] != 0) {
			return HYP_EINVAL;
		}
		vcpu_reset(vcpu, 0, 0);
		vcpu->broken = 0;
		return HYP_OK;
	default:
		return vcpu_reg_write(vcpu, reg, value);
	}
}

/* ---- run ---- */

static enum hyp_status run_check(const struct vcpu *vcpu, const struct world_run *run)
{
	uint64_t answers = run->flags & ALL_ANSWERS;

	if (run->flags & ~(uint64_t)ALL_FLAGS || answers & (answers - 1) ||
	    answers & ~vcpu_answers(vcpu) ||
	    (run->flags & HYP_RUN_STEP && !(run->flags & HYP_RUN_DEBUG))) {
		return HYP_EINVAL;
	}
	if (vm_is_protected(vcpu->vm) && run->flags & NORMAL_FLAGS) {
		return HYP_EPERM;
	}
	for (uint32_t n = 0; n < HYP_LIST_REGISTERS; n++) {
		if (run->lr[n] & ICH_LR_HW && ICH_LR_PINTID(run->lr[n]) != VTIMER_INTERRUPT) {
			return HYP_EINVAL;
		}
	}
	return HYP_OK;
}

static void run_guest(struct vcpu *vcpu, struct world_run *run, uint64_t answers,
		      const uint64_t x[4])
{
	uint64_t step = run->flags & HYP_RUN_STEP ? PSR_SS : 0;
	bool is_exit;

	vcpu->is_debugged = (run->flags & HYP_RUN_DEBUG) != 0;
	vcpu->has_vserror |= (run->flags & HYP_RUN_VSERROR) != 0;
	world_enter(vcpu, run);
	is_exit = vcpu_apply_answer(vcpu, answers, x);
	vcpu->pstate |= step;
	while (!is_exit && !(run->flags & HYP_RUN_NO_ENTRY)) {
		enum guest_event event = world_guest(vcpu);

		if (vcpu->pstate & PSR_NRW) {
			vcpu->broken = HYP_BROKEN_STATE;
			vcpu_set_exit(vcpu, HYP_EXIT_BROKEN);
			break;
		}
		if (event == GUEST_SYNC) {
			is_exit = vcpu_handle_trap(vcpu);
		} else {
			vcpu_set_exit(vcpu, event == GUEST_IRQ ? HYP_EXIT_IRQ : HYP_EXIT_SERROR);
			is_exit = true;
		}
	}
	vcpu->pstate &= ~step;
	world_leave(vcpu, run);
}

/* Exactly what hyp_vcpu.h says. */
static void tell_host(struct regs *regs, const struct vcpu *vcpu, const struct world_run *run)
{
	const struct vcpu_exit *exit = &vcpu->exit;
	const uint64_t *sys = vcpu->state.sys;
	uint64_t state = run->state, deadline = 0;

	if (exit->reason == HYP_EXIT_WFX) {
		bool is_on = (sys[SYS_CNTV_CTL_EL0] & (TIMER_ENABLE | TIMER_MASKED)) ==
			     TIMER_ENABLE;

		deadline = is_on ? sys[SYS_CNTV_CVAL_EL0] + sys[SYS_CNTVOFF_EL2] : UINT64_MAX;
		state |= vcpu->pstate & PSR_I ? HYP_STATE_IRQ_MASKED : 0;
	}
	if (!vm_is_protected(vcpu->vm) && (vcpu->pstate & PSR_M_MASK) != PSR_EL0T) {
		state |= HYP_STATE_EL1;
	}
	regs->x[1] = exit->reason;
	regs->x[2] = exit->esr;
	regs->x[3] = exit->address;
	memcpy(&regs->x[4], exit->x, sizeof(exit->x));
	regs->x[8] = run->ich_hcr;
	memcpy(&regs->x[9], run->lr, sizeof(run->lr));
	regs->x[13] = run->vmcr;
	regs->x[14] = run->misr;
	regs->x[15] = state;
	regs->x[16] = deadline;
	trace_emit(hyp_enter, vcpu->vm->id, vcpu->index, HYP_REASON_GUEST_EXIT, exit->esr);
	if (exit->reason == HYP_EXIT_MEMORY || exit->reason == HYP_EXIT_MMIO) {
		trace_emit(guest_fault, vcpu->vm->id, vcpu->index, exit->esr, exit->address);
	}
}

static enum hyp_status run(struct vcpu *vcpu, struct regs *regs)
{
	struct world_run run = { .flags = regs->x[3], .ich_hcr = regs->x[8] };
	uint64_t answers = run.flags & ALL_ANSWERS;
	enum hyp_status status;
	uint32_t power;
	uint64_t x[4];

	memcpy(run.lr, &regs->x[9], sizeof(run.lr));
	memcpy(x, &regs->x[4], sizeof(x));
	status = run_check(vcpu, &run);
	if (status == HYP_OK && answers & HYP_RUN_DEVICE) {
		status = guest_set_device(vcpu->vm, vcpu->exit.address, false, true);
		if (status == HYP_EPERM) { /* the guest says itself what is a device: an abort */
			answers = HYP_RUN_ABORT;
			status = HYP_OK;
		}
	}
	if (status != HYP_OK) {
		return status;
	}
	power = __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE);
	if (power == VCPU_PENDING && !answers) { /* turned on by another vCPU */
		vcpu_reset(vcpu, vcpu->entry, vcpu->argument);
		__atomic_store_n(&vcpu->power, VCPU_ON, __ATOMIC_RELEASE);
	} else if (power != VCPU_ON && !vcpu->broken) {
		return HYP_EPERM;
	}
	if (vcpu->broken) {
		vcpu_set_exit(vcpu, HYP_EXIT_BROKEN);
	} else {
		__atomic_store_n(&vcpu->vm->has_run, true, __ATOMIC_RELEASE);
		trace_emit(hyp_exit, vcpu->vm->id, vcpu->index, HYP_REASON_ERET_GUEST, 0);
		run_guest(vcpu, &run, answers, x);
	}
	if (vcpu->broken) {
		vcpu->exit.x[0] = vcpu->broken;
	}
	tell_host(regs, vcpu, &run);
	return HYP_OK;
}

enum hyp_status vcpu_get_reg(struct regs *regs)
{
	return with_vcpu(regs, reg_get);
}

enum hyp_status vcpu_set_reg(struct regs *regs)
{
	return with_vcpu(regs, reg_set);
}

enum hyp_status vcpu_run(struct regs *regs)
{
	return with_vcpu(regs, run);
}
