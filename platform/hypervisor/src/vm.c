/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of VMs, and the host's hypercalls about them. A VM's own state is in pages that
 * the host gave; what must be known when these are gone is in the slots here.
 */
#include <hyp/bug.h>
#include <hyp/guest_memory.h>
#include <hyp/layout.h>
#include <hyp/owner.h>
#include <hyp/regs.h>
#include <hyp/stage1.h>
#include <hyp/vm.h>

#include <stddef.h>
#include <string.h>

#define IPA_BITS_MIN 32
#define IPA_BITS_MAX 40
#define ROOT_PAGES 2 /* of HYP_VM_PAGES; then struct vm; then the first page for tables */

_Static_assert(sizeof(struct vm) <= PAGE_BYTES, "struct vm has one page");

struct slot {
	struct vm *vm;       /* lock: slots_lock; NULL: none, being made, or killed */
	uint32_t holders;    /* lock: slots_lock */
	uint64_t meta_pages; /* lock: meta_lock; that EL2 maps for it */
};

static struct lock slots_lock;
static struct lock meta_lock; /* EL2's mapping of the pages of VMs */
static struct slot slots[OWNER_VM_MAX + 1];

struct vm *vm_hold(uint64_t handle)
{
	lock_hold(&slots_lock);
	if (handle > OWNER_VM_MAX || !slots[handle].vm) {
		return NULL;
	}
	slots[handle].holders++;
	return slots[handle].vm;
}

void vm_release(struct vm *vm)
{
	lock_hold(&slots_lock);
	slots[vm->id].holders--;
}

/*
 * Whether a call can be about these pages. RAM is one range: both ends in it is all of it.
 * What is no RAM must cost no tables.
 */
static bool is_ram(uint64_t pfn, uint64_t count)
{
	return count > 0 && count <= HYP_PAGES_MAX && pfn < S2_IPA_LIMIT >> PAGE_SHIFT &&
	       owner_view(pfn).state != PAGE_DENY && owner_view(pfn + count - 1).state != PAGE_DENY;
}

/* EL2 maps (@mapped), or not, those of the pages that are of VM @id's own. Needs meta_lock. */
static uint64_t meta_set(uint32_t id, uint64_t pfn, uint64_t count, bool mapped)
{
	uint64_t found = 0;

	for (; count > 0; pfn++, count--) {
		struct owner_view view = owner_view(pfn);

		if (view.state != PAGE_VM_META || view.vm != id) {
			continue;
		}
		found++;
		if (!mapped) {
			stage1_unmap(pfn << PAGE_SHIFT, PAGE_BYTES);
		} else if (stage1_map(pfn << PAGE_SHIFT, PAGE_BYTES, STAGE1_DATA) != HYP_OK) {
			hyp_bug("no table for pages of VM %u", id);
		}
	}
	return found;
}

enum hyp_status vm_take_meta(uint32_t id, uint64_t pfn, uint64_t count, void **memory)
{
	struct owner_request request = {
		.op = OWNER_HOST_DONATE_META, .vm = id, .pfn = pfn, .count = count
	};
	uint64_t pa = pfn << PAGE_SHIFT;
	uint64_t size = count << PAGE_SHIFT;
	enum hyp_status status;

	if (!is_ram(pfn, count)) {
		return HYP_EINVAL;
	}
	lock_hold(&meta_lock);
	status = stage1_prepare(pa, size);
	if (status == HYP_OK) {
		status = owner_apply(&request);
	}
	if (status != HYP_OK) {
		stage1_trim(pa, size);
		return status;
	}
	slots[id].meta_pages += meta_set(id, pfn, count, true);
	*memory = memset((void *)(uintptr_t)pa, 0, size);
	return HYP_OK;
}

/* VM @id got nothing. With the lock, or the host's VM_DESTROY could come between. */
static void unmake(uint32_t id)
{
	lock_hold(&meta_lock);
	if (owner_vm_kill(id) != HYP_OK || owner_vm_destroy(id) != HYP_OK) {
		hyp_bug("VM %u cannot be unmade", id);
	}
}

