/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a changed table means: who gains or loses a page, and what is due to be invalidated.
 * A gain that is right makes the page its new owner's at once, since that one can use it at
 * once; everything else waits for the judge.
 */
#include "qemu-plugins/oracle_tables.h"

#include <string.h>

#include "qemu-plugins/oracle_except.h"
#include "qemu-plugins/oracle_stale.h"

unsigned int tree_maps(const struct tree *tree, uint64_t pa)
{
	return tree != NULL && oracle_is_ram(pa) ?
		       tree->root->maps[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT] :
		       0;
}

static const uint8_t *count_of(const uint8_t *counts, uint64_t pa)
{
	return &counts[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT];
}

bool tree_writes(const struct tree *tree, uint64_t pa)
{
	return tree != NULL && oracle_is_ram(pa) && *count_of(tree->root->writes, pa) != 0;
}

bool el2_uses(uint64_t pa)
{
	return tree_writes(tables.el2, pa) || (tables.el2 != NULL && oracle_is_ram(pa) &&
					       *count_of(tables.el2->root->execs, pa) != 0);
}

bool host_reaches(uint64_t pa)
{
	return tree_maps(tables.host, pa) != 0;
}

bool devices_reach(uint64_t pa)
{
	guint i;

	for (i = 0; i < tables.trees->len; i++) {
		const struct tree *tree = g_ptr_array_index(tables.trees, i);

		if (tree->for_devices && tree_maps(tree, pa) != 0) {
			return true;
		}
	}
	return false;
}

bool is_clean(uint64_t pa, unsigned int owner)
{
	uint64_t words[ORACLE_PAGE_BYTES / sizeof(uint64_t)];
	size_t i;

	if (!oracle_read(pa & ~(ORACLE_PAGE_BYTES - 1), words, sizeof(words))) {
		return false;
	}
	/*
	 * Pages that KVM's host lends EL2 for tables come back in a list, the link in their
	 * first word (struct kvm_hyp_memcache, asm/kvm_host.h): an address of the host's.
	 */
	for (i = owner == PARTY_EL2 ? 1 : 0; i < G_N_ELEMENTS(words); i++) {
		if (words[i] != 0) {
			return false;
		}
	}
	return true;
}

uint64_t vm_ipa_of(const struct oracle_vm *vm, uint64_t pa)
{
	uint64_t ipa;

	if (vm->root == NULL || !oracle_is_ram(pa)) {
		return ORACLE_NONE;
	}
	ipa = vm->root->input_of[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT];
	if (ipa == 0) {
		return ORACLE_NONE;
	}
	ipa = (ipa - 1) << ORACLE_PAGE_SHIFT;
	/* The realm's IPA space has each page twice: DEN 0137, "IPA space". */
	return vm->has_rsi ? ipa & ~(UINT64_C(1) << (vm->root->shape.bits - 1)) : ipa;
}

void change_touch(uint64_t pa)
{
	struct touched touched = { pa & ~(ORACLE_PAGE_BYTES - 1), tables.pc };
	GArray **list = &tables.touched[tables.vcpu];

	if (*list == NULL) {
		*list = g_array_new(FALSE, FALSE, sizeof(struct touched));
	}
	g_array_append_val(*list, touched);
}

static bool is_taken(uint64_t pa)
{
	const struct call_intent *call = call_about(tables.vcpu, pa);

	return call != NULL && call->kind == CALL_TAKE;
}

static uint16_t call_row(uint64_t pa)
{
	const struct call_intent *call = call_about(tables.vcpu, pa);

	return call != NULL ? call->row : 0;
}

static bool is_shared_by(const struct oracle_vm *vm, uint64_t pa)
{
	uint64_t ipa = vm_ipa_of(vm, pa);

	return ipa != ORACLE_NONE && call_is_shared(vm, ipa);
}

/* Whether its owner has let go of the page, so that it may come back to the host. */
static bool is_let_go(uint64_t pa, struct oracle_page page)
{
	const struct oracle_vm *vm = oracle_vm(page.owner);

	if (vm != NULL) {
		return vm->is_dead || is_taken(pa) ||
		       (vm->root != NULL && tree_maps(vm->root->user, pa) == 0);
	}
	return !el2_uses(pa) && !shadow_is_table(tables.shadow, pa) &&
	       ((page.flags & PAGE_GIVEN) == 0 || is_taken(pa));
}

