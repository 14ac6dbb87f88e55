/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host and guests ask EL2 for, by the published calls: which pages are given, lent,
 * shared or taken. A call says what may change while it is served, its answer what did.
 */
#include "qemu-plugins/oracle_tables.h"

#include <string.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/smccc.h"
#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/common/calls.h"

#define NO_ARGUMENT 0xff

/* One call: which of x0 to x7 says what. */
struct call_form {
	const char *name; /* as in calls_table */
	enum call_kind kind;
	uint8_t vm;     /* the VM's handle */
	uint8_t first;  /* first page */
	uint8_t count;  /* pages, NO_ARGUMENT: @pages */
	uint8_t pages;  /* of KILL_VM: 1 if its tables may be anything from then on */
	uint8_t result; /* what must be 0 in the answer */
};

#define NA NO_ARGUMENT
static const struct call_form host_forms[] = {
	/* platform/abi/hyp_hypercalls.h: x0 of the answer is the status. */
	{ "MEM_DONATE", CALL_GIVE_EL2, NA, 1, 2, 0, 0 },
	{ "MEM_RETURN", CALL_TAKE, NA, 1, 2, 0, 0 },
	{ "VM_CREATE", CALL_MAKE_VM, NA, 4, NA, HYP_VM_PAGES, 0 },
	{ "VM_DONATE", CALL_GIVE_EL2, NA, 2, 3, 0, 0 },
	{ "VM_MAP", CALL_GIVE_VM, 1, 2, 4, 0, 0 },
	{ "VM_KILL", CALL_KILL_VM, 1, NA, NA, 1, 0 },
	{ "VM_RECLAIM", CALL_TAKE, 1, 2, 3, 0, 0 },
	{ "VM_DESTROY", CALL_FORGET_VM, 1, NA, NA, 0, 0 },
	{ "VCPU_CREATE", CALL_GIVE_EL2, NA, 3, NA, HYP_VCPU_PAGES, 0 },
	{ "VCPU_RUN", CALL_RUN_VM, 1, NA, NA, 0, 0 },
	/* asm/kvm_asm.h, the kernel's: x0 says that there is such a call, x1 is its result. */
	{ "__pkvm_host_share_hyp", CALL_SHARE_EL2, NA, 1, NA, 1, 1 },
	{ "__pkvm_host_unshare_hyp", CALL_UNSHARE_EL2, NA, 1, NA, 1, 1 },
	{ "__pkvm_host_donate_guest", CALL_GIVE_VM, NA, 1, NA, 1, 1 },
	{ "__pkvm_host_share_guest", CALL_LEND_VM, NA, 1, 3, 1, 1 },
	{ "__pkvm_vcpu_load", CALL_LOAD_VCPU, 1, NA, NA, 0, 0 },
	{ "__kvm_vcpu_run", CALL_RUN_VM, NA, NA, NA, 0, NA },
	{ "__pkvm_start_teardown_vm", CALL_KILL_VM, 1, NA, NA, 0, 1 },
	{ "__pkvm_finalize_teardown_vm", CALL_FORGET_VM, 1, NA, NA, 0, 1 },
	{ "__tracing_load", CALL_SHARE_EL2, NA, NA, NA, 0, 1 },
};
#undef NA

static struct {
	struct call_intent host;
	struct call_intent guest;
	struct oracle_vm *loaded; /* by __pkvm_vcpu_load */
} vcpus[PLUGIN_VCPUS_MAX];

/* ---- what a guest shared ---- */

bool call_is_shared(const struct oracle_vm *vm, uint64_t ipa)
{
	guint i;

	for (i = 0; i < vm->shared->len; i++) {
		const struct oracle_range *range =
			&g_array_index(vm->shared, struct oracle_range, i);

		if (ipa >= range->start && ipa < range->end) {
			return true;
		}
	}
	return false;
}

