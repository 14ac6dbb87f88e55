/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual GICv3 of a VM: distributor, redistributors, and what goes into the list
 * registers. Knows neither KVM nor the module: a VM's vCPUs are numbers. Compiles natively for
 * tests with the headers of tests/kvm/shim.
 *
 * Locks. vgic->lock (spinning, interrupts off) guards all state of this header that is not
 * marked else. Nothing sleeps under it and no function of another part is called under it:
 * whoever must be kicked is noted and kicked by vgic_unlock(). So any context may raise an
 * interrupt, also one that holds an eventfd's lock.
 *
 * Who holds an interrupt's state. While a vCPU runs, the interrupts in its list registers are
 * with the hardware (holder). What others change meanwhile is noted beside and merged when
 * the vCPU comes back, for which it is kicked. vgic_flush() to vgic_fold() is one stretch with
 * interrupts off on one CPU, so a kick (an inter-processor interrupt) is never lost.
 */
#ifndef KVM_VGIC_H
#define KVM_VGIC_H

#include <linux/bitmap.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "platform/kvm/vgic_regs.h"

#define VGIC_CPUS 8
#define VGIC_PRIVATE 32   /* SGIs and PPIs of each vCPU */
#define VGIC_NUMBERS 1024 /* INTIDs, with those that are reserved */
#define VGIC_LRS 4        /* list registers that are used */
#define VGIC_REGIONS 8    /* of redistributors */
#define VGIC_NOBODY 0xff  /* no vCPU */
#define VGIC_NO_ADDRESS (~0ULL)
#define VGIC_IRQS_LEGACY 256 /* if user space asked for no number */

struct vgic_irq {
	u16 intid;   /* constant */
	u8 target;   /* vCPU that its route names; VGIC_NOBODY */
	u8 home;     /* vCPU in whose `queued` it is; VGIC_NOBODY */
	u8 holder;   /* vCPU in whose list registers it is while that runs; VGIC_NOBODY */
	u8 priority; /* GIC_PRIORITY_MASK */
	u8 hw_intid; /* physical PPI that the guest deactivates with it; 0: none */
	bool enabled;
	bool group1;
	bool edge;
	bool line;  /* the wire, as its source last set it */
	bool latch; /* pending by an edge or by a write to ISPENDR */
	bool active;
	bool owned;          /* wired to a device of the kernel: user space does not set its line */
	bool placed;         /* held: pending in the list register */
	bool placed_latch;   /* held: and that came from the latch */
	bool forget_pending; /* held: cleared since, whatever the list register says */
	bool keep_active;    /* held: `active` was written since and is right */
	u64 route;           /* GICD_IROUTER; SPIs */
};

struct vgic_cpu {
	struct vgic_irq private[VGIC_PRIVATE];
	unsigned long queued[BITS_TO_LONGS(VGIC_NUMBERS)]; /* may go into its list registers */
	unsigned int queued_count;      /* read without the lock as a hint: see vgic_flush() */
	unsigned int lr_count;          /* owner: the vCPU's thread */
	struct vgic_irq *lrs[VGIC_LRS]; /* owner: the vCPU's thread */
	u64 vmcr; /* ICH_VMCR at its last exit; written by the vCPU's thread */
};

struct vgic_region {
	u64 base;
	u32 count; /* redistributors; 0: the one region of a VM, as many as it has vCPUs */
};

struct vgic {
	spinlock_t lock;
	bool initialized;
	u8 groups_enabled; /* GICD_CTLR_ENABLE_GROUPS */
	u8 revision;       /* of GICD_IIDR */
	u8 kicks;          /* vCPUs to kick, one bit each */
	u32 irq_count;     /* INTIDs, 64 to 1024 in steps of 32; 0: not said yet */
	u32 cpu_count;     /* constant once initialized */
	u64 dist_base;     /* VGIC_NO_ADDRESS */
	u32 region_count;
	struct vgic_region regions[VGIC_REGIONS];
	struct vgic_cpu *cpus[VGIC_CPUS]; /* each set once, NULL before */
	struct vgic_irq *spis;            /* irq_count - 32; set once, by vgic_init() */
};

