// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * List registers: which interrupts a vCPU takes into the guest, and what comes back.
 *
 * Order: by priority, of equal ones the active first, then the lower number. So the active
 * interrupt that the guest ends next is in a list register before any pending one that it
 * cannot see yet. When there are more than list registers, the best pending one has a place
 * all the same (with EOImode 1 the guest may see it while four are active), and the guest is
 * left as soon as room comes (UIE), no pending one is left (NPIE) or one without a list
 * register was ended (LRENPIE, EOIcount; with EOImode 1 the write to ICC_DIR is trapped).
 */
#include "platform/kvm/vgic.h"

struct choice {
	struct vgic_irq *best[VGIC_LRS];
	unsigned int count;
	struct vgic_irq *pending; /* the best that is pending and not active */
	bool pending_left;        /* some did not find room */
	bool active_left;
};

static bool group_is_enabled(const struct vgic *vgic, const struct vgic_irq *irq)
{
	return vgic->groups_enabled & (1U << irq->group1);
}

/* Goes into a list register as pending. A level interrupt is looked at again when it ends. */
static bool is_deliverable(const struct vgic *vgic, const struct vgic_irq *irq)
{
	return irq->enabled && vgic_is_pending(irq) && group_is_enabled(vgic, irq) &&
	       !(irq->active && (!irq->edge || irq->hw_intid != 0));
}

static bool comes_before(const struct vgic_irq *a, const struct vgic_irq *b)
{
	if (a->priority != b->priority) {
		return a->priority < b->priority;
	}
	return a->active != b->active ? a->active : a->intid < b->intid;
}

static void leave_out(struct choice *choice, const struct vgic_irq *irq)
{
	if (irq->active) {
		choice->active_left = true;
	} else {
		choice->pending_left = true;
	}
}

static void consider(const struct vgic *vgic, struct choice *choice, struct vgic_irq *irq)
{
	unsigned int at = choice->count;

	if (!irq->active) {
		if (!is_deliverable(vgic, irq)) {
			return;
		}
		if (choice->pending == NULL || comes_before(irq, choice->pending)) {
			choice->pending = irq;
		}
	}
	if (at == VGIC_LRS) {
		at--;
		if (!comes_before(irq, choice->best[at])) {
			leave_out(choice, irq);
			return;
		}
		leave_out(choice, choice->best[at]);
	} else {
		choice->count++;
	}
	for (; at > 0 && comes_before(irq, choice->best[at - 1]); at--) {
		choice->best[at] = choice->best[at - 1];
	}
	choice->best[at] = irq;
}

static void choose(struct vgic *vgic, unsigned int cpu, struct choice *choice)
{
	struct vgic_irq *last;
	unsigned int intid;

	for_each_set_bit(intid, vgic->cpus[cpu]->queued, VGIC_NUMBERS)
	{
		consider(vgic, choice, vgic_irq_at(vgic, cpu, intid));
	}
	if (choice->count < VGIC_LRS || choice->pending == NULL) {
		return;
	}
	last = choice->best[VGIC_LRS - 1];
	for (unsigned int i = 0; i < VGIC_LRS; i++) {
		if (!choice->best[i]->active) {
			return;
		}
	}
	leave_out(choice, last);
	choice->best[VGIC_LRS - 1] = choice->pending;
}

/*
 * Hand @irq over to the hardware. If others did not find room (@crowded), one that is active and
 * pending again goes as active: it must not hide from NPIE that no other is pending.
 */
static u64 place(const struct vgic *vgic, struct vgic_irq *irq, unsigned int cpu, bool crowded)
{
	u64 lr = irq->intid | (u64)irq->priority << VGIC_LR_PRIORITY_SHIFT;

	irq->holder = cpu;
	irq->placed = is_deliverable(vgic, irq) && !(crowded && irq->active);
	irq->placed_latch = irq->placed && irq->latch;
	irq->forget_pending = false;
	irq->keep_active = false;
	if (irq->placed) {
		irq->latch = false;
		lr |= VGIC_LR_PENDING;
	}
	if (irq->active) {
		lr |= VGIC_LR_ACTIVE;
	}
	if (irq->group1) {
		lr |= VGIC_LR_GROUP1;
	}
	if (irq->hw_intid != 0) {
		lr |= VGIC_LR_HW | (u64)irq->hw_intid << VGIC_LR_HW_INTID_SHIFT;
	} else if (!irq->edge || (crowded && irq->active)) {
		lr |= VGIC_LR_EOI;
	}
	return lr;
}

bool vgic_flush(struct vgic *vgic, unsigned int index, struct vgic_run *run)
{
	struct vgic_cpu *cpu = vgic->cpus[index];
	struct choice choice = { .count = 0 };
	bool any_pending = false;
	unsigned long flags;
	bool has_hw = false;

	*run = (struct vgic_run){ .hcr = VGIC_HCR_EN };
	cpu->lr_count = 0;
	/* Who queues one after this look kicks, which ends the run that begins now. */
	if (READ_ONCE(cpu->queued_count) == 0) {
		return false;
	}
	vgic_lock(vgic, &flags);
	choose(vgic, index, &choice);
	for (unsigned int i = 0; i < choice.count; i++) {
		cpu->lrs[i] = choice.best[i];
		run->lrs[i] = place(vgic, choice.best[i], index, choice.pending_left);
		any_pending = any_pending || choice.best[i]->placed;
		has_hw = has_hw || choice.best[i]->hw_intid != 0;
	}
	cpu->lr_count = choice.count;
	if (choice.pending_left) {
		run->hcr |= VGIC_HCR_UIE | (any_pending ? VGIC_HCR_NPIE : 0);
	}
	if (choice.active_left) {
		run->hcr |= VGIC_HCR_LRENPIE;
		run->hcr |= cpu->vmcr & VGIC_VMCR_VEOIM ? VGIC_HCR_TDIR : 0;
	}
	vgic_unlock(vgic, flags);
	return has_hw;
}

