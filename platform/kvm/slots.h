/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory slots: what userspace may set, and where an address is. Pure: no locks, no allocation;
 * also built natively by tests/kvm_api.
 */
#ifndef KVM_SLOTS_H
#define KVM_SLOTS_H

#include <linux/types.h>

#define KVM_SLOTS_MAX 32767           /* what KVM allows on arm64, KVM_CAP_NR_MEMSLOTS */
#define KVM_SLOT_PAGES_MAX 0x7fffffff /* in one slot */
#define KVM_SLOT_PAGE 4096ULL

/* Guest memory as userspace has set it. */
struct kvm_slot {
	__u32 id;
	__u32 flags;          /* KVM_MEM_* */
	__u64 gfn;            /* first page */
	__u64 pages;          /* not 0 */
	__u64 hva;            /* userspace address of gfn */
	unsigned long *dirty; /* one bit a page, or NULL; whose it is: memory.c */
};

/* All slots, sorted by gfn. */
struct kvm_slots {
	__u32 count;
	struct kvm_slot slot[];
};

enum slot_change { SLOT_REFUSED = 0, SLOT_SAME, SLOT_CREATE, SLOT_DELETE, SLOT_MOVE, SLOT_FLAGS };

/* KVM_SET_USER_MEMORY_REGION's numbers. */
struct slot_request {
	__u32 slot;
	__u32 flags;
	__u64 gpa;
	__u64 bytes;
	__u64 hva;
};

/*
 * What a request means.
 *
 * @hva_end  end of userspace's addresses
 * @change   SLOT_REFUSED exactly on an error
 * Errors    -EINVAL, -EEXIST: as KVM's for the same
 */
int slots_check(const struct kvm_slots *slots, const struct slot_request *request, __u64 hva_end,
		enum slot_change *change);

/*
 * @to becomes @from with @slot as @change says (DELETE: by its id). @to has room for one more
 * than @from.
 */
void slots_apply(struct kvm_slots *to, const struct kvm_slots *from, const struct kvm_slot *slot,
		 enum slot_change change);

/* The slot with that number, or with that page; NULL: none. */
const struct kvm_slot *slots_by_id(const struct kvm_slots *slots, __u32 id);
const struct kvm_slot *slots_by_gfn(const struct kvm_slots *slots, __u64 gfn);

#endif /* KVM_SLOTS_H */
