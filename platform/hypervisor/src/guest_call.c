/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who can call what, one row each; what has no row is not supported. */
#include <hyp/guest_call.h>
#include <hyp/guest_memory.h>
#include <hyp/layout.h>
#include <hyp/regs.h>

#include <stddef.h>

#include "arch/sysreg.h"

#define TO_NORMAL 0x1
#define TO_PKVM 0x2 /* protected, by pKVM's calls */
#define TO_RSI 0x4
#define TO_ALL (TO_NORMAL | TO_PKVM | TO_RSI)

#define KVM_SERVICES 32  /* numbers 0 to 31, each a bit of FEATURES */
#define MEMINFO_RANGES 1 /* MEM_SHARE, MEM_UNSHARE take more than one page */
#define RANGE_PAGES 128  /* at most this many a call */

/* As of a write to a page that is not there, by level 3 (Arm ARM D24, ISS of a data abort). */
#define ESR_NO_PAGE ((uint64_t)EC_DABT_LOW << ESR_EC_SHIFT | ESR_IL | ESR_WNR | FSC_TRANSLATION | 3)

#define CALL_ID_ERROR (~UINT64_C(0)) /* SMC with an immediate: as of no such call */

struct call {
	uint32_t id;
	uint32_t who; /* TO_* */
	enum guest_call (*serve)(struct vcpu *vcpu);
};

/* The host answers. */
static enum guest_call ask_host(struct vcpu *vcpu, bool is_smc, uint64_t immediate)
{
	uint64_t class = is_smc ? EC_SMC64 : EC_HVC64;

	vcpu->exit = (struct vcpu_exit){
		.reason = HYP_EXIT_HVC,
		.esr = class << ESR_EC_SHIFT | ESR_IL | immediate,
		.x = { vcpu->x[0], vcpu->x[1], vcpu->x[2], vcpu->x[3] },
	};
	return GUEST_CALL_EXIT;
}

enum guest_call guest_retry(struct vcpu *vcpu, enum hyp_status status, uint64_t ipa)
{
	vcpu->exit = (struct vcpu_exit){ .reason = HYP_EXIT_TABLES };
	if (status == HYP_ENOPAGE) {
		vcpu->exit = (struct vcpu_exit){ .reason = HYP_EXIT_MEMORY,
						 .esr = ESR_NO_PAGE,
						 .address = ipa };
	}
	return GUEST_CALL_RETRY;
}

static enum guest_call smccc_version(struct vcpu *vcpu)
{
	return guest_status(vcpu, SMCCC_1_1);
}

static enum guest_call smccc_features(struct vcpu *vcpu)
{
	uint32_t id = (uint32_t)vcpu->x[1];

	if (id == SMCCC_ARCH_WORKAROUND_1 || id == SMCCC_ARCH_WORKAROUND_3) {
		return guest_status(vcpu, (int64_t)smc_simple(SMCCC_ARCH_FEATURES, id, 0, 0));
	}
	return guest_status(vcpu, id <= SMCCC_ARCH_WORKAROUND_1 && guest_call_is_served(vcpu, id) ?
					  SMCCC_SUCCESS :
					  SMCCC_NOT_SUPPORTED);
}

/* Mitigations that keep no state: the firmware's, if it has them. */
static enum guest_call smccc_workaround(struct vcpu *vcpu)
{
	return guest_status(vcpu, (int64_t)smc_simple((uint32_t)vcpu->x[0], 0, 0, 0));
}

static enum guest_call kvm_uid(struct vcpu *vcpu)
{
	return guest_answer(vcpu, KVM_UID_R0, KVM_UID_R1, KVM_UID_R2, KVM_UID_R3);
}

static enum guest_call kvm_features(struct vcpu *vcpu);

static enum guest_call kvm_ptp(struct vcpu *vcpu)
{
	enum guest_call outcome = ask_host(vcpu, false, 0);

	vcpu->exit.x[2] = 0; /* it has one argument */
	vcpu->exit.x[3] = 0;
	return outcome;
}

/* What a guest gets for what guest_memory.h answers. */
static enum guest_call memory_answer(struct vcpu *vcpu, enum hyp_status status)
{
	if (guest_is_transient(status)) {
		return guest_retry(vcpu, status, vcpu->x[1]);
	}
	return guest_status(vcpu, status == HYP_OK ? SMCCC_SUCCESS : SMCCC_INVALID_PARAMETER);
}

/* x0 granule; x1 bit 0: MEM_SHARE and MEM_UNSHARE take ranges. */
static enum guest_call pkvm_meminfo(struct vcpu *vcpu)
{
	if (vcpu->x[1] || vcpu->x[2] || vcpu->x[3]) {
		return guest_status(vcpu, SMCCC_INVALID_PARAMETER);
	}
	return guest_answer(vcpu, PAGE_BYTES, MEMINFO_RANGES, 0, 0);
}