static void share(struct oracle_vm *vm, uint64_t start, uint64_t end)
{
	struct oracle_range range = { start, end };
	guint i;

	for (i = 0; i < vm->shared->len; i++) {
		struct oracle_range *old = &g_array_index(vm->shared, struct oracle_range, i);

		if (start <= old->end && end >= old->start) {
			old->start = MIN(old->start, start);
			old->end = MAX(old->end, end);
			return;
		}
	}
	g_array_append_val(vm->shared, range);
}

static void unshare(struct oracle_vm *vm, uint64_t start, uint64_t end)
{
	uint64_t page;
	guint i;

	for (i = vm->shared->len; i > 0; i--) {
		struct oracle_range old = g_array_index(vm->shared, struct oracle_range, i - 1);
		struct oracle_range after = { MAX(end, old.start), old.end };
		struct oracle_range *before =
			&g_array_index(vm->shared, struct oracle_range, i - 1);

		if (start >= old.end || end <= old.start) {
			continue;
		}
		before->end = MAX(start, old.start);
		if (before->end == before->start) {
			g_array_remove_index_fast(vm->shared, i - 1);
		}
		if (after.start < after.end) {
			g_array_append_val(vm->shared, after);
		}
	}
	for (page = 0; vm->root != NULL && page < oracle.ram_pages; page++) {
		uint64_t pa = oracle.ram_base + (page << ORACLE_PAGE_SHIFT);
		uint64_t ipa = vm_ipa_of(vm, pa);

		if (ipa != ORACLE_NONE && ipa >= start && ipa < end &&
		    oracle_page(pa).owner == vm->party) {
			oracle_page_flags(pa, 0, PAGE_SHARED_HOST);
			change_touch(pa);
		}
	}
}

/* ---- calls ---- */

static uint64_t x(unsigned int n)
{
	return regs_read_x(&oracle.regs, n);
}

static const struct call_form *form_of(uint32_t number, uint16_t *row)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < calls_count && name == NULL; i++) {
		if (calls_table[i].who == CALL_HOST && calls_table[i].number == number) {
			name = calls_table[i].name;
			*row = (uint16_t)(i + 1);
		}
	}
	for (i = 0; name != NULL && i < G_N_ELEMENTS(host_forms); i++) {
		if (strcmp(host_forms[i].name, name) == 0) {
			return &host_forms[i];
		}
	}
	return NULL;
}

/* EL2 looks at 16 bits of the kernel's handles (pkvm_handle_t, asm/kvm_host.h), at all of ours. */
static uint64_t handle_of(const struct call_form *form)
{
	return g_str_has_prefix(form->name, "__") ? (uint16_t)x(form->vm) : x(form->vm);
}

static void read_host_call(unsigned int vcpu, struct call_intent *call)
{
	const struct call_form *form = form_of((uint32_t)x(0), &call->row);

	if (form == NULL) {
		return;
	}
	call->kind = form->kind;
	call->flags = x(1);
	call->first = form->first != NO_ARGUMENT ? x(form->first) : 0;
	call->count = form->count != NO_ARGUMENT ? x(form->count) : form->pages;
	if (form->vm != NO_ARGUMENT) {
		call->vm = oracle_vm_by_handle(handle_of(form));
	} else if (form->kind == CALL_RUN_VM) {
		call->vm = vcpus[vcpu].loaded;
	}
	/* One call of ours for both kinds of VM. */
	if (form->kind == CALL_GIVE_VM && call->vm != NULL && call->vm->is_known &&
	    !call->vm->is_protected) {
		call->kind = CALL_LEND_VM;
	}
	if (form->kind == CALL_SHARE_EL2 && form->first == NO_ARGUMENT) {
		call->count = UINT64_MAX; /* what of its pages is EL2's to see is in a structure */
	}
	if (form->kind == CALL_SHARE_EL2 && tables.shadow == NULL) {
		oracle_page_flags(call->first << ORACLE_PAGE_SHIFT, PAGE_SHARED_EL2, 0);
	}
}

