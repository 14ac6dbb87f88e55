/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PSCI 1.1 for guests (Arm DEN 0022, chapter 5). Of two CPU_ONs one wins, by the power of
 * the vCPU (vcpu.h), and nobody changes an entry point that may be in use.
 */
#include <hyp/cpu.h>
#include <hyp/guest_call.h>
#include <hyp/guest_memory.h>

#include <stddef.h>

#include "arch/sysreg.h"

/* ESR_EL2 of a WFI: EC 1, TI 0. */
#define ESR_WFI (UINT64_C(1) << ESR_EC_SHIFT | ESR_IL)

#define ENTRY_ALIGN UINT64_C(4)

/* SYSTEM_RESET2: the architecture's only type, and the first of the vendor's. */
#define RESET_WARM 0
#define RESET_VENDOR BIT(31)

static uint32_t power_of(const struct vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE);
}

static enum guest_call leave(struct vcpu *vcpu, uint64_t id, uint64_t x5, uint64_t x6)
{
	vcpu->exit = (struct vcpu_exit){ .reason = HYP_EXIT_PSCI, .x = { id, x5, x6 } };
	return GUEST_CALL_EXIT;
}

/* Any state is standby: it ends when an interrupt is pending, with all registers kept. */
enum guest_call guest_psci_cpu_suspend(struct vcpu *vcpu)
{
	guest_status(vcpu, PSCI_SUCCESS);
	vcpu->exit = (struct vcpu_exit){ .reason = HYP_EXIT_WFX, .esr = ESR_WFI };
	return GUEST_CALL_EXIT;
}

enum guest_call guest_psci_cpu_off(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->power, VCPU_OFF, __ATOMIC_RELEASE);
	return leave(vcpu, PSCI_CPU_OFF, 0, 0);
}

/* A vCPU whose affinity is @target where @mask has a bit; of several, the one with most power. */
static struct vcpu *find(const struct vm *vm, uint64_t target, uint64_t mask)
{
	struct vcpu *found = NULL;

	for (uint32_t i = 0; !(target & ~MPIDR_AFFINITY) && i < HYP_VCPUS_MAX; i++) {
		struct vcpu *each = __atomic_load_n(&vm->vcpus[i], __ATOMIC_ACQUIRE);

		if (each && !((vcpu_affinity(i) ^ target) & mask) &&
		    (!found || power_of(each) > power_of(found))) {
			found = each;
		}
	}
	return found;
}

/* A VM with RSI begins nowhere that the host can reach too. */
enum guest_call guest_psci_cpu_on(struct vcpu *vcpu)
{
	struct vcpu *target = find(vcpu->vm, guest_arg(vcpu, 1), MPIDR_AFFINITY);
	uint64_t entry = guest_arg(vcpu, 2);
	uint32_t power = VCPU_OFF;

	if (!target) {
		return guest_status(vcpu, PSCI_INVALID_PARAMETERS);
	}
	if (entry % ENTRY_ALIGN || entry >= guest_ipa_limit(vcpu->vm)) {
		return guest_status(vcpu, PSCI_INVALID_ADDRESS);
	}
	if (!__atomic_compare_exchange_n(&target->power, &power, VCPU_CLAIMED, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		return guest_status(vcpu, power == VCPU_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING);
	}
	target->entry = entry;
	target->argument = guest_arg(vcpu, 3);
	__atomic_store_n(&target->power, VCPU_PENDING, __ATOMIC_RELEASE);
	guest_status(vcpu, PSCI_SUCCESS);
	return leave(vcpu, PSCI_CPU_ON, target->index, 0);
}

/* On if one of that level is, else about to be if one is, else off. */
enum guest_call guest_psci_affinity_info(struct vcpu *vcpu)
{
	/* Affinity 0 to 2 are bits 23:0 of MPIDR_EL1, 3 is 39:32. */
	static const uint64_t masks[] = { 0xff00ffffff, 0xff00ffff00, 0xff00ff0000, 0xff00000000 };
	static const int64_t answers[] = { [VCPU_OFF] = PSCI_AFFINITY_OFF,
					   [VCPU_CLAIMED] = PSCI_AFFINITY_ON_PENDING,
					   [VCPU_PENDING] = PSCI_AFFINITY_ON_PENDING,
					   [VCPU_ON] = PSCI_AFFINITY_ON };
	uint64_t level = guest_arg(vcpu, 2);
	const struct vcpu *most = NULL;

	if (level < sizeof(masks) / sizeof(masks[0])) {
		most = find(vcpu->vm, guest_arg(vcpu, 1), masks[level]);
	}
	return guest_status(vcpu, most ? answers[power_of(most)] : PSCI_INVALID_PARAMETERS);
}

/* SYSTEM_OFF, SYSTEM_RESET: a guest that is run again all the same learns that it failed. */
enum guest_call guest_psci_system(struct vcpu *vcpu)
{
	uint32_t id = (uint32_t)vcpu->x[0];

	guest_status(vcpu, PSCI_INTERNAL_FAILURE);
	return leave(vcpu, id, 0, 0);
}

enum guest_call guest_psci_system_reset2(struct vcpu *vcpu)
{
	uint64_t type = (uint32_t)vcpu->x[1], cookie = guest_arg(vcpu, 2);

	if (type != RESET_WARM && type < RESET_VENDOR) {
		return guest_status(vcpu, PSCI_INVALID_PARAMETERS);
	}
	guest_status(vcpu, PSCI_INTERNAL_FAILURE);
	return leave(vcpu, PSCI_SYSTEM_RESET2, type, cookie);
}
