/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the module: a VM's memory. pages.c: what the hypervisor holds; memory.c: the rest. */
#ifndef KVM_MEMORY_H
#define KVM_MEMORY_H

#include "platform/kvm/kvm.h"

/* Make the hypervisor's VM of @vm, whose memory is set up. 0 or -errno. */
int pages_create_vm(struct kvm_vm *vm);

/* Give the hypervisor pages for a vCPU, and make it. 0 or -errno. */
int pages_create_vcpu(struct kvm_vm *vm, u32 index, u64 flags);

/* Give the hypervisor pages for tables of @vm. 0 or -errno. */
int pages_add_tables(struct kvm_vm *vm);

/* A VM with RSI: its RAM, before its first run. 0 or -errno. */
int pages_declare_ram(struct kvm_vm *vm, u64 gfn, u64 pages);

/*
 * Protected VM: pin the page at @hva of current's mm, charge it to RLIMIT_MEMLOCK and give it to
 * the guest at @gfn. 0 also if another vCPU was faster. -EFAULT, -EHWPOISON, -EIO, -ENOMEM.
 */
int pages_give_guest(struct kvm_vm *vm, u64 gfn, u64 hva);

/* Whether the page at @gfn is the guest's already. Any context. */
bool pages_are_given(struct kvm_vm *vm, u64 gfn);

/* The guest gave the page at @gfn back: it is zero and the host's. */
void pages_returned(struct kvm_vm *vm, u64 gfn);

/* End the hypervisor's VM and take all pages back. Nothing runs. */
void pages_destroy_vm(struct kvm_vm *vm);

/* Forget what is mapped at the gfns of a normal VM. Any context. */
void pages_unmap(struct kvm_vm *vm, u64 gfn, u64 pages);

/* With the VM; needs current->mm. */
int kvm_memory_init(struct kvm_vm *vm);
void kvm_memory_destroy(struct kvm_vm *vm);

long kvm_memory_set_region(struct kvm_vm *vm, const struct slot_request *request);
long kvm_memory_get_dirty(struct kvm_vm *vm, const struct kvm_dirty_log *log);
long kvm_memory_clear_dirty(struct kvm_vm *vm, const struct kvm_clear_dirty_log *log);

/* What to do about exit MEMORY. */
enum memory_fault {
	MEMORY_FAULT_MAPPED = 0, /* run again */
	MEMORY_FAULT_DEVICE,     /* RUN_DEVICE */
	MEMORY_FAULT_ABORT,      /* RUN_ABORT */
};

/* The guest of @vcpu needs the page at @ipa, as @esr says. >= 0: enum memory_fault; -errno. */
int kvm_memory_fault(struct kvm_vcpu *vcpu, u64 ipa, u64 esr);

/* A read came as MMIO from a page that is memory by now: whether it was made memory again. */
bool kvm_memory_undo_device(struct kvm_vm *vm, u64 ipa, bool is_write);

#endif /* KVM_MEMORY_H */
