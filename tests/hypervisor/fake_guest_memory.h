/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_memory.h of a VM of a few pages, that does what its header says and notes what it
 * was asked; and what guest calls need beside: firmware, and a CPU with random numbers.
 */
#ifndef HYPERVISOR_FAKE_GUEST_MEMORY_H
#define HYPERVISOR_FAKE_GUEST_MEMORY_H

#include <hyp/guest_memory.h>
#include <hyp/vcpu.h>

#define FAKE_PAGES 300u
#define FAKE_PAGE 4096u
#define FAKE_VCPUS 5u

/* What is at an IPA, from the guest's point of view. */
enum guest_page {
	GUEST_PAGE_NONE = 0, /* nothing mapped: the host shall */
	GUEST_PAGE_OWN,      /* memory: private, or lent by the host to a normal VM */
	GUEST_PAGE_SHARED,   /* memory that the protected guest shares with the host */
	GUEST_PAGE_DEVICE,   /* accesses go to the VMM; of a VM with RSI: EMPTY, not shared */
};

struct fake_guest {
	struct vm vm;
	struct vcpu vcpus[FAKE_VCPUS];
	uint64_t affinity[FAKE_VCPUS];    /* 0, 1, ... */
	enum guest_page page[FAKE_PAGES]; /* what is at each, from IPA 0 on */
	bool ram[FAKE_PAGES];
	uint8_t memory[FAKE_PAGES][FAKE_PAGE];
	enum hyp_status always; /* answer of all, if not HYP_OK; nothing is done */
	uint64_t ripas_pages;   /* that one call sets; 0: as many as asked */
	bool by_guest;          /* last argument of guest_set_device() */
	uint64_t firmware_answer;
	uint64_t firmware_calls;
	uint64_t firmware[2]; /* the last call: identifier, argument */
};

extern struct fake_guest fake;

/* A VM with these flags, of @vcpus vCPUs that are on, all pages its own; vCPU 0. */
struct vcpu *fake_begin(uint32_t flags, uint32_t vcpus);

/* vCPU 0 of the VM calls: its conduit, no immediate, x0 to x3. */
enum guest_call fake_call(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3);

#endif /* HYPERVISOR_FAKE_GUEST_MEMORY_H */
