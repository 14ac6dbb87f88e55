/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/fake_world.h"

#include <stdlib.h>
#include <string.h>

struct fake_world fake;
static void *memory_of[HYP_VCPUS_MAX];
static uint32_t memory_count;

void fake_world_reset(uint32_t vm_flags)
{
	fake_world_end();
	memset(&fake, 0, sizeof(fake));
	memset(fake.cpu.id, 0xff, sizeof(fake.cpu.id));
	fake.cpu.midr = 0x410fd493;
	fake.cpu.features = HYP_FEATURE_PAUTH | HYP_FEATURE_SVE | HYP_FEATURE_PMU;
	fake.cpu.sve_bytes = 32;
	fake.cpu.list_registers = 4;
	fake.vm.id = FAKE_VM;
	fake.vm.flags = vm_flags;
}

struct vcpu *fake_vcpu(uint32_t index, uint32_t flags)
{
	struct regs regs = { .x = { 0, FAKE_VM, index, 0x100, flags } };

	return vcpu_create(&regs) == HYP_OK ? fake.vm.vcpus[index] : NULL;
}

void fake_world_end(void)
{
	while (memory_count > 0) {
		free(memory_of[--memory_count]);
	}
}

int fake_world_begin(uint32_t vm_flags)
{
	struct vcpu *vcpu;

	fake_world_reset(vm_flags);
	vcpu = fake_vcpu(0, 0);
	if (!vcpu) {
		return -1;
	}
	fake_world_prepare(vcpu);
	return 0;
}

int fake_begin_protected(void **state)
{
	(void)state;
	return fake_world_begin(HYP_VM_PROTECTED);
}

int fake_begin_normal(void **state)
{
	(void)state;
	return fake_world_begin(0);
}

int fake_end(void **state)
{
	(void)state;
	fake_world_end();
	return 0;
}

/* ---- vm.h ---- */

struct vm *vm_hold(uint64_t handle)
{
	if (handle != FAKE_VM) {
		return NULL;
	}
	fake.holds++;
	return &fake.vm;
}

void vm_release(struct vm *vm)
{
	vm == &fake.vm ? fake.holds-- : abort();
}

enum hyp_status vm_take_meta(uint32_t id, uint64_t pfn, uint64_t count, void **memory)
{
	(void)id;
	(void)pfn;
	if (fake.take_status != HYP_OK || memory_count == HYP_VCPUS_MAX) {
		return fake.take_status != HYP_OK ? fake.take_status : HYP_ENOMEM;
	}
	*memory = aligned_alloc(4096, count * 4096);
	memset(*memory, 0, count * 4096);
	memory_of[memory_count++] = *memory;
	return HYP_OK;
}

/* ---- guest_memory.h, guest calls ---- */

enum guest_fault guest_fault(struct vm *vm, uint64_t ipa, bool is_write, bool is_permission,
			     uint64_t *at)
{
	(void)vm;
	fake.faults++;
	fake.fault_ipa = ipa;
	fake.fault_is_write = is_write;
	fake.fault_is_permission = is_permission;
	*at = ipa & ~(UINT64_C(1) << 39);
	return fake.fault;
}

enum hyp_status guest_set_device(struct vm *vm, uint64_t ipa, bool by_guest, bool device)
{
	(void)device;
	(void)vm;
	by_guest ? abort() : (void)0;
	fake.device_ipa = ipa;
	return fake.device_status;
}

enum guest_call guest_call(struct vcpu *vcpu, bool is_smc, uint64_t immediate)
{
	fake.calls++;
	fake.call_is_smc = is_smc;
	fake.call_is_served = false;
	fake.call_immediate = immediate;
	fake.call_pc = vcpu->pc;
	if (fake.call == GUEST_CALL_EXIT || fake.call == GUEST_CALL_RETRY) {
		vcpu_set_exit(vcpu, fake.call == GUEST_CALL_EXIT ? HYP_EXIT_HVC : HYP_EXIT_TABLES);
		memcpy(vcpu->exit.x, vcpu->x, sizeof(vcpu->exit.x));
	}
	return fake.call;
}

enum guest_call guest_call_serve(struct vcpu *vcpu)
{
	enum guest_call result = guest_call(vcpu, fake.call_is_smc, 0);

	fake.call_is_served = true;
	return result;
}

void guest_call_answer(struct vcpu *vcpu, const uint64_t answer[4])
{
	memcpy(vcpu->x, answer, 4 * sizeof(answer[0]));
}

/* ---- world.h ---- */

void world_enter(struct vcpu *vcpu, const struct world_run *run)
{
	(void)vcpu;
	fake.entered++;
	fake.run_in = *run;
}

enum guest_event world_guest(struct vcpu *vcpu)
{
	fake.stretches++;
	return fake.guest(vcpu);
}

void world_leave(struct vcpu *vcpu, struct world_run *run)
{
	(void)vcpu;
	fake.left++;
	run->ich_hcr = fake.run_out.ich_hcr;
	memcpy(run->lr, fake.run_out.lr, sizeof(run->lr));
	run->vmcr = fake.run_out.vmcr;
	run->misr = fake.run_out.misr;
	run->state = fake.run_out.state;
}

void exception_take(uint64_t *pc, uint64_t *pstate, uint64_t esr)
{
	fake.exceptions++;
	fake.pc = *pc;
	fake.esr = esr;
	*pc = 0x200;
	*pstate = 0x3c5;
}

void exception_take_abort(uint64_t *pc, uint64_t *pstate, uint64_t esr, uint64_t far)
{
	fake.far = far;
	exception_take(pc, pstate, esr + ((*pstate & 0xf) ? UINT64_C(1) << 26 : 0));
}

struct cpu_facts cpu_facts(void)
{
	return fake.cpu;
}
