/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier A: what could be accessed. EL2's stores to live tables of stage 2, of EL2's own stage 1
 * and of the SMMU are followed; when EL2 returns these hold, or it is a breach:
 *
 *   two-owners   a page is reached by who neither owns it nor was given a share of it
 *   el2-page     a page of EL2's own is reached by anybody
 *   not-given    a VM reaches a page of the host's that the host did not give or lend
 *   two-places   a protected VM has one page at two addresses
 *   not-clean    a page came to the host with what its owner before left in it
 *   stale        TLBs may hold what a table does not say any more (oracle_stale.h)
 *   stale-vmid   a VMID's old entries are there when another VM runs under it
 *   stale-vcpu   a vCPU of a protected VM runs where a sibling's stage 1 may be in the TLB
 *   vcpu-twice   one vCPU of a protected VM runs on two CPUs at a time
 *   dead-vm      a VM that was killed runs
 *   open-smmu    devices go past the tables
 *   no-stage-2   a CPU that had a stage 2 runs below EL2 without one
 *   unreadable   tables have another granule than they had: what they let through is not known
 *
 * except=el2-code: see oracle_except.h.
 *
 * Caveats
 * - The 4 KiB granule, 48 bits, no LPA2. A machine with another one from the start is not for
 *   the oracle (status 93).
 * - What was shared, given, lent and taken is known from the published calls: of pKVM for
 *   guests, of the RSI, of the host to pKVM's EL2 (the kernel's headers) and to Terrarium's
 *   (platform/abi/hyp_hypercalls.h). A hypervisor with other calls is not silent.
 * - What changes in a table by no store of EL2's is seen with reread=on only, and not held
 *   against TLBs then.
 * - EL2's stores by FEAT_MOPS and DC ZVA are seen at the next event of that vCPU.
 * - Tables that hardware writes to (FEAT_HAFDBS) are not followed.
 * - vCPUs of a VM are told apart by VMPIDR_EL2 alone. Of normal VMs nothing is said: KVM's
 *   interface lets a VMM set it, and give one page two addresses.
 * - EL2's own translations are not judged for staleness, nor is break-before-make.
 * - Of an SMMU that EL2 did not take from the host nothing is said: upstream pKVM leaves DMA
 *   isolation unimplemented.
 */
#include "qemu-plugins/oracle_tables.h"

#include <string.h>

#include "qemu-plugins/common/a64.h"
#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle_stale.h"

/* Zeroed by one DC ZVA, at most (DCZID_EL0.BS). */
#define DC_ZVA_BYTES_MAX UINT64_C(2048)
/* DSB: A64_BARRIER_DOMAIN and A64_BARRIER_KIND. */
#define BARRIER_NSH 1
#define BARRIER_STORES 2
#define BARRIER_ALL 3
#define BASE_MASK UINT64_C(0x0000fffffffffffe)

struct tables tables = { .host_vmid = TABLES_NO_VMID };

/* What of a vCPU's bulk stores must still be looked at. */
static struct {
	uint64_t start;
	uint64_t end;
} bulk[PLUGIN_VCPUS_MAX];

static uint64_t sys(enum reg reg)
{
	return regs_read(&oracle.regs, reg);
}

void tables_init(uint32_t host_vmid)
{
	tables.host_vmid = host_vmid;
	tables.is_host_known = host_vmid != TABLES_NO_VMID;
}

/* ---- trees ---- */

struct tree *tables_follow(const struct shadow_shape *shape, unsigned int party, uint16_t vmid)
{
	struct tree *tree = g_new0(struct tree, 1);

	tree->party = (uint16_t)party;
	tree->vmid = vmid;
	g_ptr_array_add(tables.trees, tree);
	tables.is_finding = true;
	tree->root = shadow_follow(tables.shadow, shape, tree);
	tables.is_finding = false;
	if (oracle_vm(party) != NULL) {
		oracle_vm(party)->root = tree->root;
	}
	return tree;
}

void tables_forget(struct tree *tree)
{
	shadow_forget(tables.shadow, tree->root);
	stale_forget(tree->root);
	g_ptr_array_remove(tables.trees, tree);
}

