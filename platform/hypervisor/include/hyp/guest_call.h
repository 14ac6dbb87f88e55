/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls that a guest can make: one row each in guest_call.c, one function each here. A
 * function reads its arguments from vcpu->x and leaves there what the guest gets.
 */
#ifndef HYP_GUEST_CALL_H
#define HYP_GUEST_CALL_H

#include <hyp/vcpu.h>

#include "platform/abi/smccc.h"

#define SMC64 (UINT32_C(1) << 30) /* of an identifier: arguments of 64 bits */
#define SMC32(id) ((id) & ~SMC64) /* the same call with arguments of 32 bits */

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

/* Whether the vCPU's VM can make the call @id. */
bool guest_call_is_served(const struct vcpu *vcpu, uint32_t id);

/* PSCI 1.1, Arm DEN 0022 chapter 5: guest_psci.c. */
enum guest_call guest_psci_version(struct vcpu *vcpu);
enum guest_call guest_psci_features(struct vcpu *vcpu);
enum guest_call guest_psci_cpu_suspend(struct vcpu *vcpu);
enum guest_call guest_psci_cpu_off(struct vcpu *vcpu);
enum guest_call guest_psci_cpu_on(struct vcpu *vcpu);
enum guest_call guest_psci_affinity_info(struct vcpu *vcpu);
enum guest_call guest_psci_migrate_info_type(struct vcpu *vcpu);
enum guest_call guest_psci_system(struct vcpu *vcpu);
enum guest_call guest_psci_system_reset2(struct vcpu *vcpu);

/* TRNG 1.0, Arm DEN 0098: trng.c. */
enum guest_call guest_trng_version(struct vcpu *vcpu);
enum guest_call guest_trng_features(struct vcpu *vcpu);
enum guest_call guest_trng_uuid(struct vcpu *vcpu);
enum guest_call guest_trng_rnd(struct vcpu *vcpu);

/* RSI 1.0, Arm DEN 0137: guest_rsi.c. */
enum guest_call guest_rsi_version(struct vcpu *vcpu);
enum guest_call guest_rsi_features(struct vcpu *vcpu);
enum guest_call guest_rsi_measurement_read(struct vcpu *vcpu);
enum guest_call guest_rsi_measurement_extend(struct vcpu *vcpu);
enum guest_call guest_rsi_token_init(struct vcpu *vcpu);
enum guest_call guest_rsi_token_continue(struct vcpu *vcpu);
enum guest_call guest_rsi_realm_config(struct vcpu *vcpu);
enum guest_call guest_rsi_ipa_state_set(struct vcpu *vcpu);
enum guest_call guest_rsi_ipa_state_get(struct vcpu *vcpu);
enum guest_call guest_rsi_host_call(struct vcpu *vcpu);

/* The host's answer to guest_rsi_host_call(). */
void guest_rsi_host_answer(struct vcpu *vcpu, const uint64_t answer[4]);

#endif /* HYP_GUEST_CALL_H */