/*
 * A range is done as far as one call goes; the guest calls again for the rest. What went
 * well counts, so a page that is not there yet ends a call, or begins the next one.
 */
static enum guest_call pkvm_mem_share(struct vcpu *vcpu)
{
	bool is_share = (uint32_t)vcpu->x[0] == PKVM_MEM_SHARE;
	uint64_t count = vcpu->x[2] ? vcpu->x[2] : 1;
	uint64_t done = 0;
	enum hyp_status status;

	if (vcpu->x[3]) {
		return guest_status(vcpu, SMCCC_INVALID_PARAMETER);
	}
	count = count < RANGE_PAGES ? count : RANGE_PAGES;
	status = (is_share ? guest_share : guest_unshare)(vcpu->vm, vcpu->x[1], count, &done);
	status = done > 0 && guest_is_transient(status) ? HYP_OK : status;
	if (guest_is_transient(status)) {
		return guest_retry(vcpu, status, vcpu->x[1]);
	}
	return guest_answer(vcpu, status == HYP_OK ? SMCCC_SUCCESS : SMCCC_INVALID_PARAMETER, done,
			    0, 0);
}

/* Nothing there: the host has it already. */
static enum guest_call pkvm_relinquish(struct vcpu *vcpu)
{
	uint64_t ipa = vcpu->x[1];
	enum hyp_status status = guest_relinquish(vcpu->vm, ipa);

	memory_answer(vcpu, status == HYP_ENOPAGE ? HYP_OK : status);
	if (status != HYP_OK) {
		return GUEST_CALL_RESUME;
	}
	vcpu->exit = (struct vcpu_exit){ .reason = HYP_EXIT_RETURNED, .address = ipa };
	return GUEST_CALL_EXIT;
}

static enum guest_call mmio_guard_info(struct vcpu *vcpu)
{
	return guest_status(vcpu, PAGE_BYTES);
}

static enum guest_call mmio_guard_enroll(struct vcpu *vcpu)
{
	lock_take(&vcpu->vm->lock);
	vcpu->vm->guards_mmio = true;
	lock_release(&vcpu->vm->lock);
	return guest_status(vcpu, SMCCC_SUCCESS);
}

static enum guest_call mmio_guard_map(struct vcpu *vcpu)
{
	uint64_t ipa = vcpu->x[1];

	return memory_answer(vcpu,
			     ipa % PAGE_BYTES ? HYP_EINVAL : guest_set_device(vcpu->vm, ipa, true));
}

static enum guest_call mmio_guard_unmap(struct vcpu *vcpu)
{
	return memory_answer(vcpu, guest_unset_device(vcpu->vm, vcpu->x[1]));
}

/* In the order of the identifiers: see find(). */
static const struct call calls[] = {
	{ SMCCC_VERSION, TO_ALL, smccc_version },
	{ SMCCC_ARCH_FEATURES, TO_ALL, smccc_features },
	{ SMCCC_ARCH_WORKAROUND_3, TO_ALL, smccc_workaround },
	{ SMCCC_ARCH_WORKAROUND_1, TO_ALL, smccc_workaround },
	{ PSCI_VERSION, TO_ALL, guest_psci_version },
	{ SMC32(PSCI_CPU_SUSPEND), TO_ALL, guest_psci_cpu_suspend },
	{ PSCI_CPU_OFF, TO_ALL, guest_psci_cpu_off },
	{ SMC32(PSCI_CPU_ON), TO_ALL, guest_psci_cpu_on },
	{ SMC32(PSCI_AFFINITY_INFO), TO_ALL, guest_psci_affinity_info },
	{ PSCI_MIGRATE_INFO_TYPE, TO_ALL, guest_psci_migrate_info_type },
	{ PSCI_SYSTEM_OFF, TO_ALL, guest_psci_system },
	{ PSCI_SYSTEM_RESET, TO_ALL, guest_psci_system },
	{ PSCI_FEATURES, TO_ALL, guest_psci_features },
	{ SMC32(PSCI_SYSTEM_RESET2), TO_ALL, guest_psci_system_reset2 },
	{ TRNG_VERSION, TO_ALL, guest_trng_version },
	{ TRNG_FEATURES, TO_ALL, guest_trng_features },
	{ TRNG_GET_UUID, TO_ALL, guest_trng_uuid },
	{ SMC32(TRNG_RND64), TO_ALL, guest_trng_rnd },
	{ KVM_FEATURES, TO_PKVM, kvm_features },
	{ KVM_PTP, TO_PKVM, kvm_ptp },
	{ KVM_CALL_UID, TO_PKVM, kvm_uid },
	{ PSCI_CPU_SUSPEND, TO_ALL, guest_psci_cpu_suspend },
	{ PSCI_CPU_ON, TO_ALL, guest_psci_cpu_on },
	{ PSCI_AFFINITY_INFO, TO_ALL, guest_psci_affinity_info },
	{ PSCI_SYSTEM_RESET2, TO_ALL, guest_psci_system_reset2 },
	{ TRNG_RND64, TO_ALL, guest_trng_rnd },
	{ RSI_ABI_VERSION, TO_RSI, guest_rsi_version },
	{ RSI_FEATURES, TO_RSI, guest_rsi_features },
	{ RSI_MEASUREMENT_READ, TO_RSI, guest_rsi_measurement_read },
	{ RSI_MEASUREMENT_EXTEND, TO_RSI, guest_rsi_measurement_extend },
	{ RSI_ATTESTATION_TOKEN_INIT, TO_RSI, guest_rsi_token_init },
	{ RSI_ATTESTATION_TOKEN_CONTINUE, TO_RSI, guest_rsi_token_continue },
	{ RSI_REALM_CONFIG, TO_RSI, guest_rsi_realm_config },
	{ RSI_IPA_STATE_SET, TO_RSI, guest_rsi_ipa_state_set },
	{ RSI_IPA_STATE_GET, TO_RSI, guest_rsi_ipa_state_get },
	{ RSI_HOST_CALL, TO_RSI, guest_rsi_host_call },
	{ PKVM_HYP_MEMINFO, TO_PKVM, pkvm_meminfo },
	{ PKVM_MEM_SHARE, TO_PKVM, pkvm_mem_share },
	{ PKVM_MEM_UNSHARE, TO_PKVM, pkvm_mem_share },
	{ PKVM_MMIO_GUARD_INFO, TO_PKVM, mmio_guard_info },
	{ PKVM_MMIO_GUARD_ENROLL, TO_PKVM, mmio_guard_enroll },
	{ PKVM_MMIO_GUARD_MAP, TO_PKVM, mmio_guard_map },
	{ PKVM_MMIO_GUARD_UNMAP, TO_PKVM, mmio_guard_unmap },
	{ PKVM_MEM_RELINQUISH, TO_PKVM, pkvm_relinquish },
};

