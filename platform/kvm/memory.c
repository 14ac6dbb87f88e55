/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots, and what the guest's faults lead to. */
#include "platform/kvm/memory.h"

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define ESR_EC_SHIFT 26
#define ESR_EC_INSTRUCTION_ABORT 0x20
#define ESR_WNR 0x40
#define ESR_S1PTW 0x80
#define ESR_CM 0x100

#define AROUND_PAGES 16 /* as many as the kernel's own fault_around_bytes */
#define AHEAD_PAGES_MAX 16

/* How a page of userspace was had. */
struct faulted {
	struct page *page;
	u64 rights; /* HYP_MAP_* */
};

static bool esr_is_fetch(u64 esr)
{
	return (esr >> ESR_EC_SHIFT & 0x3f) == ESR_EC_INSTRUCTION_ABORT;
}

/* A write by the guest; the walker's update of its tables is one, the report of a fetch is not. */
static bool esr_is_write(u64 esr)
{
	return !esr_is_fetch(esr) && esr & ESR_WNR && !(esr & ESR_CM);
}

/* ---- The MMU notifier: a normal VM's pages follow the VMM's address space ---------------- */

static struct kvm_vm *vm_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct kvm_vm, memory.notifier);
}

/* Unmap what of [start, end) of userspace is in a slot. Needs mmu_lock. */
static void unmap_hva(struct kvm_vm *vm, u64 start, u64 end)
{
	const struct kvm_slots *slots = vm->memory.slots;

	for (u32 i = 0; i < slots->count; i++) {
		const struct kvm_slot *slot = &slots->slot[i];
		u64 first = max(start, slot->hva);
		u64 last = min(end, slot->hva + (slot->pages << PAGE_SHIFT));

		if (first < last) {
			u64 page = (first - slot->hva) >> PAGE_SHIFT;
			u64 after = (last - slot->hva + PAGE_SIZE - 1) >> PAGE_SHIFT;

			pages_unmap(vm, slot->gfn + page, after - page);
		}
	}
}

static int invalidate_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct kvm_vm *vm = vm_of(notifier);

	spin_lock(&vm->memory.mmu_lock);
	vm->memory.invalidating++;
	unmap_hva(vm, range->start, range->end);
	spin_unlock(&vm->memory.mmu_lock);
	return 0;
}

static void invalidate_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct kvm_vm *vm = vm_of(notifier);

	spin_lock(&vm->memory.mmu_lock);
	vm->memory.invalidate_seq++;
	vm->memory.invalidating--;
	spin_unlock(&vm->memory.mmu_lock);
}

/* The address space ends. Nothing is mapped after this: faults need current->mm. */
static void address_space_ends(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct kvm_vm *vm = vm_of(notifier);

	spin_lock(&vm->memory.mmu_lock);
	vm->memory.invalidate_seq++;
	unmap_hva(vm, 0, TASK_SIZE_MAX);
	spin_unlock(&vm->memory.mmu_lock);
}

static const struct mmu_notifier_ops notifier_ops = {
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
	.release = address_space_ends,
};

int kvm_memory_init(struct kvm_vm *vm)
{
	struct kvm_memory *memory = &vm->memory;
	int error;

	init_rwsem(&memory->slots_lock);
	mutex_init(&memory->given_lock);
	spin_lock_init(&memory->mmu_lock);
	xa_init(&memory->kernel_pages);
	xa_init(&memory->pinned);
	memory->slots = kvzalloc(sizeof(*memory->slots), GFP_KERNEL_ACCOUNT);
	if (!memory->slots) {
		return -ENOMEM;
	}
	if (vm->is_protected) {
		return 0;
	}
	memory->notifier.ops = &notifier_ops;
	error = mmu_notifier_register(&memory->notifier, vm->mm);
	memory->has_notifier = !error;
	return error;
}

void kvm_memory_destroy(struct kvm_vm *vm)
{
	struct kvm_memory *memory = &vm->memory;

	if (memory->has_notifier) {
		mmu_notifier_unregister(&memory->notifier, vm->mm);
	}
	if (!memory->slots) {
		return;
	}
	if (vm->has_handle && !vm->is_protected) {
		spin_lock(&memory->mmu_lock);
		unmap_hva(vm, 0, TASK_SIZE_MAX);
		spin_unlock(&memory->mmu_lock);
	}
	pages_destroy_vm(vm);
	for (u32 i = 0; i < memory->slots->count; i++) {
		kvfree(memory->slots->slot[i].dirty);
	}
	kvfree(memory->slots);
}

