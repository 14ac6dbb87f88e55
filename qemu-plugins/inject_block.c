/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is planted into translated blocks. The exception level is part of QEMU's
 * key of a block, so what concerns one level costs the others nothing.
 *
 * At one instruction, in this order: the count, what the instruction before left
 * to do, the record, triggers (which may move execution, then the rest does not
 * happen), what the digest sees, the return from EL2.
 */
#include "qemu-plugins/inject.h"

#include "platform/abi/mark.h"
#include "qemu-plugins/common/arm.h"

#define PAGE_MASK (~UINT64_C(0xfff))

/* A block being translated. */
struct block {
	unsigned int el;
	bool a64;
	uint64_t page;    /* virtual, of the last address that was translated */
	uint64_t page_pa; /* UINT64_MAX: not mapped */
};

static qemu_plugin_u64 counter(size_t offset)
{
	return (qemu_plugin_u64){ inject.counts, offset };
}

static uint64_t code_pa(struct block *block, uint64_t vaddr)
{
	if (block->page != (vaddr & PAGE_MASK)) {
		block->page = vaddr & PAGE_MASK;
		if (!qemu_plugin_translate_vaddr(block->page, &block->page_pa)) {
			block->page_pa = UINT64_MAX;
		}
	}
	return block->page_pa == UINT64_MAX ? UINT64_MAX : block->page_pa | (vaddr & ~PAGE_MASK);
}

/* Whether @who can be what runs at @el: what is not known before is asked when it runs. */
static bool may_be(enum inject_where who, unsigned int el)
{
	switch (who) {
	case INJECT_IN_EL0:
	case INJECT_IN_EL1:
	case INJECT_IN_EL2:
		return el == (unsigned int)who;
	case INJECT_IN_HOST:
	case INJECT_IN_VM:
		return el < 2;
	case INJECT_IN_ANYWHERE:
		break;
	}
	return true;
}

static bool is_barrier(enum inject_barrier which, enum a64_kind kind)
{
	switch (which) {
	case INJECT_BARRIER_ANY:
		return kind == A64_DSB || kind == A64_DMB || kind == A64_ISB;
	case INJECT_BARRIER_DSB:
		return kind == A64_DSB;
	case INJECT_BARRIER_DMB:
		return kind == A64_DMB;
	case INJECT_BARRIER_ISB:
		return kind == A64_ISB;
	}
	return false;
}

static bool fits(const struct inject_watch *watch, struct block *block,
		 const struct inject_site *at, bool first)
{
	const struct inject_trigger *trigger = &watch->trigger;
	const struct a64 *insn = &at->insn;

	if (trigger->at != INJECT_AT_ERET && !may_be(watch->who, block->el)) {
		return false;
	}
	switch (trigger->at) {
	case INJECT_AT_INSN:
		return may_be((enum inject_where)trigger->word, block->el);
	case INJECT_AT_SYMBOL:
		return code_pa(block, at->vaddr) == trigger->address;
	case INJECT_AT_PC:
		return at->vaddr == trigger->address;
	case INJECT_AT_MSR:
		return insn->kind == A64_MSR && (trigger->any || insn->key == trigger->key);
	case INJECT_AT_MRS:
		return insn->kind == A64_MRS && (trigger->any || insn->key == trigger->key);
	case INJECT_AT_TLBI:
		return insn->kind == A64_TLBI && (trigger->any || insn->key == trigger->key);
	case INJECT_AT_BARRIER:
		return is_barrier((enum inject_barrier)trigger->word, insn->kind);
	case INJECT_AT_ERET:
		return insn->kind == A64_ERET && block->el == 2;
	case INJECT_AT_MARK:
		return at->word == MARK_WORD;
	case INJECT_AT_START:
	case INJECT_AT_TIME:
		return first && __atomic_load_n(&watch->hits, __ATOMIC_RELAXED) == 0;
	case INJECT_AT_CALL:
	case INJECT_AT_RETURN:
	case INJECT_AT_ENTRY:
	case INJECT_AT_FAULT:
	case INJECT_AT_IRQ:
	case INJECT_AT_ACCESS:
	case INJECT_AT_COUNT:
		break;
	}
	return false;
}