static void host_gains(uint64_t pa)
{
	struct oracle_page page = oracle_page(pa);
	const struct oracle_vm *vm = oracle_vm(page.owner);

	if (page.owner == PARTY_HOST || page.owner == PARTY_NOBODY) {
		return;
	}
	if (vm != NULL && is_shared_by(vm, pa)) {
		oracle_page_flags(pa, PAGE_SHARED_HOST, 0);
	} else if (vm != NULL && call_empties(tables.vcpu, vm)) {
		/* It is taken from its place and put where it is shared, without its content. */
		oracle_page_flags(pa, is_clean(pa, page.owner) ? PAGE_SHARED_HOST : PAGE_DIRTY, 0);
	} else if (is_let_go(pa, page)) {
		if (is_clean(pa, page.owner)) {
			oracle_page_give(pa, PARTY_HOST, HOW_CAME_BACK, call_row(pa));
		} else {
			oracle_page_flags(pa, PAGE_DIRTY, 0);
		}
	}
}

void change_lend(uint64_t pa, const struct oracle_vm *vm)
{
	struct oracle_page page = oracle_page(pa);
	const struct oracle_vm *before = oracle_vm(page.lent);
	bool is_other = page.lent == PARTY_MANY ||
			(before != NULL && before != vm && !before->is_dead);

	oracle_page_lend(pa, is_other ? PARTY_MANY : vm->party);
}

static void give(uint64_t pa, const struct oracle_vm *vm, enum oracle_how how)
{
	oracle_page_give(pa, vm->party, how, call_row(pa));
	if (is_shared_by(vm, pa)) {
		oracle_page_flags(pa, PAGE_SHARED_HOST, 0);
	}
}

static void vm_gains(struct oracle_vm *vm, uint64_t pa)
{
	struct oracle_page page = oracle_page(pa);
	const struct call_intent *call = call_about(tables.vcpu, pa);

	if (page.owner == vm->party && is_shared_by(vm, pa)) {
		oracle_page_flags(pa, PAGE_SHARED_HOST, 0);
	}
	if (oracle_vm(page.owner) != NULL && oracle_vm(page.owner)->is_unseen &&
	    tables.is_finding) {
		give(pa, vm, HOW_FOUND); /* here it is seen */
		return;
	}
	if (page.owner != PARTY_HOST) {
		return;
	}
	if (call != NULL && call->kind == CALL_GIVE_VM && call->vm != NULL && !vm->is_known) {
		/* Its making was not seen, and the call is one for both kinds. */
		if (host_reaches(pa)) {
			change_lend(pa, vm);
		} else {
			give(pa, vm, HOW_GIVEN);
		}
	} else if (call != NULL && call->kind == CALL_GIVE_VM) {
		vm->is_protected = vm->is_protected || !vm->is_known;
		vm->is_known = true;
		give(pa, vm, HOW_GIVEN);
	} else if (call != NULL && call->kind == CALL_LEND_VM) {
		vm->is_known = true;
		change_lend(pa, vm);
	} else if (tables.is_finding && !vm->is_known) {
		if (host_reaches(pa)) {
			change_lend(pa, vm);
		} else {
			give(pa, vm, HOW_FOUND);
		}
	}
}

static void el2_gains(uint64_t pa)
{
	const struct call_intent *call = call_about(tables.vcpu, pa);

	if (oracle_page(pa).owner != PARTY_HOST) {
		return;
	}
	if ((call != NULL && call->kind == CALL_SHARE_EL2) ||
	    (tables.is_finding && !tables.is_cold && host_reaches(pa) &&
	     oracle_excepts(EXCEPT_FOUND))) {
		oracle_page_flags(pa, PAGE_SHARED_EL2, 0);
	}
}

static void gained(const struct tree *tree, struct oracle_vm *vm, uint64_t pa)
{
	if (tree->party == PARTY_EL2) {
		el2_gains(pa);
	} else if (vm != NULL) {
		vm_gains(vm, pa);
	} else {
		host_gains(pa);
	}
	change_touch(pa);
}

