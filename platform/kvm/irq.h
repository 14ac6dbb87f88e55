/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of VMs and vCPUs: the vGIC, timers, eventfds. What the rest of the module calls.
 *
 * Locks: irq_vm.fds_lock (mutex) inside kvm_vm.lock; irq_vm.irqfds_lock (spinning, interrupts
 * off) inside an eventfd's lock; vgic.lock inside all. Readers of routes, resamplers and
 * ioeventfds are RCU read sections.
 */
#ifndef KVM_IRQ_H
#define KVM_IRQ_H

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "platform/kvm/vgic.h"

struct kvm_device_attr;
struct kvm_vcpu;
struct kvm_vm;
struct irq_routes;

/* Registers of VCPU_RUN that are ours: x8 to x12 in, x8 to x16 out (hyp_vcpu.h). */
#define IRQ_RUN_IN 5
#define IRQ_RUN_OUT 9

enum irq_timer { IRQ_VTIMER = 0, IRQ_PTIMER, IRQ_HVTIMER, IRQ_HPTIMER, IRQ_TIMER_COUNT };

struct irq_vm {
	struct vgic vgic;
	bool has_vgic;                   /* lock: vm->lock; never false again */
	bool timers_fixed;               /* lock: vm->lock; a vCPU has run: the PPIs stay */
	u8 ppis[IRQ_TIMER_COUNT];        /* lock: vm->lock until timers_fixed */
	u64 voffset;                     /* atomic: what CNTVCT is behind the host's counter */
	struct mutex fds_lock;           /* writers of the four below */
	struct irq_routes __rcu *routes; /* NULL: GSI n is SPI n */
	struct list_head ioeventfds;     /* RCU */
	struct list_head resamplers;     /* RCU */
	struct list_head irqfds;         /* also irqfds_lock */
	spinlock_t irqfds_lock;
};

struct irq_vcpu {
	struct vgic_cpu vgic;
	bool is_ready;      /* vcpu->mutex: irq_vcpu_first_run() is through */
	bool vtimer_level;  /* owner: who runs the vCPU; while it sleeps, its timer's callback */
	u64 voffset;        /* vcpu->mutex: what the hypervisor has; ~0: not told yet */
	u64 wfi_deadline;   /* of the sleep under way */
	u64 ptimer_ctl;     /* vcpu->mutex: CNTP_CTL without ISTATUS */
	u64 ptimer_cval;    /* the same; constant while the timer is armed */
	struct hrtimer wfi; /* the virtual timer's, while the vCPU sleeps */
	struct hrtimer ptimer;
};

/* The module comes and goes. May sleep. Errors: -ENODEV: no hypervisor's interrupts. */
int irq_module_init(void);
void irq_module_exit(void);

/* Before anything else of a new VM; after its last user has gone. May sleep. */
int irq_vm_init(struct kvm_vm *vm);
void irq_vm_release(struct kvm_vm *vm);

/*
 * The same for a vCPU. Needs vm->lock; vm and id are set.
 * Errors  -EBUSY: the vGIC is initialized, so there come no more; -EINVAL: id.
 */
int irq_vcpu_init(struct kvm_vcpu *vcpu);
void irq_vcpu_release(struct kvm_vcpu *vcpu);

/* KVM_ARM_VCPU_INIT, and PSCI CPU_OFF: timers off. Needs vcpu->mutex. */
void irq_vcpu_reset(struct kvm_vcpu *vcpu);

/*
 * At KVM_RUN, until it has answered 0. Needs vcpu->mutex, takes vm->lock.
 * Errors  -ENXIO a vGIC without addresses; -EINVAL overlapping ones, or timers on one PPI;
 *         -EBUSY a vGIC that is not initialized.
 */
int irq_vcpu_first_run(struct kvm_vcpu *vcpu);

/*
 * Just before and after VCPU_RUN, both in one stretch with interrupts off.
 * @in   x8 to x12, filled here
 * @out  x8 to x16 of the answer
 */
void irq_vcpu_enter(struct kvm_vcpu *vcpu, u64 in[IRQ_RUN_IN]);
void irq_vcpu_leave(struct kvm_vcpu *vcpu, const u64 out[IRQ_RUN_OUT]);

/* An interrupt waits that ends a WFI. Any context. */
bool irq_vcpu_pending(struct kvm_vcpu *vcpu);

/* Around the sleep for a WFI; @deadline is x16 of the exit, of the host's counter. May sleep. */
void irq_wfi_begin(struct kvm_vcpu *vcpu, u64 deadline);
void irq_wfi_end(struct kvm_vcpu *vcpu);

/*
 * A guest's access to @bytes at @ipa. Returns true: done here; *@data is a read's value.
 * May sleep; without locks but vcpu->mutex.
 */
bool irq_mmio(struct kvm_vcpu *vcpu, u64 ipa, unsigned int bytes, bool is_write, u64 *data);

/* A trapped register, by its ESR. Returns true: done here. As irq_mmio(). */
bool irq_sysreg(struct kvm_vcpu *vcpu, u32 esr, bool is_write, u64 *value);

/* Ioctls; -ENOIOCTLCMD: not of interrupts. Take vm->lock. */
long irq_vm_ioctl(struct kvm_vm *vm, unsigned int cmd, unsigned long arg);

/* KVM_{SET,GET,HAS}_DEVICE_ATTR of a vCPU; -ENXIO: no such attribute. Takes vm->lock. */
long irq_vcpu_attr(struct kvm_vcpu *vcpu, unsigned int cmd, const struct kvm_device_attr *attr);

/* KVM_CHECK_EXTENSION; @vm may be NULL. -1: not of interrupts. */
int irq_check_extension(struct kvm_vm *vm, long cap);

/* One-registers of timers; -ENOENT: not of timers. Need vcpu->mutex. */
int irq_vcpu_get_reg(struct kvm_vcpu *vcpu, u64 id, u64 *value);
int irq_vcpu_set_reg(struct kvm_vcpu *vcpu, u64 id, u64 value);

#define IRQ_TIMER_REGS(X)         \
	X(KVM_REG_ARM_TIMER_CTL)  \
	X(KVM_REG_ARM_TIMER_CNT)  \
	X(KVM_REG_ARM_TIMER_CVAL) \
	X(KVM_REG_ARM_PTIMER_CTL) \
	X(KVM_REG_ARM_PTIMER_CNT) \
	X(KVM_REG_ARM_PTIMER_CVAL)

#endif /* KVM_IRQ_H */
