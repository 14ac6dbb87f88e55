/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm CCA's realm services, RSI 1.0 (Arm DEN 0137), for VMs made with HYP_VM_RSI. Memory is
 * private below the top bit of an IPA; above is the same memory as the host may share it.
 *
 * Measurements are SHA-256. Slot 0, the initial one, is zero: pages come to a VM when it
 * touches them, with what the host put there, so nothing is measured before it runs. There
 * is no key to attest with: both token calls say that it cannot be done.
 */
#include <hyp/guest_call.h>
#include <hyp/guest_memory.h>
#include <hyp/layout.h>
#include <hyp/sha256.h>

#include <string.h>

#include "arch/sysreg.h"

/* struct RsiHostCall: the immediate, then 31 registers, of which the host gets four. */
#define HOST_CALL_ALIGN 256
#define HOST_CALL_REGS_AT 8
#define HOST_CALL_REGS 4

/* struct RsiRealmConfig, a page: IPA bits at 0, hash algorithm at 8, the rest is zero. */
#define CONFIG_PART 64

/*
 * What a guest gets for EL2's way to its memory at @ipa: the host can only bring what is RAM.
 */
static enum guest_call memory_answer(struct vcpu *vcpu, enum hyp_status status, uint64_t ipa)
{
	uint64_t page = ipa & ~(uint64_t)(PAGE_BYTES - 1), end;
	bool is_ram = false;

	if (status == HYP_ENOPAGE &&
	    guest_ripas_get(vcpu->vm, page, page + PAGE_BYTES, &is_ram, &end) == HYP_OK && is_ram) {
		return guest_retry(vcpu, status, ipa);
	}
	return guest_status(vcpu, status == HYP_OK ? RSI_SUCCESS : RSI_ERROR_INPUT);
}

enum guest_call guest_rsi_version(struct vcpu *vcpu)
{
	return guest_answer(vcpu, vcpu->x[1] == RSI_1_0 ? RSI_SUCCESS : RSI_ERROR_INPUT, RSI_1_0,
			    RSI_1_0, 0);
}

enum guest_call guest_rsi_measurement_read(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint64_t slot = vcpu->x[1];

	if (slot >= RSI_MEASUREMENTS) {
		return guest_status(vcpu, RSI_ERROR_INPUT);
	}
	lock_hold(&vm->lock);
	memcpy(&vcpu->x[1], vm->rsi.measurements[slot], RSI_MEASUREMENT_BYTES);
	vcpu->x[0] = RSI_SUCCESS;
	return GUEST_CALL_RESUME;
}

/* The slot becomes the hash of itself and of the value behind it. */
enum guest_call guest_rsi_measurement_extend(struct vcpu *vcpu)
{
	uint8_t both[SHA256_BYTES + RSI_MEASUREMENT_BYTES];
	struct vm *vm = vcpu->vm;
	uint64_t slot = vcpu->x[1], bytes = vcpu->x[2];

	if (slot == 0 || slot >= RSI_MEASUREMENTS || bytes > RSI_MEASUREMENT_BYTES) {
		return guest_status(vcpu, RSI_ERROR_INPUT);
	}
	lock_hold(&vm->lock);
	memcpy(both, vm->rsi.measurements[slot], SHA256_BYTES);
	memcpy(&both[SHA256_BYTES], &vcpu->x[3], bytes);
	sha256(both, SHA256_BYTES + bytes, vm->rsi.measurements[slot]);
	return guest_status(vcpu, RSI_SUCCESS);
}

enum guest_call guest_rsi_realm_config(struct vcpu *vcpu)
{
	uint64_t part[CONFIG_PART / sizeof(uint64_t)] = { vcpu->vm->ipa_bits, RSI_HASH_SHA256 };
	uint64_t ipa = vcpu->x[1];
	enum hyp_status status = ipa % PAGE_BYTES ? HYP_EINVAL : HYP_OK;

	for (uint64_t at = 0; status == HYP_OK && at < PAGE_BYTES; at += sizeof(part)) {
		status = guest_copy(vcpu->vm, ipa + at, part, sizeof(part), true);
		part[0] = 0;
	}
	return memory_answer(vcpu, status, ipa);
}

/*
 * x1 how far it went: the guest calls again for the rest; x2 whether that can be. Nothing is
 * ever DESTROYED (guest_memory.h), so x4, whether such pages may change, has no effect.
 */
enum guest_call guest_rsi_ipa_state_set(struct vcpu *vcpu)
{
	uint64_t base = vcpu->x[1], top = vcpu->x[2], ripas = vcpu->x[3];
	uint64_t next = base;
	enum hyp_status status = HYP_EINVAL;

	if (ripas <= RSI_RAM) {
		status = guest_ripas_set(vcpu->vm, base, top, ripas == RSI_RAM, &next);
	}
	if (status == HYP_EINVAL) {
		return guest_status(vcpu, RSI_ERROR_INPUT);
	}
	if (next == base && guest_is_transient(status)) {
		return guest_retry(vcpu, status, base);
	}
	return guest_answer(vcpu, RSI_SUCCESS, next, next == base ? RSI_REJECT : RSI_ACCEPT, 0);
}

enum guest_call guest_rsi_ipa_state_get(struct vcpu *vcpu)
{
	uint64_t end = 0;
	bool is_ram = false;

	if (guest_ripas_get(vcpu->vm, vcpu->x[1], vcpu->x[2], &is_ram, &end) != HYP_OK) {
		return guest_status(vcpu, RSI_ERROR_INPUT);
	}
	return guest_answer(vcpu, RSI_SUCCESS, end, is_ram ? RSI_RAM : RSI_EMPTY, 0);
}

enum guest_call guest_rsi_host_call(struct vcpu *vcpu)
{
	uint64_t ipa = vcpu->x[1];
	uint64_t call[1 + HOST_CALL_REGS];
	enum hyp_status status = HYP_EINVAL;
	enum guest_call answer;

	if (ipa % HOST_CALL_ALIGN == 0) {
		status = guest_copy(vcpu->vm, ipa, call, sizeof(call), false);
	}
	answer = memory_answer(vcpu, status, ipa);
	if (status != HYP_OK) {
		return answer;
	}
	vcpu->host_call = ipa + 1;
	vcpu->exit = (struct vcpu_exit){
		.reason = HYP_EXIT_HVC,
		.esr = (uint64_t)EC_HVC64 << ESR_EC_SHIFT | ESR_IL | (call[0] & ESR_IMM16_MASK),
		.x = { call[1], call[2], call[3], call[4] },
	};
	return GUEST_CALL_EXIT;
}

void guest_rsi_host_answer(struct vcpu *vcpu, const uint64_t answer[4])
{
	uint64_t ipa = vcpu->host_call - 1 + HOST_CALL_REGS_AT;

	vcpu->host_call = 0;
	if (guest_copy(vcpu->vm, ipa, (void *)(uintptr_t)answer, HOST_CALL_REGS * sizeof(*answer),
		       true) != HYP_OK) {
		guest_status(vcpu, RSI_ERROR_INPUT);
	}
}
