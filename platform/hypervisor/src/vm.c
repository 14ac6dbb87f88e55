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
	bool used;           /* lock: slots_lock */
	uint64_t meta_pages; /* lock: meta_lock; that EL2 maps for it */
};

static struct lock slots_lock;
static struct lock meta_lock; /* EL2's mapping of the pages of VMs */
static struct slot slots[OWNER_VM_MAX + 1];

struct vm *vm_hold(uint64_t handle)
{
	struct vm *vm = NULL;

	if (handle <= OWNER_VM_MAX) {
		lock_take(&slots_lock);
		vm = slots[handle].vm;
		slots[handle].holders += vm != NULL;
		lock_release(&slots_lock);
	}
	return vm;
}

void vm_release(struct vm *vm)
{
	lock_take(&slots_lock);
	slots[vm->id].holders--;
	lock_release(&slots_lock);
}

/* A number that is free, taken; OWNER_VM_NONE: there is none. */
static uint32_t slot_take(void)
{
	uint32_t id = 1;

	lock_take(&slots_lock);
	while (id <= OWNER_VM_MAX && slots[id].used) {
		id++;
	}
	if (id <= OWNER_VM_MAX) {
		slots[id].used = true;
	} else {
		id = OWNER_VM_NONE;
	}
	lock_release(&slots_lock);
	return id;
}

static void slot_set(uint32_t id, struct vm *vm, bool used)
{
	lock_take(&slots_lock);
	slots[id].vm = vm;
	slots[id].used = used;
	lock_release(&slots_lock);
}

static bool is_count(uint64_t count)
{
	return count > 0 && count <= HYP_PAGES_MAX;
}

/* RAM is one range: both ends in it is all of it. What is no RAM must cost no tables. */
static bool is_ram(uint64_t pfn, uint64_t count)
{
	return pfn < S2_IPA_LIMIT >> PAGE_SHIFT && owner_view(pfn).state != PAGE_DENY &&
	       owner_view(pfn + count - 1).state != PAGE_DENY;
}

/* Pages of the host for VM @id, mapped at EL2 and zero. */
static enum hyp_status meta_take(uint32_t id, uint64_t pfn, uint64_t count, void **memory)
{
	struct owner_request request = {
		.op = OWNER_HOST_DONATE_META, .vm = id, .pfn = pfn, .count = count
	};
	uint64_t pa = pfn << PAGE_SHIFT;
	uint64_t size = count << PAGE_SHIFT;
	enum hyp_status status;

	if (!is_count(count) || !is_ram(pfn, count)) {
		return HYP_EINVAL;
	}
	lock_take(&meta_lock);
	status = stage1_prepare(pa, size);
	if (status == HYP_OK) {
		status = owner_apply(&request);
	}
	if (status != HYP_OK) {
		stage1_trim(pa, size);
	} else if (stage1_map(pa, size, STAGE1_DATA) != HYP_OK) {
		hyp_bug("no table for pages of VM %u", id);
	} else {
		slots[id].meta_pages += count;
		*memory = (void *)(uintptr_t)pa;
		memset(*memory, 0, size);
	}
	lock_release(&meta_lock);
	return status;
}

enum hyp_status vm_take_meta(struct vm *vm, uint64_t pfn, uint64_t count, void **memory)
{
	return meta_take(vm->id, pfn, count, memory);
}

/* VM @id got nothing. With the lock, or the host's VM_DESTROY could come between. */
static void unmake(uint32_t id)
{
	lock_take(&meta_lock);
	if (owner_vm_kill(id) != HYP_OK || owner_vm_destroy(id) != HYP_OK) {
		hyp_bug("VM %u cannot be unmade", id);
	}
	lock_release(&meta_lock);
}

/* A VM in its pages, which are zero. */
static struct vm *make(uint32_t id, const struct regs *regs, void *memory)
{
	struct vm *vm = (struct vm *)((char *)memory + ROOT_PAGES * PAGE_BYTES);

	vm->id = id;
	vm->flags = (uint32_t)regs->x[1];
	vm->ipa_bits = (uint32_t)regs->x[2];
	vm->s2.root = memory;
	vm->s2.vmid = id;
	for (uint64_t page = ROOT_PAGES + 1; page < HYP_VM_PAGES; page++) {
		s2_give_page(&vm->s2, (char *)memory + page * PAGE_BYTES);
	}
	return vm;
}