/* ---- Slots ------------------------------------------------------------------------------- */

/* What a protected VM's memory cannot be. */
static int protected_refuses(struct kvm_vm *vm, enum slot_change change, u32 flags)
{
	if (!vm->is_protected) {
		return 0;
	}
	if (READ_ONCE(vm->has_run) && (change == SLOT_DELETE || change == SLOT_MOVE)) {
		return -EPERM;
	}
	if (change != SLOT_DELETE && flags & (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)) {
		return -EPERM;
	}
	return 0;
}

/* Publish @slots and unmap what has changed of @old and @slot. */
static void slots_replace(struct kvm_vm *vm, struct kvm_slots *slots, const struct kvm_slot *old,
			  const struct kvm_slot *slot)
{
	struct kvm_memory *memory = &vm->memory;

	spin_lock(&memory->mmu_lock);
	memory->slots = slots;
	spin_unlock(&memory->mmu_lock);
	if (vm->is_protected) {
		return;
	}
	if (old) {
		pages_unmap(vm, old->gfn, old->pages);
	}
	if (memory->has_devices) {
		pages_unmap(vm, slot->gfn, slot->pages);
	}
}

static unsigned long *dirty_alloc(const struct kvm_vm *vm, u64 pages)
{
	/* Twice: GET_DIRTY_LOG copies from the second half. */
	unsigned long *bits = kvcalloc(BITS_TO_LONGS(pages), 2 * sizeof(long), GFP_KERNEL_ACCOUNT);

	if (bits && vm->memory.dirty_flags & KVM_DIRTY_LOG_INITIALLY_SET) {
		bitmap_set(bits, 0, pages);
	}
	return bits;
}

static int slots_change(struct kvm_vm *vm, struct kvm_slot *slot, enum slot_change change)
{
	struct kvm_memory *memory = &vm->memory;
	struct kvm_slots *before = memory->slots, *after;
	const struct kvm_slot *old = slots_by_id(before, slot->id);
	unsigned long *dirty = old ? old->dirty : NULL;

	after = kvzalloc(struct_size(after, slot, before->count + 1), GFP_KERNEL_ACCOUNT);
	if (!after) {
		return -ENOMEM;
	}
	if (change == SLOT_DELETE) {
		slot->gfn = old->gfn;
		slot->pages = old->pages;
	} else if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		slot->dirty = dirty ? dirty : dirty_alloc(vm, slot->pages);
		if (!slot->dirty) {
			kvfree(after);
			return -ENOMEM;
		}
	}
	slots_apply(after, before, slot, change);
	slots_replace(vm, after, old, slot);
	if (dirty && dirty != slot->dirty) {
		kvfree(dirty);
	}
	kvfree(before);
	return 0;
}

long kvm_memory_set_region(struct kvm_vm *vm, const struct slot_request *request)
{
	struct kvm_memory *memory = &vm->memory;
	struct kvm_slot slot = {
		.id = request->slot,
		.flags = request->flags,
		.gfn = request->gpa >> PAGE_SHIFT,
		.pages = request->bytes >> PAGE_SHIFT,
		.hva = request->hva,
	};
	enum slot_change change;
	long error;

	mutex_lock(&vm->lock);
	error = slots_check(memory->slots, request, TASK_SIZE_MAX, &change);
	if (!error && change != SLOT_SAME) {
		error = protected_refuses(vm, change, request->flags);
		if (!error && change != SLOT_DELETE &&
		    request->gpa + request->bytes > 1ULL << vm->ipa_bits) {
			error = -EFAULT;
		}
		if (!error) {
			down_write(&memory->slots_lock);
			error = slots_change(vm, &slot, change);
			up_write(&memory->slots_lock);
		}
	}
	mutex_unlock(&vm->lock);
	return error;
}

/* ---- Dirty log ---------------------------------------------------------------------------- */

/* The pages whose bits are set are to fault again at the next write. */
static void unmap_dirty(struct kvm_vm *vm, const struct kvm_slot *slot, const unsigned long *bits,
			u64 first, u64 count)
{
	unsigned long bit;

	for_each_set_bit(bit, bits, count)
	{
		pages_unmap(vm, slot->gfn + first + bit, 1);
	}
}

