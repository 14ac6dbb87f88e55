/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns each page of RAM.
 *
 * The invariant: a page is reachable by two parties only if its owner shared it. One
 * table says who owns what; owner.c is its only writer; every change is an operation of
 * the list below, from a state of the list above it. What is not in owner.c's table is
 * refused, and so is state 0.
 *
 * Policy only: this file knows no page tables. The mechanism is behind page_ops.h, and
 * follows each change while the lock is held. Guests' own tables are the caller's: map
 * there what a call gave to the guest, after it; unmap there what a call takes from the
 * guest, and finish the TLB invalidation, before it.
 *
 * Lock: owner_lock, taken by each function here. It comes before the locks of page_ops.
 * Ranges are [pfn, pfn + count); pfn is a physical address / 4096.
 */
#ifndef HYP_OWNER_H
#define HYP_OWNER_H

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

/* VMs are numbered 1 to OWNER_VM_MAX (proofs take fewer); 0 is no VM. */
#define OWNER_VM_NONE 0
#ifndef OWNER_VM_MAX
#define OWNER_VM_MAX 255
#endif

/* So many guest addresses may show one page that the host lends. */
#define OWNER_LOANS_MAX ((1u << 20) - 1)

/*
 * X(NAME, host, hyp, guest): 1 who can reach the page.
 *
 *   DENY        Nobody. Not RAM that anybody was given at boot. Left by boot_host, boot_hyp.
 *   HOST        The host. Protected by nothing: the host's word is enough to give it away.
 *               Left by any of the host's operations.
 *   HOST_HYP    The host and the hypervisor: the host's page, lent to the hypervisor.
 *               What is in it is the host's and may change at any time. Left by unshare.
 *   HOST_GUEST  The host and the normal VM of the entry, at as many guest addresses as the
 *               entry counts. Left when the last of these is gone, or by reclaim once the
 *               VM is dying; not wiped, the host could read it all the time.
 *   HYP         The hypervisor: its image and tables, since boot. Protected from all by
 *               the host's stage 2. Never left.
 *   DONATED     The hypervisor, who got it from the host for its own use. Left by
 *               hyp_donate_host; wiped before the host sees it.
 *   VM_META     The hypervisor, who got it from the host for the VM of the entry: page
 *               tables, vCPU state. Left by reclaim once the VM is dying; wiped.
 *   GUEST       The protected VM of the entry, alone. Protected from the host by its stage
 *               2, from other VMs by theirs. Left by the VM's own word, or by reclaim once
 *               the VM is dying; wiped before the host sees it.
 *   GUEST_HOST  The protected VM of the entry, who shares it, and the host. Left by the
 *               VM's unshare, or by reclaim once it is dying.
 */
#define PAGE_STATES(X)         \
	X(DENY, 0, 0, 0)       \
	X(HOST, 1, 0, 0)       \
	X(HOST_HYP, 1, 1, 0)   \
	X(HOST_GUEST, 1, 0, 1) \
	X(HYP, 0, 1, 0)        \
	X(DONATED, 0, 1, 0)    \
	X(VM_META, 0, 1, 0)    \
	X(GUEST, 0, 0, 1)      \
	X(GUEST_HOST, 1, 0, 1)

/*
 * X(NAME, vm, content). vm is what the request's VM must be: NONE (0), NORMAL, PROTECTED
 * (alive), DYING, or LIVING (NORMAL or PROTECTED), or ANY of these three. content is what
 * happens to what is in the pages before their next owner sees them: KEEP, nothing; WIPE,
 * they are zeroed; SETTLE, caches are written back, so that it is there for good.
 *
 *   BOOT_HOST, BOOT_HYP  from DENY, until owner_seal()
 *   HOST_DONATE_HYP      the host gives pages to the hypervisor
 *   HYP_DONATE_HOST      the hypervisor gives such pages back
 *   HOST_SHARE_HYP       the host lends pages to the hypervisor
 *   HOST_UNSHARE_HYP     and takes them back
 *   HOST_DONATE_META     the host gives pages for a VM's tables and vCPUs
 *   HOST_DONATE_GUEST    the host gives pages, with what is in them, to a protected VM
 *   HOST_DONATE_SHARED   the same, and the VM shares them with the host from the start
 *   HOST_SHARE_GUEST     the host lends pages to a normal VM, at one more guest address
 *   HOST_UNSHARE_GUEST   and takes them back from one
 *   GUEST_SHARE_HOST     a protected VM shares pages of its own with the host
 *   GUEST_UNSHARE_HOST   and takes them back
 *   GUEST_SHARE_WIPED, GUEST_UNSHARE_WIPED  the same of a VM whose pages lose their content
 *   GUEST_RELINQUISH     a protected VM gives pages back to the host
 *   RECLAIM              the host takes back what a dying VM had of it; of a page that was
 *                        lent, all loans end, and it keeps its content
 */
