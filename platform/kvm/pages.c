/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that the hypervisor has of us, from the gift to the return. */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "platform/kvm/memory.h"

/* Pages for tables in one gift: the deepest map needs two. */
#define TABLES_ORDER 1

/* No quota beside the machine's memory: KVM has none. */
static u64 quota(void)
{
	return totalram_pages();
}

/* A block of our own, noted as the hypervisor's. Its pfn, or 0. */
static u64 block_take(struct kvm_vm *vm, unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL_ACCOUNT, order);

	if (!page) {
		return 0;
	}
	if (xa_err(xa_store(&vm->memory.kernel_pages, page_to_pfn(page), xa_mk_value(order),
			    GFP_KERNEL_ACCOUNT))) {
		__free_pages(page, order);
		return 0;
	}
	return page_to_pfn(page);
}

/* The hypervisor did not want it, or gave it back. */
static void block_free(struct kvm_vm *vm, u64 pfn, unsigned int order)
{
	xa_erase(&vm->memory.kernel_pages, pfn);
	__free_pages(pfn_to_page(pfn), order);
}

int pages_create_vm(struct kvm_vm *vm)
{
	unsigned int order = order_base_2(HYP_VM_PAGES);
	u64 flags = (vm->is_protected ? HYP_VM_PROTECTED : 0) | (vm->has_rsi ? HYP_VM_RSI : 0);
	u64 pfn = block_take(vm, order);
	long status;

	if (!pfn) {
		return -ENOMEM;
	}
	status = hyp_call(HYP_CALL_VM_CREATE, flags, vm->ipa_bits, quota(), pfn, 0, &vm->handle);
	if (status != HYP_OK) {
		block_free(vm, pfn, order);
		return hyp_errno(status);
	}
	vm->has_handle = true;
	return 0;
}

int pages_create_vcpu(struct kvm_vm *vm, u32 index, u64 flags)
{
	unsigned int order = order_base_2(HYP_VCPU_PAGES);
	u64 pfn = block_take(vm, order);
	long status;

	if (!pfn) {
		return -ENOMEM;
	}
	status = hyp_call(HYP_CALL_VCPU_CREATE, vm->handle, index, pfn, flags, 0, NULL);
	if (status != HYP_OK) {
		block_free(vm, pfn, order);
	}
	return hyp_errno(status);
}

int pages_add_tables(struct kvm_vm *vm)
{
	u64 pfn = block_take(vm, TABLES_ORDER);
	long status;

	if (!pfn) {
		return -ENOMEM;
	}
	status = hyp_call(HYP_CALL_VM_DONATE, vm->handle, pfn, 1 << TABLES_ORDER, 0, 0, NULL);
	if (status != HYP_OK) {
		block_free(vm, pfn, TABLES_ORDER);
	}
	return hyp_errno(status);
}

int pages_declare_ram(struct kvm_vm *vm, u64 gfn, u64 pages)
{
	long status;

	do {
		status = hyp_call(HYP_CALL_VM_CONFIG, vm->handle, HYP_CONFIG_RAM, gfn, pages, 0,
				  NULL);
	} while (status == HYP_ENOTABLE && pages_add_tables(vm) == 0);
	return hyp_errno(status);
}

/* VM_MAP of one page, with tables as needed. */
static long map_one(struct kvm_vm *vm, u64 pfn, u64 gfn)
{
	long status;

	do {
		status = hyp_call(HYP_CALL_VM_MAP, vm->handle, pfn, gfn, 1, HYP_MAP_ALL, NULL);
	} while (status == HYP_ENOTABLE && pages_add_tables(vm) == 0);
	return status;
}

static int pin(u64 hva, struct page **page)
{
	long got = pin_user_pages_fast(hva, 1, FOLL_LONGTERM | FOLL_WRITE, page);

	if (got != 1) { /* slowly: why */
		got = pin_user_pages_unlocked(hva, 1, page,
					      FOLL_HWPOISON | FOLL_LONGTERM | FOLL_WRITE);
	}
	if (got == -EHWPOISON) {
		return -EHWPOISON;
	}
	if (got != 1) {
		return -EFAULT;
	}
	/* A file's page would be written back, by reads that the host may not do any more. */
	if (!folio_test_swapbacked(page_folio(*page))) {
		unpin_user_page(*page);
		return -EIO;
	}
	return 0;
}

static int give_pinned(struct kvm_vm *vm, u64 gfn, struct page *page)
{
	struct kvm_memory *memory = &vm->memory;
	int error;
	long status;

	mutex_lock(&memory->given_lock);
	error = xa_insert(&memory->pinned, gfn, page, GFP_KERNEL_ACCOUNT);
	if (!error) {
		status = map_one(vm, page_to_pfn(page), gfn);
		error = hyp_errno(status);
		if (status == HYP_OK) {
			memory->pinned_pages++;
		} else {
			xa_erase(&memory->pinned, gfn);
		}
	}
	mutex_unlock(&memory->given_lock);
	return error;
}