static long get_dirty(struct kvm_vm *vm, const struct kvm_slot *slot, void __user *user)
{
	u64 words = BITS_TO_LONGS(slot->pages);
	unsigned long *copy = slot->dirty + words;

	for (u64 i = 0; i < words; i++) {
		copy[i] = vm->memory.dirty_flags ? READ_ONCE(slot->dirty[i]) :
						   xchg(&slot->dirty[i], 0);
	}
	if (!vm->memory.dirty_flags) {
		unmap_dirty(vm, slot, copy, 0, slot->pages);
	}
	return copy_to_user(user, copy, words * sizeof(long)) ? -EFAULT : 0;
}

long kvm_memory_get_dirty(struct kvm_vm *vm, const struct kvm_dirty_log *log)
{
	const struct kvm_slot *slot;
	long error;

	if (log->slot >= KVM_SLOTS_MAX) {
		return -EINVAL;
	}
	mutex_lock(&vm->lock);
	slot = slots_by_id(vm->memory.slots, log->slot);
	error = slot && slot->dirty ? get_dirty(vm, slot, log->dirty_bitmap) : -ENOENT;
	mutex_unlock(&vm->lock);
	return error;
}

static long clear_dirty(struct kvm_vm *vm, const struct kvm_slot *slot,
			const struct kvm_clear_dirty_log *log)
{
	u64 words = BITS_TO_LONGS(log->num_pages);
	u64 first = log->first_page / BITS_PER_LONG;
	unsigned long *copy = slot->dirty + BITS_TO_LONGS(slot->pages);

	if (log->first_page > slot->pages || log->num_pages > slot->pages - log->first_page ||
	    (log->num_pages < slot->pages - log->first_page && log->num_pages % BITS_PER_LONG)) {
		return -EINVAL;
	}
	if (copy_from_user(copy, log->dirty_bitmap, words * sizeof(long))) {
		return -EFAULT;
	}
	for (u64 i = 0; i < words; i++) {
		unsigned long was =
			atomic_long_fetch_andnot(copy[i], (atomic_long_t *)&slot->dirty[first + i]);

		copy[i] &= was;
	}
	unmap_dirty(vm, slot, copy, log->first_page, log->num_pages);
	return 0;
}

long kvm_memory_clear_dirty(struct kvm_vm *vm, const struct kvm_clear_dirty_log *log)
{
	const struct kvm_slot *slot;
	long error = -EINVAL;

	if (log->slot >= KVM_SLOTS_MAX || log->first_page % BITS_PER_LONG) {
		return -EINVAL;
	}
	mutex_lock(&vm->lock);
	if (vm->memory.dirty_flags) {
		slot = slots_by_id(vm->memory.slots, log->slot);
		error = slot && slot->dirty ? clear_dirty(vm, slot, log) : -ENOENT;
	}
	mutex_unlock(&vm->lock);
	return error;
}

/* ---- Faults ------------------------------------------------------------------------------- */

static long get_one(u64 hva, unsigned int flags, struct page **page)
{
	long got = get_user_pages_fast(hva, 1, flags, page);

	/* Slowly: why not. */
	return got == 1 ? got : get_user_pages_unlocked(hva, 1, page, flags | FOLL_HWPOISON);
}

static int page_get(u64 hva, bool is_write, bool is_readonly, struct faulted *faulted)
{
	long got = -EFAULT;

	faulted->rights = HYP_MAP_ALL;
	if (!is_readonly) {
		got = get_one(hva, FOLL_WRITE, &faulted->page);
	}
	if (got != 1 && got != -EHWPOISON && !is_write) {
		faulted->rights = HYP_MAP_READ | HYP_MAP_EXEC;
		got = get_one(hva, 0, &faulted->page);
	}
	if (got == 1) {
		return 0;
	}
	return got == -EHWPOISON || got == -EINTR || got == -EAGAIN ? got : -EFAULT;
}

static long map_lent(struct kvm_vm *vm, u64 gfn, const struct faulted *faulted)
{
	u64 pfn = page_to_pfn(faulted->page);
	long status = hyp_call(HYP_CALL_VM_MAP, vm->handle, pfn, gfn, 1, faulted->rights, NULL);

	if (status == HYP_EBUSY) { /* with other rights, or by another vCPU just now */
		pages_unmap(vm, gfn, 1);
		status = hyp_call(HYP_CALL_VM_MAP, vm->handle, pfn, gfn, 1, faulted->rights, NULL);
	}
	return status;
}

