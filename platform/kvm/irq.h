/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of VMs and vCPUs. */
#ifndef KVM_IRQ_H
#define KVM_IRQ_H

#include <linux/kvm.h>
#include <linux/types.h>

struct kvm_vm;
struct kvm_vcpu;

struct irq_vm {
};

struct irq_vcpu {
};

#endif /* KVM_IRQ_H */