void tables_unreadable(unsigned int party, const char *what, uint64_t value)
{
	g_autofree char *text =
		g_strdup_printf("runs on tables without a 4 KiB granule: %s 0x%lx", what, value);
	const struct oracle_breach found = {
		.tier = 'a',
		.rule = "unreadable",
		.what = text,
		.vcpu = tables.vcpu,
		.party = party,
		.el = 2,
		.pc = tables.pc,
		.va = ORACLE_NONE,
		.ipa = ORACLE_NONE,
		.pa = ORACLE_NONE,
	};

	if (!tables.is_readable) {
		plugin_end("oracle", PLUGIN_EXIT_UNUSABLE,
			   "this machine's tables have no 4 KiB granule (%s 0x%lx)", what, value);
	}
	oracle_breach(&found);
}

static void follow_el2(uint64_t hcr)
{
	struct shadow_shape shape;

	if (!shadow_shape_el2(&shape, sys(REG_TTBR0_EL2), sys(REG_TCR_EL2),
			      (hcr & ARM_HCR_E2H) != 0)) {
		tables_unreadable(PARTY_EL2, "TCR_EL2", sys(REG_TCR_EL2));
	}
	if (tables.el2 != NULL) {
		if (tables.el2->root->shape.base == shape.base) {
			return;
		}
		tables_forget(tables.el2);
	}
	tables.el2 = tables_follow(&shape, PARTY_EL2, 0);
}

static struct shadow_shape stage2_shape(unsigned int party, uint64_t vttbr)
{
	struct shadow_shape shape;

	if (!shadow_shape_stage2(&shape, vttbr & BASE_MASK, sys(REG_VTCR_EL2))) {
		tables_unreadable(party, "VTCR_EL2", sys(REG_VTCR_EL2));
	}
	return shape;
}

/* A stage 2 of CPUs, as VTTBR_EL2 and VTCR_EL2 have it. */
static struct tree *follow_stage2(unsigned int party, uint64_t vttbr)
{
	struct shadow_shape shape = stage2_shape(party, vttbr);
	struct tree *tree = tables_follow(&shape, party, ARM_VTTBR_VMID(vttbr));

	tree->for_cpus = true;
	tree->vtcr = sys(REG_VTCR_EL2) & SHADOW_VTCR_SHAPE;
	return tree;
}

/*
 * Whether the tree is what VTTBR_EL2 and VTCR_EL2 say; also if they say that nothing is mapped
 * for now: what the tables then hold counts again when VTCR_EL2 is as it was.
 */
static bool is_followed(const struct tree *tree, uint64_t vttbr)
{
	return tree->root->shape.base == (vttbr & BASE_MASK) &&
	       (tree->vtcr == (sys(REG_VTCR_EL2) & SHADOW_VTCR_SHAPE) ||
		stage2_shape(tree->party, vttbr).bits == 0);
}

/* The host runs under a stage 2: the oracle begins, or the host has another one now. */
static void follow_host(uint64_t hcr, uint64_t vttbr)
{
	static const struct shadow_memory memory_default = { .read = oracle_read,
							     .changed = change_told };
	struct shadow_memory memory = memory_default;
	bool is_first = tables.shadow == NULL;

	if (is_first) {
		memory.ram_base = oracle.ram_base;
		memory.ram_pages = oracle.ram_pages;
		stale_reset();
		tables.trees = g_ptr_array_new();
		tables.executed = g_array_new(FALSE, FALSE, sizeof(struct touched));
		__atomic_store_n(&tables.shadow, shadow_new(&memory), __ATOMIC_RELEASE);
	} else if (tables.host != NULL) {
		tables_forget(tables.host);
	}
	tables.host = NULL;
	tables.host = follow_stage2(PARTY_HOST, vttbr);
	if (is_first) {
		follow_el2(hcr);
		smmu_found();
		tables.is_readable = true;
	} else {
		smmu_table_stored(); /* whether devices have it, too */
	}
}

static struct tree *tree_of(const struct shadow_root *root)
{
	return root->user;
}

/* A VM whose tree begins at @base; it may be dead. */
static struct oracle_vm *vm_at(uint64_t base, uint16_t vmid)
{
	guint i;

	for (i = 0; i < tables.trees->len; i++) {
		const struct tree *tree = g_ptr_array_index(tables.trees, i);
		struct oracle_vm *vm = oracle_vm(tree->party);

		if (vm != NULL && tree->root->shape.base == base && tree->vmid == vmid) {
			return vm;
		}
	}
	return NULL;
}

static void forget_tables(struct oracle_vm *vm)
{
	if (vm != NULL && vm->root != NULL) {
		tables_forget(tree_of(vm->root));
		vm->root = NULL;
	}
}

