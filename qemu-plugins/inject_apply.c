/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults are made. */
#include "qemu-plugins/inject.h"

#include <string.h>

#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/inject_load.h"

#define OPCODE_BYTES 4
#define LINK_REGISTER 30
#define ZERO_REGISTER 31

static enum reg reg_of(unsigned int index)
{
	return index == INJECT_REG_SP ? REG_SP : (enum reg)(REG_X0 + index);
}

void inject_shot(unsigned int index, uint64_t nth, const struct inject_context *context,
		 const char *where, uint64_t before, uint64_t after)
{
	struct world world = inject_world_of(context->vcpu);
	struct inject_shot shot = {
		.fault = index,
		.nth = nth,
		.pc = context->pc,
		.opcode = context->site != NULL ? context->site->word : 0,
		.el = context->el,
		.vcpu = context->vcpu,
		.world = world,
		.before = before,
		.after = after,
		.insns = inject_insns(),
		.el2_insns = inject_el2_insns(),
		.time_ns = inject_time_now(context->vcpu),
	};

	g_strlcpy(shot.where, where, sizeof(shot.where));
	g_mutex_lock(&inject.lock);
	if (inject.shots_count < INJECT_SHOTS_KEPT) {
		inject.shots[inject.shots_count] = shot;
	}
	inject.shots_count++;
	/* Another plugin may end QEMU because of it, and then nobody is asked. */
	if (inject.shots_count <= INJECT_SHOTS_KEPT) {
		inject_report_write("running");
	}
	g_mutex_unlock(&inject.lock);
}

_Noreturn static void unusable(unsigned int index, const struct inject_context *context,
			       const char *why)
{
	inject_end("unusable", PLUGIN_EXIT_UNUSABLE, "fault %u, do=%s at 0x%llx: %s", index + 1,
		   inject_do_word(inject.faults[index].what), (unsigned long long)context->pc, why);
}

static bool is_repeated(const struct inject_fault *fault)
{
	return fault->shots > 1;
}

static bool change_register(unsigned int index, uint64_t nth, enum reg reg, const char *where,
			    const struct inject_context *context)
{
	const struct inject_fault *fault = &inject.faults[index];
	uint64_t before = regs_read(&inject.regs, reg);
	uint64_t after = inject_changed(fault, before, reg == REG_CPSR ? 4 : 8);

	if (!regs_write(&inject.regs, reg, after)) {
		unusable(index, context, "QEMU does not let it be written");
	}
	inject_shot(index, nth, context, where, before, after);
	inject_digest_shot(fault->shots == 1);
	return true;
}

static bool change_numbered(unsigned int index, uint64_t nth, const struct inject_context *context)
{
	unsigned int number = inject.faults[index].index;
	char where[8];

	if (number == INJECT_REG_SP) {
		g_strlcpy(where, "sp", sizeof(where));
	} else {
		g_snprintf(where, sizeof(where), "x%u", number);
	}
	return change_register(index, nth, reg_of(number), where, context);
}

static bool change_memory(unsigned int index, uint64_t nth, uint64_t pa, uint64_t bytes,
			  const struct inject_context *context)
{
	const struct inject_fault *fault = &inject.faults[index];
	uint64_t before;
	uint64_t after;
	char where[48];

	if (!inject_memory_read(pa, bytes, &before)) {
		unusable(index, context, "there is no memory");
	}
	after = inject_changed(fault, before, bytes);
	if (after != before || fault->model == INJECT_MODEL_VALUE) {
		if (!inject_memory_write(pa, bytes, after)) {
			unusable(index, context, "the memory cannot be written");
		}
	}
	g_snprintf(where, sizeof(where), "pa 0x%llx", (unsigned long long)pa);
	/* A stuck cell is changed again and again: what is kept are its changes. */
	if (!is_repeated(fault) || after != before) {
		inject_shot(index, nth, context, where, before, after);
	}
	inject_digest_shot(false);
	return true;
}

static bool change_place(unsigned int index, uint64_t nth, const struct inject_context *context)
{
	const struct inject_fault *fault = &inject.faults[index];
	uint64_t pa;

	if (!inject_memory_place(&fault->place, &pa)) {
		unusable(index, context, "the place is nowhere in physical memory now");
	}
	return change_memory(index, nth, pa, fault->place.bytes, context);
}

static bool change_descriptor(unsigned int index, uint64_t nth,
			      const struct inject_context *context)
{
	struct inject_walk found;
	const char *why = inject_memory_pte(&inject.faults[index], &found);

	if (why != NULL) {
		unusable(index, context, why);
	}
	return change_memory(index, nth, found.at, sizeof(found.descriptor), context);
}