/* Take @irq back. Returns whether the guest is done with it. */
static bool take_back(struct vgic_irq *irq, u64 lr)
{
	if (!irq->keep_active) {
		irq->active = (lr & VGIC_LR_ACTIVE) != 0;
	}
	if ((lr & VGIC_LR_PENDING) && irq->placed_latch && !irq->forget_pending) {
		irq->latch = true;
	}
	irq->holder = VGIC_NOBODY;
	irq->placed = false;
	irq->placed_latch = false;
	return !(lr & VGIC_LR_STATE) && !irq->edge && !irq->active;
}

/* The active interrupt of @cpu that its guest ends next. */
static struct vgic_irq *best_active(struct vgic *vgic, unsigned int cpu)
{
	struct vgic_irq *best = NULL;
	unsigned int intid;

	for_each_set_bit(intid, vgic->cpus[cpu]->queued, VGIC_NUMBERS)
	{
		struct vgic_irq *irq = vgic_irq_at(vgic, cpu, intid);

		if (irq->active && irq->holder == VGIC_NOBODY &&
		    (best == NULL || comes_before(irq, best))) {
			best = irq;
		}
	}
	return best;
}

/* EOIcount: as many active interrupts that had no list register were ended. */
static unsigned int end_others(struct vgic *vgic, unsigned int cpu, u64 hcr, u16 *ended)
{
	unsigned int eois = hcr >> VGIC_HCR_EOICOUNT_SHIFT & VGIC_HCR_EOICOUNT_MASK;
	unsigned int count = 0;

	for (; eois > 0; eois--) {
		struct vgic_irq *irq = best_active(vgic, cpu);

		if (irq == NULL) {
			break;
		}
		irq->active = false;
		vgic_changed(vgic, irq);
		if (!irq->edge && irq->intid >= GIC_FIRST_SPI) {
			ended[count++] = irq->intid;
		}
	}
	return count;
}

unsigned int vgic_fold(struct vgic *vgic, unsigned int index, const struct vgic_run *run, u64 vmcr,
		       u16 *ended)
{
	struct vgic_cpu *cpu = vgic->cpus[index];
	unsigned int count = 0;
	unsigned long flags;

	WRITE_ONCE(cpu->vmcr, vmcr);
	if (cpu->lr_count == 0) {
		return 0;
	}
	vgic_lock(vgic, &flags);
	/* With EOImode 1 the EOIs counted are no ends: those trap. */
	if (!(vmcr & VGIC_VMCR_VEOIM)) {
		count = end_others(vgic, index, run->hcr, ended);
	}
	for (unsigned int i = 0; i < cpu->lr_count; i++) {
		struct vgic_irq *irq = cpu->lrs[i];

		if (take_back(irq, run->lrs[i]) && irq->intid >= GIC_FIRST_SPI &&
		    count < VGIC_ENDED_MAX) {
			ended[count++] = irq->intid;
		}
		vgic_changed(vgic, irq);
	}
	/* What stays here needs no kick of itself: it looks again before it enters. */
	vgic->kicks &= ~(1U << index);
	cpu->lr_count = 0;
	vgic_unlock(vgic, flags);
	return count;
}

bool vgic_pending(struct vgic *vgic, unsigned int index)
{
	struct vgic_cpu *cpu = vgic->cpus[index];
	bool pending = false;
	unsigned long flags;
	unsigned int intid;
	u64 vmcr;

	if (READ_ONCE(cpu->queued_count) == 0) {
		return false;
	}
	vgic_lock(vgic, &flags);
	vmcr = READ_ONCE(cpu->vmcr);
	for_each_set_bit(intid, cpu->queued, VGIC_NUMBERS)
	{
		const struct vgic_irq *irq = vgic_irq_at(vgic, index, intid);
		u64 enable = irq->group1 ? VGIC_VMCR_VENG1 : VGIC_VMCR_VENG0;

		if (!irq->active && is_deliverable(vgic, irq) && (vmcr & enable) &&
		    irq->priority < (vmcr >> VGIC_VMCR_VPMR_SHIFT & VGIC_VMCR_VPMR_MASK)) {
			pending = true;
			break;
		}
	}
	vgic_unlock(vgic, flags);
	return pending;
}

bool vgic_deactivate(struct vgic *vgic, unsigned int index, u32 intid)
{
	struct vgic_irq *irq;
	unsigned long flags;
	bool ended = false;

	vgic_lock(vgic, &flags);
	irq = vgic_irq_at(vgic, index, intid);
	if (irq != NULL && irq->active) {
		vgic_set_active(vgic, irq, false);
		ended = !irq->edge && intid >= GIC_FIRST_SPI;
	}
	vgic_unlock(vgic, flags);
	return ended;
}