#define OWNER_OPS(X)                             \
	X(BOOT_HOST, NONE, KEEP)                 \
	X(BOOT_HYP, NONE, KEEP)                  \
	X(HOST_DONATE_HYP, NONE, KEEP)           \
	X(HYP_DONATE_HOST, NONE, WIPE)           \
	X(HOST_SHARE_HYP, NONE, KEEP)            \
	X(HOST_UNSHARE_HYP, NONE, KEEP)          \
	X(HOST_DONATE_META, LIVING, KEEP)        \
	X(HOST_DONATE_GUEST, PROTECTED, SETTLE)  \
	X(HOST_DONATE_SHARED, PROTECTED, SETTLE) \
	X(HOST_SHARE_GUEST, NORMAL, SETTLE)      \
	X(HOST_UNSHARE_GUEST, ANY, KEEP)         \
	X(GUEST_SHARE_HOST, PROTECTED, KEEP)     \
	X(GUEST_UNSHARE_HOST, PROTECTED, SETTLE) \
	X(GUEST_SHARE_WIPED, PROTECTED, WIPE)    \
	X(GUEST_UNSHARE_WIPED, PROTECTED, WIPE)  \
	X(GUEST_RELINQUISH, PROTECTED, WIPE)     \
	X(RECLAIM, DYING, WIPE)

#define PAGE_STATE_ENUM(name, host, hyp, guest) PAGE_##name,
enum page_state { PAGE_STATES(PAGE_STATE_ENUM) PAGE_STATE_COUNT };

#define OWNER_OP_ENUM(name, vm, content) OWNER_##name,
enum owner_op { OWNER_OPS(OWNER_OP_ENUM) OWNER_OP_COUNT };

/* What a VM number stands for. Left: NONE by create, the living by kill, DYING by destroy. */
enum owner_vm_kind { VM_NONE = 0, VM_NORMAL, VM_PROTECTED, VM_DYING, VM_KIND_COUNT };

/* One change that somebody asks for. */
struct owner_request {
	enum owner_op op;
	uint32_t vm;    /* the VM that it is about; OWNER_VM_NONE if about none */
	uint64_t pfn;   /* first page */
	uint64_t count; /* pages, not 0 */
};

/* All that the table says of one page. */
struct owner_view {
	enum page_state state;
	bool host;      /* can reach it */
	bool hyp;       /* can reach it */
	uint32_t guest; /* the VM that can reach it, or OWNER_VM_NONE */
	uint32_t vm;    /* the VM that it is charged to, or OWNER_VM_NONE */
	uint32_t loans; /* HOST_GUEST: guest addresses that show it; else 0 */
};

/* All that is known of one VM. */
struct owner_vm_view {
	enum owner_vm_kind kind;
	uint64_t held_pages; /* pages charged to it; a lent page counts once for each loan */
	uint64_t quota_pages;
};

/*
 * Begin with a table in which all pages are DENY and no VM exists.
 *
 * @table  count entries of 4 bytes, the callee's from now on; need not be zero.
 * @pfn, @count  the RAM that the table is about.
 * Needs   to be the first call, on one CPU.
 */
void owner_init(uint32_t *table, uint64_t pfn, uint64_t count);

/* End of boot, on one CPU: from now on BOOT_HOST and BOOT_HYP are refused. */
void owner_seal(void);

/*
 * Do what @request asks for, for all its pages or for none.
 *
 * Owns   as the operation says; the host's mapping has followed when this returns.
 * Errors HYP_EINVAL no such operation, empty range, or one that leaves the table;
 *        HYP_ENOENT no such VM;
 *        HYP_EPERM  a page's state does not allow it, the page is another VM's, or the VM
 *                   is not of the kind that this needs;
 *        HYP_EBUSY  a page is already lent as often as can be counted;
 *        HYP_EQUOTA the VM would hold too much;
 *        HYP_ENOMEM no page for the host's tables is left.
 */
MUST_CHECK enum hyp_status owner_apply(const struct owner_request *request);

/*
 * Begin a VM.
 *
 * @vm     1 to OWNER_VM_MAX, not in use.
 * @kind   VM_NORMAL or VM_PROTECTED.
 * @quota_pages  so many pages can it hold at most.
 * Errors  HYP_EINVAL, or HYP_EBUSY the number is in use.
 */
MUST_CHECK enum hyp_status owner_vm_create(uint32_t vm, enum owner_vm_kind kind,
					   uint64_t quota_pages);

/*
 * The VM @vm is dying: it must not run any more. What it holds can be reclaimed, and
 * nothing can be given to it.
 *
 * Errors HYP_ENOENT no such living VM.
 */
MUST_CHECK enum hyp_status owner_vm_kill(uint32_t vm);

/*
 * The end of @vm, whose number is free again.
 *
 * Errors HYP_ENOENT no such VM; HYP_EPERM it is not dying; HYP_EBUSY it holds pages.
 */
MUST_CHECK enum hyp_status owner_vm_destroy(uint32_t vm);

/* What the table says of page @pfn; outside of the table: DENY. */
struct owner_view owner_view(uint64_t pfn);

/*
 * Whether the host can reach page @pfn, RAM or not. A fault of the host on a page for which
 * this is true came from a change that was under way: it can try again.
 */
bool owner_host_reaches(uint64_t pfn);

/* What is known of @vm; no such number: kind VM_NONE. */
struct owner_vm_view owner_vm_view(uint32_t vm);

#endif /* HYP_OWNER_H */