static void read_guest_call(struct call_intent *call, struct oracle_vm *vm)
{
	uint64_t end;

	call->vm = vm;
	call->first = x(1);
	call->count = CLAMP(x(2), 1, oracle.ram_pages);
	switch ((uint32_t)x(0)) {
	case PKVM_MEM_SHARE:
		call->kind = CALL_SHARE_HOST;
		share(vm, call->first, call->first + (call->count << ORACLE_PAGE_SHIFT));
		break;
	case PKVM_MEM_UNSHARE:
		call->kind = CALL_UNSHARE_HOST;
		break;
	case RSI_IPA_STATE_SET:
		end = x(2);
		call->kind = CALL_RIPAS;
		call->flags = x(3);
		if (end > call->first && call->flags == RSI_EMPTY) {
			share(vm, call->first, end);
		}
		break;
	default:
		break;
	}
}

void call_entered(unsigned int vcpu, unsigned int party)
{
	struct oracle_vm *vm = oracle_vm(party);
	unsigned int class = ARM_ESR_EC(oracle.vcpus[vcpu].entry_esr);
	bool is_call = class == ARM_EC_HVC64 || class == ARM_EC_SMC64;
	struct call_intent *call = vm != NULL ? &vcpus[vcpu].guest : &vcpus[vcpu].host;

	/* A host's call that runs a VM goes on until the host is there again. */
	*call = (struct call_intent){ .party = (uint16_t)party };
	if (is_call && vm != NULL) {
		read_guest_call(call, vm);
	} else if (is_call && class == ARM_EC_HVC64 && party == PARTY_HOST) {
		read_host_call(vcpu, call);
	}
}

const struct call_intent *call_about(unsigned int vcpu, uint64_t pa)
{
	const struct call_intent *call = &vcpus[vcpu].host;

	return call->kind != CALL_NOTHING && (pa >> ORACLE_PAGE_SHIFT) - call->first < call->count ?
		       call :
		       NULL;
}

const char *call_name(unsigned int vcpu)
{
	uint16_t row = vcpus[vcpu].host.row;

	return row != 0 ? calls_table[row - 1].name : NULL;
}

bool call_empties(unsigned int vcpu, const struct oracle_vm *vm)
{
	const struct call_intent *call = &vcpus[vcpu].guest;

	return call->kind == CALL_RIPAS && call->vm == vm && call->flags == RSI_EMPTY;
}

struct oracle_vm *call_runs(unsigned int vcpu)
{
	return vcpus[vcpu].host.kind == CALL_RUN_VM ? vcpus[vcpu].host.vm : NULL;
}

void call_names(unsigned int vcpu, struct oracle_vm *vm)
{
	struct oracle_vm *named = call_runs(vcpu);

	if (named != NULL && named != vm) {
		vm->handle = named->handle;
		named->is_gone = true;
		vcpus[vcpu].host.vm = vm;
	}
}

static void vm_made(uint64_t flags)
{
	struct oracle_vm *vm = oracle_vm_by_handle(x(1));

	vm->is_known = true;
	vm->is_protected = (flags & (HYP_VM_PROTECTED | HYP_VM_RSI)) != 0;
	vm->has_rsi = (flags & HYP_VM_RSI) != 0;
}

/* The pages that the call was about are what it made them, whether a table shows it or not. */
static void pages_done(const struct call_intent *call)
{
	uint64_t i;

	for (i = 0; i < call->count && call->count <= oracle.ram_pages; i++) {
		uint64_t pa = (call->first + i) << ORACLE_PAGE_SHIFT;
		struct oracle_page page = oracle_page(pa);
		const struct oracle_vm *vm = oracle_vm(page.owner);

		if (!oracle_is_ram(pa)) {
			continue;
		}
		if (page.owner == PARTY_HOST &&
		    (call->kind == CALL_GIVE_EL2 || call->kind == CALL_MAKE_VM)) {
			oracle_page_give(pa, PARTY_EL2, HOW_GIVEN, call->row);
			oracle_page_flags(pa, PAGE_GIVEN, 0);
		} else if (page.owner == PARTY_HOST && call->kind == CALL_SHARE_EL2) {
			oracle_page_flags(pa, PAGE_SHARED_EL2, 0);
		} else if (call->kind == CALL_UNSHARE_EL2) {
			oracle_page_flags(pa, 0, PAGE_SHARED_EL2);
		} else if (page.owner == PARTY_EL2 && call->kind == CALL_MAKE_VM) {
			oracle_page_flags(pa, PAGE_GIVEN, 0);
		} else if (page.owner == PARTY_HOST && call->kind == CALL_GIVE_VM &&
			   call->vm != NULL && call->vm->is_known) {
			oracle_page_give(pa, call->vm->party, HOW_GIVEN, call->row);
		} else if (page.owner == PARTY_HOST && call->kind == CALL_LEND_VM &&
			   call->vm != NULL) {
			change_lend(pa, call->vm);
		} else if (call->kind == CALL_TAKE && vm != NULL &&
			   (page.flags & PAGE_DIRTY) == 0 && vm->is_dead &&
			   ((page.flags & PAGE_SHARED_HOST) != 0 || is_clean(pa, page.owner))) {
			oracle_page_give(pa, PARTY_HOST, HOW_CAME_BACK, call->row);
		}
		change_touch(pa);
	}
}

