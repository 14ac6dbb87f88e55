/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold when EL2 returns: of the pages that the vCPU changed, of the translations
 * that it owes, and of who is entered.
 */
#include "qemu-plugins/oracle_tables.h"

#include <stdio.h>

#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle_except.h"
#include "qemu-plugins/oracle_stale.h"

/* Where EL2 has the page, if it has. */
static uint64_t el2_address_of(uint64_t pa)
{
	uint64_t input =
		oracle_is_ram(pa) && tree_maps(tables.el2, pa) != 0 ?
			tables.el2->root->input_of[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT] :
			0;

	return input != 0 ? (input - 1) << ORACLE_PAGE_SHIFT : ORACLE_NONE;
}

static _Noreturn void breach(const char *rule, unsigned int vcpu, unsigned int party,
			     const struct touched *touched, uint64_t ipa, const char *what)
{
	const char *call = call_name(vcpu);
	g_autofree char *text = g_strdup_printf("%s%s%s", what, call != NULL ? ", after " : "",
						call != NULL ? call : "");
	struct oracle_breach found = {
		.tier = 'a',
		.rule = rule,
		.what = text,
		.vcpu = vcpu,
		.party = party,
		/* Of what EL2 did, or of where @party goes on. */
		.el = touched != NULL ?
			      2 :
			      (unsigned int)ARM_PSTATE_EL(regs_read(&oracle.regs, REG_SPSR_EL2)),
		.pc = touched != NULL ? touched->pc : regs_read(&oracle.regs, REG_ELR_EL2),
		.va = touched != NULL ? el2_address_of(touched->pa) : ORACLE_NONE,
		.ipa = ipa,
		.pa = touched != NULL ? touched->pa : ORACLE_NONE,
	};

	oracle_breach(&found);
}

/* Pages of which nothing says that they are anybody's but EL2's are that. */
static void settle_host_page(uint64_t pa, struct oracle_page page)
{
	if (shadow_is_table(tables.shadow, pa)) {
		oracle_page_give(pa, PARTY_EL2, HOW_EL2_TABLE, 0);
	} else if ((page.flags & PAGE_SHARED_EL2) == 0 && el2_uses(pa)) {
		oracle_page_give(pa, PARTY_EL2, HOW_EL2_MAPS, 0);
	}
}

/* A page that its owner does not have any more is the host's, if it is clean. */
static void settle(uint64_t pa)
{
	struct oracle_page page = oracle_page(pa);
	const struct oracle_vm *vm = oracle_vm(page.owner);
	bool is_lost;

	if (page.owner == PARTY_HOST) {
		settle_host_page(pa, page);
		return;
	}
	if (vm != NULL) {
		is_lost = vm->root != NULL && tree_maps(vm->root->user, pa) == 0;
	} else {
		is_lost = page.owner == PARTY_EL2 && (page.flags & PAGE_GIVEN) == 0 &&
			  !el2_uses(pa) && !shadow_is_table(tables.shadow, pa);
	}
	if (is_lost && (page.flags & PAGE_DIRTY) == 0 &&
	    ((page.flags & PAGE_SHARED_HOST) != 0 || is_clean(pa, page.owner))) {
		oracle_page_give(pa, PARTY_HOST, HOW_CAME_BACK, 0);
	}
}

bool judge_excepts_code(uint64_t pa)
{
	struct oracle_page page = oracle_page(pa);

	return page.owner == PARTY_EL2 && (page.how == HOW_EL2_RUNS || page.how == HOW_EL2_MAPS) &&
	       !tree_writes(tables.el2, pa) && !tree_writes(tables.host, pa) &&
	       oracle_excepts(EXCEPT_EL2_CODE);
}