static struct oracle_vm *vm_enters(unsigned int vcpu, uint64_t vttbr)
{
	uint16_t vmid = ARM_VTTBR_VMID(vttbr);
	struct oracle_vm *found = vm_at(vttbr & BASE_MASK, vmid);
	struct oracle_vm *vm = call_runs(vcpu);

	if (vm == NULL) {
		vm = found != NULL ? found : oracle_vm_new();
	}
	if (found != NULL && found->handle == 0 && vm->root == NULL && !vm->is_known) {
		call_names(vcpu, found); /* only now it has a name */
		return found;
	}
	if (vm == found &&
	    (found == NULL || found->root == NULL || is_followed(tree_of(found->root), vttbr))) {
		return vm;
	}
	/* Its tables are where a dead one's were, or it has others than before, or of another shape. */
	forget_tables(found);
	forget_tables(vm);
	vm->vmid = vmid;
	follow_stage2(vm->party, vttbr);
	return vm;
}

unsigned int tables_party(unsigned int vcpu, uint64_t hcr, uint64_t vttbr)
{
	static struct {
		uint64_t vttbr;
		unsigned int party;
	} last[PLUGIN_VCPUS_MAX];
	bool is_stage2 = (hcr & ARM_HCR_VM) != 0;
	struct oracle_vm *vm;

	tables.vcpu = vcpu;
	tables.pc = ORACLE_NONE;
	if (!tables.is_host_known) {
		tables.is_host_known = true;
		tables.host_vmid = is_stage2 ? ARM_VTTBR_VMID(vttbr) : 0;
	}
	if (!is_stage2) {
		return PARTY_HOST;
	}
	if (ARM_VTTBR_VMID(vttbr) == tables.host_vmid) {
		if (tables.host == NULL || !is_followed(tables.host, vttbr)) {
			follow_host(hcr, vttbr);
		}
		return PARTY_HOST;
	}
	if (tables.shadow == NULL) {
		return PARTY_NOBODY; /* restored while a VM runs: until the host is seen */
	}
	vm = oracle_vm(last[vcpu].party);
	if (vm != NULL && last[vcpu].vttbr == vttbr && vm->root != NULL && !vm->is_dead &&
	    is_followed(tree_of(vm->root), vttbr) &&
	    (call_runs(vcpu) == NULL || call_runs(vcpu) == vm)) {
		return vm->party;
	}
	vm = vm_enters(vcpu, vttbr);
	last[vcpu].vttbr = vttbr;
	last[vcpu].party = vm->party;
	return vm->party;
}

/* ---- what EL2 executes ---- */

static void look_at_bulk(unsigned int vcpu)
{
	if (bulk[vcpu].end != 0) {
		uint64_t start = bulk[vcpu].start;
		uint64_t end = bulk[vcpu].end;

		bulk[vcpu].end = 0;
		for (; start < end; start += ORACLE_PAGE_BYTES) {
			shadow_stored(tables.shadow, start & ~(ORACLE_PAGE_BYTES - 1),
				      ORACLE_PAGE_BYTES);
		}
	}
}

static void at_el2(unsigned int vcpu, uint64_t pc)
{
	tables.vcpu = vcpu;
	tables.pc = pc;
	look_at_bulk(vcpu);
}

static void stored(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *userdata)
{
	struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, vaddr);
	uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
	uint64_t pa;

	if (where == NULL || __atomic_load_n(&tables.shadow, __ATOMIC_ACQUIRE) == NULL) {
		return;
	}
	pa = qemu_plugin_hwaddr_phys_addr(where);
	if (qemu_plugin_hwaddr_is_io(where)) {
		if (!smmu_is_register(pa)) {
			return;
		}
		g_mutex_lock(&oracle.lock);
		at_el2(vcpu, (uint64_t)(uintptr_t)userdata);
		smmu_stored(pa, qemu_plugin_mem_get_value(info).data.u64, (unsigned int)bytes);
		g_mutex_unlock(&oracle.lock);
	} else if (shadow_is_table(tables.shadow, pa) || bulk[vcpu].end != 0 || smmu_is_table(pa)) {
		g_mutex_lock(&oracle.lock);
		at_el2(vcpu, (uint64_t)(uintptr_t)userdata);
		shadow_stored(tables.shadow, pa, bytes);
		if (smmu_is_table(pa)) {
			smmu_table_stored();
		}
		g_mutex_unlock(&oracle.lock);
	}
}

