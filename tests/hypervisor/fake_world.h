/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU and a VM for tests of vCPUs: what the guest does is a function of the test; exceptions
 * that it gets and what the tables are asked are noted.
 */
#ifndef TESTS_HYPERVISOR_FAKE_WORLD_H
#define TESTS_HYPERVISOR_FAKE_WORLD_H

#include <hyp/guest_memory.h>
#include <hyp/regs.h>
#include <hyp/vcpu.h>
#include <hyp/world.h>

#define FAKE_VM 7

struct fake_world {
	struct cpu_facts cpu;

	enum guest_event (*guest)(struct vcpu *vcpu); /* one stretch of the guest's run */
	uint32_t entered, left, stretches;
	struct world_run run_in, run_out;

	uint32_t exceptions;
	uint64_t esr, far, pc; /* of the last one; pc: where it was taken */

	enum guest_fault fault;
	uint64_t fault_ipa;
	bool fault_is_write, fault_is_permission;
	uint32_t faults;
	enum hyp_status device_status;
	uint64_t device_ipa;

	enum guest_call call;
	uint32_t calls;
	bool call_is_smc, call_is_served;
	uint64_t call_immediate, call_pc;

	struct vm vm;
	uint32_t holds;
	enum hyp_status take_status;
};

extern struct fake_world fake;

/* All as at the start: a VM with these HYP_VM_* flags and no vCPU, on a CPU with everything. */
void fake_world_reset(uint32_t vm_flags);

/* A vCPU of it, on, made by VCPU_CREATE with these HYP_VCPU_* flags. */
struct vcpu *fake_vcpu(uint32_t index, uint32_t flags);

/* Free what fake_vcpu() made. */
void fake_world_end(void);

/* fake_world_reset(), vCPU 0, then what the test program prepares. 0, or -1 if there is no vCPU. */
int fake_world_begin(uint32_t vm_flags);

/* The test program's own: what its tests find beside that. */
void fake_world_prepare(struct vcpu *made);

/* cmocka's fixtures around a test: fake_world_begin() with either kind of VM; the end. */
int fake_begin_protected(void **state);
int fake_begin_normal(void **state);
int fake_end(void **state);

#endif /* TESTS_HYPERVISOR_FAKE_WORLD_H */
