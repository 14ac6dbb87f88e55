/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory: its stage 2 and page ownership, changed together. What the guest asks
 * for by its calls, whatever their ABI; the host's side is in vm.h.
 *
 * IPAs are without the top bit of a VM with RSI, except where said. Such a VM has each page
 * at one of two addresses: private at the lower alias, shared with the host at the upper,
 * which has bit ipa_bits - 1. The tables say which: mapped, or by a note (s2.h).
 *
 * All need vm held, and take vm->lock.
 *
 * Answers: HYP_OK; HYP_EINVAL; HYP_EPERM the page's state does not allow it; HYP_ENOPAGE
 * nothing is mapped at *at: the host must map it (exit MEMORY), then the guest's instruction
 * is tried again; HYP_ENOTABLE the VM lacks pages for tables (exit TABLES), again.
 */
#ifndef HYP_GUEST_MEMORY_H
#define HYP_GUEST_MEMORY_H

#include <hyp/vm.h>

/*
 * Share pages with the host (@share) or take them back; give one back; pKVM's MEM_SHARE,
 * MEM_UNSHARE, MEM_RELINQUISH. Of a VM with RSI or a normal one: HYP_EPERM. @done: how many were done
 * before an error, or because more than HYP_PAGES_MAX are not done at once; these stay done.
 */
enum hyp_status guest_share(struct vm *vm, uint64_t ipa, uint64_t count, bool share,
			    uint64_t *done);
enum hyp_status guest_relinquish(struct vm *vm, uint64_t ipa);

/*
 * The page at @ipa is a device's (accesses are told to the host), or is not (@device). Of a VM
 * that guards its MMIO only the guest can say so (@by_guest), of one with RSI nobody (its
 * RIPAS says it).
 * HYP_EPERM too if memory is there.
 */
enum hyp_status guest_set_device(struct vm *vm, uint64_t ipa, bool by_guest, bool device);

/*
 * RSI: RIPAS, RAM (@ram) or EMPTY, of a range. What nobody ever set is EMPTY; DESTROYED does
 * not occur: the host cannot take pages from a VM that lives. Both lose what is in pages.
 *
 * To EMPTY: private pages are shared with the host at the upper alias; so will be those that
 * the host gives later. To RAM: shared pages are private at the lower alias.
 * Does as much as it can: *next is where it stopped, with any answer (a long range needs
 * more calls; HYP_OK: something was done).
 * get: RIPAS of @base, and how far its entry says so, at most @top; there it may be the same.
 */
enum hyp_status guest_ripas_set(struct vm *vm, uint64_t base, uint64_t top, bool ram,
				uint64_t *next);
enum hyp_status guest_ripas_get(struct vm *vm, uint64_t base, uint64_t top, bool *ram,
				uint64_t *end);

/*
 * VM_MAP: @count pages that the host gives or lends, all in range of VM and machine.
 * @attributes, of s2.h, are a normal VM's; of a protected one it is S2_RAM.
 */
enum hyp_status guest_map(struct vm *vm, uint64_t ipa, uint64_t pa, uint64_t count,
			  uint64_t attributes);

/* VM_UNMAP of a normal VM: how many pages were mapped. What was a device's, is not any more. */
uint64_t guest_unmap(struct vm *vm, uint64_t ipa, uint64_t size);

/* The first address that is none of @vm's; of a VM with RSI without the top bit. */
uint64_t guest_ipa_limit(const struct vm *vm);

/*
 * Copy to the guest's memory (@write; RSI: private memory) or from it, within one page. HYP_EPERM:
 * that is a device's, or EMPTY.
 */
enum hyp_status guest_copy(struct vm *vm, uint64_t ipa, void *data, uint64_t bytes, bool write);

/*
 * A stage 2 fault of a vCPU at @ipa (with the top bit, as the CPU has it): what it means.
 *   GUEST_FAULT_RETRY   it is mapped now: enter the guest again
 *   GUEST_FAULT_MEMORY  the host shall map a page (exit MEMORY)
 *   GUEST_FAULT_DEVICE  exit MMIO
 *   GUEST_FAULT_ABORT   the guest gets a synchronous external abort
 * @ipa without the top bit is left in *at. @is_write, @is_permission: what the CPU said.
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