/* A VM in its pages, which are zero. From now on it can be found. */
static void make(uint32_t id, uint32_t flags, uint32_t ipa_bits, char *memory)
{
	struct vm *vm = (struct vm *)(memory + ROOT_PAGES * PAGE_BYTES);

	vm->id = id;
	vm->flags = flags;
	vm->ipa_bits = ipa_bits;
	vm->s2.root = (uint64_t *)memory;
	vm->s2.vmid = id;
	for (uint64_t page = ROOT_PAGES + 1; page < HYP_VM_PAGES; page++) {
		page_list_push(&vm->s2.pages, memory + page * PAGE_BYTES);
	}
	lock_hold(&slots_lock);
	slots[id].vm = vm;
}

enum hyp_status vm_create(struct regs *regs)
{
	uint64_t flags = regs->x[1], bits = regs->x[2], quota = regs->x[3], pfn = regs->x[4];
	bool is_protected = flags & (HYP_VM_PROTECTED | HYP_VM_RSI);
	enum owner_vm_kind kind = is_protected ? VM_PROTECTED : VM_NORMAL;
	enum hyp_status status = HYP_EBUSY;
	void *memory;
	uint32_t id = 0;

	if (flags & ~(uint64_t)(HYP_VM_PROTECTED | HYP_VM_RSI) || bits < IPA_BITS_MIN ||
	    bits > IPA_BITS_MAX || pfn % ROOT_PAGES) {
		return HYP_EINVAL;
	}
	while (status == HYP_EBUSY && id < OWNER_VM_MAX) {
		status = owner_vm_create(++id, kind, quota);
	}
	if (status != HYP_OK) {
		return status;
	}
	status = vm_take_meta(id, pfn, HYP_VM_PAGES, &memory);
	if (status != HYP_OK) {
		unmake(id);
		return status;
	}
	regs->x[1] = id;
	make(id, (uint32_t)flags, (uint32_t)bits, memory);
	return HYP_OK;
}

enum hyp_status vm_donate(struct regs *regs)
{
	struct vm *vm vm_held = vm_hold(regs->x[1]);
	uint64_t count = regs->x[3];
	enum hyp_status status;
	void *memory;

	if (!vm) {
		return HYP_ENOENT;
	}
	lock_hold(&vm->lock);
	status = vm_take_meta(vm->id, regs->x[2], count, &memory);
	for (uint64_t page = 0; status == HYP_OK && page < count; page++) {
		page_list_push(&vm->s2.pages, (char *)memory + page * PAGE_BYTES);
	}
	return status;
}

/* @gfn on, @count pages, all below the end of @vm's addresses. */
static bool is_gfn_range(const struct vm *vm, uint64_t gfn, uint64_t count)
{
	uint64_t limit = guest_ipa_limit(vm) >> PAGE_SHIFT;

	return count > 0 && gfn < limit && count <= limit - gfn;
}

/* What is in too many pieces to be done at once cannot be declared: HYP_EINVAL. */
static enum hyp_status declare_ram(struct vm *vm, uint64_t gfn, uint64_t count)
{
	uint64_t top = (gfn + count) << PAGE_SHIFT, next = top;
	enum hyp_status status = HYP_EINVAL;

	if (is_gfn_range(vm, gfn, count)) {
		status = guest_ripas_set(vm, gfn << PAGE_SHIFT, top, true, &next);
	}
	return status == HYP_OK && next < top ? HYP_EINVAL : status;
}

enum hyp_status vm_config(struct regs *regs)
{
	struct vm *vm vm_held = vm_hold(regs->x[1]);

	if (!vm) {
		return HYP_ENOENT;
	}
	if (__atomic_load_n(&vm->has_run, __ATOMIC_ACQUIRE)) {
		return HYP_EBUSY;
	}
	if (regs->x[2] == HYP_CONFIG_RAM) {
		return declare_ram(vm, regs->x[3], regs->x[4]);
	}
	if (regs->x[2] != HYP_CONFIG_FORWARD_HVC || regs->x[3] > 1) {
		return HYP_EINVAL;
	}
	if (vm_is_protected(vm)) {
		return HYP_EPERM;
	}
	vm->forwards_hvc = regs->x[3];
	return HYP_OK;
}

