/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls that a guest can make. A function reads its arguments from vcpu->x and leaves
 * there what the guest gets.
 */
#ifndef HYP_GUEST_CALL_H
#define HYP_GUEST_CALL_H

#include <hyp/vcpu.h>

#include "platform/abi/smccc.h"

/*
 * CALL(identifier, who, function) and SAY(identifier, who, x0 of the answer), in the order
 * of identifiers as SMC32. Who: ALL VMs; BOTH: all, and the SMC32 variant too; PKVM:
 * protected VMs by pKVM's calls; RSI: those by Arm CCA's.
 */
#define GUEST_CALLS(CALL, SAY)                                                    \
	SAY(SMCCC_VERSION, ALL, SMCCC_1_1)                                        \
	CALL(SMCCC_ARCH_FEATURES, ALL, guest_features)                            \
	CALL(SMCCC_ARCH_WORKAROUND_3, ALL, guest_workaround)                      \
	CALL(SMCCC_ARCH_WORKAROUND_1, ALL, guest_workaround)                      \
	SAY(PSCI_VERSION, ALL, PSCI_1_1)                                          \
	CALL(PSCI_CPU_SUSPEND, BOTH, guest_psci_cpu_suspend)                      \
	CALL(PSCI_CPU_OFF, ALL, guest_psci_cpu_off)                               \
	CALL(PSCI_CPU_ON, BOTH, guest_psci_cpu_on)                                \
	CALL(PSCI_AFFINITY_INFO, BOTH, guest_psci_affinity_info)                  \
	SAY(PSCI_MIGRATE_INFO_TYPE, ALL, PSCI_MIGRATE_NOT_NEEDED)                 \
	CALL(PSCI_SYSTEM_OFF, ALL, guest_psci_system)                             \
	CALL(PSCI_SYSTEM_RESET, ALL, guest_psci_system)                           \
	CALL(PSCI_FEATURES, ALL, guest_features)                                  \
	CALL(PSCI_SYSTEM_RESET2, BOTH, guest_psci_system_reset2)                  \
	SAY(TRNG_VERSION, ALL, TRNG_1_0)                                          \
	CALL(TRNG_FEATURES, ALL, guest_features)                                  \
	CALL(TRNG_GET_UUID, ALL, guest_trng_uuid)                                 \
	CALL(TRNG_RND64, BOTH, guest_trng_rnd)                                    \
	CALL(RSI_ABI_VERSION, RSI, guest_rsi_version)                             \
	SAY(RSI_FEATURES, RSI, RSI_SUCCESS) /* all registers 0 */                 \
	CALL(RSI_MEASUREMENT_READ, RSI, guest_rsi_measurement_read)               \
	CALL(RSI_MEASUREMENT_EXTEND, RSI, guest_rsi_measurement_extend)           \
	SAY(RSI_ATTESTATION_TOKEN_INIT, RSI, RSI_ERROR_UNKNOWN)                   \
	SAY(RSI_ATTESTATION_TOKEN_CONTINUE, RSI, RSI_ERROR_STATE) /* not begun */ \
	CALL(RSI_REALM_CONFIG, RSI, guest_rsi_realm_config)                       \
	CALL(RSI_IPA_STATE_SET, RSI, guest_rsi_ipa_state_set)                     \
	CALL(RSI_IPA_STATE_GET, RSI, guest_rsi_ipa_state_get)                     \
	CALL(RSI_HOST_CALL, RSI, guest_rsi_host_call)                             \
	CALL(KVM_FEATURES, PKVM, guest_kvm_features)                              \
	CALL(KVM_PTP, PKVM, guest_kvm_ptp)                                        \
	CALL(PKVM_HYP_MEMINFO, PKVM, guest_pkvm_meminfo)                          \
	CALL(PKVM_MEM_SHARE, PKVM, guest_pkvm_mem_share)                          \
	CALL(PKVM_MEM_UNSHARE, PKVM, guest_pkvm_mem_share)                        \
	SAY(PKVM_MMIO_GUARD_INFO, PKVM, PAGE_BYTES)                               \
	CALL(PKVM_MMIO_GUARD_ENROLL, PKVM, guest_pkvm_mmio_enroll)                \
	CALL(PKVM_MMIO_GUARD_MAP, PKVM, guest_pkvm_mmio)                          \
	CALL(PKVM_MMIO_GUARD_UNMAP, PKVM, guest_pkvm_mmio)                        \
	CALL(PKVM_MEM_RELINQUISH, PKVM, guest_pkvm_relinquish)                    \
	CALL(KVM_CALL_UID, PKVM, guest_kvm_uid)

#define GUEST_CALL_FUNCTION(id, who, function) enum guest_call function(struct vcpu *vcpu);
#define GUEST_CALL_NONE(id, who, answer)
GUEST_CALLS(GUEST_CALL_FUNCTION, GUEST_CALL_NONE)

/* Argument @n, 1 to 17, of the call: 32 bits of it if that is what the identifier says. */
static inline uint64_t guest_arg(const struct vcpu *vcpu, uint32_t n)
{
	return vcpu->x[0] & SMC64 ? vcpu->x[n] : (uint32_t)vcpu->x[n];
}

/* x0 to x3 of the guest are the answer; x0 is @status, extended by its sign. */
static inline enum guest_call guest_answer(struct vcpu *vcpu, int64_t status, uint64_t x1,
					   uint64_t x2, uint64_t x3)
{
	vcpu->x[0] = (uint64_t)status;
	vcpu->x[1] = x1;
	vcpu->x[2] = x2;
	vcpu->x[3] = x3;
	return GUEST_CALL_RESUME;
}

/* Only a status. */
static inline enum guest_call guest_status(struct vcpu *vcpu, int64_t status)
{
	return guest_answer(vcpu, status, 0, 0, 0);
}

/*
 * The call cannot be answered yet, by @status HYP_ENOPAGE (the page at @ipa is needed) or
 * HYP_ENOTABLE: the host helps, and the guest calls again.
 */
enum guest_call guest_retry(struct vcpu *vcpu, enum hyp_status status, uint64_t ipa);

static inline bool guest_is_transient(enum hyp_status status)
{
	return status == HYP_ENOPAGE || status == HYP_ENOTABLE;
}

/* The host's answer to guest_rsi_host_call(). */
void guest_rsi_host_answer(struct vcpu *vcpu, const uint64_t answer[4]);

#endif /* HYP_GUEST_CALL_H */
