/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What terrarium_kvm.ko's /dev/kvm has beyond <linux/kvm.h>. */
#ifndef ABI_KVM_TERRARIUM_H
#define ABI_KVM_TERRARIUM_H

/*
 * KVM_CREATE_VM, with KVM_VM_TYPE_ARM_PROTECTED: the guest speaks Arm CCA RSI (HYP_VM_RSI).
 * EINVAL where the hypervisor does not, and on KVM.
 */
#define TERRARIUM_VM_TYPE_RSI (1UL << 30)

#endif /* ABI_KVM_TERRARIUM_H */