static void check_host(unsigned int vcpu, const struct touched *touched, struct oracle_page page)
{
	const struct oracle_vm *vm = oracle_vm(page.owner);
	bool by_cpus = host_reaches(touched->pa);

	if (oracle_may_reach(PARTY_HOST, page) || (!by_cpus && !devices_reach(touched->pa)) ||
	    judge_excepts_code(touched->pa)) {
		return;
	}
	if ((page.flags & PAGE_DIRTY) != 0) {
		breach("not-clean", vcpu, PARTY_HOST, touched,
		       vm != NULL ? vm_ipa_of(vm, touched->pa) : ORACLE_NONE,
		       "has a page back with what its owner left in it");
	}
	breach(page.owner == PARTY_EL2 ? "el2-page" : "two-owners", vcpu, PARTY_HOST, touched,
	       vm != NULL ? vm_ipa_of(vm, touched->pa) : ORACLE_NONE,
	       !by_cpus ? "has devices that can reach a page that is not its own" :
	       shadow_is_table(tables.shadow, touched->pa) ?
			  "can reach a translation table that is in use" :
	       el2_uses(touched->pa) ? "can reach a page that EL2 uses" :
				       "can reach a page that is not its own");
}

static void check_vm(unsigned int vcpu, const struct touched *touched, struct oracle_page page,
		     const struct oracle_vm *vm)
{
	if (vm->is_dead || oracle_may_reach(vm->party, page)) {
		return;
	}
	if (page.owner == PARTY_HOST) {
		breach("not-given", vcpu, vm->party, touched, vm_ipa_of(vm, touched->pa),
		       "can reach a page that the host did not give it");
	}
	breach(page.owner == PARTY_EL2 ? "el2-page" : "two-owners", vcpu, vm->party, touched,
	       vm_ipa_of(vm, touched->pa), "can reach a page that is not its own");
}

/* Neither pKVM's calls nor the RSI give a page of a protected VM's a second place in it. */
static void check_places(unsigned int vcpu, const struct touched *touched, struct oracle_page page,
			 const struct oracle_vm *vm, unsigned int places)
{
	if (places > 1 && page.owner == vm->party && vm->is_known && vm->is_protected &&
	    !vm->is_dead) {
		breach("two-places", vcpu, vm->party, touched, vm_ipa_of(vm, touched->pa),
		       "can reach one of its pages at two addresses");
	}
}

static void judge_page(unsigned int vcpu, const struct touched *touched)
{
	struct oracle_page page;
	guint i;

	oracle.judged_pages++;
	settle(touched->pa);
	page = oracle_page(touched->pa);
	check_host(vcpu, touched, page);
	for (i = 0; i < tables.trees->len; i++) {
		const struct tree *tree = g_ptr_array_index(tables.trees, i);
		const struct oracle_vm *vm = oracle_vm(tree->party);

		if (vm != NULL && tree_maps(tree, touched->pa) != 0) {
			check_vm(vcpu, touched, page, vm);
			check_places(vcpu, touched, page, vm, tree_maps(tree, touched->pa));
		}
	}
}

static void judge_list(unsigned int vcpu, GArray *list)
{
	guint i;

	for (i = 0; list != NULL && i < list->len; i++) {
		judge_page(vcpu, &g_array_index(list, struct touched, i));
	}
	if (list != NULL) {
		g_array_set_size(list, 0);
	}
}

/* What was killed runs nowhere when the call that killed it is done. */
static void judge_dead(unsigned int vcpu)
{
	unsigned int i;

	for (i = 0; i < oracle.vcpus_count; i++) {
		const struct oracle_vm *vm = i != vcpu ? oracle_vm(oracle_party_of(i)) : NULL;

		if (vm != NULL && vm->is_dead) {
			breach("dead-vm", vcpu, vm->party, NULL, ORACLE_NONE,
			       "is killed while it runs on another CPU");
		}
	}
}

static bool runs_elsewhere(unsigned int vcpu, unsigned int party)
{
	unsigned int i;

	for (i = 0; i < oracle.vcpus_count; i++) {
		if (i != vcpu && oracle_party_of(i) == party) {
			return true;
		}
	}
	return false;
}