/* What the vCPU takes into the guest and brings back: VCPU_RUN, platform/abi/hyp_vcpu.h. */
struct vgic_run {
	u64 hcr;
	u64 lrs[VGIC_LRS];
};

/*
 * Of the part around: make @cpu leave the guest or its sleep, and look again. Any context that
 * may raise an interrupt; never under vgic->lock.
 */
void vgic_kick(struct vgic *vgic, unsigned int cpu);

/*
 * Of the part around: when this returns, each vCPU whose bit is in @cpus has left the guest at
 * least once since the call. May sleep; without vgic->lock.
 */
void vgic_kick_wait(struct vgic *vgic, unsigned int cpus);

/* vgic.c: state. */

/* Before all else. */
void vgic_setup(struct vgic *vgic);

/* A vCPU comes, in memory of the caller that stays until the VM is gone. Before vgic_init(). */
void vgic_cpu_setup(struct vgic *vgic, struct vgic_cpu *cpu, unsigned int index);

/*
 * From now on it works, for @cpu_count vCPUs. May sleep.
 * Errors  -EBUSY, -ENOMEM.
 */
int vgic_init(struct vgic *vgic, unsigned int cpu_count);

/* Free what vgic_init() took. Nobody uses it any more. */
void vgic_release(struct vgic *vgic);

/* Begin and end a change; the end kicks whom the change concerns. */
void vgic_lock(struct vgic *vgic, unsigned long *flags);
void vgic_unlock(struct vgic *vgic, unsigned long flags);

/*
 * The interrupt, private ones of @cpu; NULL: there is none. The only place where an INTID of
 * anybody becomes a pointer.
 */
struct vgic_irq *vgic_irq_at(struct vgic *vgic, unsigned int cpu, u32 intid);

/* The wire of an interrupt changes. Needs vgic->lock. */
void vgic_line(struct vgic *vgic, struct vgic_irq *irq, bool level);

/* The same for anybody, in any context. Returns false: there is no such interrupt. */
bool vgic_inject(struct vgic *vgic, unsigned int cpu, u32 intid, bool level, bool by_kernel);

/* PPI of @cpu that the kernel wires; @hw_intid as above. Returns false: it has one already. */
bool vgic_own(struct vgic *vgic, unsigned int cpu, u32 intid, u8 hw_intid);

/* Writes to its registers. All need vgic->lock. */
void vgic_set_enabled(struct vgic *vgic, struct vgic_irq *irq, bool enabled);
void vgic_set_pending(struct vgic *vgic, struct vgic_irq *irq, bool pending);
void vgic_set_active(struct vgic *vgic, struct vgic_irq *irq, bool active);
void vgic_set_route(struct vgic *vgic, struct vgic_irq *irq, u64 route);
void vgic_changed(struct vgic *vgic, struct vgic_irq *irq);
void vgic_kick_queued(struct vgic *vgic);

/* As the guest reads it, and as the list registers get it. */
bool vgic_is_pending(const struct vgic_irq *irq);
bool vgic_reads_pending(const struct vgic_irq *irq);

/* vgic_lr.c: list registers. */

/*
 * Fill the list registers of @cpu, which is about to enter the guest, best priority first.
 * Returns whether the interrupt @hw_intid, if not 0, is in one of them with its physical one.
 */
bool vgic_flush(struct vgic *vgic, unsigned int cpu, struct vgic_run *run);

/*
 * Take back what the hardware made of them; @vmcr is ICH_VMCR. Level SPIs that the guest is
 * done with are written to @ended, at most VGIC_ENDED_MAX. Returns their number.
 */
