/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who can call what; SMCCC's own calls, and those of KVM and pKVM. */
#include <hyp/guest_call.h>
#include <hyp/guest_memory.h>
#include <hyp/layout.h>
#include <hyp/regs.h>

#include <stddef.h>

#include "arch/sysreg.h"

#define TO_NORMAL 0x1
#define TO_PKVM 0x2
#define TO_RSI 0x4
#define TO_ALL (TO_NORMAL | TO_PKVM | TO_RSI)
#define TO_BOTH (TO_ALL | 0x8)

#define SERVICE_FUNCTIONS 0x20 /* PSCI's, TRNG's numbers, from the identifiers' low bits */
#define SMCCC_FUNCTIONS 0x10000
#define KVM_SERVICES 32  /* numbers 0 to 31, each a bit of FEATURES */
#define MEMINFO_RANGES 1 /* MEM_SHARE, MEM_UNSHARE take more than one page */
#define RANGE_PAGES 128  /* at most this many a call */

/* As of a write to a page that is not there, by level 3 (Arm ARM D24, ISS of a data abort). */
#define ESR_NO_PAGE ((uint64_t)EC_DABT_LOW << ESR_EC_SHIFT | ESR_IL | ESR_WNR | FSC_TRANSLATION | 3)

static const struct call {
	uint32_t id;
	uint32_t who;                                /* TO_* */
	enum guest_call (*serve)(struct vcpu *vcpu); /* NULL: the answer is x0 */
	int64_t x0;
} calls[] = {
#define CALL_ROW(id, who, function) { id, TO_##who, function, 0 },
#define SAY_ROW(id, who, x0) { id, TO_##who, NULL, x0 },
	GUEST_CALLS(CALL_ROW, SAY_ROW)
};

/* The row of @id for that VM; NULL: none. */
static const struct call *find(const struct vm *vm, uint32_t id)
{
	uint32_t who = vm->flags & HYP_VM_RSI       ? TO_RSI :
		       vm->flags & HYP_VM_PROTECTED ? TO_PKVM :
						      TO_NORMAL;
	const struct call *row = calls;

	/* Of what is left, the row is in the first or in the second half. */
	for (size_t left = sizeof(calls) / sizeof(calls[0]); left > 1; left -= left / 2) {
		row += SMC32(row[left / 2].id) <= SMC32(id) ? left / 2 : 0;
	}
	if (row->id != id && (SMC32(row->id) != id || row->who != TO_BOTH)) {
		return NULL;
	}
	return row->who & who ? row : NULL;
}

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
		vcpu->exit = (struct vcpu_exit){ HYP_EXIT_MEMORY, ESR_NO_PAGE, ipa, { 0 } };
	}
	return GUEST_CALL_RETRY;
}

/* Mitigations that keep no state: the firmware's, if it has them. */
enum guest_call guest_workaround(struct vcpu *vcpu)
{
	return guest_status(vcpu, (int32_t)smc_simple((uint32_t)vcpu->x[0], 0, 0, 0));
}

/* SMCCC's, PSCI's and TRNG's question whether their call x1 is there. */
enum guest_call guest_features(struct vcpu *vcpu)
{
	uint32_t self = (uint32_t)vcpu->x[0], id = (uint32_t)vcpu->x[1];
	uint32_t span = self == SMCCC_ARCH_FEATURES ? SMCCC_FUNCTIONS : SERVICE_FUNCTIONS;
	bool is_ours = SMC32(id) / span == self / span;
	const struct call *call = find(vcpu->vm, id);

	if (self == SMCCC_ARCH_FEATURES && call && call->serve == guest_workaround) {
		return guest_status(vcpu, (int32_t)smc_simple(self, id, 0, 0));
	}
	is_ours = is_ours || (self == PSCI_FEATURES && id == SMCCC_VERSION);
	return guest_status(vcpu, is_ours && call ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED);
}

enum guest_call guest_kvm_uid(struct vcpu *vcpu)
{
	return guest_answer(vcpu, KVM_UID_R0, KVM_UID_R1, KVM_UID_R2, KVM_UID_R3);
}