enum hyp_status vm_create(struct regs *regs)
{
	uint64_t flags = regs->x[1], bits = regs->x[2], quota = regs->x[3], pfn = regs->x[4];
	bool is_protected = flags & (HYP_VM_PROTECTED | HYP_VM_RSI);
	enum hyp_status status;
	void *memory;
	uint32_t id;

	if (flags & ~(uint64_t)(HYP_VM_PROTECTED | HYP_VM_RSI) || bits < IPA_BITS_MIN ||
	    bits > IPA_BITS_MAX || pfn % ROOT_PAGES) {
		return HYP_EINVAL;
	}
	id = slot_take();
	if (id == OWNER_VM_NONE) {
		return HYP_EBUSY;
	}
	status = owner_vm_create(id, is_protected ? VM_PROTECTED : VM_NORMAL, quota);
	if (status == HYP_OK) {
		status = meta_take(id, pfn, HYP_VM_PAGES, &memory);
		if (status != HYP_OK) {
			unmake(id);
		}
	}
	if (status != HYP_OK) {
		slot_set(id, NULL, false);
		return status;
	}
	slot_set(id, make(id, regs, memory), true);
	regs->x[1] = id;
	return HYP_OK;
}

static enum hyp_status donate(struct vm *vm, struct regs *regs)
{
	uint64_t count = regs->x[3];
	enum hyp_status status;
	void *memory;

	lock_hold(&vm->lock);
	status = meta_take(vm->id, regs->x[2], count, &memory);

	for (uint64_t page = 0; status == HYP_OK && page < count; page++) {
		s2_give_page(&vm->s2, (char *)memory + page * PAGE_BYTES);
	}
	return status;
}

static enum hyp_status config(struct vm *vm, struct regs *regs)
{
	if (__atomic_load_n(&vm->has_run, __ATOMIC_ACQUIRE)) {
		return HYP_EBUSY;
	}
	switch (regs->x[2]) {
	case HYP_CONFIG_FORWARD_HVC:
		if (vm_is_protected(vm)) {
			return HYP_EPERM;
		}
		if (regs->x[3] > 1) {
			return HYP_EINVAL;
		}
		vm->forwards_hvc = regs->x[3];
		return HYP_OK;
	case HYP_CONFIG_RAM:
		return guest_declare_ram(vm, regs->x[3], regs->x[4]);
	default:
		return HYP_EINVAL;
	}
}

/* @gfn on, @count pages, all below the end of @vm's addresses. */
static bool is_gfn_range(const struct vm *vm, uint64_t gfn, uint64_t count)
{
	uint64_t limit = guest_ipa_limit(vm) >> PAGE_SHIFT;

	return is_count(count) && gfn < limit && count <= limit - gfn;
}

static enum hyp_status map(struct vm *vm, struct regs *regs)
{
	struct guest_pages pages = { .ipa = regs->x[3] << PAGE_SHIFT, .count = regs->x[4] };
	uint64_t rights = regs->x[5];

	if (!is_gfn_range(vm, regs->x[3], regs->x[4]) || rights & ~(uint64_t)HYP_MAP_ALL ||
	    !(rights & HYP_MAP_READ) || (vm_is_protected(vm) && rights != HYP_MAP_ALL) ||
	    regs->x[2] >= S2_IPA_LIMIT >> PAGE_SHIFT) {
		return HYP_EINVAL;
	}
	pages.pa = regs->x[2] << PAGE_SHIFT;
	pages.attributes = S2_MEMORY | S2_READ | (rights & HYP_MAP_WRITE ? S2_WRITE : 0) |
			   (rights & HYP_MAP_EXEC ? 0 : S2_XN);
	return guest_map(vm, &pages);
}

static enum hyp_status unmap(struct vm *vm, struct regs *regs)
{
	if (vm_is_protected(vm)) {
		return HYP_EPERM;
	}
	if (!is_gfn_range(vm, regs->x[2], regs->x[3])) {
		return HYP_EINVAL;
	}
	regs->x[1] = guest_unmap(vm, regs->x[2] << PAGE_SHIFT, regs->x[3] << PAGE_SHIFT);
	return HYP_OK;
}

