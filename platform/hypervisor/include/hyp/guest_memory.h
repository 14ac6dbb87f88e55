/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory: its stage 2 and page ownership, changed together. What the guest asks
 * for by its calls, whatever their ABI; the host's side is in vm.h.
 *
 * IPAs are without the top bit of a VM with RSI, except where said. All take vm->lock.
 *
 * Answers: HYP_OK; HYP_EINVAL; HYP_EPERM the page's state does not allow it; HYP_ENOPAGE
 * nothing is mapped at *at: the host must map it (exit MEMORY), then the guest's instruction
 * is tried again; HYP_ENOTABLE the VM lacks pages for tables (exit TABLES), again.
 */
#ifndef HYP_GUEST_MEMORY_H
#define HYP_GUEST_MEMORY_H

#include <hyp/vm.h>

/* What is at an IPA, from the guest's point of view. RIPAS: RMM spec, of VMs with RSI. */
enum guest_page {
	GUEST_PAGE_NONE = 0, /* nothing mapped */
	GUEST_PAGE_OWN,      /* memory: private, or lent by the host to a normal VM */
	GUEST_PAGE_SHARED,   /* memory that the protected guest shares with the host */
	GUEST_PAGE_DEVICE,   /* accesses go to the VMM */
};

enum guest_page guest_page_at(struct vm *vm, uint64_t ipa);

/*
 * Share pages with the host, take them back, give them back; pKVM's MEM_SHARE, MEM_UNSHARE,
 * MEM_RELINQUISH. @done: how many were done before an error; these stay done.
 */
enum hyp_status guest_share(struct vm *vm, uint64_t ipa, uint64_t count, uint64_t *done);
enum hyp_status guest_unshare(struct vm *vm, uint64_t ipa, uint64_t count, uint64_t *done);
enum hyp_status guest_relinquish(struct vm *vm, uint64_t ipa);

/*
 * The page at @ipa is a device's: accesses are told to the host. Of a VM that guards its
 * MMIO only the guest can say so (@by_guest), of one with RSI nobody (its RIPAS says it).
 */
enum hyp_status guest_set_device(struct vm *vm, uint64_t ipa, bool by_guest);
enum hyp_status guest_unset_device(struct vm *vm, uint64_t ipa);

/*
 * RSI: RIPAS EMPTY (0), RAM (1), DESTROYED (2) of a range. What was never set is EMPTY.
 * set: EMPTY: private pages are shared with the host (or given back if @destroys), and
 * accesses by the upper alias reach them or a device; RAM: shared pages are private again,
 * zeroed; nothing there: faults on the lower alias ask the host for a page. Does as much as
 * it can: *next is where it stopped (a long range needs more calls).
 * get: RIPAS of @base and the end of the range that has the same, at most @top.
 */
enum hyp_status guest_ripas_set(struct vm *vm, uint64_t base, uint64_t top, bool ram,
				uint64_t *next);
enum hyp_status guest_ripas_get(struct vm *vm, uint64_t base, uint64_t top, bool *ram,
				uint64_t *end);

/* Copy between EL2 and the guest's own memory, within one page. */
enum hyp_status guest_read(struct vm *vm, uint64_t ipa, void *to, uint64_t bytes);
enum hyp_status guest_write(struct vm *vm, uint64_t ipa, const void *from, uint64_t bytes);

/*
 * A stage 2 fault of a vCPU at @ipa (with the top bit, as the CPU has it): what it means.
 *   GUEST_FAULT_RETRY   it is mapped now: enter the guest again
 *   GUEST_FAULT_MEMORY  the host shall map a page (exit MEMORY)
 *   GUEST_FAULT_DEVICE  exit MMIO
 *   GUEST_FAULT_ABORT   the guest gets a synchronous external abort
 * @ipa without the top bit is left in *at.
 */
enum guest_fault {
	GUEST_FAULT_ABORT = 0,
	GUEST_FAULT_RETRY,
	GUEST_FAULT_MEMORY,
	GUEST_FAULT_DEVICE
};
enum guest_fault guest_fault(struct vm *vm, uint64_t ipa, bool is_write, bool is_permission,
			     uint64_t *at);

#endif /* HYP_GUEST_MEMORY_H */
