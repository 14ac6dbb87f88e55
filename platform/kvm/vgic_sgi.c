// SPDX-License-Identifier: GPL-2.0-or-later
/* Software-generated interrupts: ICC_SGI0R, ICC_SGI1R, ICC_ASGI1R (IHI 0069 12.2.18 to 20). */
#include "platform/kvm/vgic.h"

/* Which vCPUs @value names, of the sender @cpu. */
static unsigned int targets_of(const struct vgic *vgic, unsigned int cpu, u64 value)
{
	u64 aff = (value >> VGIC_SGIR_AFF3_SHIFT & 0xff) << 24 |
		  (value >> VGIC_SGIR_AFF2_SHIFT & 0xff) << 16 |
		  (value >> VGIC_SGIR_AFF1_SHIFT & 0xff) << 8;
	u64 first = (value >> VGIC_SGIR_RS_SHIFT & 0xf) * 16;
	unsigned int targets = 0;

	if (value & VGIC_SGIR_IRM) {
		for (unsigned int i = 0; i < VGIC_CPUS; i++) {
			targets |= i != cpu && vgic->cpus[i] != NULL ? 1U << i : 0;
		}
		return targets;
	}
	for (unsigned int bit = 0; bit < 16; bit++) {
		unsigned int target = vgic_cpu_of(vgic, aff | (first + bit));

		if ((value & VGIC_SGIR_TARGETS & 1U << bit) && target != VGIC_NOBODY) {
			targets |= 1U << target;
		}
	}
	return targets;
}

void vgic_sgi(struct vgic *vgic, unsigned int cpu, u64 value, bool group1)
{
	u32 intid = value >> VGIC_SGIR_INTID_SHIFT & 0xf;
	unsigned int targets = targets_of(vgic, cpu, value);
	unsigned long flags;

	vgic_lock(vgic, &flags);
	for (unsigned int i = 0; i < VGIC_CPUS; i++) {
		struct vgic_irq *irq = targets & 1U << i ? vgic_irq_at(vgic, i, intid) : NULL;

		/* A register of group 0 reaches none of group 1; the other way is allowed. */
		if (irq != NULL && (group1 || !irq->group1)) {
			vgic_set_pending(vgic, irq, true);
		}
	}
	vgic_unlock(vgic, flags);
}
