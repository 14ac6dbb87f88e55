/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of a hostile host and hostile guests, in any order, to the hypervisor's C core on a
 * machine with real tables, TLBs and memory; after each call everything is looked at
 * (vm_invariant.h), and a call of the host that failed must have changed nothing. Eight
 * bytes of input are one call.
 */
#include "tests/hypervisor/fake_machine.h"
#include "tests/hypervisor/vm_invariant.h"

#include <hyp/guest_memory.h>
#include <hyp/host.h>
#include <hyp/owner.h>
#include <hyp/pool.h>
#include <hyp/trng.h>
#include <hyp/vcpu.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/abi/smccc.h"

#define CALL_BYTES 8
#define VMS 4u /* so many numbers are used; few, so that they meet */
#define QUOTA_UNIT 24u
#define SMALL_PFN (MACHINE_HOST_PFN + 512) /* most calls are about pages from here on */
#define CALLS_MORE 3u
#define WEAK __attribute__((weak))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vcpu vcpus[VMS + 1];
static const uint8_t *call_bytes; /* the one that is made now */

/* ---- what the core needs, and is not about memory ---- */

uint64_t smc_simple(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	(void)function, (void)a, (void)b, (void)c;
	return (uint64_t)SMCCC_NOT_SUPPORTED;
}

uint64_t vcpu_affinity(uint32_t index)
{
	return index;
}

bool rndr_read(uint64_t *number)
{
	*number = 4; /* as random as any */
	return true;
}

#define NO_VCPU(name)                                \
	WEAK enum hyp_status name(struct regs *regs) \
	{                                            \
		(void)regs;                          \
		return HYP_ENOENT;                   \
	}

WEAK enum hyp_status vcpu_features(struct regs *regs);
NO_VCPU(vcpu_create)
NO_VCPU(vcpu_get_reg)
NO_VCPU(vcpu_set_reg)
NO_VCPU(vcpu_run)
NO_VCPU(vcpu_features)

/* ---- arguments ---- */

static void need(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "%s after", what);
		for (int i = 0; i < CALL_BYTES; i++) {
			fprintf(stderr, " %02x", call_bytes[i]);
		}
		fprintf(stderr, "\n");
		abort();
	}
}

/* A page of the machine; now and then the hypervisor's, or none at all. */
static uint64_t pfn_of(uint8_t byte, uint8_t other)
{
	switch (other >> 4) {
	case 0:
		return MACHINE_PFN + byte;
	case 1:
		return MACHINE_END_PFN - 1 + byte % 4;
	case 2:
		return ((uint64_t)byte << 56 | byte) >> (other & 15);
	case 3:
		return MACHINE_HOST_PFN; /* where a block can begin */
	default:
		return SMALL_PFN + byte;
	}
}

static uint64_t gfn_of(uint8_t byte)
{
	static const uint64_t places[] = { 0,
					   512,
					   (UINT64_C(1) << 18) - 4,
					   (UINT64_C(1) << 19) - 2,
					   (UINT64_C(1) << 20) - 2,
					   UINT64_C(1) << 27,
					   UINT64_C(1) << 40,
					   UINT64_MAX - 1 };

	return byte < 192 ? byte % 24 : places[byte % 8] + byte % 3;
}

static uint64_t count_of(uint8_t byte)
{
	static const uint64_t wild[] = { 0, 512, 513, 64, UINT64_MAX, UINT64_C(1) << 52 };

	return byte < 224 ? 1 + byte % 6 : wild[byte % 6];
}

/* ---- one call ---- */

static int64_t host_calls(uint64_t id, const uint64_t x[6])
{
	struct regs regs = { .x = { id, x[0], x[1], x[2], x[3], x[4], x[5] } };

	hvc_host_call(&regs, 0);
	if (id == HYP_CALL_VM_MAP && (int64_t)regs.x[0] == HYP_OK) {
		vm_invariant_mapped(x[0], x[2], x[3], x[4]);
	}
	return (int64_t)regs.x[0];
}

static void create_vm(const uint8_t *call)
{
	host_calls(HYP_CALL_VM_CREATE,
		   (uint64_t[6]){ call[2] % 4, 32 + call[3] % 9, call[4] * QUOTA_UNIT,
				  pfn_of(call[5] & 0xfe, call[6] | 0x40) });
}