/* Lend a page that was had when the notifier's count was @seq. -EAGAIN: it is out of date. */
static int lend(struct kvm_vm *vm, u64 gfn, unsigned long seq, const struct faulted *faulted)
{
	struct kvm_memory *memory = &vm->memory;
	long status;

	do {
		spin_lock(&memory->mmu_lock);
		if (memory->invalidating || memory->invalidate_seq != seq) {
			spin_unlock(&memory->mmu_lock);
			return -EAGAIN;
		}
		status = map_lent(vm, gfn, faulted);
		spin_unlock(&memory->mmu_lock);
	} while (status == HYP_ENOTABLE && pages_add_tables(vm) == 0);
	return hyp_errno(status);
}

static int fault_normal(struct kvm_vm *vm, const struct kvm_slot *slot, u64 gfn, bool is_write)
{
	u64 hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT);
	struct faulted faulted;
	unsigned long seq;
	int error;

	do {
		seq = READ_ONCE(vm->memory.invalidate_seq);
		smp_rmb(); /* the count before the page, against invalidate_end() */
		error = page_get(hva, is_write, slot->flags & KVM_MEM_READONLY, &faulted);
		if (error) {
			return error;
		}
		if (slot->dirty && !is_write) {
			faulted.rights &= ~(u64)HYP_MAP_WRITE;
		}
		error = lend(vm, gfn, seq, &faulted);
		if (!error && faulted.rights & HYP_MAP_WRITE) {
			if (slot->dirty) {
				set_bit(gfn - slot->gfn, slot->dirty);
			}
			set_page_dirty_lock(faulted.page);
		}
		put_page(faulted.page);
		cond_resched();
	} while (error == -EAGAIN && !signal_pending(current));
	return error == -EAGAIN ? 0 : error;
}

/* The hypervisor's errors that KVM has no such word for. */
static int fault_error(int error)
{
	switch (error) {
	case -EINTR:
	case -EAGAIN:
		return 0; /* the run loop sees the signal */
	case -EHWPOISON:
	case -ENOMEM:
	case -EIO:
	case 0:
		return error;
	default:
		return -EFAULT;
	}
}

/* Lend a page that userspace has there and may write now. False: it has none, or something is in the way, as the guest's own fault will tell. */
static bool lend_present(struct kvm_vm *vm, u64 gfn, u64 hva)
{
	struct kvm_memory *memory = &vm->memory;
	unsigned long seq = READ_ONCE(memory->invalidate_seq);
	struct page *page;
	long status = HYP_EBUSY;

	smp_rmb(); /* the count before the page, against invalidate_end() */
	if (!get_user_page_fast_only(hva, FOLL_WRITE, &page)) {
		return false;
	}
	spin_lock(&memory->mmu_lock);
	if (!memory->invalidating && memory->invalidate_seq == seq) {
		status = hyp_call(HYP_CALL_VM_MAP, vm->handle, page_to_pfn(page), gfn, 1,
				  HYP_MAP_ALL, NULL);
	}
	spin_unlock(&memory->mmu_lock);
	if (status == HYP_OK) {
		set_page_dirty_lock(page);
	}
	put_page(page);
	return status == HYP_OK;
}

/* The same of a protected VM's page. */
static bool give_present(struct kvm_vm *vm, u64 gfn, u64 hva)
{
	struct page *page;

	if (pages_are_given(vm, gfn) || !get_user_page_fast_only(hva, FOLL_WRITE, &page)) {
		return false;
	}
	put_page(page);
	return pages_give_guest(vm, gfn, hva) == 0;
}

static bool pass_present(struct kvm_vm *vm, const struct kvm_slot *slot, u64 gfn)
{
	u64 hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT);

	return vm->is_protected ? give_present(vm, gfn, hva) : lend_present(vm, gfn, hva);
}

/*
 * After a fault: what of its neighbourhood userspace has filled already, such as an image that it
 * loaded, goes to the guest with it. That costs no page, and saves the guest's own faults.
 */
static void fault_around(struct kvm_vm *vm, const struct kvm_slot *slot, u64 faulted)
{
	u64 first = max(round_down(faulted, AROUND_PAGES), slot->gfn);
	u64 end = min(round_down(faulted, AROUND_PAGES) + AROUND_PAGES, slot->gfn + slot->pages);
	u64 gfn = faulted;

	while (++gfn < end && pass_present(vm, slot, gfn)) {
	}
	gfn = faulted;
	while (gfn-- > first && pass_present(vm, slot, gfn)) {
	}
}

