/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who can call what, one row each; what has no row is not supported. */
#include <hyp/guest_call.h>

#include <stddef.h>

#include "arch/sysreg.h"

#define TO_NORMAL 0x1
#define TO_PKVM 0x2 /* protected, by pKVM's calls */
#define TO_RSI 0x4
#define TO_ALL (TO_NORMAL | TO_PKVM | TO_RSI)

#define CALL_ID_ERROR (~UINT64_C(0)) /* SMC with an immediate: as of no such call */

struct call {
	uint32_t id;
	uint32_t who; /* TO_* */
	enum guest_call (*serve)(struct vcpu *vcpu);
};

static enum guest_call smccc_version(struct vcpu *vcpu)
{
	return guest_status(vcpu, SMCCC_1_1);
}

static enum guest_call smccc_features(struct vcpu *vcpu)
{
	uint32_t id = (uint32_t)vcpu->x[1];

	return guest_status(vcpu, id <= SMCCC_ARCH_WORKAROUND_1 && guest_call_is_served(vcpu, id) ?
					  SMCCC_SUCCESS :
					  SMCCC_NOT_SUPPORTED);
}

static const struct call calls[] = {
	{ SMCCC_VERSION, TO_ALL, smccc_version },
	{ SMCCC_ARCH_FEATURES, TO_ALL, smccc_features },
	{ PSCI_VERSION, TO_ALL, guest_psci_version },
	{ PSCI_FEATURES, TO_ALL, guest_psci_features },
	{ PSCI_CPU_SUSPEND, TO_ALL, guest_psci_cpu_suspend },
	{ SMC32(PSCI_CPU_SUSPEND), TO_ALL, guest_psci_cpu_suspend },
	{ PSCI_CPU_OFF, TO_ALL, guest_psci_cpu_off },
	{ PSCI_CPU_ON, TO_ALL, guest_psci_cpu_on },
	{ SMC32(PSCI_CPU_ON), TO_ALL, guest_psci_cpu_on },
	{ PSCI_AFFINITY_INFO, TO_ALL, guest_psci_affinity_info },
	{ SMC32(PSCI_AFFINITY_INFO), TO_ALL, guest_psci_affinity_info },
	{ PSCI_MIGRATE_INFO_TYPE, TO_ALL, guest_psci_migrate_info_type },
	{ PSCI_SYSTEM_OFF, TO_ALL, guest_psci_system },
	{ PSCI_SYSTEM_RESET, TO_ALL, guest_psci_system },
	{ PSCI_SYSTEM_RESET2, TO_ALL, guest_psci_system_reset2 },
	{ SMC32(PSCI_SYSTEM_RESET2), TO_ALL, guest_psci_system_reset2 },
};

/* The row of @id for that VM; NULL: none. */
static const struct call *find(const struct vm *vm, uint32_t id)
{
	uint32_t who = vm->flags & HYP_VM_RSI       ? TO_RSI :
		       vm->flags & HYP_VM_PROTECTED ? TO_PKVM :
						      TO_NORMAL;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].id == id && calls[i].who & who) {
			return &calls[i];
		}
	}
	return NULL;
}

bool guest_call_is_served(const struct vcpu *vcpu, uint32_t id)
{
	return find(vcpu->vm, id) != NULL;
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

enum guest_call guest_call(struct vcpu *vcpu, bool is_smc, uint64_t immediate)
{
	const struct vm *vm = vcpu->vm;
	const struct call *call;

	/* One conduit of a protected VM; the other instruction is not there. */
	if (vm_is_protected(vm) && is_smc != !!(vm->flags & HYP_VM_RSI)) {
		return GUEST_CALL_UNDEF;
	}
	if (is_smc && immediate != 0) {
		vcpu->x[0] = CALL_ID_ERROR;
		return GUEST_CALL_RESUME;
	}
	if (vm->forwards_hvc && !vcpu->serves_call) {
		return ask_host(vcpu, is_smc, immediate);
	}
	/* Bits 63:32 of an identifier are not part of it (DEN 0028, 2.3). */
	call = find(vm, (uint32_t)vcpu->x[0]);
	if (call) {
		return call->serve(vcpu);
	}
	return vm_is_protected(vm) ? guest_status(vcpu, SMCCC_NOT_SUPPORTED) :
				     ask_host(vcpu, is_smc, immediate);
}
