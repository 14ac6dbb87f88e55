/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Triggers: counting their hits, and what these lead to. */
#include "qemu-plugins/inject.h"

static void add(const struct inject_trigger *trigger, enum inject_role role, unsigned int fault)
{
	struct inject_watch *watch = &inject.watches[inject.watches_count];
	const struct inject_fault *of = role == INJECT_ROLE_STOP ? NULL : &inject.faults[fault];

	*watch = (struct inject_watch){
		.trigger = *trigger,
		.role = role,
		.fault = fault,
		.who = role == INJECT_ROLE_FAULT ? of->who : INJECT_IN_ANYWHERE,
		.cpu = role == INJECT_ROLE_FAULT ? of->cpu : INJECT_CPU_ANY,
		.open = role != INJECT_ROLE_FAULT || !of->gated,
		.pa = UINT64_MAX,
	};
	inject.watches_of[trigger->at] |= UINT64_C(1) << inject.watches_count++;
}

void inject_watch_init(const struct inject_trigger *stop)
{
	unsigned int i;

	/* Faults first: an occurrence that opens a gate does not count behind it. */
	for (i = 0; i < inject.faults_count; i++) {
		add(&inject.faults[i].at, INJECT_ROLE_FAULT, i);
		inject.uses_after |= inject.faults[i].what == INJECT_DO_LOADED ||
				     inject.faults[i].what == INJECT_DO_SYSREG ||
				     inject.faults[i].what == INJECT_DO_OPCODE;
		inject.uses_irq |= inject.faults[i].what == INJECT_DO_IRQ;
	}
	for (i = 0; i < inject.faults_count; i++) {
		if (inject.faults[i].gated) {
			add(&inject.faults[i].from, INJECT_ROLE_GATE, i);
		}
	}
	for (i = 0; i < inject.faults_count; i++) {
		if (inject.faults[i].ends) {
			add(&inject.faults[i].until, INJECT_ROLE_END, i);
		}
	}
	if (stop != NULL) {
		add(stop, INJECT_ROLE_STOP, 0);
	}
	inject.uses_after |= inject.watches_of[INJECT_AT_TIME] != 0;
}

/*
 * A fault at the N-th instruction of EL2 is what campaigns make: a call for each of
 * them would be most of their time.
 */
void inject_watch_count(void)
{
	const struct inject_fault *first = &inject.faults[0];

	if (inject.faults_count > 0 && first->at.at == INJECT_AT_INSN &&
	    first->at.word == INJECT_IN_EL2 && !first->gated && !first->ends && first->shots == 1 &&
	    first->who == INJECT_IN_ANYWHERE && first->cpu == INJECT_CPU_ANY) {
		inject.counted = 0;
	}
}

struct world inject_world_of(unsigned int vcpu)
{
	struct inject_vcpu *state = &inject.vcpus[vcpu];

	if (!state->known) {
		/* A restored machine: the host is whoever is met first (common/world.h). */
		g_mutex_lock(&inject.lock);
		state->world = world_below(&inject.host, inject_sys(REG_HCR_EL2),
					   inject_sys(REG_VTTBR_EL2));
		g_mutex_unlock(&inject.lock);
		state->known = true;
	}
	return state->world;
}

/* Whether what happens at @el, or came from there, counts for @where. */
static bool is_there(enum inject_where where, unsigned int vcpu, unsigned int el)
{
	switch (where) {
	case INJECT_IN_EL0:
		return el == 0;
	case INJECT_IN_EL1:
		return el == 1;
	case INJECT_IN_EL2:
		return el == 2;
	case INJECT_IN_HOST:
		return el < 2 && inject_world_of(vcpu).kind == WORLD_HOST;
	case INJECT_IN_VM:
		return el < 2 && inject_world_of(vcpu).kind == WORLD_VM;
	case INJECT_IN_ANYWHERE:
		break;
	}
	return true;
}

static bool counts(const struct inject_watch *watch, const struct inject_context *context)
{
	const struct inject_trigger *trigger = &watch->trigger;

	if (!__atomic_load_n(&watch->open, __ATOMIC_RELAXED) ||
	    (watch->cpu != INJECT_CPU_ANY && (unsigned int)watch->cpu != context->vcpu)) {
		return false;
	}
	if (trigger->at == INJECT_AT_INSN &&
	    !is_there((enum inject_where)trigger->word, context->vcpu, context->el)) {
		return false;
	}
	return is_there(watch->who, context->vcpu, context->who_el);
}

static void open_gate(unsigned int fault, unsigned int vcpu)
{
	/* The fault's watch is the one with its index. */
	if (inject.watches[fault].trigger.at == INJECT_AT_TIME) {
		__atomic_store_n(&inject.watches[fault].since_ns, inject_time_now(vcpu),
				 __ATOMIC_RELAXED);
	}
	__atomic_store_n(&inject.watches[fault].open, true, __ATOMIC_RELAXED);
}

static void hit(unsigned int index, struct inject_context *context)
{
	struct inject_watch *watch = &inject.watches[index];
	uint64_t nth;
	uint64_t shots = 1;

	if (!counts(watch, context)) {
		return;
	}
	nth = __atomic_add_fetch(&watch->hits, 1, __ATOMIC_RELAXED);
	if (watch->role == INJECT_ROLE_FAULT) {
		shots = inject.faults[watch->fault].shots;
	}
	if (nth < watch->trigger.nth || nth - watch->trigger.nth >= shots) {
		return;
	}
	switch (watch->role) {
	case INJECT_ROLE_FAULT:
		if (!inject_apply(watch->fault, index, nth, context)) {
			inject_watch_undo(index);
		}
		break;
	case INJECT_ROLE_GATE:
		open_gate(watch->fault, context->vcpu);
		break;
	case INJECT_ROLE_END:
		__atomic_store_n(&inject.watches[watch->fault].open, false, __ATOMIC_RELAXED);
		break;
	case INJECT_ROLE_STOP:
		inject_end("stop", INJECT_EXIT_STOP, "stopped at %s number %llu",
			   inject_at_word(watch->trigger.at), (unsigned long long)nth);
	}
}

void inject_watch_hit(uint64_t mask, struct inject_context *context)
{
	while (mask != 0) {
		unsigned int index = (unsigned int)__builtin_ctzll(mask);

		mask &= mask - 1;
		hit(index, context);
	}
}

bool inject_watch_done(void)
{
	unsigned int i;

	for (i = 0; i < inject.faults_count; i++) {
		const struct inject_watch *watch = &inject.watches[i];
		uint64_t shots = inject.faults[i].shots;

		if (shots == INJECT_EVER || watch->hits < watch->trigger.nth + shots - 1) {
			return false;
		}
	}
	return true;
}

void inject_watch_undo(unsigned int watch)
{
	__atomic_sub_fetch(&inject.watches[watch].hits, 1, __ATOMIC_RELAXED);
}
