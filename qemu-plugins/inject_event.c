/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what QEMU reports to hits of triggers. */
#include "qemu-plugins/inject.h"

#include "qemu-plugins/common/arm.h"

/* ESR_ELx.DFSC and IFSC of translation and permission faults, any level (D24.2). */
#define FSC(esr) (0x3f & (unsigned int)(esr))
#define FSC_TRANSLATION_MIN 0x04
#define FSC_TRANSLATION_MAX 0x07
#define FSC_PERMISSION_MIN 0x0c
#define FSC_PERMISSION_MAX 0x0f

#define CALL_64BIT (UINT32_C(1) << 30)

/* The level in a saved PSTATE, AArch32 modes as well. */
static unsigned int saved_el(uint64_t spsr)
{
	if ((spsr & ARM_PSTATE_AARCH32) != 0) {
		return (spsr & 0xf) != 0;
	}
	return (unsigned int)ARM_PSTATE_EL(spsr);
}

static enum inject_entry entry_of(enum arm_vector vector, uint64_t esr)
{
	switch (vector) {
	case ARM_VECTOR_IRQ:
		return INJECT_ENTRY_IRQ;
	case ARM_VECTOR_FIQ:
		return INJECT_ENTRY_FIQ;
	case ARM_VECTOR_SERROR:
		return INJECT_ENTRY_SERROR;
	case ARM_VECTOR_SYNC:
		break;
	}
	switch (ARM_ESR_EC(esr)) {
	case ARM_EC_HVC32:
	case ARM_EC_SMC32:
	case ARM_EC_HVC64:
	case ARM_EC_SMC64:
		return INJECT_ENTRY_CALL;
	case ARM_EC_INSN_ABORT_LOWER:
	case ARM_EC_DATA_ABORT_LOWER:
		return INJECT_ENTRY_FAULT;
	case ARM_EC_SYSREG:
		return INJECT_ENTRY_SYSREG;
	case ARM_EC_WFX:
		return INJECT_ENTRY_WFX;
	default:
		return INJECT_ENTRY_OTHER;
	}
}

static bool is_fault(enum inject_fault_kind kind, uint64_t esr)
{
	bool fetch = ARM_ESR_EC(esr) == ARM_EC_INSN_ABORT_LOWER;
	bool write = !fetch && ARM_ESR_WNR(esr) != 0;
	unsigned int status = FSC(esr);

	switch (kind) {
	case INJECT_FAULT_ANY:
		return true;
	case INJECT_FAULT_READ:
		return !fetch && !write;
	case INJECT_FAULT_WRITE:
		return write;
	case INJECT_FAULT_FETCH:
		return fetch;
	case INJECT_FAULT_TRANSLATION:
		return status >= FSC_TRANSLATION_MIN && status <= FSC_TRANSLATION_MAX;
	case INJECT_FAULT_PERMISSION:
		return status >= FSC_PERMISSION_MIN && status <= FSC_PERMISSION_MAX;
	}
	return false;
}

static bool is_call(const struct inject_trigger *trigger, uint64_t x0)
{
	uint32_t number = (uint32_t)x0;

	return trigger->any || number == trigger->call ||
	       (trigger->smccc && (number ^ CALL_64BIT) == trigger->call);
}

/* Watches of @at (ENTRY, FAULT, or CALL and RETURN) whose trigger fits. */
static uint64_t fitting(enum inject_at at, enum inject_entry entry, uint64_t esr)
{
	uint64_t left = inject.watches_of[at];
	uint64_t fit = 0;

	for (; left != 0; left &= left - 1) {
		unsigned int index = (unsigned int)__builtin_ctzll(left);
		const struct inject_trigger *trigger = &inject.watches[index].trigger;
		bool fits = false;

		if (at == INJECT_AT_ENTRY) {
			fits = trigger->word == INJECT_ENTRY_ANY || trigger->word == entry;
		} else if (at == INJECT_AT_FAULT) {
			fits = entry == INJECT_ENTRY_FAULT &&
			       is_fault((enum inject_fault_kind)trigger->word, esr);
		} else {
			fits = entry == INJECT_ENTRY_CALL &&
			       is_call(trigger, regs_read_x(&inject.regs, 0));
		}
		fit |= fits ? left & -left : 0;
	}
	return fit;
}

/* A call that a RETURN waits for has begun to be served. */
static void note_calls(unsigned int vcpu, uint64_t mask)
{
	for (; mask != 0; mask &= mask - 1) {
		unsigned int index = (unsigned int)__builtin_ctzll(mask);

		inject.vcpus[vcpu].call[index].pending = true;
		inject.vcpus[vcpu].call[index].world = inject_world_of(vcpu);
		inject.vcpus[vcpu].call[index].elr = inject_sys(REG_ELR_EL2);
	}
}