static void forget_tables(struct oracle_vm *vm)
{
	if (vm->root != NULL) {
		tables_forget(vm->root->user);
		vm->root = NULL;
	}
}

static void host_call_done(unsigned int vcpu, const struct call_intent *call)
{
	switch (call->kind) {
	case CALL_MAKE_VM:
		vm_made(call->flags);
		pages_done(call);
		break;
	case CALL_GIVE_VM:
	case CALL_LEND_VM:
	case CALL_GIVE_EL2:
	case CALL_TAKE:
	case CALL_SHARE_EL2:
	case CALL_UNSHARE_EL2:
		pages_done(call);
		break;
	case CALL_LOAD_VCPU:
		vcpus[vcpu].loaded = call->vm;
		break;
	case CALL_KILL_VM:
		call->vm->is_dead = true;
		if (call->count != 0) {
			forget_tables(call->vm);
		}
		break;
	case CALL_FORGET_VM:
		call->vm->is_gone = true;
		forget_tables(call->vm);
		break;
	case CALL_NOTHING:
	case CALL_RUN_VM:
	case CALL_SHARE_HOST:
	case CALL_UNSHARE_HOST:
	case CALL_RIPAS:
		break;
	}
}

/* How far EL2 went is in x1: pages for pKVM's calls (nothing: all), an address for the RSI. */
static void guest_call_done(const struct call_intent *call)
{
	bool is_ok = x(0) == SMCCC_SUCCESS;
	uint64_t done = x(1);

	if (call->kind == CALL_UNSHARE_HOST) {
		/* The status of what comes after the pages that were done does not undo them. */
		if (!is_ok && x(0) != (uint64_t)SMCCC_INVALID_PARAMETER) {
			return;
		}
		if (done == 0 || done > call->count) {
			done = is_ok ? call->count : 0;
		}
		unshare(call->vm, call->first, call->first + (done << ORACLE_PAGE_SHIFT));
	} else if (call->kind == CALL_RIPAS && is_ok) {
		call->vm->has_rsi = true;
		if (call->flags == RSI_RAM && done > call->first) {
			unshare(call->vm, call->first, done);
		}
	}
}

void call_returns(unsigned int vcpu, unsigned int party)
{
	bool is_guest = oracle_vm(party) != NULL;
	struct call_intent *call = is_guest ? &vcpus[vcpu].guest : &vcpus[vcpu].host;
	const struct call_form *form = NULL;
	uint16_t row = call->row;

	if (!is_guest) {
		/* A guest's call that the host comes before is made again, or the host's. */
		vcpus[vcpu].guest.kind = CALL_NOTHING;
	}
	if (call->kind == CALL_NOTHING || call->party != party) {
		return;
	}
	if (is_guest) {
		guest_call_done(call);
	} else {
		form = row != 0 ? form_of(calls_table[row - 1].number, &row) : NULL;
		if (form != NULL && form->result != NO_ARGUMENT && x(0) == 0 &&
		    x(form->result) == 0) {
			host_call_done(vcpu, call);
		}
	}
	call->kind = CALL_NOTHING;
}
