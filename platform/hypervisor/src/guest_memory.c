/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's stage 2 and page ownership, changed together: first the tables that a change
 * needs, then what the guest loses, then ownership, then what it gains. Where ownership
 * refuses, the guest has again what it lost.
 */
#include <hyp/bug.h>
#include <hyp/guest_memory.h>
#include <hyp/layout.h>
#include <hyp/owner.h>
#include <hyp/stage1.h>

#include <string.h>

/* Shared memory is not executed: the host can change it at any time. */
#define S2_SHARED (S2_RAM | S2_XN)

static bool has_rsi(const struct vm *vm)
{
	return vm->flags & HYP_VM_RSI;
}

uint64_t guest_ipa_limit(const struct vm *vm)
{
	return UINT64_C(1) << (vm->ipa_bits - has_rsi(vm));
}

static uint64_t upper(const struct vm *vm, uint64_t ipa)
{
	return ipa | guest_ipa_limit(vm);
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static enum hyp_status apply(struct vm *vm, enum owner_op op, uint64_t pa, uint64_t count)
{
	struct owner_request request = {
		.op = op, .vm = vm->id, .pfn = pa >> PAGE_SHIFT, .count = count
	};

	return owner_apply(&request);
}

/* The lock orders writers; VM_STATS reads without. */
static void add_shared(struct vm *vm, int64_t pages)
{
	__atomic_store_n(&vm->shared_pages, vm->shared_pages + (uint64_t)pages, __ATOMIC_RELAXED);
}

/*
 * Whether all of the range says @note: HYP_OK; HYP_EBUSY something is mapped there, or it is
 * a device's; HYP_EPERM it says otherwise.
 */
static enum hyp_status all_say(const struct vm *vm, uint64_t ipa, uint64_t size, uint64_t note)
{
	uint64_t end = ipa + size;

	while (ipa < end) {
		struct s2_view view = s2_look(&vm->s2, ipa);

		if (view.entry == S2_NOTE_DEVICE && !vm_is_protected(vm)) {
			view.entry = S2_NOTE_NONE; /* only the host ever said so */
		}
		if (view.entry & S2_VALID || view.entry == S2_NOTE_DEVICE) {
			return HYP_EBUSY;
		}
		if (view.entry != note) {
			return HYP_EPERM;
		}
		ipa += view.bytes;
	}
	return HYP_OK;
}

enum hyp_status guest_map(struct vm *vm, uint64_t ipa, uint64_t pa, uint64_t count,
			  uint64_t attributes)
{
	enum owner_op op = OWNER_HOST_SHARE_GUEST;
	uint64_t note = has_rsi(vm) ? S2_NOTE_RAM : S2_NOTE_NONE;
	uint64_t size = count << PAGE_SHIFT;
	enum hyp_status status;

	lock_hold(&vm->lock);
	if (vm_is_protected(vm)) {
		op = OWNER_HOST_DONATE_GUEST;
		attributes = S2_RAM;
	}
	if (has_rsi(vm) && s2_look(&vm->s2, upper(vm, ipa)).entry == S2_NOTE_SHARED) {
		ipa = upper(vm, ipa);
		op = OWNER_HOST_DONATE_SHARED;
		note = S2_NOTE_SHARED;
		attributes = S2_SHARED;
	}
	status = all_say(vm, ipa, size, note);
	if (status == HYP_OK) {
		status = s2_prepare(&vm->s2, ipa, size, pa);
	}
	if (status == HYP_OK) {
		status = apply(vm, op, pa, count);
	}
	if (status == HYP_OK) {
		s2_map(&vm->s2, ipa, size, pa, attributes);
		add_shared(vm, op == OWNER_HOST_DONATE_SHARED ? (int64_t)count : 0);
	}
	return status;
}

uint64_t guest_unmap(struct vm *vm, uint64_t ipa, uint64_t size)
{
	uint64_t pages = 0;

	lock_hold(&vm->lock);
	s2_break(&vm->s2, ipa, size);
	for (uint64_t at = ipa, bytes; at < ipa + size; at += bytes) {
		struct s2_view view = s2_look(&vm->s2, at);

		bytes = min(view.bytes, ipa + size - at);
		if (!(view.entry & S2_AF)) {
			continue;
		}
		if (apply(vm, OWNER_HOST_UNSHARE_GUEST, view.pa, bytes >> PAGE_SHIFT) != HYP_OK) {
			hyp_bug("VM %u has a page at %#lx that is not lent", vm->id, at);
		}
		pages += bytes >> PAGE_SHIFT;
	}
	s2_note(&vm->s2, ipa, size, S2_NOTE_NONE);
	return pages;
}

/* The page that the guest has at @ipa, for a call of pKVM's. */
static enum hyp_status page_of(struct vm *vm, uint64_t ipa, uint64_t *pa)
{
	struct s2_view view;

	if (ipa % PAGE_BYTES || ipa >= guest_ipa_limit(vm)) {
		return HYP_EINVAL;
	}
	view = s2_look(&vm->s2, ipa);
	if (has_rsi(vm) || !vm_is_protected(vm) || view.entry == S2_NOTE_DEVICE) {
		return HYP_EPERM;
	}
	*pa = view.pa;
	return view.entry & S2_VALID ? HYP_OK : HYP_ENOPAGE;
}

enum hyp_status guest_share(struct vm *vm, uint64_t ipa, uint64_t count, bool share, uint64_t *done)
{
	enum owner_op op = share ? OWNER_GUEST_SHARE_HOST : OWNER_GUEST_UNSHARE_HOST;
	enum hyp_status status = HYP_OK;

	lock_hold(&vm->lock);
	for (*done = 0; *done < min(count, HYP_PAGES_MAX); (*done)++) {
		uint64_t pa;

		status = page_of(vm, ipa + *done * PAGE_BYTES, &pa);
		if (status == HYP_OK) {
			status = apply(vm, op, pa, 1);
		}
		if (status != HYP_OK) {
			break;
		}
		add_shared(vm, share ? 1 : -1);
	}
	return status;
}

/*
 * The page at @pa leaves @ipa by @op; HYP_OK: nothing is there any more. Else all is as before:
 * the guest has it again.
 */
static enum hyp_status page_leaves(struct vm *vm, uint64_t ipa, uint64_t pa, enum owner_op op)
{
	enum hyp_status status;

	s2_break(&vm->s2, ipa, PAGE_BYTES);
	status = apply(vm, op, pa, 1);
	if (status == HYP_OK) {
		s2_note(&vm->s2, ipa, PAGE_BYTES, S2_NOTE_NONE);
	} else {
		s2_map(&vm->s2, ipa, PAGE_BYTES, pa,
		       ipa < guest_ipa_limit(vm) ? S2_RAM : S2_SHARED);
	}
	return status;
}

enum hyp_status guest_relinquish(struct vm *vm, uint64_t ipa)
{
	uint64_t pa;
	enum hyp_status status;

	lock_hold(&vm->lock);
	status = page_of(vm, ipa, &pa);
	return status == HYP_OK ? page_leaves(vm, ipa, pa, OWNER_GUEST_RELINQUISH) : status;
}

enum hyp_status guest_set_device(struct vm *vm, uint64_t ipa, bool by_guest, bool device)
{
	uint64_t page = ipa & ~(uint64_t)(PAGE_BYTES - 1);
	enum hyp_status status;

	lock_hold(&vm->lock);
	if (ipa >= guest_ipa_limit(vm)) {
		return HYP_EINVAL;
	}
	if (has_rsi(vm) || (vm->guards_mmio && !by_guest) ||
	    s2_look(&vm->s2, page).entry & S2_VALID) {
		return HYP_EPERM;
	}
	status = s2_prepare(&vm->s2, page, PAGE_BYTES, page);
	if (status == HYP_OK) {
		s2_note(&vm->s2, page, PAGE_BYTES, device ? S2_NOTE_DEVICE : S2_NOTE_NONE);
	}
	return status;
}

static bool is_ram(struct s2_view view)
{
	return view.entry & S2_VALID || view.entry == S2_NOTE_RAM;
}

/* The page at @pa goes from one alias to the other, and loses its content. */
static enum hyp_status move_page(struct vm *vm, uint64_t ipa, uint64_t pa, bool ram)
{
	enum owner_op op = ram ? OWNER_GUEST_UNSHARE_WIPED : OWNER_GUEST_SHARE_WIPED;
	uint64_t from = ram ? upper(vm, ipa) : ipa;
	uint64_t to = ram ? ipa : upper(vm, ipa);
	enum hyp_status status = s2_prepare(&vm->s2, to, PAGE_BYTES, pa);

	if (status == HYP_OK) {
		status = page_leaves(vm, from, pa, op);
	}
	if (status == HYP_OK) {
		s2_map(&vm->s2, to, PAGE_BYTES, pa, ram ? S2_RAM : S2_SHARED);
		add_shared(vm, ram ? -1 : 1);
	}
	return status;
}

/* As much of [ipa, ipa + size) as says the same is RAM, or not: *done bytes. */
static enum hyp_status ripas_step(struct vm *vm, uint64_t ipa, uint64_t size, bool ram,
				  uint64_t *done)
{
	struct s2_view low = s2_look(&vm->s2, ipa);
	struct s2_view high = s2_look(&vm->s2, upper(vm, ipa));
	struct s2_view from = ram ? high : low;
	enum hyp_status status;

	*done = min(size, low.bytes);
	if (is_ram(low) == ram) {
		return HYP_OK;
	}
	if (from.entry & S2_VALID) {
		*done = PAGE_BYTES;
		return move_page(vm, ipa, from.pa, ram);
	}
	*done = min(*done, high.bytes);
	status = s2_prepare(&vm->s2, ipa, *done, ipa);
	if (status == HYP_OK && high.entry != (ram ? S2_NOTE_NONE : S2_NOTE_SHARED)) {
		status = s2_prepare(&vm->s2, upper(vm, ipa), *done, upper(vm, ipa));
	}
	if (status == HYP_OK) {
		s2_note(&vm->s2, ipa, *done, ram ? S2_NOTE_RAM : S2_NOTE_NONE);
		s2_note(&vm->s2, upper(vm, ipa), *done, ram ? S2_NOTE_NONE : S2_NOTE_SHARED);
	}
	return status;
}

static bool is_range(const struct vm *vm, uint64_t base, uint64_t top)
{
	return base % PAGE_BYTES == 0 && top % PAGE_BYTES == 0 && base < top &&
	       top <= guest_ipa_limit(vm) && has_rsi(vm);
}

enum hyp_status guest_ripas_set(struct vm *vm, uint64_t base, uint64_t top, bool ram,
				uint64_t *next)
{
	enum hyp_status status = HYP_OK;
	uint64_t done;

	lock_hold(&vm->lock);
	*next = base;
	if (!is_range(vm, base, top)) {
		return HYP_EINVAL;
	}
	for (uint32_t step = 0; *next < top && step < HYP_PAGES_MAX; step++) {
		status = ripas_step(vm, *next, top - *next, ram, &done);
		if (status != HYP_OK) {
			break;
		}
		*next += done;
	}
	return status;
}

enum hyp_status guest_ripas_get(struct vm *vm, uint64_t base, uint64_t top, bool *ram,
				uint64_t *end)
{
	struct s2_view view;

	if (!is_range(vm, base, top)) {
		return HYP_EINVAL;
	}
	lock_hold(&vm->lock);
	view = s2_look(&vm->s2, base);
	*ram = is_ram(view);
	*end = min(top, base + view.bytes);
	return HYP_OK;
}

/* By this CPU's window. The guest may look with its caches off: it must be in memory. */
enum hyp_status guest_copy(struct vm *vm, uint64_t ipa, void *data, uint64_t bytes, bool write)
{
	uint64_t offset = ipa % PAGE_BYTES;
	struct s2_view view;
	char *at;

	lock_hold(&vm->lock);
	if (ipa >= guest_ipa_limit(vm) || bytes > PAGE_BYTES - offset) {
		return HYP_EINVAL;
	}
	view = s2_look(&vm->s2, ipa);
	if (!(view.entry & S2_VALID)) {
		return view.entry == (has_rsi(vm) ? S2_NOTE_RAM : S2_NOTE_NONE) ? HYP_ENOPAGE :
										  HYP_EPERM;
	}
	at = (char *)stage1_window(view.pa - offset) + offset;
	cache_flush(at, bytes);
	memcpy(write ? at : data, write ? data : at, bytes);
	cache_flush(at, bytes);
	stage1_window(0);
	return HYP_OK;
}

static enum guest_fault rsi_fault(const struct vm *vm, uint64_t ipa, uint64_t low)
{
	uint64_t entry = s2_look(&vm->s2, ipa).entry;

	if (entry & S2_VALID) {
		return GUEST_FAULT_RETRY;
	}
	if (entry == S2_NOTE_RAM || entry == S2_NOTE_SHARED) {
		return GUEST_FAULT_MEMORY;
	}
	/* Nothing is shared: a device, unless it is private memory. */
	return ipa != low && !is_ram(s2_look(&vm->s2, low)) ? GUEST_FAULT_DEVICE :
							      GUEST_FAULT_ABORT;
}

enum guest_fault guest_fault(struct vm *vm, uint64_t ipa, bool is_write, bool is_permission,
			     uint64_t *at)
{
	uint64_t entry, lacks;

	lock_hold(&vm->lock);
	*at = ipa & ~(has_rsi(vm) ? guest_ipa_limit(vm) : 0);
	if (*at >= guest_ipa_limit(vm)) {
		return GUEST_FAULT_ABORT;
	}
	if (has_rsi(vm)) {
		return rsi_fault(vm, ipa, *at);
	}
	entry = s2_look(&vm->s2, ipa).entry;
	if (!(entry & S2_VALID)) {
		return entry == S2_NOTE_DEVICE ? GUEST_FAULT_DEVICE : GUEST_FAULT_MEMORY;
	}
	/* Another vCPU's fault may have been first. */
	lacks = is_write ? ~entry & S2_WRITE : entry & S2_XN;
	return is_permission && lacks ? GUEST_FAULT_MEMORY : GUEST_FAULT_RETRY;
}
