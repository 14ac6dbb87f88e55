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
 * Results of MRS: of the counter (virtual clock only) and of an acknowledged
 * interrupt. They are read before the next instruction, which is in the same
 * block or, when QEMU ends the block at the MRS, the first of another; that it is
 * really the next one executed is seen from the count.
 *
 * When all vCPUs share a thread, inline operations crash QEMU: then the counting
 * is a callback, too.
 */
#include "qemu-plugins/trace.h"

#include "platform/abi/mark.h"

static bool is_counter(uint16_t key)
{
	return key == A64_CNTVCT_EL0 || key == A64_CNTVCTSS_EL0 || key == A64_CNTPCT_EL0 ||
	       key == A64_CNTPCTSS_EL0;
}

static bool is_acknowledge(uint16_t key)
{
	return key == A64_ICC_IAR0_EL1 || key == A64_ICC_IAR1_EL1;
}

/* Whether the result of the instruction is wanted. */
static bool is_read(struct a64 insn)
{
	if (insn.kind != A64_MRS || insn.rt == 31) {
		return false;
	}
	return (trace.virtual_clock && is_counter(insn.key)) ||
	       (trace_records_group(TRACE_GROUP_ACKS) && is_acknowledge(insn.key));
}

/* Before the MRS executes. */
static void read_begins(unsigned int vcpu, void *userdata)
{
	const struct trace_site *site = userdata;
	uint64_t insns;

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	insns = trace_insns(trace_counts_of(vcpu));
	/* With a virtual clock there is one vCPU thread, which alone writes the clock: no lock. */
	if (is_counter(site->key) && !trace_clock_wants_sample(&trace.clock, insns)) {
		return;
	}
	trace.vcpus[vcpu].read = (struct trace_read){
		.pending = true,
		.key = site->key,
		.rt = site->rt,
		.el = site->el,
		.insns = insns,
	};
}

static void counter_was_read(const struct trace_read *read)
{
	const struct regs *regs = &trace.regs;
	bool is_virtual = read->key == A64_CNTVCT_EL0 || read->key == A64_CNTVCTSS_EL0;
	uint64_t ticks = regs_read_x(regs, read->rt);

	ticks += arm_counter_offset(is_virtual ? ARM_INSN_READ_VIRTUAL : ARM_INSN_READ_PHYSICAL,
				    read->el, regs_read(regs, REG_HCR_EL2),
				    regs_read(regs, REG_CNTVOFF_EL2),
				    regs_read(regs, REG_CNTPOFF_EL2),
				    regs_read(regs, REG_CNTHCTL_EL2));
	g_mutex_lock(&trace.lock);
	trace_clock_sample(&trace.clock, read->insns, ticks);
	g_mutex_unlock(&trace.lock);
}

/*
 * Before the instruction after the MRS executes. @userdata is how much has been
 * counted since, if no other instruction came in between.
 */
static void read_ended(unsigned int vcpu, void *userdata)
{
	struct trace_read *read;

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	read = &trace.vcpus[vcpu].read;
	if (!read->pending ||
	    trace_insns(trace_counts_of(vcpu)) - read->insns != GPOINTER_TO_UINT(userdata)) {
		return;
	}
	read->pending = false;
	if (is_counter(read->key)) {
		counter_was_read(read);
	} else {
		trace_watch_acknowledged(vcpu, read);
	}
}

/*
 * Addresses of instructions that follow such a read at the end of its block,
 * which is translated before it can execute, so whoever comes after it is known.
 * Kept for ever: there are a few hundred. Guarded by sites_lock.
 */
static GHashTable *followers;

/*
 * What was planted, by the packed site: blocks are translated again and again,
 * sites are few, and QEMU wants them for ever. Guarded by sites_lock.
 */
static GHashTable *sites;
static GMutex sites_lock;

static bool follows_read(uint64_t address)
{
	bool follows;

	g_mutex_lock(&sites_lock);
	follows = followers != NULL && g_hash_table_contains(followers, &address);
	g_mutex_unlock(&sites_lock);
	return follows;
}

static void note_read(uint64_t address)
{
	uint64_t next = address + ARM_INSN_BYTES;

	g_mutex_lock(&sites_lock);
	if (followers == NULL) {
		followers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	}
	if (!g_hash_table_contains(followers, &next)) {
		g_hash_table_add(followers, g_memdup2(&next, sizeof(next)));
	}
	g_mutex_unlock(&sites_lock);
}

static guint site_hash(gconstpointer key)
{
	const struct trace_site *site = key;

	return g_int64_hash(&site->pc) ^ site->key;
}

static gboolean site_equal(gconstpointer a, gconstpointer b)
{
	const struct trace_site *one = a;
	const struct trace_site *two = b;

	return one->pc == two->pc && one->key == two->key && one->rt == two->rt &&
	       one->el == two->el;
}