/* A call with arguments that make sense, mostly; whether it says that nothing was done. */
static bool sensible_call(const uint8_t *call)
{
	uint64_t vm = call[1] % (VMS + 1);
	uint64_t pfn = pfn_of(call[2], call[7]);
	uint64_t gfn = gfn_of(call[3]);
	uint64_t count = count_of(call[4]);
	uint64_t rights = call[5] < 200 ? HYP_MAP_ALL : call[5] % 9;

	switch (call[0] % 12) {
	case 0:
		create_vm(call);
		return false;
	case 1:
		return host_calls(HYP_CALL_VM_DONATE, (uint64_t[6]){ vm, pfn, count }) != HYP_OK;
	case 2:
		return host_calls(HYP_CALL_VM_CONFIG,
				  (uint64_t[6]){ vm, call[5] % 4, gfn, count }) != HYP_OK;
	case 3:
	case 4:
	case 5:
	case 6:
		return host_calls(HYP_CALL_VM_MAP, (uint64_t[6]){ vm, pfn, gfn, count, rights }) !=
		       HYP_OK;
	case 7:
		return host_calls(HYP_CALL_VM_UNMAP, (uint64_t[6]){ vm, gfn, count }) != HYP_OK;
	case 8:
		return host_calls(HYP_CALL_VM_KILL, (uint64_t[6]){ vm }) != HYP_OK;
	case 9:
		return host_calls(HYP_CALL_VM_RECLAIM, (uint64_t[6]){ vm, pfn, count }) != HYP_OK;
	case 10:
		return host_calls(HYP_CALL_VM_DESTROY, (uint64_t[6]){ vm }) != HYP_OK;
	default:
		return host_calls(call[5] & 1 ? HYP_CALL_MEM_DONATE : HYP_CALL_MEM_RETURN,
				  (uint64_t[6]){ pfn, count }) != HYP_OK;
	}
}

static bool wild_call(const uint8_t *call)
{
	uint64_t x[6] = { call[1] % (VMS + 2) };

	for (int i = 1; i < 6; i++) {
		x[i] = call[6] >> i & 1 ? (uint64_t)call[i + 1] << (call[7] % 64) :
					  pfn_of(call[i + 1], call[7]);
	}
	return host_calls(HYP_HOST_CALL_FIRST + call[2] % 0x38, x) != HYP_OK;
}

static void guest_calls(const uint8_t *call)
{
	static const uint32_t ids[] = {
		PKVM_MEM_SHARE,
		PKVM_MEM_UNSHARE,
		PKVM_MEM_SHARE,
		PKVM_MEM_UNSHARE,
		PKVM_MEM_RELINQUISH,
		PKVM_MMIO_GUARD_MAP,
		PKVM_MMIO_GUARD_UNMAP,
		PKVM_MMIO_GUARD_ENROLL,
		RSI_IPA_STATE_SET,
		RSI_IPA_STATE_SET,
		RSI_IPA_STATE_GET,
		RSI_REALM_CONFIG,
		RSI_HOST_CALL,
		PSCI_CPU_ON,
		TRNG_RND64,
		PKVM_HYP_MEMINFO,
	};
	struct vcpu *vcpu = &vcpus[1 + call[1] % VMS];
	struct vm *vm = vm_hold(1 + call[1] % VMS);
	uint64_t gfn = gfn_of(call[3]);
	bool is_smc;

	if (!vm) {
		return;
	}
	vcpu->vm = vm;
	vcpu->power = VCPU_ON;
	vm->vcpus[0] = vcpu;
	is_smc = !!(vm->flags & HYP_VM_RSI) != (call[0] == 255);
	vcpu->x[0] = ids[call[2] % (sizeof(ids) / sizeof(ids[0]))];
	vcpu->x[1] = gfn << 12 | (call[6] == 1 ? call[7] : 0);
	vcpu->x[2] = vcpu->x[0] == RSI_IPA_STATE_SET || vcpu->x[0] == RSI_IPA_STATE_GET ?
			     (gfn + count_of(call[4])) << 12 :
			     count_of(call[4]);
	vcpu->x[3] = vcpu->x[0] == RSI_IPA_STATE_SET ? call[5] % 3 : call[5] / 128;
	guest_call(vcpu, is_smc, 0);
	vm_release(vm);
}