/* Room for what is to be done behind the instruction. */
static struct inject_after *new_after(unsigned int index, const struct inject_context *context)
{
	struct inject_counts *counts = inject_counts_of(context->vcpu);

	if (counts->after == INJECT_AFTERS_MAX) {
		unusable(index, context, "too many faults at one instruction");
	}
	return &inject.vcpus[context->vcpu].after[counts->after++];
}

static void change_behind(unsigned int index, unsigned int watch, unsigned int reg,
			  const struct inject_context *context)
{
	*new_after(index, context) = (struct inject_after){
		.fault = index,
		.watch = watch,
		.what = inject.faults[index].what,
		.reg = reg,
		.pc = context->pc,
		.word = context->site->word,
		.el = context->el,
	};
}

/* What the load put into its register, once it has. */
static bool change_loaded(unsigned int index, unsigned int watch,
			  const struct inject_context *context)
{
	const struct inject_fault *fault = &inject.faults[index];
	uint8_t regs[2];
	unsigned int count = inject_load_registers(context->site->word, regs);

	if (fault->index >= count || regs[fault->index] == ZERO_REGISTER) {
		if (is_repeated(fault)) {
			return true; /* of many instructions, the loads */
		}
		unusable(index, context, "the instruction loads no such general register");
	}
	change_behind(index, watch, regs[fault->index], context);
	return true;
}

/*
 * A system register cannot be written by a plugin: MSR gets another value in its
 * register, which is put back behind it; what MRS read is changed behind it.
 */
static bool change_sysreg(unsigned int index, unsigned int watch, uint64_t nth,
			  const struct inject_context *context)
{
	const struct a64 *insn = &context->site->insn;
	uint64_t before;

	if (insn->rt == ZERO_REGISTER) {
		if (is_repeated(&inject.faults[index])) {
			return true;
		}
		unusable(index, context, "the instruction uses XZR");
	}
	if (insn->kind == A64_MRS) {
		change_behind(index, watch, insn->rt, context);
		return true;
	}
	before = regs_read_x(&inject.regs, insn->rt);
	*new_after(index, context) = (struct inject_after){
		.fault = index,
		.restores = true,
		.what = INJECT_DO_SYSREG,
		.reg = insn->rt,
		.before = before,
	};
	return change_register(index, nth, reg_of(insn->rt), "msr", context);
}

/* Another instruction in its place, once; then the old one is put back. */
static bool change_opcode(unsigned int index, uint64_t nth, struct inject_context *context)
{
	const struct inject_fault *fault = &inject.faults[index];
	uint64_t pa;
	uint64_t before;
	uint64_t after;

	if (!qemu_plugin_translate_vaddr(context->pc, &pa) ||
	    !inject_memory_read(pa, OPCODE_BYTES, &before)) {
		unusable(index, context, "the instruction is not in memory");
	}
	after = inject_changed(fault, before, OPCODE_BYTES);
	if (!inject_memory_write(pa, OPCODE_BYTES, after)) {
		unusable(index, context, "the instruction's memory cannot be written");
	}
	inject_shot(index, nth, context, "opcode", before, after);
	inject_digest_shot(fault->shots == 1);
	if (fault->shots != INJECT_EVER) {
		*new_after(index, context) = (struct inject_after){
			.fault = index,
			.restores = true,
			.what = INJECT_DO_OPCODE,
			.pa = pa,
			.before = before,
		};
	}
	/* QEMU has translated the old one: begin it again. */
	inject.vcpus[context->vcpu].again = true;
	inject.vcpus[context->vcpu].again_begun = false;
	inject.vcpus[context->vcpu].again_pc = context->pc;
	if (context->el == 2) {
		inject_counts_of(context->vcpu)->el2--;
	}
	context->moves = true;
	context->next = context->pc;
	return true;
}

static bool skip(unsigned int index, uint64_t nth, struct inject_context *context)
{
	inject_shot(index, nth, context, "skipped", context->pc, context->pc + ARM_INSN_BYTES);
	inject_digest_shot(inject.faults[index].shots == 1);
	context->moves = true;
	context->next = context->pc + ARM_INSN_BYTES;
	return true;
}

/* The function that begins here returns at once. */
static bool leave(unsigned int index, uint64_t nth, struct inject_context *context)
{
	uint64_t back = regs_read_x(&inject.regs, LINK_REGISTER);

	change_register(index, nth, REG_X0, "returned x0", context);
	context->moves = true;
	context->next = back;
	return true;
}