/* Before a DC ZVA or the like, whose register is in the pointer: it reports no store. */
static void zeroes(unsigned int vcpu, void *userdata)
{
	uint64_t va = regs_read_x(&oracle.regs, GPOINTER_TO_UINT(userdata)) &
		      ~(DC_ZVA_BYTES_MAX - 1);
	uint64_t pa;

	if (tables.shadow == NULL || !qemu_plugin_translate_vaddr(va, &pa) ||
	    !shadow_is_table(tables.shadow, pa)) {
		return;
	}
	g_mutex_lock(&oracle.lock);
	/* The one before is done by now. */
	at_el2(vcpu, ORACLE_NONE);
	bulk[vcpu].start = pa;
	bulk[vcpu].end = pa + DC_ZVA_BYTES_MAX;
	g_mutex_unlock(&oracle.lock);
}

/* Before SET* or CPY*: registers packed as rn << 8 | rt. */
static void moves(unsigned int vcpu, void *userdata)
{
	unsigned int registers = GPOINTER_TO_UINT(userdata);
	uint64_t va = regs_read_x(&oracle.regs, registers & 0xff);
	uint64_t bytes = regs_read_x(&oracle.regs, registers >> 8);
	uint64_t at;
	uint64_t pa;

	if (tables.shadow == NULL) {
		return;
	}
	/* Main and epilogue forms keep minus what is left in the size, and the end in rt. */
	if ((int64_t)bytes < 0) {
		va += bytes;
		bytes = -bytes;
	}
	bytes = MIN(bytes, ORACLE_PAGE_BYTES * 16);
	g_mutex_lock(&oracle.lock);
	at_el2(vcpu, ORACLE_NONE);
	for (at = va & ~(ORACLE_PAGE_BYTES - 1); at < va + bytes; at += ORACLE_PAGE_BYTES) {
		if (qemu_plugin_translate_vaddr(at, &pa) && shadow_is_table(tables.shadow, pa)) {
			bulk[vcpu].start = bulk[vcpu].end == 0 ? pa : MIN(bulk[vcpu].start, pa);
			bulk[vcpu].end = MAX(bulk[vcpu].end, pa + ORACLE_PAGE_BYTES);
		}
	}
	g_mutex_unlock(&oracle.lock);
}

/* Before a DSB, whose CRm is in the pointer. */
static void barrier(unsigned int vcpu, void *userdata)
{
	unsigned int crm = GPOINTER_TO_UINT(userdata);

	if (tables.shadow == NULL ||
	    (A64_BARRIER_DOMAIN(crm) == BARRIER_NSH && oracle.vcpus_count > 1)) {
		return;
	}
	g_mutex_lock(&oracle.lock);
	at_el2(vcpu, ORACLE_NONE);
	stale_dsb((uint16_t)vcpu, A64_BARRIER_KIND(crm) == BARRIER_ALL);
	g_mutex_unlock(&oracle.lock);
}

/* Before a TLBI: its key and register packed as key << 8 | rt. */
static void invalidates(unsigned int vcpu, void *userdata)
{
	struct a64_tlbi tlbi = a64_tlbi((uint16_t)(GPOINTER_TO_UINT(userdata) >> 8));
	uint64_t operand = regs_read_x(&oracle.regs, GPOINTER_TO_UINT(userdata) & 0xff);
	struct stale_tlbi stale = { .vmid = ARM_VTTBR_VMID(sys(REG_VTTBR_EL2)),
				    .bytes = ORACLE_PAGE_BYTES };
	bool is_local = tlbi.reach == A64_TLBI_LOCAL;

	if (tables.shadow == NULL) {
		return;
	}
	switch (tlbi.scope) {
	case A64_TLBI_IPA:
		stale.scope = STALE_SCOPE_IPA;
		stale.input = a64_tlbi_ipa(operand);
		break;
	case A64_TLBI_IPA_RANGE:
		stale.scope = STALE_SCOPE_IPA;
		stale.input = a64_tlbi_range(operand, &stale.bytes);
		break;
	case A64_TLBI_STAGE1_ALL:
		stale.scope = STALE_SCOPE_STAGE1;
		break;
	case A64_TLBI_VMID:
		stale.scope = STALE_SCOPE_VMID;
		break;
	case A64_TLBI_ALL:
		stale.scope = STALE_SCOPE_ALL;
		break;
	case A64_TLBI_OTHER:
	case A64_TLBI_EL2:
	case A64_TLBI_STAGE1:
		return;
	}
	g_mutex_lock(&oracle.lock);
	at_el2(vcpu, ORACLE_NONE);
	stale_tlbi_reached((uint16_t)vcpu, &stale, is_local);
	if (!is_local || oracle.vcpus_count == 1) {
		stale_tlbi((uint16_t)vcpu, &stale);
	}
	g_mutex_unlock(&oracle.lock);
}