static void guest_faults(const uint8_t *call)
{
	struct vm *vm = vm_hold(1 + call[1] % VMS);
	uint64_t at;

	if (vm) {
		guest_fault(vm, gfn_of(call[3]) << 12, call[4] & 1, call[4] & 2, &at);
		if (call[5] & 1 && guest_set_device(vm, at, call[5] & 2, true) == HYP_EPERM) {
			need(guest_fault(vm, at, false, false, &at) != GUEST_FAULT_DEVICE ||
				     call[5] & 2 || vm->guards_mmio || vm->flags & HYP_VM_RSI,
			     "a device's page was refused");
		}
		vm_release(vm);
	}
}

static bool one_call(const uint8_t *call)
{
	/* Now and then an allocation fails. */
	pool_fail_nth(call[7] == 255 ? 1 + call[6] % 3 : 0);
	fake_machine.fail_stage1 = call[7] == 254;
	if (call[0] < 144) {
		return sensible_call(call);
	} else if (call[0] < 168) {
		return wild_call(call);
	} else if (call[0] < 184) {
		guest_faults(call);
	} else {
		guest_calls(call);
	}
	return false;
}

/* A VM of each kind that can have pages at once. */
static void begin_vms(void)
{
	static const uint8_t flags[] = { HYP_VM_PROTECTED, HYP_VM_RSI, 0 };

	for (uint32_t i = 0; i < sizeof(flags); i++) {
		uint8_t pages = (uint8_t)(200 + i * 16);

		for (uint64_t page = 0; page < 16; page++) {
			vm_invariant_host_writes(SMALL_PFN + pages + page);
		}
		create_vm((const uint8_t[CALL_BYTES]){ 0, 0, flags[i], 1, 20, pages, 0x40 });
		host_calls(HYP_CALL_VM_DONATE, (uint64_t[6]){ i + 1u, SMALL_PFN + pages + 4u, 8 });
	}
	host_calls(HYP_CALL_VM_CONFIG, (uint64_t[6]){ 2, HYP_CONFIG_RAM, 0, 1024 });
}

static void make_call(const uint8_t *call, uint32_t step)
{
	uint64_t before = vm_invariant_state();
	const char *broken;
	bool nothing;

	call_bytes = call;
	nothing = one_call(call);
	broken = vm_invariant();
	need(!broken, broken);
	need(!nothing || vm_invariant_state() == before, "an error changed state");
	vm_invariant_use(step);
}

/* The calls of the input, and some more that follow from it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t end[CALL_BYTES];
	uint64_t free_at_first, state = size;
	const char *broken;
	uint32_t step = 0;

	call_bytes = end;
	fake_machine_boot();
	fake_machine.may_replace = size % 2;
	free_at_first = pool_free_count();
	vm_invariant_begin(VMS);
	memset(vcpus, 0, sizeof(vcpus));
	begin_vms();
	vm_invariant();
	for (size_t at = 0; at + CALL_BYTES <= size; at += CALL_BYTES) {
		make_call(data + at, step++);
	}
	for (size_t at = 0; at < size; at++) {
		state = (state ^ data[at]) * UINT64_C(0x9e3779b97f4a7c15);
	}
	for (uint32_t more = 0; more < CALLS_MORE; more++) {
		uint8_t call[CALL_BYTES];

		state = (state ^ state >> 31) * UINT64_C(0x9e3779b97f4a7c15) + 1;
		memcpy(call, &state, sizeof(call));
		make_call(call, step++);
	}
	call_bytes = end;
	pool_fail_nth(0);
	fake_machine.fail_stage1 = 0;
	fake_machine_end();
	for (uint64_t pfn = MACHINE_HOST_PFN; pfn < MACHINE_END_PFN; pfn++) {
		host_calls(HYP_CALL_MEM_RETURN, (uint64_t[6]){ pfn, 1 });
	}
	broken = vm_invariant();
	need(!broken, broken);
	need(pool_free_count() == free_at_first,
	     "the hypervisor keeps memory of VMs that are gone");
	return 0;
}