static struct trace_site *site_of(struct a64 insn, uint64_t address, unsigned int el)
{
	struct trace_site site = {
		.pc = address,
		.key = insn.key,
		.rt = insn.rt,
		.el = (uint8_t)el,
	};
	struct trace_site *kept;

	g_mutex_lock(&sites_lock);
	if (sites == NULL) {
		sites = g_hash_table_new(site_hash, site_equal);
	}
	kept = g_hash_table_lookup(sites, &site);
	if (kept == NULL) {
		kept = g_memdup2(&site, sizeof(site));
		g_hash_table_add(sites, kept);
	}
	g_mutex_unlock(&sites_lock);
	return kept;
}

/* The callback that the instruction gets, NULL for none. */
static qemu_plugin_vcpu_udata_cb_t watcher(struct a64 insn, uint32_t word, unsigned int el)
{
	bool is_eoi = insn.key == A64_ICC_EOIR0_EL1 || insn.key == A64_ICC_EOIR1_EL1;

	if (word == MARK_WORD) {
		return trace_records_group(TRACE_GROUP_MARKS) ? trace_watch_mark : NULL;
	}
	if (insn.kind == A64_MSR && el == 2 && trace_records_group(TRACE_GROUP_ROOTS) &&
	    trace_watch_is_root(insn.key)) {
		return trace_watch_root;
	}
	if (insn.kind == A64_MSR && is_eoi && trace_records_group(TRACE_GROUP_ENDS)) {
		return trace_watch_end_of_interrupt;
	}
	return NULL;
}

static void plant_callback(struct qemu_plugin_insn *planted, struct a64 insn, uint32_t word,
			   uint64_t address, unsigned int el)
{
	qemu_plugin_vcpu_udata_cb_t watch = watcher(insn, word, el);

	if (insn.kind == A64_HVC || insn.kind == A64_SMC) {
		qemu_plugin_register_vcpu_insn_exec_cb(planted, trace_event_call,
						       QEMU_PLUGIN_CB_R_REGS,
						       GUINT_TO_POINTER(insn.imm));
	} else if (insn.kind == A64_ERET && el == 2) {
		qemu_plugin_register_vcpu_insn_exec_cb(planted, trace_event_eret,
						       QEMU_PLUGIN_CB_R_REGS, NULL);
	} else if (is_read(insn)) {
		note_read(address);
		qemu_plugin_register_vcpu_insn_exec_cb(planted, read_begins, QEMU_PLUGIN_CB_R_REGS,
						       site_of(insn, address, el));
	} else if (watch != NULL) {
		qemu_plugin_register_vcpu_insn_exec_cb(planted, watch, QEMU_PLUGIN_CB_R_REGS,
						       site_of(insn, address, el));
	}
}

/* Counting by callback: @userdata is the level in bits 1:0, above it how many. */
static void counted(unsigned int vcpu, void *userdata)
{
	guint packed = GPOINTER_TO_UINT(userdata);

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	((struct trace_counts *)trace_counts_of(vcpu))->insns[packed & 3] += packed >> 2;
}

static void plant_count(struct qemu_plugin_insn *insn, unsigned int el, uint64_t run)
{
	qemu_plugin_u64 counter = {
		trace.counts,
		offsetof(struct trace_counts, insns) + el * sizeof(uint64_t),
	};

	if (trace.identity.share_thread) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, counted, QEMU_PLUGIN_CB_R_REGS,
						       GUINT_TO_POINTER((guint)run << 2 | el));
	} else {
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, run);
	}
}

void trace_block_translated(struct qemu_plugin_tb *tb, void *userdata)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	uint64_t pstate = regs_read(&trace.regs, REG_CPSR);
	bool is_a64 = (pstate & ARM_PSTATE_AARCH32) == 0;
	unsigned int el = is_a64 ? ARM_PSTATE_EL(pstate) : (pstate & 0xf) != 0;
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	bool whole = trace.counts_blocks && el < 2;
	bool after_read = is_a64 && follows_read(address);
	uint64_t run = 0;
	size_t i;
	(void)userdata;

	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *planted = qemu_plugin_tb_get_insn(tb, i);
		struct a64 insn = { .kind = A64_OTHER };
		uint32_t word = 0;
		guint since = 0;

		run++;
		if (is_a64) {
			qemu_plugin_insn_data(planted, &word, sizeof(word));
			insn = a64_decode(word);
		}
		if (whole ? i == 0 : !is_a64 || i + 1 == count || !arm_insn_completes(word)) {
			/* First the count, so that callbacks see this instruction in it. */
			run = whole ? count : run;
			plant_count(planted, el, run);
			since = (guint)run;
			run = 0;
		}
		if (after_read) {
			qemu_plugin_register_vcpu_insn_exec_cb(planted, read_ended,
							       QEMU_PLUGIN_CB_R_REGS,
							       GUINT_TO_POINTER(since));
		}
		plant_callback(planted, insn, word, address + i * ARM_INSN_BYTES, el);
		after_read = is_read(insn);
	}
}
