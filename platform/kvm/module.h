/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the module: what its files other than the interrupts' (irq.h) offer each other. */
#ifndef KVM_MODULE_H
#define KVM_MODULE_H

#include <linux/fs.h>

#include "platform/kvm/kvm.h"
#include "platform/abi/kvm_terrarium.h"
#include "platform/kvm/memory.h"

#define KVM_GUESTDBG_KNOWN                                                        \
	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP | \
	 KVM_GUESTDBG_USE_HW)

#define KVM_DIRTY_LOG_MANUAL_KNOWN \
	(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET)

/* Features of VCPU_INIT: all bits up to here are known, and these can be had. */
#define KVM_VCPU_FEATURE_COUNT 9

/* What the hypervisor can do; constant after the module's start. */
extern struct hyp_features kvm_features;

/* caps.c: KVM_CHECK_EXTENSION of /dev/kvm (@vm NULL) or a VM. */
int kvm_check_extension(struct kvm_vm *vm, u64 number);

/* vm.c: KVM_CREATE_VM: a descriptor or -errno. */
int kvm_vm_create(unsigned long type);

/* vcpu.c: KVM_CREATE_VCPU: a descriptor or -errno; what the last reference to the VM frees. */
long kvm_vcpu_create(struct kvm_vm *vm, unsigned long id);
void kvm_vcpu_free(struct kvm_vcpu *vcpu);
long kvm_vcpu_ioctl(struct file *file, unsigned int command, unsigned long argument);
bool kvm_vcpu_is_off(const struct kvm_vcpu *vcpu);

/* init.c: KVM_ARM_VCPU_INIT, KVM_ARM_VCPU_FINALIZE. */
int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_vcpu_init *init);
int kvm_vcpu_finalize(struct kvm_vcpu *vcpu, int feature);

/* run.c: KVM_RUN. Needs vcpu->mutex. */
int kvm_vcpu_run(struct kvm_vcpu *vcpu);

/* Give the hypervisor the answer to the last exit now, for who looks at registers. Needs mutex. */
void kvm_vcpu_settle(struct kvm_vcpu *vcpu);

/* The guest waits for an interrupt; until a signal too. @deadline as of exit WFX. Needs mutex. */
void kvm_vcpu_sleep(struct kvm_vcpu *vcpu, u64 deadline);

/* exit.c: the guest was left; vcpu->entry says why. 1: run on; 0: return to userspace; -errno. */
int kvm_vcpu_exit(struct kvm_vcpu *vcpu);
/* At KVM_RUN: what userspace was to do for the exit before. As above. */
int kvm_vcpu_complete(struct kvm_vcpu *vcpu);

/* regs.c: need vcpu->mutex. */
int kvm_get_one_reg(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg);
int kvm_set_one_reg(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg);
long kvm_get_reg_list(struct kvm_vcpu *vcpu, struct kvm_reg_list __user *list);

/* events.c */
int kvm_get_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events);
int kvm_set_events(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events);
int kvm_set_guest_debug(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *debug);
/* After KVM_ARM_VCPU_INIT: break- and watchpoints of the host stay, whenever they were set. */
void kvm_guest_debug_init(struct kvm_vcpu *vcpu);

/* pmu.c: vCPU attributes of KVM_ARM_VCPU_PMU_V3_CTRL; before the first run; after each run. */
int pmu_attr(struct kvm_vcpu *vcpu, unsigned int command, const struct kvm_device_attr *attr);
int pmu_first_run(const struct kvm_vcpu *vcpu);
void pmu_leave(struct kvm_vcpu *vcpu, bool level);

/* trace.c: /dev/terrarium-trace. */
int hyp_trace_init(void);
void hyp_trace_exit(void);

/* refused.c: the host's own accesses to what is a guest's. */
int refused_init(void);
void refused_exit(void);

/* smccc.c: the SMCCC filter of KVM_SET_DEVICE_ATTR; exit HVC: as kvm_vcpu_exit(). */
int smccc_vm_attr(struct kvm_vm *vm, unsigned int command, const struct kvm_device_attr *attr);
int smccc_exit(struct kvm_vcpu *vcpu);
/* Before the first run, with vm->lock; at the VM's end. */
int smccc_configure(struct kvm_vm *vm);
void smccc_vm_free(struct kvm_vm *vm);

#endif /* KVM_MODULE_H */