int pages_give_guest(struct kvm_vm *vm, u64 gfn, u64 hva)
{
	struct page *page;
	int error = account_locked_vm(vm->mm, 1, true);

	if (error) {
		return error;
	}
	error = pin(hva, &page);
	if (!error) {
		error = give_pinned(vm, gfn, page);
		if (error) {
			unpin_user_page(page);
		}
	}
	if (error) {
		account_locked_vm(vm->mm, 1, false);
	}
	/* Another vCPU is there first: the guest tries again. */
	return error == -EBUSY ? 0 : error;
}

bool pages_are_given(struct kvm_vm *vm, u64 gfn)
{
	return xa_load(&vm->memory.pinned, gfn);
}

void pages_returned(struct kvm_vm *vm, u64 gfn)
{
	struct kvm_memory *memory = &vm->memory;
	struct page *page;

	WRITE_ONCE(memory->has_returned, true);
	mutex_lock(&memory->given_lock);
	page = xa_erase(&memory->pinned, gfn);
	if (page) {
		memory->pinned_pages--;
	}
	mutex_unlock(&memory->given_lock);
	if (page) {
		unpin_user_pages_dirty_lock(&page, 1, true);
		account_locked_vm(vm->mm, 1, false);
	}
}

void pages_unmap(struct kvm_vm *vm, u64 gfn, u64 pages)
{
	while (pages) {
		u64 count = min_t(u64, pages, HYP_PAGES_MAX);

		hyp_call(HYP_CALL_VM_UNMAP, vm->handle, gfn, count, 0, 0, NULL);
		gfn += count;
		pages -= count;
	}
}

/* Whether the host has the pages again. If not they are lost, which is better than used. */
static bool reclaim(struct kvm_vm *vm, u64 pfn, u64 pages)
{
	long status = hyp_call(HYP_CALL_VM_RECLAIM, vm->handle, pfn, pages, 0, 0, NULL);

	if (status != HYP_OK) {
		pr_err("terrarium_kvm: the hypervisor keeps %llu pages from 0x%llx (%ld)\n", pages,
		       pfn, status);
	}
	return status == HYP_OK;
}

/* Pages in a row, of physical memory, that wait for their reclaim. */
struct run_of_pages {
	struct page *pages[HYP_PAGES_MAX];
	unsigned int count;
};

static void run_end(struct kvm_vm *vm, struct run_of_pages *run)
{
	if (run->count && reclaim(vm, page_to_pfn(run->pages[0]), run->count)) {
		unpin_user_pages_dirty_lock(run->pages, run->count, true);
	}
	run->count = 0;
	cond_resched();
}

static void reclaim_pinned(struct kvm_vm *vm)
{
	struct kvm_memory *memory = &vm->memory;
	struct run_of_pages *run = kvmalloc(sizeof(*run), GFP_KERNEL | __GFP_NOFAIL);
	struct page *page;
	unsigned long gfn;

	run->count = 0;
	xa_for_each(&memory->pinned, gfn, page)
	{
		if (run->count == HYP_PAGES_MAX ||
		    (run->count &&
		     page_to_pfn(page) != page_to_pfn(run->pages[run->count - 1]) + 1)) {
			run_end(vm, run);
		}
		run->pages[run->count++] = page;
	}
	run_end(vm, run);
	kvfree(run);
	xa_destroy(&memory->pinned);
	account_locked_vm(vm->mm, memory->pinned_pages, false);
	memory->pinned_pages = 0;
}

void pages_destroy_vm(struct kvm_vm *vm)
{
	void *entry;
	unsigned long pfn;

	if (!vm->has_handle) {
		return;
	}
	if (hyp_call(HYP_CALL_VM_KILL, vm->handle, 0, 0, 0, 0, NULL) != HYP_OK) {
		pr_err("terrarium_kvm: VM %llu cannot be ended\n", vm->handle);
	}
	reclaim_pinned(vm);
	xa_for_each(&vm->memory.kernel_pages, pfn, entry)
	{
		unsigned int order = xa_to_value(entry);

		if (reclaim(vm, pfn, 1U << order)) {
			block_free(vm, pfn, order);
		}
	}
	if (hyp_call(HYP_CALL_VM_DESTROY, vm->handle, 0, 0, 0, 0, NULL) != HYP_OK) {
		pr_err("terrarium_kvm: VM %llu stays behind\n", vm->handle);
	}
	xa_destroy(&vm->memory.kernel_pages);
}
