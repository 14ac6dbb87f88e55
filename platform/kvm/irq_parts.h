/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files about interrupts ask of each other. Locks: irq.h. */
#ifndef KVM_IRQ_PARTS_H
#define KVM_IRQ_PARTS_H

#include "platform/kvm/kvm.h"

/* vgic_device.c: KVM_CREATE_DEVICE. Takes vm->lock. */
long vgic_device_create(struct kvm_vm *vm, struct kvm_create_device *device);

/* irq_line.c: KVM_IRQ_LINE, routes. */
#define IRQ_ROUTES_MAX 4096 /* as KVM */
long irq_line_set(struct kvm_vm *vm, const struct kvm_irq_level *line);
long irq_routes_set(struct kvm_vm *vm, struct kvm_irq_routing __user *user);
void irq_routes_release(struct kvm_vm *vm);

/* The SPI's INTID that @gsi leads to, or 0. Any context. */
u32 irq_gsi_to_intid(struct kvm_vm *vm, u32 gsi);

/* irq_fd.c: irqfd with its resamplers. */
long irq_fd_change(struct kvm_vm *vm, const struct kvm_irqfd *args);
void irq_fds_release(struct kvm_vm *vm);
int irq_fd_module_init(void);
void irq_fd_module_exit(void);

/* The guest is done with a level SPI: its resamplers are told. Any context, no lock. */
void irq_fd_ended(struct kvm_vm *vm, u32 intid);

/* irq_ioeventfd.c */
long irq_ioeventfd_change(struct kvm_vm *vm, const struct kvm_ioeventfd *args);
void irq_ioeventfds_release(struct kvm_vm *vm);

/* A guest's write. Returns true: an eventfd has it. */
bool irq_ioeventfd_write(struct kvm_vm *vm, u64 address, unsigned int bytes, u64 value);

/* timer.c: a vCPU's timers. */
void timer_vcpu_init(struct kvm_vcpu *vcpu);
void timer_vcpu_release(struct kvm_vcpu *vcpu);
int timer_first_run(struct kvm_vcpu *vcpu);
bool timer_sysreg(struct kvm_vcpu *vcpu, u32 reg, bool is_write, u64 *value);
long timer_attr(struct kvm_vcpu *vcpu, unsigned int cmd, const struct kvm_device_attr *attr);

/* The virtual timer's wire, as the guest left it. */
void timer_set_vtimer(struct kvm_vcpu *vcpu, bool level);

/* Tell the hypervisor the vCPU's counter offset if it has another. */
void timer_set_offset(struct kvm_vcpu *vcpu);

/* irq_host.c: the machine's own interrupts that guests need. */
int irq_host_init(void);
void irq_host_exit(void);

#define IRQ_HOST_VTIMER 27 /* INTID of the machine's virtual timer */

/* Make it active on this CPU, or not: it is not signalled while it is. Interrupts off. */
void irq_host_set_vtimer_active(bool active);

/* The guest deactivated it. Interrupts off. */
void irq_host_vtimer_ended(void);

#endif /* KVM_IRQ_PARTS_H */