/* A bit for each row of KVM's services. */
static enum guest_call kvm_features(struct vcpu *vcpu)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint32_t bit = SMC32(calls[i].id) - KVM_FEATURES;

		bits |= bit < KVM_SERVICES ? BIT(bit) : 0;
	}
	return guest_answer(vcpu, (int64_t)bits, 0, 0, 0);
}

/* The row of @id for that VM; NULL: none. */
static const struct call *find(const struct vm *vm, uint32_t id)
{
	uint32_t who = vm->flags & HYP_VM_RSI       ? TO_RSI :
		       vm->flags & HYP_VM_PROTECTED ? TO_PKVM :
						      TO_NORMAL;
	const struct call *row = calls;

	/* Of what is left, the row is in the first or in the second half. */
	for (size_t left = sizeof(calls) / sizeof(calls[0]); left > 1; left -= left / 2) {
		row += row[left / 2].id <= id ? left / 2 : 0;
	}
	return row->id == id && row->who & who ? row : NULL;
}

bool guest_call_is_served(const struct vcpu *vcpu, uint32_t id)
{
	return find(vcpu->vm, id) != NULL;
}

static enum guest_call serve(struct vcpu *vcpu, const struct call *call)
{
	return call ? call->serve(vcpu) : guest_status(vcpu, SMCCC_NOT_SUPPORTED);
}

enum guest_call guest_call_serve(struct vcpu *vcpu)
{
	return serve(vcpu, find(vcpu->vm, (uint32_t)vcpu->x[0]));
}

enum guest_call guest_call(struct vcpu *vcpu, bool is_smc, uint64_t immediate)
{
	const struct vm *vm = vcpu->vm;
	bool is_protected = vm_is_protected(vm);
	const struct call *call;

	vcpu->host_call = 0;
	/* One conduit of a protected VM; the other instruction is not there. */
	if (is_protected && is_smc != !!(vm->flags & HYP_VM_RSI)) {
		return GUEST_CALL_UNDEF;
	}
	if (is_smc && immediate != 0) {
		vcpu->x[0] = CALL_ID_ERROR;
		return GUEST_CALL_RESUME;
	}
	/* Bits 63:32 of an identifier are not part of it (DEN 0028, 2.3). */
	call = find(vm, (uint32_t)vcpu->x[0]);
	if (!is_protected && (vm->forwards_hvc || !call)) {
		return ask_host(vcpu, is_smc, immediate);
	}
	return serve(vcpu, call);
}

void guest_call_answer(struct vcpu *vcpu, const uint64_t answer[4])
{
	if (vcpu->host_call) {
		guest_rsi_host_answer(vcpu, answer);
	} else {
		guest_answer(vcpu, (int64_t)answer[0], answer[1], answer[2], answer[3]);
	}
}