static bool interrupt(unsigned int index, uint64_t nth, const struct inject_context *context)
{
	uint64_t number = 0;
	const char *why = inject_irq(&inject.faults[index], context, &number);

	if (why != NULL) {
		if (inject.faults[index].word != INJECT_INTERRUPT_RAISE) {
			return false; /* not this one: the next will do */
		}
		unusable(index, context, why);
	}
	inject_shot(index, nth, context, "interrupt", number, number);
	inject_digest_shot(false);
	return true;
}

static bool dma(unsigned int index, uint64_t nth, const struct inject_context *context)
{
	uint64_t before = 0;
	uint64_t after = 0;
	char where[48] = "";
	const char *why = inject_dma(&inject.faults[index], where, &before, &after);

	if (why != NULL) {
		unusable(index, context, why);
	}
	inject_shot(index, nth, context, where, before, after);
	inject_digest_shot(false);
	return true;
}

bool inject_apply(unsigned int index, unsigned int watch, uint64_t nth,
		  struct inject_context *context)
{
	switch (inject.faults[index].what) {
	case INJECT_DO_REG:
	case INJECT_DO_ARG:
	case INJECT_DO_RESULT:
		return change_numbered(index, nth, context);
	case INJECT_DO_PSTATE:
		return change_register(index, nth, REG_CPSR, "pstate", context);
	case INJECT_DO_MEM:
		return change_place(index, nth, context);
	case INJECT_DO_PTE:
		return change_descriptor(index, nth, context);
	case INJECT_DO_LOADED:
		return change_loaded(index, watch, context);
	case INJECT_DO_SYSREG:
		return change_sysreg(index, watch, nth, context);
	case INJECT_DO_OPCODE:
		return change_opcode(index, nth, context);
	case INJECT_DO_SKIP:
		return skip(index, nth, context);
	case INJECT_DO_LEAVE:
		return leave(index, nth, context);
	case INJECT_DO_IRQ:
		return interrupt(index, nth, context);
	case INJECT_DO_DMA:
		return dma(index, nth, context);
	case INJECT_DO_COUNT:
		break;
	}
	return false;
}

void inject_apply_counter(unsigned int vcpu, const struct inject_site *site)
{
	struct inject_counts *counts = inject_counts_of(vcpu);

	if (counts->after < INJECT_AFTERS_MAX && site->insn.rt != ZERO_REGISTER) {
		inject.vcpus[vcpu].after[counts->after++] = (struct inject_after){
			.what = INJECT_DO_COUNT,
			.reg = site->insn.rt,
			.pc = site->vaddr,
			.word = site->word,
			.el = site->el,
		};
	}
}

static void do_after(unsigned int vcpu, const struct inject_after *after)
{
	struct inject_site site = { .vaddr = after->pc, .word = after->word };
	struct inject_context context = {
		.vcpu = vcpu,
		.site = &site,
		.pc = after->pc,
		.el = after->el,
	};

	if (after->what == INJECT_DO_COUNT) {
		inject_time_sample(vcpu, after->word, after->el,
				   regs_read_x(&inject.regs, after->reg));
	} else if (after->restores && after->what == INJECT_DO_OPCODE) {
		inject_memory_write(after->pa, OPCODE_BYTES, after->before);
	} else if (after->restores) {
		regs_write(&inject.regs, reg_of(after->reg), after->before);
	} else {
		change_register(after->fault, inject.watches[after->watch].hits, reg_of(after->reg),
				after->what == INJECT_DO_LOADED ? "loaded" : "mrs", &context);
	}
}

void inject_apply_after(unsigned int vcpu, uint64_t vaddr)
{
	struct inject_vcpu *state = &inject.vcpus[vcpu];
	struct inject_counts *counts = inject_counts_of(vcpu);
	uint64_t left = counts->after;
	uint64_t i;

	if (state->again && !state->again_begun) {
		/* An interrupt came first, or this is the patched instruction itself. */
		state->again_begun = vaddr == state->again_pc;
		return;
	}
	state->again = false;
	counts->after = 0;
	for (i = 0; i < left; i++) {
		do_after(vcpu, &state->after[i]);
	}
}

void inject_apply_cancel(unsigned int vcpu)
{
	struct inject_vcpu *state = &inject.vcpus[vcpu];
	struct inject_counts *counts = inject_counts_of(vcpu);
	uint64_t kept = 0;
	uint64_t i;

	state->again = false;
	for (i = 0; i < counts->after; i++) {
		if (state->after[i].restores) {
			state->after[kept++] = state->after[i];
		} else if (state->after[i].what != INJECT_DO_COUNT) {
			inject_watch_undo(state->after[i].watch);
		}
	}
	counts->after = kept;
}
