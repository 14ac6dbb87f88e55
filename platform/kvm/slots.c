/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/kvm/slots.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#include <stddef.h>
#endif
#include <linux/kvm.h>

#define SLOT_FLAGS_KNOWN (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

const struct kvm_slot *slots_by_id(const struct kvm_slots *slots, __u32 id)
{
	for (__u32 i = 0; i < slots->count; i++) {
		if (slots->slot[i].id == id) {
			return &slots->slot[i];
		}
	}
	return NULL;
}

const struct kvm_slot *slots_by_gfn(const struct kvm_slots *slots, __u64 gfn)
{
	__u32 low = 0, high = slots->count;

	while (low < high) {
		__u32 middle = low + (high - low) / 2;
		const struct kvm_slot *slot = &slots->slot[middle];

		if (gfn < slot->gfn) {
			high = middle;
		} else if (gfn - slot->gfn >= slot->pages) {
			low = middle + 1;
		} else {
			return slot;
		}
	}
	return NULL;
}

static int overlaps(const struct kvm_slots *slots, __u32 id, __u64 gfn, __u64 pages)
{
	for (__u32 i = 0; i < slots->count; i++) {
		const struct kvm_slot *slot = &slots->slot[i];

		if (slot->id != id && gfn < slot->gfn + slot->pages && slot->gfn < gfn + pages) {
			return 1;
		}
	}
	return 0;
}

static int request_is_sound(const struct slot_request *request, __u64 hva_end)
{
	if (request->flags & ~SLOT_FLAGS_KNOWN || request->slot >= KVM_SLOTS_MAX ||
	    request->bytes % KVM_SLOT_PAGE || request->gpa % KVM_SLOT_PAGE ||
	    request->hva % KVM_SLOT_PAGE) {
		return 0;
	}
	if (request->hva > hva_end || request->bytes > hva_end - request->hva) {
		return 0;
	}
	return request->gpa + request->bytes >= request->gpa &&
	       request->bytes / KVM_SLOT_PAGE <= KVM_SLOT_PAGES_MAX;
}

static enum slot_change change_of(const struct kvm_slot *old, const struct slot_request *request)
{
	if (request->bytes == 0) {
		return old ? SLOT_DELETE : SLOT_REFUSED;
	}
	if (!old) {
		return SLOT_CREATE;
	}
	if (request->bytes / KVM_SLOT_PAGE != old->pages || request->hva != old->hva ||
	    (request->flags ^ old->flags) & KVM_MEM_READONLY) {
		return SLOT_REFUSED;
	}
	if (request->gpa / KVM_SLOT_PAGE != old->gfn) {
		return SLOT_MOVE;
	}
	return request->flags == old->flags ? SLOT_SAME : SLOT_FLAGS;
}

int slots_check(const struct kvm_slots *slots, const struct slot_request *request, __u64 hva_end,
		enum slot_change *change)
{
	*change = SLOT_REFUSED;
	if (!request_is_sound(request, hva_end)) {
		return -EINVAL;
	}
	*change = change_of(slots_by_id(slots, request->slot), request);
	if (*change == SLOT_REFUSED) {
		return -EINVAL;
	}
	if ((*change == SLOT_CREATE || *change == SLOT_MOVE) &&
	    overlaps(slots, request->slot, request->gpa / KVM_SLOT_PAGE,
		     request->bytes / KVM_SLOT_PAGE)) {
		*change = SLOT_REFUSED;
		return -EEXIST;
	}
	return 0;
}

void slots_apply(struct kvm_slots *to, const struct kvm_slots *from, const struct kvm_slot *slot,
		 enum slot_change change)
{
	int is_placed = change == SLOT_DELETE;
	__u32 count = 0;

	/* count first: the array's bound is known by it. */
	to->count = from->count + 1;
	for (__u32 i = 0; i < from->count; i++) {
		if (from->slot[i].id == slot->id) {
			continue;
		}
		if (!is_placed && slot->gfn < from->slot[i].gfn) {
			to->slot[count++] = *slot;
			is_placed = 1;
		}
		to->slot[count++] = from->slot[i];
	}
	if (!is_placed) {
		to->slot[count++] = *slot;
	}
	to->count = count;
}
