/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terrarium_kvm.ko: the objects behind KVM's file descriptors, and what its parts ask of each
 * other. The kernel's own KVM finds no EL2 and is not there; nothing of it is used.
 *
 * Locks, outermost first:
 *   kvm_vm.lock        what the VM consists of: slots, vCPUs, devices, caps
 *   kvm_vcpu.mutex     a vCPU's ioctls, KVM_RUN's whole length; several: in the order of indices
 *   mmap_lock          of kvm_vm.mm
 *   kvm_memory.given_lock   pages given
 *   kvm_memory.mmu_lock     spinlock: what is lent to a normal VM against the MMU notifier
 * The vGIC's and timers' spinlocks are inside all of these (interrupts off, innermost).
 */
#ifndef KVM_KVM_H
#define KVM_KVM_H

#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_vcpu.h"
#include "platform/kvm/hyp.h"
#include "platform/kvm/irq.h"

/* Guest memory as userspace has set it. */
struct kvm_slot {
	u32 id;
	u32 flags;  /* KVM_MEM_* */
	u64 gfn;    /* first page */
	u64 pages;  /* not 0 */
	u64 hva;    /* userspace address of gfn */
	u64 *dirty; /* vmalloc, one bit a page, or NULL; bits atomic */
};

/* All slots, sorted by gfn; never changed once published. */
struct kvm_slots {
	u32 count;
	struct kvm_slot slot[] __counted_by(count);
};

/* The VM's memory: memory.c. */
struct kvm_memory {
	struct kvm_slots __rcu *slots; /* writers: vm->lock; readers: slots_srcu or mmu_lock */
	struct srcu_struct slots_srcu;
	struct mmu_notifier notifier;
	bool has_notifier;
	struct mutex given_lock;
	struct xarray given; /* pfn -> flags of why: all pages that the hypervisor has of us */
	u64 pinned_pages;    /* lock: given_lock; charged to RLIMIT_MEMLOCK of mm */
	spinlock_t mmu_lock;
	unsigned long invalidate_seq; /* lock: mmu_lock */
	long invalidating;            /* lock: mmu_lock; notifier calls under way */
};

/* A VM: /dev/kvm's KVM_CREATE_VM. Lives as long as its fd, a vCPU's or a device's is open. */
struct kvm_vm {
	refcount_t users;
	struct mm_struct *mm; /* of the creator; its struct only (mmgrab) */
	struct mutex lock;
	u64 handle;        /* constant: the hypervisor's name of it */
	bool is_protected; /* constant */
	bool has_rsi;      /* constant */
	u32 ipa_bits;      /* constant */
	bool has_run;      /* atomic: a vCPU entered the guest; protected: slots are fixed */
	bool is_bugged;    /* atomic: the hypervisor refused what it must not: KVM_RUN is -EIO */
	u32 vcpu_count;    /* lock to write; grows only; vcpus[0..count) are complete */
	struct kvm_vcpu *vcpus[HYP_VCPUS_MAX]; /* in the order of creation; lock to write */
	struct kvm_memory memory;
	u64 caps;                 /* lock: bits of enum kvm_vm_cap that were enabled */
	struct maple_tree *smccc; /* lock: SMCCC filter, NULL: none; constant after the first run */
	struct irq_vm irq;        /* irq.h */
};

enum kvm_vm_cap {
	KVM_VM_CAP_NISV_TO_USER = 0x1,
	KVM_VM_CAP_SUSPEND = 0x2,
};

/* Bits of kvm_vcpu.requests: looked at before each entry. */
enum kvm_vcpu_request {
	KVM_VCPU_REQ_SLEEP = 0, /* PSCI or MP state: power or pause changed */
	KVM_VCPU_REQ_IRQ,       /* an interrupt may be pending */
};

struct kvm_vcpu {
	struct kvm_vm *vm;
	u32 index; /* constant: position in vm->vcpus, and the hypervisor's number */
	u32 id;    /* constant: userspace's number; MPIDR */
	struct mutex mutex;
	struct kvm_run *run; /* a page shared with userspace: never trusted, read once */
	struct pid *pid;     /* of the thread that ran it last; mutex */
	bool is_initialized; /* mutex: KVM_ARM_VCPU_INIT was done, the hypervisor has it */
	bool is_finalized;   /* mutex: SVE is set up */
	bool has_run;        /* mutex */
	u32 features;        /* mutex: of struct kvm_vcpu_init, word 0 */
	u32 mp_state;        /* atomic: KVM_MP_STATE_RUNNABLE, STOPPED, SUSPENDED */
	struct task_struct __rcu *task; /* in KVM_RUN; set and cleared by itself */
	int cpu;                        /* atomic: where it is in the guest; -1: not in the guest */
	unsigned long requests;         /* atomic bits */
	struct rcuwait wait;  /* its thread, when it sleeps for the guest's WFI or power */
	struct hyp_run entry; /* mutex: registers of VCPU_RUN, in and out */
	u32 answer_flags;     /* mutex: HYP_RUN_* due at the next entry */
	u32 pending;          /* mutex: enum kvm_pending: userspace has an exit to complete */
	u32 debug;            /* mutex: KVM_GUESTDBG_* */
	bool serror_pending;  /* mutex */
	struct kvm_guest_debug_arch *debug_regs; /* mutex: the host's break- and watchpoints */
	struct irq_vcpu irq;                     /* irq.h */
};

/* Of vm.c: hold, and let go of, the VM; the last one frees it and may sleep. */
void kvm_vm_get(struct kvm_vm *vm);
void kvm_vm_put(struct kvm_vm *vm);

/* The vCPU that userspace knows by @id; NULL: none. No lock: vCPUs live as long as the VM. */
struct kvm_vcpu *kvm_vcpu_by_id(struct kvm_vm *vm, u32 id);

static inline u32 kvm_vcpu_count(const struct kvm_vm *vm)
{
	return smp_load_acquire(&vm->vcpu_count);
}

/* MPIDR_EL1's affinity fields as the guest sees them: Aff0 = index % 16, Aff1 = index / 16. */
static inline u64 kvm_vcpu_affinity(const struct kvm_vcpu *vcpu)
{
	return (vcpu->index & 0xf) | (u64)(vcpu->index >> 4) << 8;
}

/*
 * Make @vcpu look at its requests and at its interrupts again: wakes it from WFI, or makes it
 * leave the guest. Any context, also with interrupts off and inside hrtimer callbacks.
 */
void kvm_vcpu_kick(struct kvm_vcpu *vcpu);

/* When this returns, @vcpu has been out of the guest since the call. Process context. */
void kvm_vcpu_kick_wait(struct kvm_vcpu *vcpu);

/* Take or drop all vCPU mutexes of @vm; -EBUSY if one is taken. Needs vm->lock. */
int kvm_lock_all_vcpus(struct kvm_vm *vm);
void kvm_unlock_all_vcpus(struct kvm_vm *vm);

/*
 * A vCPU's register at the hypervisor (HYP_REG_*). Needs vcpu->mutex.
 * 0; -ENOENT; -EPERM protected; -EBUSY it runs; -ENOEXEC no KVM_ARM_VCPU_INIT yet.
 */
int kvm_reg_get(struct kvm_vcpu *vcpu, u64 reg, u64 *value);
int kvm_reg_set(struct kvm_vcpu *vcpu, u64 reg, u64 value);

#endif /* KVM_KVM_H */