/* Entries of the host's can be used at any time, those of a VM by who runs or is entered. */
static void judge_stale(unsigned int vcpu, unsigned int party)
{
	guint i;

	for (i = 0; i < tables.trees->len; i++) {
		const struct tree *tree = g_ptr_array_index(tables.trees, i);
		const struct oracle_vm *vm = oracle_vm(tree->party);
		const struct stale_due *due = stale_find(tree->root, (uint16_t)vcpu);
		struct touched touched;
		g_autofree char *what = NULL;

		if (due == NULL ||
		    (vm != NULL && vm->party != party && !runs_elsewhere(vcpu, vm->party))) {
			continue;
		}
		what = g_strdup_printf("runs while TLBs may hold what was mapped at IPA 0x%lx "
				       "(0x%lx bytes) before: %s",
				       due->input, due->bytes, stale_text(due));
		touched = (struct touched){ due->pa, due->pc };
		breach("stale", vcpu, tree->party, &touched, due->input, what);
	}
	stale_leave((uint16_t)vcpu);
}

/* Which of the VM's vCPUs it is: one runs in one place, and uses nothing of another's. */
static void judge_vcpu(unsigned int vcpu, const struct oracle_vm *vm)
{
	uint64_t mpidr = regs_read(&oracle.regs, REG_VMPIDR_EL2);
	bool is_stale = stale_sibling((uint16_t)vcpu, vm->root, vm->vmid, mpidr);
	unsigned int i;

	oracle.vcpus[vcpu].mpidr = mpidr;
	if (!vm->is_known || !vm->is_protected) {
		return;
	}
	for (i = 0; i < oracle.vcpus_count; i++) {
		if (i != vcpu && oracle_party_of(i) == vm->party &&
		    oracle.vcpus[i].mpidr == mpidr) {
			breach("vcpu-twice", vcpu, vm->party, NULL, ORACLE_NONE,
			       "runs one vCPU on two CPUs at a time");
		}
	}
	if (is_stale && !oracle_excepts(EXCEPT_SIBLING)) {
		breach("stale-vcpu", vcpu, vm->party, NULL, ORACLE_NONE,
		       "runs a vCPU where TLBs may hold what another of its vCPUs had there: no "
		       "TLBI of stage 1 came between");
	}
}

static void judge_entered(unsigned int vcpu, unsigned int party)
{
	const struct oracle_vm *vm = oracle_vm(party);

	if (vm == NULL || vm->root == NULL) {
		return;
	}
	if (vm->is_dead) {
		breach("dead-vm", vcpu, party, NULL, ORACLE_NONE, "runs after it was killed");
	}
	if (stale_switch(vm->vmid, vm->root)) {
		breach("stale-vmid", vcpu, party, NULL, ORACLE_NONE,
		       "runs under a VMID whose entries of another VM were not invalidated");
	}
	if (oracle.regs.handle[REG_VMPIDR_EL2] != NULL) {
		judge_vcpu(vcpu, vm);
	}
}

/* Upstream's EL2 begins on one CPU after the other: each is judged from its own start on. */
static void judge_stage2(unsigned int vcpu, unsigned int party)
{
	static bool had_stage2[PLUGIN_VCPUS_MAX];
	bool has_stage2 = (regs_read(&oracle.regs, REG_HCR_EL2) & ARM_HCR_VM) != 0;

	if (had_stage2[vcpu] && !has_stage2) {
		breach("no-stage-2", vcpu, party, NULL, ORACLE_NONE, "runs without a stage 2");
	}
	had_stage2[vcpu] = has_stage2;
}

void judge_returns(unsigned int vcpu, unsigned int party)
{
	const char *open = smmu_is_open();

	oracle.judged_returns++;
	judge_list(vcpu, tables.touched[vcpu]);
	judge_list(vcpu, tables.executed);
	if (open != NULL) {
		breach("open-smmu", vcpu, PARTY_HOST, NULL, ORACLE_NONE, open);
	}
	judge_stage2(vcpu, party);
	judge_stale(vcpu, party);
	judge_dead(vcpu);
	judge_entered(vcpu, party);
}
