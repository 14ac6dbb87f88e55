// SPDX-License-Identifier: GPL-2.0-or-later
/* KVM_IRQ_LINE, and which interrupt a GSI is. */
#include "platform/kvm/irq_parts.h"

#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define NO_PIN 0xffff

/* All routes of a VM; never changed once published. */
struct irq_routes {
	struct rcu_head rcu;
	u32 count;
	u16 pins[] __counted_by(count); /* of the one irqchip, by GSI; NO_PIN */
};

static u32 field(u32 irq, u32 shift, u32 mask)
{
	return irq >> shift & mask;
}

long irq_line_set(struct kvm_vm *vm, const struct kvm_irq_level *line)
{
	u32 type = field(line->irq, KVM_ARM_IRQ_TYPE_SHIFT, KVM_ARM_IRQ_TYPE_MASK);
	u32 number = field(line->irq, KVM_ARM_IRQ_NUM_SHIFT, KVM_ARM_IRQ_NUM_MASK);
	u32 cpu = field(line->irq, KVM_ARM_IRQ_VCPU_SHIFT, KVM_ARM_IRQ_VCPU_MASK) +
		  field(line->irq, KVM_ARM_IRQ_VCPU2_SHIFT, KVM_ARM_IRQ_VCPU2_MASK) *
			  (KVM_ARM_IRQ_VCPU_MASK + 1);

	/* The lines of a vCPU itself are for VMMs with an irqchip of their own. */
	if (type == KVM_ARM_IRQ_TYPE_CPU) {
		return READ_ONCE(vm->irq.has_vgic) ? -ENXIO : -EINVAL;
	}
	if (type != KVM_ARM_IRQ_TYPE_SPI && type != KVM_ARM_IRQ_TYPE_PPI) {
		return -EINVAL;
	}
	if (!READ_ONCE(vm->irq.has_vgic)) {
		return -ENXIO;
	}
	if (type == KVM_ARM_IRQ_TYPE_SPI) {
		if (number < GIC_FIRST_SPI) {
			return -EINVAL;
		}
		cpu = 0;
	} else if (kvm_vcpu_by_id(vm, cpu) == NULL || number < GIC_FIRST_PPI ||
		   number >= GIC_FIRST_SPI) {
		return -EINVAL;
	}
	if (!READ_ONCE(vm->irq.vgic.initialized)) {
		return -EBUSY;
	}
	return vgic_inject(&vm->irq.vgic, cpu, number, line->level != 0, false) ? 0 : -EINVAL;
}

u32 irq_gsi_to_intid(struct kvm_vm *vm, u32 gsi)
{
	const struct irq_routes *routes;
	u32 intid = 0;

	rcu_read_lock();
	routes = rcu_dereference(vm->irq.routes);
	if (routes == NULL) {
		intid = gsi < GIC_INTID_END - GIC_FIRST_SPI ? GIC_FIRST_SPI + gsi : 0;
	} else if (gsi < routes->count && routes->pins[gsi] != NO_PIN) {
		intid = GIC_FIRST_SPI + routes->pins[gsi];
	}
	rcu_read_unlock();
	return intid;
}

/* One entry of user space into @routes. An MSI's GSI leads nowhere: there is no ITS. */
static int add_entry(struct irq_routes *routes, const struct kvm_irq_routing_entry *entry)
{
	if (entry->type == KVM_IRQ_ROUTING_MSI) {
		return entry->flags & ~KVM_MSI_VALID_DEVID ? -EINVAL : 0;
	}
	if (entry->type != KVM_IRQ_ROUTING_IRQCHIP || entry->flags != 0 ||
	    entry->u.irqchip.irqchip >= KVM_NR_IRQCHIPS ||
	    entry->u.irqchip.pin >= GIC_INTID_END - GIC_FIRST_SPI ||
	    routes->pins[entry->gsi] != NO_PIN) {
		return -EINVAL;
	}
	routes->pins[entry->gsi] = entry->u.irqchip.pin;
	return 0;
}

static struct irq_routes *make_routes(const struct kvm_irq_routing_entry *entries, u32 count)
{
	struct irq_routes *routes;
	u32 gsis = 0;

	for (u32 i = 0; i < count; i++) {
		if (entries[i].gsi >= IRQ_ROUTES_MAX) {
			return ERR_PTR(-EINVAL);
		}
		gsis = max(gsis, entries[i].gsi + 1);
	}
	routes = kvzalloc(struct_size(routes, pins, gsis), GFP_KERNEL_ACCOUNT);
	if (routes == NULL) {
		return ERR_PTR(-ENOMEM);
	}
	routes->count = gsis;
	for (u32 i = 0; i < gsis; i++) {
		routes->pins[i] = NO_PIN;
	}
	for (u32 i = 0; i < count; i++) {
		int error = add_entry(routes, &entries[i]);

		if (error != 0) {
			kvfree(routes);
			return ERR_PTR(error);
		}
	}
	return routes;
}

long irq_routes_set(struct kvm_vm *vm, struct kvm_irq_routing __user *user)
{
	struct kvm_irq_routing_entry *entries = NULL;
	struct irq_routes *routes, *before;
	struct kvm_irq_routing head;

	if (copy_from_user(&head, user, sizeof(head))) {
		return -EFAULT;
	}
	if (head.nr > IRQ_ROUTES_MAX || head.flags != 0) {
		return -EINVAL;
	}
	if (head.nr > 0) {
		entries = vmemdup_user(user->entries, array_size(head.nr, sizeof(*entries)));
		if (IS_ERR(entries)) {
			return PTR_ERR(entries);
		}
	}
	routes = make_routes(entries, head.nr);
	kvfree(entries);
	if (IS_ERR(routes)) {
		return PTR_ERR(routes);
	}
	mutex_lock(&vm->irq.fds_lock);
	before = rcu_replace_pointer(vm->irq.routes, routes, lockdep_is_held(&vm->irq.fds_lock));
	mutex_unlock(&vm->irq.fds_lock);
	if (before != NULL) {
		kvfree_rcu(before, rcu);
	}
	return 0;
}

void irq_routes_release(struct kvm_vm *vm)
{
	kvfree(rcu_dereference_protected(vm->irq.routes, true));
}
