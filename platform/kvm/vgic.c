// SPDX-License-Identifier: GPL-2.0-or-later
/* The vGIC's state: vgic.h. */
#include "platform/kvm/vgic.h"

#include <linux/errno.h>
#include <linux/slab.h>

void vgic_setup(struct vgic *vgic)
{
	spin_lock_init(&vgic->lock);
	vgic->dist_base = VGIC_NO_ADDRESS;
	vgic->revision = GIC_IIDR_REVISION_LAST;
}

static void irq_setup(struct vgic_irq *irq, u32 intid, u8 target)
{
	*irq = (struct vgic_irq){
		.intid = intid,
		.target = target,
		.home = VGIC_NOBODY,
		.holder = VGIC_NOBODY,
		.group1 = true,
		.enabled = intid < GIC_FIRST_PPI,
		.edge = intid < GIC_FIRST_PPI || intid >= GIC_FIRST_SPI, /* SPIs: as KVM */
	};
}

void vgic_cpu_setup(struct vgic *vgic, struct vgic_cpu *cpu, unsigned int index)
{
	for (u32 i = 0; i < VGIC_PRIVATE; i++) {
		irq_setup(&cpu->private[i], i, index);
	}
	vgic->cpus[index] = cpu;
}

int vgic_init(struct vgic *vgic, unsigned int cpu_count)
{
	u32 irqs = vgic->irq_count == 0 ? VGIC_IRQS_LEGACY : vgic->irq_count;
	struct vgic_irq *spis;
	unsigned long flags;

	if (vgic->initialized) {
		return -EBUSY;
	}
	spis = kvcalloc(irqs - GIC_FIRST_SPI, sizeof(*spis), GFP_KERNEL_ACCOUNT);
	if (spis == NULL) {
		return -ENOMEM;
	}
	for (u32 i = 0; i < irqs - GIC_FIRST_SPI; i++) {
		irq_setup(&spis[i], GIC_FIRST_SPI + i, vgic_cpu_of(vgic, 0));
	}
	spin_lock_irqsave(&vgic->lock, flags);
	vgic->spis = spis;
	vgic->irq_count = irqs;
	vgic->cpu_count = cpu_count;
	WRITE_ONCE(vgic->initialized, true);
	spin_unlock_irqrestore(&vgic->lock, flags);
	return 0;
}

void vgic_release(struct vgic *vgic)
{
	vgic->initialized = false;
	kvfree(vgic->spis);
	vgic->spis = NULL;
}

void vgic_lock(struct vgic *vgic, unsigned long *flags)
{
	unsigned long saved;

	spin_lock_irqsave(&vgic->lock, saved);
	*flags = saved;
}

void vgic_unlock(struct vgic *vgic, unsigned long flags)
{
	unsigned int kicks = vgic->kicks;

	vgic->kicks = 0;
	spin_unlock_irqrestore(&vgic->lock, flags);
	for (unsigned int cpu = 0; kicks != 0; cpu++, kicks >>= 1) {
		if (kicks & 1) {
			vgic_kick(vgic, cpu);
		}
	}
}

struct vgic_irq *vgic_irq_at(struct vgic *vgic, unsigned int cpu, u32 intid)
{
	if (intid < VGIC_PRIVATE) {
		if (cpu >= VGIC_CPUS || vgic->cpus[cpu] == NULL) {
			return NULL;
		}
		return &vgic->cpus[cpu]->private[intid];
	}
	if (vgic->spis == NULL || intid >= vgic->irq_count || intid >= GIC_INTID_END) {
		return NULL;
	}
	return &vgic->spis[intid - GIC_FIRST_SPI];
}

unsigned int vgic_cpu_of(const struct vgic *vgic, u64 aff)
{
	/* vCPU n is 0.0.(n / 16).(n % 16). */
	if (aff >= VGIC_CPUS || vgic->cpus[aff] == NULL) {
		return VGIC_NOBODY;
	}
	return aff;
}

bool vgic_is_pending(const struct vgic_irq *irq)
{
	return irq->latch || (!irq->edge && irq->line);
}

bool vgic_reads_pending(const struct vgic_irq *irq)
{
	bool in_register = irq->holder != VGIC_NOBODY && irq->placed_latch;

	return vgic_is_pending(irq) || (in_register && !irq->forget_pending);
}