enum hyp_status vm_map(struct regs *regs)
{
	uint64_t pfn = regs->x[2], gfn = regs->x[3], count = regs->x[4], rights = regs->x[5];
	uint64_t attributes = S2_MEMORY | S2_READ | (rights & HYP_MAP_WRITE ? S2_WRITE : 0) |
			      (rights & HYP_MAP_EXEC ? 0 : S2_XN);
	struct vm *vm vm_held = vm_hold(regs->x[1]);

	if (!vm) {
		return HYP_ENOENT;
	}
	if (count > HYP_PAGES_MAX || !is_gfn_range(vm, gfn, count) ||
	    rights & ~(uint64_t)HYP_MAP_ALL || !(rights & HYP_MAP_READ) ||
	    (vm_is_protected(vm) && rights != HYP_MAP_ALL) || pfn >= S2_IPA_LIMIT >> PAGE_SHIFT) {
		return HYP_EINVAL;
	}
	return guest_map(vm, gfn << PAGE_SHIFT, pfn << PAGE_SHIFT, count, attributes);
}

enum hyp_status vm_unmap(struct regs *regs)
{
	struct vm *vm vm_held = vm_hold(regs->x[1]);
	uint64_t gfn = regs->x[2], count = regs->x[3];

	if (!vm) {
		return HYP_ENOENT;
	}
	if (vm_is_protected(vm)) {
		return HYP_EPERM;
	}
	if (count > HYP_PAGES_MAX || !is_gfn_range(vm, gfn, count)) {
		return HYP_EINVAL;
	}
	regs->x[1] = guest_unmap(vm, gfn << PAGE_SHIFT, count << PAGE_SHIFT);
	return HYP_OK;
}

enum hyp_status vm_kill(struct regs *regs)
{
	uint64_t id = regs->x[1];
	struct vm *vm;

	lock_hold(&slots_lock);
	if (id > OWNER_VM_MAX || !slots[id].vm) {
		return HYP_ENOENT;
	}
	if (slots[id].holders > 0) {
		return HYP_EBUSY;
	}
	vm = slots[id].vm;
	slots[id].vm = NULL;
	/* Its tables are there until it is dying for the owner table too. */
	s2_flush(&vm->s2, 0, S2_IPA_LIMIT);
	return owner_vm_kill((uint32_t)id);
}

enum hyp_status vm_reclaim(struct regs *regs)
{
	uint64_t id = regs->x[1], pfn = regs->x[2], count = regs->x[3], meta = 0;
	struct owner_request request = { .op = OWNER_RECLAIM, .pfn = pfn, .count = count };
	enum hyp_status status;

	if (id == OWNER_VM_NONE || id > OWNER_VM_MAX) {
		return HYP_ENOENT;
	}
	if (count > HYP_PAGES_MAX) {
		return HYP_EINVAL;
	}
	request.vm = (uint32_t)id;
	lock_hold(&meta_lock);
	/* Only this lock's holder makes a dying VM another. */
	if (owner_vm_view(request.vm).kind == VM_DYING) {
		meta = meta_set(request.vm, pfn, count, false);
	}
	status = owner_apply(&request);
	if (status == HYP_OK) {
		slots[id].meta_pages -= meta;
		stage1_trim(pfn << PAGE_SHIFT, count << PAGE_SHIFT);
	} else if (meta > 0) {
		meta_set(request.vm, pfn, count, true);
	}
	return status;
}

enum hyp_status vm_destroy(struct regs *regs)
{
	lock_hold(&meta_lock);
	return regs->x[1] > OWNER_VM_MAX ? HYP_ENOENT : owner_vm_destroy((uint32_t)regs->x[1]);
}

enum hyp_status vm_stats(struct regs *regs)
{
	uint64_t id = regs->x[1];
	struct vm *vm vm_held = vm_hold(id);
	struct owner_vm_view view = owner_vm_view(id > OWNER_VM_MAX ? 0 : (uint32_t)id);

	if (view.kind == VM_NONE) {
		return HYP_ENOENT;
	}
	regs->x[1] = view.held_pages;
	regs->x[2] = __atomic_load_n(&slots[id].meta_pages, __ATOMIC_RELAXED);
	regs->x[3] = vm ? __atomic_load_n(&vm->shared_pages, __ATOMIC_RELAXED) : 0;
	return HYP_OK;
}