static void entered_el2(struct inject_context *context, enum arm_vector vector, uint64_t spsr)
{
	uint64_t esr = inject_sys(REG_ESR_EL2);
	enum inject_entry entry = entry_of(vector, esr);

	inject_world_of(context->vcpu);
	inject_record_visit(context->vcpu);
	inject_digest_entered();
	context->el = saved_el(spsr);
	context->who_el = context->el;
	note_calls(context->vcpu, fitting(INJECT_AT_RETURN, entry, esr));
	inject_watch_hit(fitting(INJECT_AT_CALL, entry, esr) |
				 fitting(INJECT_AT_ENTRY, entry, esr) |
				 fitting(INJECT_AT_FAULT, entry, esr),
			 context);
}

static uint64_t irqs(unsigned int el)
{
	uint64_t left = inject.watches_of[INJECT_AT_IRQ];
	uint64_t fit = 0;

	for (; left != 0; left &= left - 1) {
		unsigned int index = (unsigned int)__builtin_ctzll(left);
		unsigned int word = inject.watches[index].trigger.word;

		if (word == INJECT_IRQ_ANY || (word == INJECT_IRQ_EL1 && el == 1) ||
		    (word == INJECT_IRQ_EL2 && el == 2)) {
			fit |= left & -left;
		}
	}
	return fit;
}

void inject_event_discontinuity(unsigned int vcpu, enum qemu_plugin_discon_type type,
				uint64_t from_pc, uint64_t to_pc, void *userdata)
{
	uint64_t pstate = inject_sys(REG_CPSR);
	unsigned int el = saved_el(pstate);
	struct inject_context context = {
		.moment = INJECT_ENTERED,
		.vcpu = vcpu,
		.pc = to_pc,
		.el = el,
	};
	uint64_t spsr;
	(void)from_pc;
	(void)userdata;

	if (type == QEMU_PLUGIN_DISCON_EXCEPTION) {
		inject_apply_cancel(vcpu);
	}
	if (type == QEMU_PLUGIN_DISCON_HOSTCALL) {
		return;
	}
	if (el == 2 && !world_is_hosted(inject_sys(REG_HCR_EL2))) {
		spsr = inject_sys(REG_SPSR_EL2);
		if (saved_el(spsr) < 2) {
			entered_el2(&context, arm_vector_kind(to_pc), spsr);
		}
	}
	context.el = el;
	context.who_el = el;
	if (type == QEMU_PLUGIN_DISCON_INTERRUPT) {
		inject_watch_hit(irqs(el), &context);
	}
}

/* Which RETURNs this ERET into @world is, of calls being served. */
static uint64_t answered(unsigned int vcpu, struct world world)
{
	uint64_t elr = inject_sys(REG_ELR_EL2);
	uint64_t left = inject.watches_of[INJECT_AT_RETURN];
	uint64_t fit = 0;

	for (; left != 0; left &= left - 1) {
		unsigned int index = (unsigned int)__builtin_ctzll(left);

		/* A trapped SMC is returned to behind it, an HVC has that address already. */
		if (inject.vcpus[vcpu].call[index].pending &&
		    inject.vcpus[vcpu].call[index].world.kind == world.kind &&
		    inject.vcpus[vcpu].call[index].world.vmid == world.vmid &&
		    elr - inject.vcpus[vcpu].call[index].elr <= ARM_INSN_BYTES) {
			inject.vcpus[vcpu].call[index].pending = false;
			fit |= left & -left;
		}
	}
	return fit;
}

/* Remember whose stage 2 this is; what is watched in it may lie elsewhere now. */
static void note_world(struct world world)
{
	unsigned int slot = world.kind == WORLD_VM;
	uint64_t left = inject.watches_of[INJECT_AT_ACCESS];

	g_mutex_lock(&inject.lock);
	inject.stage2[slot] = (inject_sys(REG_HCR_EL2) & ARM_HCR_VM) != 0;
	inject.vttbr[slot] = inject_sys(REG_VTTBR_EL2);
	inject.vtcr[slot] = inject_sys(REG_VTCR_EL2);
	inject.erets++;
	g_mutex_unlock(&inject.lock);
	for (; left != 0; left &= left - 1) {
		struct inject_watch *watch = &inject.watches[__builtin_ctzll(left)];
		uint64_t pa = UINT64_MAX;

		if (watch->trigger.place.kind == INJECT_PLACE_HOST ||
		    watch->trigger.place.kind == INJECT_PLACE_VM) {
			inject_memory_place(&watch->trigger.place, &pa);
			__atomic_store_n(&watch->pa, pa, __ATOMIC_RELAXED);
		}
	}
}

/* Who will run when this vCPU's ERET from EL2 is done. */
static void note_return(struct inject_vcpu *state)
{
	g_mutex_lock(&inject.lock);
	state->world =
		world_below(&inject.host, inject_sys(REG_HCR_EL2), inject_sys(REG_VTTBR_EL2));
	g_mutex_unlock(&inject.lock);
	state->known = true;
}

void inject_event_eret(unsigned int vcpu, void *userdata)
{
	const struct inject_site *site = userdata;
	struct inject_vcpu *state = &inject.vcpus[vcpu];
	struct inject_context context = {
		.moment = INJECT_BEFORE_INSN,
		.vcpu = vcpu,
		.site = site,
		.pc = site->vaddr,
		.el = 2,
		.who_el = saved_el(inject_sys(REG_SPSR_EL2)),
	};

	if (context.who_el >= 2 || world_is_hosted(inject_sys(REG_HCR_EL2))) {
		return;
	}
	note_return(state);
	note_world(state->world);
	inject_watch_hit(answered(vcpu, state->world), &context);
	inject_digest_returns();
}

