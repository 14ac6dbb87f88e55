/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terrarium_kvm.ko: the objects behind KVM's file descriptors, and what its parts ask of each
 * other. The kernel's own KVM finds no EL2 and is not there; nothing of it is used.
 *
 * Locks, outermost first:
 *   kvm_vcpu.mutex     a vCPU's ioctls, KVM_RUN's whole length
 *   kvm_vm.lock        what the VM consists of: slots, vCPUs, devices, caps
 *   kvm_memory.slots_lock   slots
 *   kvm_memory.given_lock   pages that the hypervisor has
 *   mmap_lock          of kvm_vm.mm
 *   kvm_memory.mmu_lock     spinlock: what is lent to a normal VM against the MMU notifier
 * A vCPU's mutex inside the VM's lock: only by trylock, kvm_lock_all_vcpus(). The spinlocks of
 * the vGIC and the timers are inside all of these (interrupts off, innermost).
 */
#ifndef KVM_KVM_H
#define KVM_KVM_H

#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/refcount.h>
#include <linux/signal_types.h>
#include <linux/spinlock.h>
#include <linux/rwsem.h>
#include <linux/xarray.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_vcpu.h"
#include "platform/kvm/hyp.h"
#include "platform/kvm/irq.h"
#include "platform/kvm/slots.h"

/* A protected guest touches its memory in order: where it goes on. */
struct kvm_stream {
	u64 above, below; /* the gfns that would be next */
	u64 pages;        /* given ahead at the last one, at least 1; 0: there is no such stream */
	u64 used;         /* kvm_memory.streams_used then */
};

/* The VM's memory: memory.c. */
struct kvm_memory {
	struct kvm_slots
		*slots; /* replaced whole; to write: vm->lock, slots_lock, mmu_lock; to read: one */
	struct rw_semaphore slots_lock;
	struct mmu_notifier notifier;
	bool has_notifier;
	struct mutex given_lock;
	struct xarray
		kernel_pages; /* lock: given_lock; pfn -> order, of pages that the hypervisor has */
	struct xarray pinned; /* lock: given_lock; gfn -> page, of a protected VM */
	struct kvm_stream streams[4]; /* mmu_lock */
	u64 streams_used;             /* mmu_lock: a clock of their use */
	bool has_returned;            /* atomic: a protected guest has given a page back */
	u64 pinned_pages;             /* lock: given_lock; charged to RLIMIT_MEMLOCK of mm */
	spinlock_t mmu_lock;
	unsigned long invalidate_seq; /* lock: mmu_lock */
	long invalidating;            /* lock: mmu_lock; notifier calls under way */
	bool has_devices;             /* atomic: a page was made a device's */
	u32 dirty_flags;              /* lock: vm->lock; KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 */
};

struct filter;

/* A VM: /dev/kvm's KVM_CREATE_VM. Lives as long as its fd, a vCPU's or a device's is open. */
struct kvm_vm {
	refcount_t users;
	struct mm_struct *mm; /* of the creator; its struct only (mmgrab) */
	struct mutex lock;
	u64 handle; /* constant: the hypervisor's name of it, if has_handle */
	bool has_handle;
	bool is_protected; /* constant */
	bool has_rsi;      /* constant */
	u32 ipa_bits;      /* constant */
	bool has_run;      /* atomic: a vCPU is about to enter the guest, or did */
	bool is_bugged;    /* atomic: the hypervisor refused what it must not: all is -EIO */
	bool tells_nisv;   /* atomic: KVM_CAP_ARM_NISV_TO_USER */
	u32 vcpu_count;    /* lock to write; grows only; vcpus[0..count) are complete */
	struct kvm_vcpu *vcpus[HYP_VCPUS_MAX]; /* in the order of creation; lock to write */
	struct kvm_memory memory;
	struct filter *filter; /* lock: SMCCC filter or NULL; constant after the first run */
	struct irq_vm irq;     /* irq.h */
};

/* What userspace does for the last exit; completed by its next KVM_RUN. */
enum kvm_pending { KVM_PENDING_NONE = 0, KVM_PENDING_READ, KVM_PENDING_WRITE };

/* Break- and watchpoints: the guest's own are kept here while the host's are in the vCPU. */
struct kvm_debug_regs {
	struct kvm_guest_debug_arch guest, host;
};

/* A vCPU: KVM_CREATE_VCPU. Fields without another word: mutex. */
struct kvm_vcpu {
	struct kvm_vm *vm;
	u32 index; /* constant: position in vm->vcpus, by creation */
	u32 id;    /* constant: userspace's and the hypervisor's number; below HYP_VCPUS_MAX */
	struct mutex mutex;
	struct kvm_run *run;            /* a page shared with userspace: never trusted, read once */
	bool is_initialized;            /* KVM_ARM_VCPU_INIT was done, the hypervisor has it */
	bool is_finalized;              /* SVE is set up */
	bool has_run;                   /* its first run was prepared */
	u32 features;                   /* of struct kvm_vcpu_init, word 0 */
	u32 mp_state;                   /* atomic: KVM_MP_STATE_RUNNABLE, STOPPED, SUSPENDED */
	struct task_struct __rcu *task; /* in KVM_RUN; set and cleared by itself */
	int cpu;                        /* atomic: where it is in the guest; -1: not in the guest */
	struct rcuwait wait;  /* its thread, when it sleeps for the guest's WFI or power */
	struct hyp_run entry; /* registers of VCPU_RUN, in and out */
	u32 answer_flags;     /* HYP_RUN_* due at the next entry */
	enum kvm_pending pending;
	bool is_served; /* the last exit was a call that the hypervisor got back */
	bool serror_pending;
	u32 debug;       /* KVM_GUESTDBG_* */
	u64 spsr[4];     /* AArch32's, for GET/SET_ONE_REG */
	u32 pmu_irq;     /* vm->lock: INTID of the PMU's interrupt, 0: none */
	bool has_pmu;    /* vm->lock: KVM_ARM_VCPU_PMU_V3_INIT was done */
	bool pmu_level;  /* as the guest left it */
	bool has_sigset; /* KVM_SET_SIGNAL_MASK */
	sigset_t sigset;
	struct kvm_debug_regs *debug_regs; /* while break- and watchpoints of the host are set */
	struct irq_vcpu irq;               /* irq.h */
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

/* MPIDR_EL1's affinity fields as the guest sees them: Aff0 = id % 16, Aff1 = id / 16. */
static inline u64 kvm_vcpu_affinity(const struct kvm_vcpu *vcpu)
{
	return (vcpu->id & 0xf) | (u64)(vcpu->id >> 4) << 8;
}

/*
 * Make @vcpu look at its state and at its interrupts again: wakes it from WFI, or makes it
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
