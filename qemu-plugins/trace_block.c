/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is planted into translated blocks.
 *
 * Instruction counts. QEMU leaves a block early when an instruction faults,
 * traps, or reaches a device, so that counting whole blocks counts too much.
 * Instructions that only compute in registers never leave: a run of these is
 * counted together with the instruction that follows it. The count is exact
 * wherever it can be read, and costs about half of counting one by one. Below
 * EL2 that is done with count=exact only: else blocks are counted as a whole when
 * they begin, which costs half of that again.
 * The exception level is part of QEMU's key of a block, so each level has its
 * own counter, chosen here.
 *
 * Counter reads (virtual clock only). QEMU ends the block at the MRS, so the
 * result is read before the first instruction of the block that follows; that
 * this is really the next instruction executed is seen from the count.
 */
#include "qemu-plugins/trace.h"

/* A counter read, packed into a callback's userdata. */
#define READ_PACK(kind, rt, el) GUINT_TO_POINTER((guint)(kind) << 8 | (el) << 5 | (rt))
#define READ_KIND(data) ((enum arm_insn)(GPOINTER_TO_UINT(data) >> 8))
#define READ_EL(data) (GPOINTER_TO_UINT(data) >> 5 & 3)
#define READ_RT(data) (GPOINTER_TO_UINT(data) & 0x1f)

static bool is_counter_read(enum arm_insn kind)
{
	return kind == ARM_INSN_READ_VIRTUAL || kind == ARM_INSN_READ_PHYSICAL;
}

/* Before the MRS executes. */
static void counter_is_read(unsigned int vcpu, void *userdata)
{
	uint64_t insns = trace_insns(trace_counts_of(vcpu));

	/* Only the vCPU's own thread writes the clock, which is one: no lock. */
	if (!trace_clock_wants_sample(&trace.clock, insns)) {
		return;
	}
	trace.vcpus[vcpu].read = (struct trace_read){
		.pending = true,
		.kind = READ_KIND(userdata),
		.rt = READ_RT(userdata),
		.el = READ_EL(userdata),
		.insns = insns,
	};
}

/*
 * Before the instruction after the MRS executes. @userdata is how much has been
 * counted since, if no other instruction came in between.
 */
static void counter_was_read(unsigned int vcpu, void *userdata)
{
	struct trace_read *read = &trace.vcpus[vcpu].read;
	const struct regs *regs = &trace.regs;
	uint64_t between = trace_insns(trace_counts_of(vcpu)) - read->insns;
	uint64_t ticks;

	if (!read->pending || between != GPOINTER_TO_UINT(userdata)) {
		return;
	}
	read->pending = false;
	ticks = regs_read_x(regs, read->rt) + arm_counter_offset(read->kind, read->el,
								 regs_read(regs, REG_HCR_EL2),
								 regs_read(regs, REG_CNTVOFF_EL2),
								 regs_read(regs, REG_CNTPOFF_EL2),
								 regs_read(regs, REG_CNTHCTL_EL2));
	g_mutex_lock(&trace.lock);
	trace_clock_sample(&trace.clock, read->insns, ticks);
	g_mutex_unlock(&trace.lock);
}

/*
 * Addresses of instructions that follow a counter read. The read's block is
 * translated before it can execute, so whoever comes after it is known. Kept
 * for ever: there are a few hundred. One vCPU thread (-icount), no lock.
 */
static GHashTable *followers;

static bool follows_counter_read(uint64_t address)
{
	return followers != NULL && g_hash_table_contains(followers, &address);
}

static void note_counter_read(uint64_t address)
{
	uint64_t next = address + ARM_INSN_BYTES;

	if (followers == NULL) {
		followers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	}
	if (!g_hash_table_contains(followers, &next)) {
		g_hash_table_add(followers, g_memdup2(&next, sizeof(next)));
	}
}

static void plant_callback(struct qemu_plugin_insn *insn, uint32_t word, uint64_t address,
			   unsigned int el)
{
	enum arm_insn kind = arm_insn_kind(word);
	unsigned int rt = word & 0x1f;

	switch (kind) {
	case ARM_INSN_HVC:
	case ARM_INSN_SMC:
		qemu_plugin_register_vcpu_insn_exec_cb(insn, trace_event_call,
						       QEMU_PLUGIN_CB_R_REGS,
						       GUINT_TO_POINTER(word >> 5 & 0xffff));
		break;
	case ARM_INSN_ERET:
		if (el == 2) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, trace_event_eret,
							       QEMU_PLUGIN_CB_R_REGS, NULL);
		}
		break;
	case ARM_INSN_READ_VIRTUAL:
	case ARM_INSN_READ_PHYSICAL:
		if (trace.virtual_clock && rt != 31) {
			note_counter_read(address);
			qemu_plugin_register_vcpu_insn_exec_cb(insn, counter_is_read,
							       QEMU_PLUGIN_CB_NO_REGS,
							       READ_PACK(kind, rt, el));
		}
		break;
	case ARM_INSN_OTHER:
		break;
	}
}

void trace_block_translated(struct qemu_plugin_tb *tb, void *userdata)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	uint64_t pstate = regs_read(&trace.regs, REG_CPSR);
	bool is_a64 = (pstate & ARM_PSTATE_AARCH32) == 0;
	unsigned int el = is_a64 ? ARM_PSTATE_EL(pstate) : (pstate & 0xf) != 0;
	qemu_plugin_u64 counter = {
		trace.counts,
		offsetof(struct trace_counts, insns) + el * sizeof(uint64_t),
	};
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	bool whole = trace.counts_blocks && el < 2;
	bool after_read = trace.virtual_clock && is_a64 && follows_counter_read(address);
	uint64_t run = 0;
	size_t i;
	(void)userdata;

	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t word = 0;
		guint counted = 0;

		run++;
		if (is_a64) {
			qemu_plugin_insn_data(insn, &word, sizeof(word));
		}
		if (whole ? i == 0 : !is_a64 || i + 1 == count || !arm_insn_completes(word)) {
			/* First the count, so that callbacks see this instruction in it. */
			run = whole ? count : run;
			qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
				insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, run);
			counted = (guint)run;
			run = 0;
		}
		if (after_read) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, counter_was_read,
							       QEMU_PLUGIN_CB_R_REGS,
							       GUINT_TO_POINTER(counted));
		}
		if (is_a64) {
			plant_callback(insn, word, address + i * ARM_INSN_BYTES, el);
			after_read = trace.virtual_clock && is_counter_read(arm_insn_kind(word));
		}
	}
}