/* Which of the streams @gfn goes on with, and in which direction; the stalest, with direction 0, if none. */
static struct kvm_stream *stream_of(struct kvm_memory *memory, u64 gfn, int *direction)
{
	struct kvm_stream *stalest = memory->streams;

	for (u32 i = 0; i < ARRAY_SIZE(memory->streams); i++) {
		struct kvm_stream *stream = &memory->streams[i];

		if (stream->pages && (gfn == stream->above || gfn == stream->below)) {
			*direction = gfn == stream->above ? 1 : -1;
			return stream;
		}
		if (stream->used < stalest->used) {
			stalest = stream;
		}
	}
	*direction = 0;
	return stalest;
}

/*
 * A protected guest that touches page after page, up or down, as a kernel does with its memory map and
 * its page cache: gets more and more of what comes next, before it asks.
 */
static void fault_ahead(struct kvm_vm *vm, const struct kvm_slot *slot, u64 faulted)
{
	struct kvm_memory *memory = &vm->memory;
	struct kvm_stream *stream;
	int direction;
	u64 pages, gfn = faulted;

	spin_lock(&memory->mmu_lock);
	stream = stream_of(memory, faulted, &direction);
	pages = direction ? min_t(u64, 2 * stream->pages, AHEAD_PAGES_MAX) : 0;
	*stream = (struct kvm_stream){
		.above = faulted + 1 + (direction > 0 ? pages : 0),
		.below = faulted - 1 - (direction < 0 ? pages : 0),
		.pages = max(pages, 1ULL),
		.used = ++memory->streams_used,
	};
	spin_unlock(&memory->mmu_lock);
	while (pages--) {
		gfn += direction;
		if (gfn < slot->gfn || gfn - slot->gfn >= slot->pages || pages_are_given(vm, gfn) ||
		    pages_give_guest(vm, gfn, slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT))) {
			return;
		}
	}
}

/* Not where a page comes only when asked for: the dirty log's, and what a guest has given back or shares by giving it back. */
static bool may_go_around(const struct kvm_vm *vm, const struct kvm_slot *slot)
{
	return !slot->dirty && !(slot->flags & KVM_MEM_READONLY) && !vm->has_rsi &&
	       !READ_ONCE(vm->memory.has_returned);
}

static int fault_slot(struct kvm_vm *vm, const struct kvm_slot *slot, u64 gfn, bool is_write)
{
	u64 hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT);
	int error = vm->is_protected ? pages_give_guest(vm, gfn, hva) :
				       fault_normal(vm, slot, gfn, is_write);

	if (!error && may_go_around(vm, slot)) {
		fault_around(vm, slot, gfn);
		if (vm->is_protected) {
			fault_ahead(vm, slot, gfn);
		}
	}
	return fault_error(error);
}

int kvm_memory_fault(struct kvm_vcpu *vcpu, u64 ipa, u64 esr)
{
	struct kvm_vm *vm = vcpu->vm;
	bool is_write = esr_is_write(esr);
	u64 gfn = ipa >> PAGE_SHIFT;
	const struct kvm_slot *slot;
	int result = MEMORY_FAULT_DEVICE;

	down_read(&vm->memory.slots_lock);
	slot = slots_by_gfn(vm->memory.slots, gfn);
	if (slot && is_write && slot->flags & KVM_MEM_READONLY) {
		pages_unmap(vm, gfn,
			    1); /* the write is the VMM's to see; reads come back by undo */
	} else if (slot) {
		result = fault_slot(vm, slot, gfn, is_write);
	}
	if (result == MEMORY_FAULT_DEVICE) {
		if (esr_is_fetch(esr) || esr & ESR_S1PTW) {
			result = MEMORY_FAULT_ABORT;
		} else {
			WRITE_ONCE(vm->memory.has_devices, true);
		}
	}
	up_read(&vm->memory.slots_lock);
	return result;
}

bool kvm_memory_undo_device(struct kvm_vm *vm, u64 ipa, bool is_write)
{
	const struct kvm_slot *slot;
	bool is_memory = false;

	if (vm->is_protected) {
		return false;
	}
	down_read(&vm->memory.slots_lock);
	slot = slots_by_gfn(vm->memory.slots, ipa >> PAGE_SHIFT);
	if (slot && !(is_write && slot->flags & KVM_MEM_READONLY)) {
		pages_unmap(vm, ipa >> PAGE_SHIFT, 1);
		is_memory = true;
	}
	up_read(&vm->memory.slots_lock);
	return is_memory;
}
