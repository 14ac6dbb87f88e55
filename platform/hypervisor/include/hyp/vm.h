/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual machines: their life, and what of a VM is not a vCPU's. Made from pages that the
 * host gave (VM_META), which EL2 maps for itself as long as the VM lives.
 *
 * A VM is found by its handle and held while it is used: vm_hold(), vm_release(). The host
 * can kill it only while nobody holds it. vm->lock guards the guest's tables and what is
 * marked so; it comes before owner_lock.
 */
#ifndef HYP_VM_H
#define HYP_VM_H

#include <hyp/lock.h>
#include <hyp/s2.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

struct regs;
struct vcpu;

/* Of a VM with RSI: what its guest extends, slots 1 to 4; slot 0 is zero (guest_rsi.c). */
struct rsi {
	uint8_t measurements[5][64];
};

struct vm {
	uint32_t id;           /* constant: handle, owner.h's number, and VMID */
	uint32_t flags;        /* constant: HYP_VM_* */
	uint32_t ipa_bits;     /* constant */
	bool forwards_hvc;     /* constant after the first run: HYP_CONFIG_FORWARD_HVC */
	bool has_run;          /* atomic: a vCPU ran */
	bool guards_mmio;      /* lock: MMIO_GUARD_ENROLL was called */
	uint64_t shared_pages; /* lock: that the guest shares with the host */
	struct rsi rsi;        /* lock */
	struct lock lock;
	struct s2 s2;                      /* lock: the guest's stage 2 */
	struct vcpu *vcpus[HYP_VCPUS_MAX]; /* lock to write; each constant once set */
};

/* The living VM of that handle, held; NULL: there is none. */
struct vm *vm_hold(uint64_t handle);

/* Let go of @vm. */
void vm_release(struct vm *vm);

static inline void vm_leave(struct vm **vm)
{
	if (*vm) {
		vm_release(*vm);
	}
}

/* struct vm *vm vm_held = vm_hold(handle); is let go of at the end of the block. */
#define vm_held __attribute__((cleanup(vm_leave)))

static inline bool vm_is_protected(const struct vm *vm)
{
	return vm->flags & (HYP_VM_PROTECTED | HYP_VM_RSI);
}

/* The host's hypercalls about VMs, by the names of hyp_hypercalls.h. */
enum hyp_status vm_create(struct regs *regs);
enum hyp_status vm_donate(struct regs *regs);
enum hyp_status vm_config(struct regs *regs);
enum hyp_status vm_map(struct regs *regs);
enum hyp_status vm_unmap(struct regs *regs);
enum hyp_status vm_kill(struct regs *regs);
enum hyp_status vm_reclaim(struct regs *regs);
enum hyp_status vm_destroy(struct regs *regs);
enum hyp_status vm_stats(struct regs *regs);

/*
 * For VCPU_CREATE: the host gives @count pages from @pfn on to VM @id, which are mapped at
 * EL2 and zero when this returns. Needs vm held and locked.
 */
MUST_CHECK enum hyp_status vm_take_meta(uint32_t id, uint64_t pfn, uint64_t count, void **memory);

#endif /* HYP_VM_H */