/* The vCPU in whose `queued` it belongs. An active one stays where it was taken. */
static u8 home_of(const struct vgic_irq *irq)
{
	if (irq->active) {
		return irq->home != VGIC_NOBODY ? irq->home : irq->target;
	}
	return irq->enabled && vgic_is_pending(irq) ? irq->target : VGIC_NOBODY;
}

/* State of @irq has changed: queue it where it belongs, and note whom to kick. */
void vgic_changed(struct vgic *vgic, struct vgic_irq *irq)
{
	u8 home;

	if (irq->holder != VGIC_NOBODY) {
		vgic->kicks |= 1U << irq->holder;
		return;
	}
	home = home_of(irq);
	if (home != irq->home) {
		if (irq->home != VGIC_NOBODY) {
			__clear_bit(irq->intid, vgic->cpus[irq->home]->queued);
			vgic->cpus[irq->home]->queued_count--;
		}
		if (home != VGIC_NOBODY) {
			__set_bit(irq->intid, vgic->cpus[home]->queued);
			WRITE_ONCE(vgic->cpus[home]->queued_count,
				   vgic->cpus[home]->queued_count + 1);
		}
		irq->home = home;
	}
	if (home != VGIC_NOBODY && irq->enabled && vgic_is_pending(irq)) {
		vgic->kicks |= 1U << home;
	}
}

void vgic_kick_queued(struct vgic *vgic)
{
	for (unsigned int i = 0; i < VGIC_CPUS; i++) {
		if (vgic->cpus[i] != NULL && vgic->cpus[i]->queued_count != 0) {
			vgic->kicks |= 1U << i;
		}
	}
}

void vgic_line(struct vgic *vgic, struct vgic_irq *irq, bool level)
{
	bool before = irq->line;

	irq->line = level;
	if (irq->edge && level) {
		irq->latch = true;
	} else if (before == level || irq->edge) {
		return;
	} else if (irq->holder != VGIC_NOBODY && (level || !irq->placed)) {
		/* The end of a level interrupt in a list register is an exit: seen then. */
		return;
	}
	vgic_changed(vgic, irq);
}

bool vgic_inject(struct vgic *vgic, unsigned int cpu, u32 intid, bool level, bool by_kernel)
{
	struct vgic_irq *irq;
	unsigned long flags;

	vgic_lock(vgic, &flags);
	irq = vgic_irq_at(vgic, cpu, intid);
	if (irq != NULL && irq->owned == by_kernel) {
		vgic_line(vgic, irq, level);
	}
	vgic_unlock(vgic, flags);
	return irq != NULL;
}

bool vgic_own(struct vgic *vgic, unsigned int cpu, u32 intid, u8 hw_intid)
{
	struct vgic_irq *irq;
	unsigned long flags;
	bool done;

	vgic_lock(vgic, &flags);
	irq = vgic_irq_at(vgic, cpu, intid);
	done = irq != NULL && intid >= GIC_FIRST_PPI && intid < GIC_FIRST_SPI && !irq->owned;
	if (done) {
		irq->owned = true;
		irq->hw_intid = hw_intid;
	}
	vgic_unlock(vgic, flags);
	return done;
}

void vgic_set_enabled(struct vgic *vgic, struct vgic_irq *irq, bool enabled)
{
	if (irq->enabled != enabled) {
		irq->enabled = enabled;
		vgic_changed(vgic, irq);
	}
}

void vgic_set_pending(struct vgic *vgic, struct vgic_irq *irq, bool pending)
{
	irq->latch = pending;
	if (!pending && irq->holder != VGIC_NOBODY) {
		irq->forget_pending = true;
	}
	vgic_changed(vgic, irq);
}

void vgic_set_active(struct vgic *vgic, struct vgic_irq *irq, bool active)
{
	irq->active = active;
	if (irq->holder != VGIC_NOBODY) {
		irq->keep_active = true;
	}
	vgic_changed(vgic, irq);
}

void vgic_set_route(struct vgic *vgic, struct vgic_irq *irq, u64 route)
{
	irq->route = route & GICD_IROUTER_AFFINITY;
	irq->target = vgic_cpu_of(vgic, irq->route);
	vgic_changed(vgic, irq);
}