static uint64_t triggers_at(struct block *block, const struct inject_site *at, bool first)
{
	uint64_t mask = 0;
	size_t i;

	for (i = 0; i < inject.watches_count; i++) {
		if (fits(&inject.watches[i], block, at, first)) {
			mask |= UINT64_C(1) << i;
		}
	}
	return mask;
}

/* The bit of what is counted in translated code, 0 if nothing is. */
static uint64_t counted_mask(void)
{
	return inject.counted >= 0 ? UINT64_C(1) << inject.counted : 0;
}

/* Sites live for ever, as translated code may; equal ones are one. */
static guint site_hash(gconstpointer data)
{
	const struct inject_site *site = data;

	return g_int64_hash(&site->vaddr) ^ site->word ^ site->el << 29 ^ (guint)site->watches;
}

static gboolean site_equal(gconstpointer left, gconstpointer right)
{
	const struct inject_site *a = left;
	const struct inject_site *b = right;

	return a->vaddr == b->vaddr && a->word == b->word && a->el == b->el &&
	       a->watches == b->watches;
}

static struct inject_site *site_of(const struct inject_site *at, unsigned int el, uint64_t watches)
{
	static GHashTable *sites; /* inject.lock */
	struct inject_site wanted = {
		.vaddr = at->vaddr,
		.word = at->word,
		.el = el,
		.insn = at->insn,
		.watches = watches,
	};
	struct inject_site *site;

	g_mutex_lock(&inject.lock);
	if (sites == NULL) {
		sites = g_hash_table_new(site_hash, site_equal);
	}
	site = g_hash_table_lookup(sites, &wanted);
	if (site == NULL) {
		site = g_memdup2(&wanted, sizeof(wanted));
		g_hash_table_add(sites, site);
	}
	g_mutex_unlock(&inject.lock);
	return site;
}

/* Whether one of the faults in @mask goes on elsewhere than at the next instruction. */
static bool may_move(uint64_t mask)
{
	for (; mask != 0; mask &= mask - 1) {
		const struct inject_watch *watch = &inject.watches[__builtin_ctzll(mask)];
		enum inject_do what = inject.faults[watch->fault].what;

		if (watch->role == INJECT_ROLE_FAULT &&
		    (what == INJECT_DO_SKIP || what == INJECT_DO_LEAVE ||
		     what == INJECT_DO_OPCODE)) {
			return true;
		}
	}
	return false;
}

/* The calls for what is hit at an instruction. */
static void plant_hits(struct qemu_plugin_insn *insn, struct inject_site *site, uint64_t mask)
{
	uint64_t counted = mask & counted_mask();
	uint64_t rest = mask & ~counted;

	if (counted != 0) {
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_PLUGIN_INLINE_ADD_U64,
			counter(offsetof(struct inject_counts, left)), UINT64_MAX);
		qemu_plugin_register_vcpu_insn_exec_cond_cb(
			insn, inject_event_counted,
			may_move(counted) ? QEMU_PLUGIN_CB_RW_REGS_PC : QEMU_PLUGIN_CB_RW_REGS,
			QEMU_PLUGIN_COND_EQ, counter(offsetof(struct inject_counts, left)), 0,
			site_of(site, site->el, counted));
	}
	if (rest != 0) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, inject_event_site,
						       may_move(rest) ? QEMU_PLUGIN_CB_RW_REGS_PC :
									QEMU_PLUGIN_CB_RW_REGS,
						       site_of(site, site->el, rest));
	}
}

