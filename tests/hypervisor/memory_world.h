/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM on the fake machine, for tests of what guests do with their memory. */
#ifndef TESTS_HYPERVISOR_MEMORY_WORLD_H
#define TESTS_HYPERVISOR_MEMORY_WORLD_H

#include "tests/hypervisor/fake_machine.h"

#include <hyp/guest_memory.h>

#include <stdbool.h>
#include <stdint.h>

#define PAGE UINT64_C(4096)
#define GIB (UINT64_C(1) << 30)
#define META MACHINE_HOST_PFN          /* the VM's own pages */
#define PAGES (MACHINE_HOST_PFN + 512) /* what the host gives; at a border of 2 MiB */
#define IPA GIB                        /* where most tests' pages are */
#define TOP (UINT64_C(1) << 39)        /* the upper alias of a VM with 40 bits and RSI */
#define SECRET UINT64_C(0x5ec2e75ec2e75ec2)

/* A hypercall of the host about VMs. */
#define call(id, ...) \
	fake_machine_call(id, (uint64_t[6]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8)

extern struct vm *vm; /* of the test that runs; held */

/* Setup and teardown of a test: afterwards all is the host's again. */
int begin(void **state);
int end(void **state);

/* Make the VM, with @tables pages for tables beside those of its creation. */
void begin_vm(uint64_t flags, uint64_t tables);

/* The host maps @count pages from @pfn on, as after an exit MEMORY. */
int64_t host_maps(uint64_t ipa, uint64_t pfn, uint64_t count);

/* The page that the guest finds at @ipa; 0: a fault. Its TLB remembers. */
uint64_t guest_finds(uint64_t ipa);

/* What a read of the guest that faults at @ipa means. */
enum guest_fault fault(uint64_t ipa);

/* What is at an address of the guest, without the top bit. */
enum what_is { IS_NOTHING, IS_OWN, IS_SHARED, IS_DEVICE };
enum what_is what_is_at(uint64_t ipa);

/* All of a page is SECRET; whether all of it is @word. */
void fill(uint64_t pfn);
bool is_filled_with(uint64_t pfn, uint64_t word);

#endif /* TESTS_HYPERVISOR_MEMORY_WORLD_H */