/* EL2 executes the page: nobody else may reach it then. */
static void runs(const struct qemu_plugin_tb *tb)
{
	uint64_t pa;
	struct oracle_page page;

	if (tables.shadow == NULL || !qemu_plugin_translate_vaddr(qemu_plugin_tb_vaddr(tb), &pa)) {
		return;
	}
	page = oracle_page(pa);
	if (!oracle_is_ram(pa) || page.owner == PARTY_EL2) {
		return;
	}
	g_mutex_lock(&oracle.lock);
	oracle_page_give(pa, PARTY_EL2, HOW_EL2_RUNS, 0);
	oracle_page_flags(pa, PAGE_GIVEN, 0);
	g_array_append_vals(tables.executed, &(struct touched){ pa, qemu_plugin_tb_vaddr(tb) }, 1);
	g_mutex_unlock(&oracle.lock);
}

static void plant(struct qemu_plugin_insn *insn)
{
	qemu_plugin_vcpu_udata_cb_t callback = NULL;
	uint32_t word = 0;
	guint data = 0;
	struct a64 decoded;

	qemu_plugin_insn_data(insn, &word, sizeof(word));
	decoded = a64_decode(word);
	qemu_plugin_register_vcpu_mem_cb(insn, stored, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_MEM_W,
					 (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	if (decoded.kind == A64_TLBI) {
		callback = invalidates;
		data = (guint)decoded.key << 8 | decoded.rt;
	} else if (decoded.kind == A64_DSB &&
		   (A64_BARRIER_KIND(decoded.imm) & BARRIER_STORES) != 0) {
		callback = barrier;
		data = decoded.imm;
	} else if (decoded.kind == A64_DC_ZERO) {
		callback = zeroes;
		data = decoded.rt;
	} else if (decoded.kind == A64_MOPS) {
		callback = moves;
		data = (guint)decoded.rn << 8 | decoded.rt;
	}
	if (callback != NULL) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, QEMU_PLUGIN_CB_R_REGS,
						       GUINT_TO_POINTER(data));
	}
}

static void translated(struct qemu_plugin_tb *tb, unsigned int el)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	size_t i;

	static bool is_begun;

	if (!is_begun) {
		/* A restored machine has these set when its first block is translated. */
		is_begun = true;
		tables.is_cold = el == 2 && sys(REG_VTTBR_EL2) == 0 &&
				 (sys(REG_HCR_EL2) & ARM_HCR_VM) == 0;
		/* Before anything could go wrong. A cold machine's are seen when there are any. */
		tables.is_readable = !tables.is_cold &&
				     SHADOW_TCR_GRANULE(sys(REG_VTCR_EL2)) == 0 &&
				     SHADOW_TCR_GRANULE(sys(REG_TCR_EL2)) == 0;
	}
	if (el != 2) {
		return;
	}
	runs(tb);
	for (i = 0; i < count; i++) {
		plant(qemu_plugin_tb_get_insn(tb, i));
	}
}

static void entered(unsigned int vcpu, unsigned int party, unsigned int vector)
{
	(void)vector;
	call_entered(vcpu, party);
}

static void returns(unsigned int vcpu, unsigned int party)
{
	if (tables.shadow == NULL) {
		return;
	}
	at_el2(vcpu, ORACLE_NONE);
	if (tables.el2 != NULL &&
	    tables.el2->root->shape.base != (sys(REG_TTBR0_EL2) & BASE_MASK)) {
		follow_el2(sys(REG_HCR_EL2));
	}
	if (oracle_option_reread) {
		tables.is_reread = true;
		shadow_reread(tables.shadow);
		tables.is_reread = false;
	}
	call_returns(vcpu, party);
	judge_returns(vcpu, party);
	if (!tables.is_claimed) {
		change_claim_unseen();
	}
}

const struct oracle_tier oracle_tier_tables = {
	.letter = 'a',
	.translated = translated,
	.entered = entered,
	.returns = returns,
};
