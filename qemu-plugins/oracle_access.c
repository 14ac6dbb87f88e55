/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier B, memory. The hot path is one look-up of the physical address in QEMU's TLB and one
 * load of the page's record; no lock.
 *
 * Caveats. An access by DC ZVA, SET* or CPY* is judged before it is done, by a walk of the
 * tables as they are: a stale translation in the TLB is not seen there, and one that the
 * tables would refuse only for lack of rights counts as done. So does the second page of an
 * access across two pages. Fetch is judged once per executed block. Code in A32 and T32 is
 * not watched. Table walks by the CPU itself are tier A's.
 */
#include "qemu-plugins/oracle_access.h"

#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle.h"
#include "qemu-plugins/oracle_dma.h"
#include "qemu-plugins/oracle_register.h"
#include "qemu-plugins/oracle_tables.h"

#define PAGE_MASK (ORACLE_PAGE_BYTES - 1)

/* Where an instruction is: its address and, in the two bits that are 0 in it, its level. */
#define PLACE(pc, el) ((void *)(uintptr_t)((pc) | (el)))
#define PLACE_PC(place) ((uint64_t)(uintptr_t)(place) & ~UINT64_C(3))
#define PLACE_EL(place) (3 & (unsigned int)(uintptr_t)(place))

/* A page from which a block is fetched. */
struct fetch {
	uint64_t pa;
	void *place;
};

/* An instruction that accesses memory in bulk. */
struct bulk_place {
	struct oracle_bulk bulk;
	void *place;
};

static _Noreturn void breach(unsigned int vcpu, const char *what, void *place, uint64_t va,
			     uint64_t pa)
{
	const struct oracle_breach breach = {
		.tier = 'b',
		.rule = "access",
		.what = what,
		.vcpu = vcpu,
		.party = oracle_party_of(vcpu),
		.el = PLACE_EL(place),
		.pc = PLACE_PC(place),
		.va = va,
		.ipa = ORACLE_NONE,
		.pa = pa,
	};

	oracle_breach(&breach);
}

/* Whether what runs on @vcpu may have accessed @pa; true before it is known who runs. */
static bool is_allowed(unsigned int vcpu, uint64_t pa)
{
	unsigned int party = oracle_party_of(vcpu);

	return party <= PARTY_EL2 || oracle_may_reach(party, oracle_page(pa));
}

/* The same for a load: upstream pKVM's host reads EL2's code. */
static bool is_allowed_load(unsigned int vcpu, uint64_t pa)
{
	bool is_excepted;

	if (is_allowed(vcpu, pa)) {
		return true;
	}
	g_mutex_lock(&oracle.lock);
	is_excepted = oracle_party_of(vcpu) == PARTY_HOST && judge_excepts_code(pa);
	g_mutex_unlock(&oracle.lock);
	return is_excepted;
}

static const char *accessed_how(bool is_store)
{
	return is_store ? "stored to a page that it may not reach" :
			  "loaded from a page that it may not reach";
}

/* [@va, @va + @bytes) is accessed: judge its pages from the tables as they are now. */
static void judge_range(unsigned int vcpu, uint64_t va, uint64_t bytes, bool is_store, void *place)
{
	uint64_t end = va + bytes;
	uint64_t pa;

	while (va != end && qemu_plugin_translate_vaddr(va, &pa)) {
		uint64_t next = (va | PAGE_MASK) + 1;

		if (is_store ? !is_allowed(vcpu, pa) : !is_allowed_load(vcpu, pa)) {
			breach(vcpu, accessed_how(is_store), place, va, pa);
		}
		/* Behind a page that is not mapped nothing is done before the fault is served. */
		va = end - va <= next - va ? end : next;
	}
}

static void accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t va, void *place)
{
	const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, va);
	uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
	bool is_store = qemu_plugin_mem_is_store(info);
	uint64_t to_next = ORACLE_PAGE_BYTES - (va & PAGE_MASK);
	uint64_t pa;

	if (where == NULL) {
		return;
	}
	pa = qemu_plugin_hwaddr_phys_addr(where);
	if (is_store ? !is_allowed(vcpu, pa) : !is_allowed_load(vcpu, pa)) {
		breach(vcpu, accessed_how(is_store), place, va, pa);
	}
	if (bytes > to_next) {
		judge_range(vcpu, va + to_next, bytes - to_next, is_store, place);
	}
	if (!is_store) {
		oracle_register_loaded(vcpu, info, va, pa, PLACE_PC(place));
	} else if (qemu_plugin_hwaddr_is_io(where)) {
		oracle_dma_device_stored(vcpu, pa, qemu_plugin_mem_get_value(info));
	}
}

static uint64_t general(unsigned int number)
{
	return number < 31 ? regs_read_x(&oracle.regs, number) : 0;
}

/* Before a DC ZVA, SET* or CPY* executes. */
static void bulk_executes(unsigned int vcpu, void *userdata)
{
	const struct bulk_place *where = userdata;
	const struct oracle_bulk_values values = {
		.to = general(where->bulk.to),
		.from = general(where->bulk.from),
		.size = general(where->bulk.size),
		.pstate = (uint32_t)regs_read(&oracle.regs, REG_CPSR),
	};
	struct oracle_span written;
	struct oracle_span read;

	oracle_bulk_ranges(&where->bulk, &values, &written, &read);
	judge_range(vcpu, read.base, read.bytes, false, where->place);
	judge_range(vcpu, written.base, written.bytes, true, where->place);
}

/* Before a block executes, for each page that it is fetched from. */
static void block_executes(unsigned int vcpu, void *userdata)
{
	const struct fetch *fetch = userdata;

	if (!is_allowed(vcpu, fetch->pa)) {
		breach(vcpu, "executes a page that it may not reach", fetch->place,
		       PLACE_PC(fetch->place), fetch->pa);
	}
}

/* What is planted is kept for ever: QEMU does not say when it drops a block. */
static void plant_fetch(struct qemu_plugin_tb *tb, uint64_t va, unsigned int el)
{
	struct fetch fetch = { .place = PLACE(va, el) };

	if (qemu_plugin_translate_vaddr(va, &fetch.pa) && oracle_is_ram(fetch.pa)) {
		qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executes, QEMU_PLUGIN_CB_NO_REGS,
						     g_memdup2(&fetch, sizeof(fetch)));
	}
}

static void plant_bulk(struct qemu_plugin_insn *insn, uint32_t word, void *place)
{
	struct bulk_place where = { oracle_bulk_decode(word), place };

	if (where.bulk.kind != BULK_NONE) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, bulk_executes, QEMU_PLUGIN_CB_R_REGS,
						       g_memdup2(&where, sizeof(where)));
	}
}

static void translated(struct qemu_plugin_tb *tb, unsigned int el)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	uint64_t first = qemu_plugin_tb_vaddr(tb);
	uint64_t last = first + (count - 1) * ARM_INSN_BYTES;
	size_t i;

	if (el > 1) {
		return;
	}
	plant_fetch(tb, first, el);
	if ((last & ~PAGE_MASK) != (first & ~PAGE_MASK)) {
		plant_fetch(tb, last & ~PAGE_MASK, el);
	}
	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		void *place = PLACE(first + i * ARM_INSN_BYTES, el);
		uint32_t word = 0;

		qemu_plugin_insn_data(insn, &word, sizeof(word));
		plant_bulk(insn, word, place);
		qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, place);
	}
}

const struct oracle_tier oracle_tier_access = {
	.letter = 'b',
	.translated = translated,
};
