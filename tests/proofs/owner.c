/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof by CBMC: page ownership keeps its invariant.
 *
 * By induction, so for sequences of any length: from *any* table, VMs and host mapping
 * for which the invariant holds, *any* one call leaves one for which it holds, and if it
 * returns an error it has changed nothing. Bounds of the model: FAKE_PAGES pages (so no
 * range is longer), OWNER_VM_MAX VMs, one CPU. The start (owner_init()) is the other case.
 *
 * This file includes owner.c, to set its state to anything.
 */
#include "platform/hypervisor/src/owner.c"
#include "tests/hypervisor/fake_pages.h"
#include "tests/hypervisor/owner_invariant.h"

#define PROOF_VMS OWNER_VM_MAX

void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *text);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
_Bool nondet_bool(void);

void proof_step(void);
void proof_start(void);

struct everything {
	uint32_t words[FAKE_PAGES];
	struct owner_vm_view vms[PROOF_VMS + 1];
	bool reach[FAKE_PAGES];
	uint64_t content[FAKE_PAGES];
};

static uint32_t table[FAKE_PAGES];

static void look(struct everything *seen)
{
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		seen->words[i] = table[i];
		seen->reach[i] = fake_pages.reach[i];
		seen->content[i] = fake_pages.content[i];
	}
	for (uint32_t vm = 0; vm <= PROOF_VMS; vm++) {
		seen->vms[vm] = vms[vm];
	}
}

static bool same_page(const struct everything *a, const struct everything *b, uint32_t i)
{
	return a->words[i] == b->words[i] && a->reach[i] == b->reach[i] &&
	       a->content[i] == b->content[i];
}

static bool same_vm(const struct everything *a, const struct everything *b, uint32_t vm)
{
	return a->vms[vm].kind == b->vms[vm].kind &&
	       a->vms[vm].held_pages == b->vms[vm].held_pages &&
	       a->vms[vm].quota_pages == b->vms[vm].quota_pages;
}

/* Any state for which the invariant holds. */
static void begin_anywhere(void)
{
	entries = (struct entry *)table;
	first_pfn = FAKE_PFN;
	entry_count = FAKE_PAGES;
	sealed = nondet_bool();
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		uint32_t vm;

		table[i] = nondet_u32();
		vm = entries[i].vm;
		__CPROVER_assume(entries[i].state < PAGE_STATE_COUNT);
		__CPROVER_assume(vm <= PROOF_VMS);
		fake_pages.reach[i] = nondet_bool();
		fake_pages.content[i] = nondet_bool();
	}
	for (uint32_t vm = 1; vm <= PROOF_VMS; vm++) {
		vms[vm].kind = (enum owner_vm_kind)(nondet_u32() % VM_KIND_COUNT);
		vms[vm].held_pages = nondet_u64();
		vms[vm].quota_pages = nondet_u64();
	}
	fake_pages.fail_nth = nondet_bool();
	__CPROVER_assume(!owner_invariant(PROOF_VMS));
}

static enum hyp_status any_call(struct owner_request *request)
{
	request->op = (enum owner_op)(nondet_u32() % (OWNER_OP_COUNT + 1));
	request->vm = nondet_u32();
	request->pfn = nondet_u64();
	request->count = nondet_u64();
	switch (nondet_u32() % 4) {
	case 0:
		return owner_vm_create(request->vm, (enum owner_vm_kind)(nondet_u32() % 5),
				       nondet_u64());
	case 1:
		return owner_vm_kill(request->vm);
	case 2:
		return owner_vm_destroy(request->vm);
	default:
		return owner_apply(request);
	}
}

void proof_step(void)
{
	struct owner_request request;
	struct everything before, after;
	enum hyp_status status;

	begin_anywhere();
	look(&before);
	status = any_call(&request);
	look(&after);
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		bool inside = FAKE_PFN + i >= request.pfn &&
			      FAKE_PFN + i - request.pfn < request.count;

		__CPROVER_assert((status == HYP_OK && inside) || same_page(&before, &after, i),
				 "an error, or a call about other pages, changes no page");
	}
	for (uint32_t vm = 0; vm <= PROOF_VMS; vm++) {
		__CPROVER_assert((status == HYP_OK && vm == request.vm && vm != OWNER_VM_NONE) ||
					 same_vm(&before, &after, vm),
				 "an error, or a call about another VM, changes no VM");
	}
	__CPROVER_assert(!owner_invariant(PROOF_VMS), "the invariant holds after any call");
	owner_invariant_touch();
	__CPROVER_assert(!owner_invariant(PROOF_VMS), "whatever the owners write");
}

void proof_start(void)
{
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		table[i] = nondet_u32();
	}
	owner_init(table, FAKE_PFN, FAKE_PAGES);
	__CPROVER_assert(!owner_invariant(OWNER_VM_MAX), "the invariant holds at the start");
}
