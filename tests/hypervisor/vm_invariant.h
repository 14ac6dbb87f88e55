/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must always hold of ownership, the host's and all guests' stage 2 tables, EL2's own
 * view and what is in pages, on the machine of fake_machine.h. Written from the headers'
 * contracts and, for the tables, from the architecture (s2_walker.h).
 */
#ifndef TESTS_HYPERVISOR_VM_INVARIANT_H
#define TESTS_HYPERVISOR_VM_INVARIANT_H

#include <stdint.h>

/* Begin to watch, on a machine that has just booted. VMs above @vm_max are known not to be. */
void vm_invariant_begin(uint32_t vm_max);

/* What does not hold, or NULL. Contents are compared with those at the last call. */
const char *vm_invariant(void);

/*
 * The host mapped pages [@gfn, @gfn + @count) of VM @vm, and it was done; @rights: HYP_MAP_*.
 * From then on a normal VM's entries for them, if there are any, say these rights.
 */
void vm_invariant_mapped(uint64_t vm, uint64_t gfn, uint64_t count, uint64_t rights);

/*
 * A number for all that is owned and mapped: after a call that says it did nothing, it is the
 * same. Of the state that vm_invariant() saw last.
 */
uint64_t vm_invariant_state(void);

/*
 * Everybody uses what he has: TLBs see some of what is mapped; protected guests write
 * secrets to their pages, the host its own words to its.
 */
void vm_invariant_use(uint32_t step);

/* The host writes to the page, if it is its own. */
void vm_invariant_host_writes(uint64_t pfn);

#endif /* TESTS_HYPERVISOR_VM_INVARIANT_H */