/* A bit for each row of KVM's services. */
enum guest_call guest_kvm_features(struct vcpu *vcpu)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint32_t bit = SMC32(calls[i].id) - KVM_FEATURES;

		bits |= bit < KVM_SERVICES ? BIT(bit) : 0;
	}
	return guest_status(vcpu, (int64_t)bits);
}

enum guest_call guest_kvm_ptp(struct vcpu *vcpu)
{
	enum guest_call outcome = ask_host(vcpu, false, 0);

	vcpu->exit.x[2] = 0; /* it has one argument */
	vcpu->exit.x[3] = 0;
	return outcome;
}

/* x0 granule; x1 bit 0: MEM_SHARE and MEM_UNSHARE take ranges. */
enum guest_call guest_pkvm_meminfo(struct vcpu *vcpu)
{
	if (vcpu->x[1] || vcpu->x[2] || vcpu->x[3]) {
		return guest_status(vcpu, SMCCC_INVALID_PARAMETER);
	}
	return guest_answer(vcpu, PAGE_BYTES, MEMINFO_RANGES, 0, 0);
}

/* What a guest gets for what guest_memory.h answers; @done pages of it were done. */
static enum guest_call memory_answer(struct vcpu *vcpu, enum hyp_status status, uint64_t done)
{
	if (guest_is_transient(status) && done == 0) {
		return guest_retry(vcpu, status, vcpu->x[1]);
	}
	return guest_answer(vcpu,
			    status == HYP_OK || guest_is_transient(status) ?
				    SMCCC_SUCCESS :
				    SMCCC_INVALID_PARAMETER,
			    done, 0, 0);
}

/*
 * A range is done as far as one call goes; the guest calls again for the rest. What went
 * well counts, so a page that is not there yet ends a call, or begins the next one.
 */
enum guest_call guest_pkvm_mem_share(struct vcpu *vcpu)
{
	bool is_share = (uint32_t)vcpu->x[0] == PKVM_MEM_SHARE;
	uint64_t count = vcpu->x[2] ? vcpu->x[2] : 1;
	uint64_t done = 0;
	enum hyp_status status = HYP_EINVAL;

	count = count < RANGE_PAGES ? count : RANGE_PAGES;
	if (vcpu->x[3] == 0) {
		status = guest_share(vcpu->vm, vcpu->x[1], count, is_share, &done);
	}
	return memory_answer(vcpu, status, done);
}

/* Nothing there: the host has it already. */
enum guest_call guest_pkvm_relinquish(struct vcpu *vcpu)
{
	uint64_t ipa = vcpu->x[1];
	enum hyp_status status = guest_relinquish(vcpu->vm, ipa);

	memory_answer(vcpu, status == HYP_ENOPAGE ? HYP_OK : status, 0);
	vcpu->exit = (struct vcpu_exit){ .reason = HYP_EXIT_RETURNED, .address = ipa };
	return status == HYP_OK ? GUEST_CALL_EXIT : GUEST_CALL_RESUME;
}

enum guest_call guest_pkvm_mmio_enroll(struct vcpu *vcpu)
{
	lock_hold(&vcpu->vm->lock);
	vcpu->vm->guards_mmio = true;
	return guest_status(vcpu, SMCCC_SUCCESS);
}

enum guest_call guest_pkvm_mmio(struct vcpu *vcpu)
{
	bool is_map = (uint32_t)vcpu->x[0] == PKVM_MMIO_GUARD_MAP;
	bool is_good = !is_map || vcpu->x[1] % PAGE_BYTES == 0;

	return memory_answer(
		vcpu, is_good ? guest_set_device(vcpu->vm, vcpu->x[1], true, is_map) : HYP_EINVAL,
		0);
}

static enum guest_call serve(struct vcpu *vcpu, const struct call *call)
{
	if (call && call->serve) {
		return call->serve(vcpu);
	}
	return guest_status(vcpu, call ? call->x0 : SMCCC_NOT_SUPPORTED);
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
		vcpu->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
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
