/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_CHECK_EXTENSION: what is there. What is not listed is not there (0). */
#include <linux/cpumask.h>
#include <linux/kvm.h>

#include <asm/cpufeature.h>
#include <asm/sysreg.h>

#include "platform/kvm/module.h"

/* Of every VM, and of normal ones only: KVM's own answers on arm64. */
struct cap {
	u32 number;
	int value;
	bool normal_only;
};

/* clang-format off */
static const struct cap caps[] = {
	{ KVM_CAP_USER_MEMORY, 1 },
	{ KVM_CAP_USER_MEMORY2, 1 },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1 },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1 },
	{ KVM_CAP_NR_MEMSLOTS, KVM_SLOTS_MAX },
	{ KVM_CAP_SYNC_MMU, 1 },
	{ KVM_CAP_READONLY_MEM, 1, true },
	{ KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_DIRTY_LOG_MANUAL_KNOWN, true },
	{ KVM_CAP_MAX_VCPUS, HYP_VCPUS_MAX },
	{ KVM_CAP_MAX_VCPU_ID, HYP_VCPUS_MAX },
	{ KVM_CAP_INTERNAL_ERROR_DATA, 1 },
	{ KVM_CAP_CHECK_EXTENSION_VM, 1 },
	{ KVM_CAP_ENABLE_CAP_VM, 1 },
	{ KVM_CAP_SYSTEM_EVENT_DATA, 1 },
	{ KVM_CAP_IMMEDIATE_EXIT, 1 },
	{ KVM_CAP_ONE_REG, 1, true },
	{ KVM_CAP_ARM_PSCI, 1 },
	{ KVM_CAP_ARM_PSCI_0_2, 1 },
	{ KVM_CAP_VCPU_ATTRIBUTES, 1, true },
	{ KVM_CAP_MP_STATE, 1, true },
	{ KVM_CAP_VCPU_EVENTS, 1, true },
	{ KVM_CAP_SET_GUEST_DEBUG, 1, true },
	{ KVM_CAP_SET_GUEST_DEBUG2, KVM_GUESTDBG_KNOWN, true },
	{ KVM_CAP_ARM_INJECT_SERROR_ESR, 1, true },
	{ KVM_CAP_ARM_INJECT_EXT_DABT, 1, true },
	{ KVM_CAP_ARM_NISV_TO_USER, 1, true },
	{ KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES, BIT(KVM_ARM_FEATURE_ID_RANGE), true },
	{ KVM_CAP_PTP_KVM, 1, true },
	{ KVM_CAP_HALT_POLL, 1 },
};
/* clang-format on */

/* How many break- or watchpoints: a field of the ID register is one less. */
static int debug_registers(unsigned int shift)
{
	return (read_sanitised_ftr_reg(SYS_ID_AA64DFR0_EL1) >> shift & 0xf) + 1;
}

/* What depends on the CPU. */
static int cap_of_cpu(u32 number)
{
	const struct hyp_features *features = &kvm_features;

	switch (number) {
	case KVM_CAP_NR_VCPUS:
		return min_t(int, num_online_cpus(), HYP_VCPUS_MAX);
	case KVM_CAP_GUEST_DEBUG_HW_BPS:
		return debug_registers(ID_AA64DFR0_EL1_BRPs_SHIFT);
	case KVM_CAP_GUEST_DEBUG_HW_WPS:
		return debug_registers(ID_AA64DFR0_EL1_WRPs_SHIFT);
	case KVM_CAP_ARM_VM_IPA_SIZE:
		return features->ipa_bits;
	case KVM_CAP_ARM_PTRAUTH_ADDRESS:
	case KVM_CAP_ARM_PTRAUTH_GENERIC:
		return !!(features->flags & HYP_FEATURE_PAUTH);
	case KVM_CAP_ARM_SVE:
		return !!(features->flags & HYP_FEATURE_SVE);
	case KVM_CAP_ARM_PMU_V3:
		return !!(features->flags & HYP_FEATURE_PMU);
	default:
		return 0;
	}
}

int kvm_check_extension(struct kvm_vm *vm, u64 number)
{
	int value = irq_check_extension(vm, number);

	if (value >= 0) {
		return value;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(caps); i++) {
		if (caps[i].number == number) {
			return vm && vm->is_protected && caps[i].normal_only ? 0 : caps[i].value;
		}
	}
	if (vm && vm->is_protected &&
	    (number == KVM_CAP_GUEST_DEBUG_HW_BPS || number == KVM_CAP_GUEST_DEBUG_HW_WPS)) {
		return 0;
	}
	return cap_of_cpu(number);
}