#define VGIC_ENDED_MAX 32
unsigned int vgic_fold(struct vgic *vgic, unsigned int cpu, const struct vgic_run *run, u64 vmcr,
		       u16 *ended);

/* An interrupt waits that would end a WFI of @cpu. Any context. */
bool vgic_pending(struct vgic *vgic, unsigned int cpu);

/* ICC_DIR_EL1 of @cpu, trapped. Returns true: it was a level SPI, which is done with. */
bool vgic_deactivate(struct vgic *vgic, unsigned int cpu, u32 intid);

/* vgic_sgi.c */

/* ICC_SGI1R_EL1 (@group1) or ICC_SGI0R_EL1, ICC_ASGI1R_EL1 of @cpu. */
void vgic_sgi(struct vgic *vgic, unsigned int cpu, u64 value, bool group1);

/* vgic_mmio.c: registers in memory. */

/* An access of a guest, or of user space, which sees and sets the same with other effects. */
struct vgic_access {
	unsigned int cpu; /* redistributor's; for the distributor: who asks */
	u32 offset;       /* in the frames */
	u32 bytes;        /* 1, 2, 4 or 8 */
	bool write;
	bool user;
	u64 value; /* zero-extended */
};

/*
 * Do it. What is not a register, or not of that size, reads as 0 and ignores writes.
 * Returns 0, or for user space -ENXIO (no such register) and -EINVAL.
 */
int vgic_dist_access(struct vgic *vgic, struct vgic_access *access);
int vgic_redist_access(struct vgic *vgic, struct vgic_access *access);

/*
 * Whether guest address @address is in one of its frames: then *@access has cpu and offset and
 * *@dist says which. @asker is the vCPU.
 */
bool vgic_find(struct vgic *vgic, u64 address, unsigned int asker, struct vgic_access *access,
	       bool *dist);

/* Levels of the wires of interrupts @intid to @intid + 31. */
void vgic_levels(struct vgic *vgic, unsigned int cpu, u32 intid, bool write, u32 *levels);

/* The vCPU with affinity @aff (Aff3 in bits 31:24 to Aff0); VGIC_NOBODY: there is none. */
unsigned int vgic_cpu_of(const struct vgic *vgic, u64 aff);

/* vgic_setup.c: where it is. Needs the VM's lock; not vgic->lock. */

/*
 * Addresses, as KVM_DEV_ARM_VGIC_GRP_ADDR sets them; @limit is the end of guest addresses.
 * Errors  -EEXIST, -EINVAL, -E2BIG.
 */
int vgic_place_dist(struct vgic *vgic, u64 base, u64 limit);
int vgic_place_redists(struct vgic *vgic, u64 base, u32 count, u32 index, u64 limit);

/* All is placed, and nothing overlaps: 0, -ENXIO or -EINVAL. */
int vgic_check_places(const struct vgic *vgic);

/*
 * vgic_cpuif.c: ICC_* of user space, in terms of ICH_*. @host_ctlr is ICC_CTLR_EL1 of the machine,
 * whose number of priority and identifier bits guests have.
 */

/* Where user space's register @instr (op0 to op2, KVM's attribute) is; ABSENT: not on this CPU. */
enum vgic_cpuif {
	VGIC_CPUIF_NONE = 0,
	VGIC_CPUIF_VMCR,
	VGIC_CPUIF_AP,
	VGIC_CPUIF_CONSTANT,
	VGIC_CPUIF_ABSENT,
};

/* @ich is the register to read and write then: op0 to op2 in the same form. */
enum vgic_cpuif vgic_cpuif_find(u32 instr, u64 host_ctlr, u32 *ich);
u64 vgic_cpuif_read(u32 instr, u64 host_ctlr, u64 ich_value);

/* -EINVAL: this CPU cannot be so. *@ich_value becomes what to write. */
int vgic_cpuif_write(u32 instr, u64 host_ctlr, u64 value, u64 *ich_value);

#endif /* KVM_VGIC_H */