typedef enum hyp_status (*vm_fn)(struct vm *vm, struct regs *regs);

/* @call with the VM of x1, held. */
static enum hyp_status with_vm(struct regs *regs, vm_fn call)
{
	struct vm *vm = vm_hold(regs->x[1]);
	enum hyp_status status;

	if (!vm) {
		return HYP_ENOENT;
	}
	status = call(vm, regs);
	vm_release(vm);
	return status;
}

enum hyp_status vm_donate(struct regs *regs)
{
	return with_vm(regs, donate);
}

enum hyp_status vm_config(struct regs *regs)
{
	return with_vm(regs, config);
}

enum hyp_status vm_map(struct regs *regs)
{
	return with_vm(regs, map);
}

enum hyp_status vm_unmap(struct regs *regs)
{
	return with_vm(regs, unmap);
}

enum hyp_status vm_kill(struct regs *regs)
{
	enum hyp_status status = HYP_ENOENT;
	uint64_t id = regs->x[1];
	struct vm *vm = NULL;

	if (id > OWNER_VM_MAX) {
		return HYP_ENOENT;
	}
	lock_take(&slots_lock);
	if (slots[id].vm && slots[id].holders > 0) {
		status = HYP_EBUSY;
	} else {
		vm = slots[id].vm;
		slots[id].vm = NULL;
	}
	lock_release(&slots_lock);
	if (vm) {
		/* Its tables are there until it is dying for the owner table too. */
		s2_flush(&vm->s2, 0, S2_IPA_LIMIT);
		status = owner_vm_kill((uint32_t)id);
	}
	return status;
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

enum hyp_status vm_reclaim(struct regs *regs)
{
	uint64_t pfn = regs->x[2], count = regs->x[3];
	struct owner_request request = { .op = OWNER_RECLAIM, .pfn = pfn, .count = count };
	enum hyp_status status = HYP_EPERM;
	uint64_t meta;

	if (regs->x[1] == OWNER_VM_NONE || regs->x[1] > OWNER_VM_MAX) {
		return HYP_ENOENT;
	}
	request.vm = (uint32_t)regs->x[1];
	if (!is_count(count) || !is_ram(pfn, count)) {
		return HYP_EINVAL;
	}
	lock_take(&meta_lock);
	/* Only this lock's holder makes a dying VM another. */
	switch (owner_vm_view(request.vm).kind) {
	case VM_DYING:
		meta = meta_set(request.vm, pfn, count, false);
		status = owner_apply(&request);
		if (status == HYP_OK) {
			slots[request.vm].meta_pages -= meta;
			stage1_trim(pfn << PAGE_SHIFT, count << PAGE_SHIFT);
		} else {
			meta_set(request.vm, pfn, count, true);
		}
		break;
	case VM_NONE:
		status = HYP_ENOENT;
		break;
	case VM_NORMAL:
	case VM_PROTECTED:
	case VM_KIND_COUNT:
		break;
	}
	lock_release(&meta_lock);
	return status;
}

enum hyp_status vm_destroy(struct regs *regs)
{
	uint64_t id = regs->x[1];
	enum hyp_status status;

	if (id > OWNER_VM_MAX) {
		return HYP_ENOENT;
	}
	lock_take(&meta_lock);
	status = owner_vm_destroy((uint32_t)id);
	if (status == HYP_OK) {
		slot_set((uint32_t)id, NULL, false);
	}
	lock_release(&meta_lock);
	return status;
}

enum hyp_status vm_stats(struct regs *regs)
{
	uint64_t id = regs->x[1];
	struct owner_vm_view view = owner_vm_view(id <= OWNER_VM_MAX ? (uint32_t)id : 0);
	struct vm *vm;

	if (view.kind == VM_NONE) {
		return HYP_ENOENT;
	}
	regs->x[1] = view.held_pages;
	lock_take(&meta_lock);
	regs->x[2] = slots[id].meta_pages;
	lock_release(&meta_lock);
	regs->x[3] = 0;
	vm = vm_hold(id);
	if (vm) {
		regs->x[3] = __atomic_load_n(&vm->shared_pages, __ATOMIC_RELAXED);
		vm_release(vm);
	}
	return HYP_OK;
}
