/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for the hypervisor's memory management: RAM at real addresses, EL2's view of it
 * (what EL2 has not mapped, it cannot touch: the test dies), and TLBs that keep what they
 * were shown until they are told to forget it. Implements page_ops.h's contents, stage1.h,
 * s2.h's CPU part and bug.h; owner.c, host_s2.c, s2.c, pool.c, vm.c and guest_memory.c are
 * the real ones.
 */
#ifndef TESTS_HYPERVISOR_FAKE_MACHINE_H
#define TESTS_HYPERVISOR_FAKE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_RAM UINT64_C(0x40000000)
#ifndef MACHINE_PAGES
#define MACHINE_PAGES 4096u /* of which the first MACHINE_HYP_PAGES are the hypervisor's */
#endif
#define MACHINE_HYP_PAGES 512u
#define MACHINE_PFN (MACHINE_RAM >> 12)
#define MACHINE_HOST_PFN (MACHINE_PFN + MACHINE_HYP_PAGES)
#define MACHINE_END_PFN (MACHINE_PFN + MACHINE_PAGES)

struct fake_machine {
	uint32_t faults;             /* rules of the architecture that were broken */
	uint32_t flushes;            /* TLB maintenance operations so far */
	uint64_t fail_stage1;        /* the n-th stage1_prepare() from now fails; 0: none does */
	uint64_t stage1_prepared;    /* calls of stage1_prepare() */
	bool may_replace;            /* the CPU can replace a block by a table in one store */
	bool el2[MACHINE_PAGES];     /* EL2 maps it; the hypervisor's own is not counted */
	bool settled[MACHINE_PAGES]; /* wiped or written back since the host last wrote it */
};

extern struct fake_machine fake_machine;

/* Boot: all RAM but the hypervisor's is the host's. Needs fake_machine_end() before, if it ran. */
void fake_machine_boot(void);

/* The host kills all VMs and takes everything back. */
void fake_machine_end(void);

/* The test cannot go on: @what says why. */
void fake_machine_must(bool holds, const char *what);

/* What is in page @pfn, for whoever may look: not EL2's mapping. */
void *fake_machine_page(uint64_t pfn);

/*
 * A CPU uses @ipa with the tables at VTTBR_EL2 @vttbr: its TLB keeps what it finds. The leaf
 * entry, with the address of @ipa's page in it; 0: a fault.
 */
uint64_t fake_machine_use(uint64_t vttbr, uint64_t ipa);

/* The same, but the TLB sees nothing of it. */
uint64_t fake_machine_walk(uint64_t vttbr, uint64_t ipa);

/*
 * What is wrong now, or NULL: a TLB that holds what the tables do not say (after a
 * hypercall nobody may hold such a thing), an entry that was changed without
 * break-before-make.
 */
const char *fake_machine_broken(void);

/* A hypercall of the host about VMs; the status. x: x1 on, @count registers, in and out. */
int64_t fake_machine_call(uint64_t id, uint64_t *x, uint32_t count);

#endif /* TESTS_HYPERVISOR_FAKE_MACHINE_H */
