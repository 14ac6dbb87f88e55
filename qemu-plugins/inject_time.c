/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time, for at=time. Plugins have no clock: it is what software last read
 * of the system counter, and with -icount a nanosecond for each instruction since.
 * So on the instruction counter a time is exact to the block while a CPU runs, and
 * after idle time from its first read of the counter on. Before a CPU's first read
 * no time comes.
 */
#include "qemu-plugins/inject.h"

#include "qemu-plugins/common/arm.h"

#define NS_PER_S UINT64_C(1000000000)

bool inject_time_is_read(uint32_t word)
{
	enum arm_insn kind = arm_insn_kind(word);

	return kind == ARM_INSN_READ_VIRTUAL || kind == ARM_INSN_READ_PHYSICAL;
}

void inject_time_sample(unsigned int vcpu, uint32_t word, unsigned int el, uint64_t ticks)
{
	struct inject_vcpu *state = &inject.vcpus[vcpu];
	uint64_t frequency = inject_sys(REG_CNTFRQ_EL0);

	ticks += arm_counter_offset(arm_insn_kind(word), el, inject_sys(REG_HCR_EL2),
				    inject_sys(REG_CNTVOFF_EL2), inject_sys(REG_CNTPOFF_EL2),
				    inject_sys(REG_CNTHCTL_EL2));
	if (frequency == 0) {
		return;
	}
	state->time.ns = ticks / frequency * NS_PER_S + ticks % frequency * NS_PER_S / frequency;
	state->time.insns = inject_counts_of(vcpu)->insns;
	state->time.known = true;
}

uint64_t inject_time_now(unsigned int vcpu)
{
	const struct inject_vcpu *state = &inject.vcpus[vcpu];

	if (!state->time.known) {
		return INJECT_EVER;
	}
	return inject.icount ? state->time.ns + inject_counts_of(vcpu)->insns - state->time.insns :
			       state->time.ns;
}

bool inject_time_has_come(unsigned int vcpu, struct inject_watch *watch)
{
	uint64_t now = inject_time_now(vcpu);
	uint64_t since = __atomic_load_n(&watch->since_ns, __ATOMIC_RELAXED);

	if (now == INJECT_EVER) {
		return false;
	}
	if (since == INJECT_EVER) {
		/* Nobody had read the counter when the gate was hit. */
		__atomic_store_n(&watch->since_ns, now, __ATOMIC_RELAXED);
		since = now;
	}
	return now >= since && now - since >= watch->trigger.address;
}