/* Those of @mask whose time has not come. */
static uint64_t not_yet(unsigned int vcpu, uint64_t mask)
{
	uint64_t early = 0;

	for (; mask != 0; mask &= mask - 1) {
		struct inject_watch *watch = &inject.watches[__builtin_ctzll(mask)];

		if (!__atomic_load_n(&watch->open, __ATOMIC_RELAXED) ||
		    !inject_time_has_come(vcpu, watch)) {
			early |= mask & -mask;
		}
	}
	return early;
}

/* Those of @mask that wait for a mark of another name than is left here. */
static uint64_t other_marks(uint64_t mask)
{
	uint64_t others = 0;

	for (; mask != 0; mask &= mask - 1) {
		const struct inject_watch *watch = &inject.watches[__builtin_ctzll(mask)];

		if (!watch->trigger.any && regs_read_x(&inject.regs, 0) != watch->trigger.address) {
			others |= mask & -mask;
		}
	}
	return others;
}

void inject_event_site(unsigned int vcpu, void *userdata)
{
	const struct inject_site *site = userdata;
	struct inject_vcpu *state = &inject.vcpus[vcpu];
	struct inject_context context = {
		.moment = INJECT_BEFORE_INSN,
		.vcpu = vcpu,
		.site = site,
		.pc = site->vaddr,
		.el = site->el,
		.who_el = site->el,
	};
	uint64_t erets = site->watches & inject.watches_of[INJECT_AT_ERET];
	uint64_t watches = site->watches & ~erets;

	if (state->again && state->again_pc == site->vaddr) {
		return;
	}
	watches &= ~not_yet(vcpu, watches & inject.watches_of[INJECT_AT_TIME]);
	watches &= ~other_marks(watches & inject.watches_of[INJECT_AT_MARK]);
	inject_watch_hit(watches, &context);
	/* An ERET to EL2 itself returns to nobody below. */
	if (erets != 0 && saved_el(inject_sys(REG_SPSR_EL2)) < 2) {
		note_return(state);
		context.who_el = saved_el(inject_sys(REG_SPSR_EL2));
		inject_watch_hit(erets, &context);
	}
	if (context.moves) {
		qemu_plugin_set_pc(context.next);
	}
}

void inject_event_counted(unsigned int vcpu, void *userdata)
{
	struct inject_watch *watch = &inject.watches[inject.counted];

	watch->hits = watch->trigger.nth - 1;
	inject_event_site(vcpu, userdata);
	if (watch->hits < watch->trigger.nth) {
		inject_counts_of(vcpu)->left = 1; /* it could not have it: the next one may */
	}
}

void inject_event_counter(unsigned int vcpu, void *userdata)
{
	inject_apply_counter(vcpu, userdata);
}

void inject_event_after(unsigned int vcpu, void *userdata)
{
	inject_apply_after(vcpu, *(const uint64_t *)userdata);
}

static bool overlaps(uint64_t base, uint64_t bytes, uint64_t at, uint64_t at_bytes)
{
	return at < base + bytes && base < at + at_bytes;
}

void inject_event_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			 void *userdata)
{
	const struct inject_site *site = userdata;
	struct qemu_plugin_hwaddr *hwaddr = qemu_plugin_get_hwaddr(info, vaddr);
	uint64_t pa = hwaddr != NULL ? qemu_plugin_hwaddr_phys_addr(hwaddr) : UINT64_MAX;
	uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
	bool store = qemu_plugin_mem_is_store(info);
	struct inject_context context = {
		.moment = INJECT_ACCESSED,
		.vcpu = vcpu,
		.site = site,
		.pc = site->vaddr,
		.el = site->el,
		.who_el = site->el,
	};
	uint64_t left = site->watches;
	uint64_t hits = 0;

	for (; left != 0; left &= left - 1) {
		const struct inject_watch *watch = &inject.watches[__builtin_ctzll(left)];
		const struct inject_place *place = &watch->trigger.place;
		uint64_t base = place->address;

		if (watch->trigger.word == (store ? INJECT_ACCESS_READ : INJECT_ACCESS_WRITE)) {
			continue;
		}
		if (place->kind == INJECT_PLACE_HOST || place->kind == INJECT_PLACE_VM) {
			base = __atomic_load_n(&watch->pa, __ATOMIC_RELAXED);
		}
		if (base != UINT64_MAX &&
		    overlaps(base, place->bytes, place->kind == INJECT_PLACE_VA ? vaddr : pa,
			     bytes)) {
			hits |= left & -left;
		}
	}
	inject_watch_hit(hits, &context);
}

void inject_event_budget(unsigned int vcpu, void *userdata)
{
	(void)vcpu;
	(void)userdata;
	inject_end("budget", PLUGIN_EXIT_BUDGET,
		   "the budget of %llu instructions is used up: the machine hangs",
		   (unsigned long long)inject.budget);
}