static void lost(const struct tree *tree, uint64_t pa)
{
	struct oracle_page page = oracle_page(pa);

	if (page.lent == tree->party && tree_maps(tree, pa) == 0) {
		oracle_page_lend(pa, 0);
	}
	change_touch(pa);
}

static void add_due(const struct tree *tree, uint64_t input, uint64_t bytes, uint64_t pa)
{
	struct stale_due due = {
		.root = tree->root,
		.input = input,
		.bytes = bytes,
		.pa = pa,
		.pc = tables.pc,
		.leaf_bytes = bytes,
		.vmid = tree->for_cpus ? tree->vmid : tree->smmu_vmid,
		.vcpu = (uint16_t)tables.vcpu,
		.step = tree->for_cpus ? STALE_VISIBLE : STALE_NOTHING,
		.smmu = tree->for_devices,
	};

	stale_add(&due);
}

/* The first offset from @at on at which @leaf leads to RAM; UINT64_MAX: none. */
static uint64_t next_in_ram(struct shadow_leaf leaf, uint64_t at)
{
	uint64_t pa = leaf.pa + at;

	if (leaf.rights == 0 || pa >= oracle.ram_base + (oracle.ram_pages << ORACLE_PAGE_SHIFT)) {
		return UINT64_MAX;
	}
	return pa < oracle.ram_base ? oracle.ram_base - leaf.pa : at;
}

void change_told(struct shadow_root *root, uint64_t input, uint64_t bytes,
		 struct shadow_leaf before, struct shadow_leaf after)
{
	struct tree *tree = root->user;
	struct oracle_vm *vm = oracle_vm(tree->party);
	bool is_moved = before.rights == 0 || after.rights == 0 || before.pa != after.pa;
	uint64_t at;

	/* Known to its VM before the first page is told of. */
	tree->root = root;
	if (vm != NULL) {
		vm->root = root;
	}
	if (before.rights != 0 && (is_moved || (before.rights & ~after.rights) != 0) &&
	    tree->party != PARTY_EL2 && !tables.is_reread) {
		add_due(tree, input, bytes, before.pa);
	}
	if (!is_moved && tree->party != PARTY_EL2) {
		return;
	}
	/* A block of devices may be a terabyte. */
	for (at = MIN(next_in_ram(before, 0), next_in_ram(after, 0)); at < bytes;
	     at = MIN(next_in_ram(before, at), next_in_ram(after, at))) {
		if (before.rights != 0 && oracle_is_ram(before.pa + at)) {
			lost(tree, before.pa + at);
		}
		if (after.rights != 0 && oracle_is_ram(after.pa + at)) {
			gained(tree, vm, after.pa + at);
		}
		at += ORACLE_PAGE_BYTES;
	}
}

/* ---- a restored machine ---- */

static struct oracle_vm *unseen; /* NULL: nothing was claimed for them */

static void claim(uint64_t pa)
{
	if (oracle_page(pa).owner != PARTY_HOST || !oracle_is_ram(pa) || host_reaches(pa) ||
	    tree_maps(tables.el2, pa) != 0) {
		return;
	}
	if (unseen == NULL) {
		unseen = oracle_vm_new();
		/* Whatever they were: their pages come back to the host clean. */
		unseen->is_unseen = unseen->is_protected = unseen->is_known = true;
		unseen->is_dead = unseen->is_gone = true;
	}
	oracle_page_give(pa, unseen->party, HOW_FOUND, 0);
}

/* The host's stage 2 is flat: an input address is the machine's. */
static void claim_range(uint64_t input, uint64_t bytes)
{
	uint64_t end =
		MIN(input + bytes, oracle.ram_base + (oracle.ram_pages << ORACLE_PAGE_SHIFT));
	uint64_t pa;

	tables.marks++;
	for (pa = MAX(input, oracle.ram_base); pa < end; pa += ORACLE_PAGE_BYTES) {
		claim(pa);
	}
}

void change_claim_unseen(void)
{
	tables.is_claimed = true;
	if (tables.is_cold) {
		return;
	}
	shadow_each_marked(tables.shadow, tables.host->root, claim_range);
	if (tables.marks == 0) {
		claim_range(oracle.ram_base, oracle.ram_pages << ORACLE_PAGE_SHIFT);
	}
}