/* What comes before the instruction's own triggers. */
static void plant_before(struct qemu_plugin_insn *insn, const struct block *block, bool first,
			 bool after_site, struct inject_site *site)
{
	if (block->el == 2) {
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_PLUGIN_INLINE_ADD_U64,
			counter(offsetof(struct inject_counts, el2)), 1);
	}
	if (inject.uses_after && (first || after_site)) {
		qemu_plugin_register_vcpu_insn_exec_cond_cb(
			insn, inject_event_after, QEMU_PLUGIN_CB_RW_REGS, QEMU_PLUGIN_COND_NE,
			counter(offsetof(struct inject_counts, after)), 0, &site->vaddr);
	}
	if (block->el == 2 && inject_record_is_on()) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, inject_record_insn,
						       QEMU_PLUGIN_CB_NO_REGS, site);
		qemu_plugin_register_vcpu_mem_cb(insn, inject_record_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, NULL);
	}
}

/* What sees the instruction as it executes. */
static void plant_behind(struct qemu_plugin_insn *insn, const struct block *block,
			 struct inject_site *site)
{
	if (block->el != 2) {
		return;
	}
	if (inject_digest_is_on()) {
		qemu_plugin_register_vcpu_mem_cb(insn, inject_digest_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, NULL);
		if (inject_digest_has_effect(&site->insn)) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, inject_digest_effect,
							       QEMU_PLUGIN_CB_R_REGS, site);
		}
	}
	if (site->insn.kind == A64_ERET) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, inject_event_eret,
						       QEMU_PLUGIN_CB_RW_REGS, site);
	}
}

/* Returns whether something may be left to do at the next instruction. */
static bool plant(struct qemu_plugin_insn *insn, struct block *block, bool first, bool after_site)
{
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
	uint64_t accesses = inject.watches_of[INJECT_AT_ACCESS];
	struct inject_site *site = NULL;
	struct inject_site at = { .vaddr = vaddr };
	uint64_t mask;

	qemu_plugin_insn_data(insn, &at.word, sizeof(at.word));
	at.insn = a64_decode(at.word);
	mask = triggers_at(block, &at, first);
	if (mask != 0 || block->el == 2 || (inject.uses_after && (first || after_site))) {
		site = site_of(&at, block->el, mask);
	}
	plant_before(insn, block, first, after_site, site);
	plant_hits(insn, site, mask);
	plant_behind(insn, block, site);
	if (inject.uses_irq && at.insn.kind == A64_ERET) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, inject_irq_returns,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
	if (accesses != 0) {
		site = site_of(&at, block->el, accesses);
		qemu_plugin_register_vcpu_mem_cb(insn, inject_event_access, QEMU_PLUGIN_CB_RW_REGS,
						 QEMU_PLUGIN_MEM_RW, site);
	}
	if (inject.watches_of[INJECT_AT_TIME] != 0 && inject_time_is_read(at.word)) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, inject_event_counter,
						       QEMU_PLUGIN_CB_NO_REGS,
						       site_of(&at, block->el, mask));
		return true;
	}
	return mask != 0 || accesses != 0;
}

void inject_block_translated(struct qemu_plugin_tb *tb, void *userdata)
{
	uint64_t pstate = inject_sys(REG_CPSR);
	struct block block = {
		.el = (unsigned int)ARM_PSTATE_EL(pstate),
		.a64 = (pstate & ARM_PSTATE_AARCH32) == 0,
		.page = UINT64_MAX,
	};
	size_t count = qemu_plugin_tb_n_insns(tb);
	bool after_site = false;
	size_t i;
	(void)userdata;

	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
		tb, QEMU_PLUGIN_INLINE_ADD_U64, counter(offsetof(struct inject_counts, insns)),
		count);
	if (inject.budget != 0) {
		qemu_plugin_register_vcpu_tb_exec_cond_cb(
			tb, inject_event_budget, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GT,
			counter(offsetof(struct inject_counts, insns)), inject.budget, NULL);
	}
	for (i = 0; block.a64 && i < count; i++) {
		after_site = plant(qemu_plugin_tb_get_insn(tb, i), &block, i == 0, after_site);
	}
}
