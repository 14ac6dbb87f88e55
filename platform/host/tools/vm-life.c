/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm-life [--protected] PAGES TIMES: the smallest VM of KVM's interface, from its creation to its
 * death, again and again, with marks for the trace.
 *
 * The guest writes to PAGES pages of its RAM, one after the other, and powers off. A mark is a
 * hypercall of the host's kernel that nobody serves (attack.ko makes it), VM_LIFE_MARK + what:
 *
 *   0  before KVM_CREATE_VM
 *   1  memory, interrupt controller and one vCPU are there, the vCPU is ready to run
 *   2  KVM_RUN came back with the guest's power off
 *   3  all descriptors are closed and the memory is unmapped
 *
 * No VMM of ours is in between: what is counted is the kernel's and the hypervisor's work.
 * Prints `terrarium: value vm_life pages=.. times=.. marks=yes` once all went well; marks=no: there
 * is no attack.ko, or the user may not use it, and no mark was made.
 */
#include "platform/abi/attack.h"
#include "platform/host/lib/small_vm.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VM_LIFE_MARK 0xc600ff00                     /* vendor's range of SMCCC, in nobody's list */
#define FIRST_PAGE (SMALL_VM_RAM_IPA + (1UL << 20)) /* that the guest writes to */
#define PAGES_MAX 2048UL

/* x1: pages to write to; x2: the first of them. */
static const uint32_t guest_code[] = {
	0xb40000a1, /* loop: cbz x1, off */
	0xf900005f, /* str xzr, [x2] */
	0x91400442, /* add x2, x2, #4096 */
	0xd1000421, /* sub x1, x1, #1 */
	0x17fffffc, /* b loop */
	0x52800100, /* off: mov w0, #8 */
	0x72b08000, /* movk w0, #0x8400, lsl 16: PSCI SYSTEM_OFF */
	0xd4000002, /* hvc #0 */
	0x14000000, /* b . */
};

struct life {
	struct small_vm small;
	int marker; /* attack.ko's device, or -1 */
	bool is_protected;
	uint64_t pages;
};

static void mark(const struct life *life, unsigned int what)
{
	struct attack_call call = { .x = { VM_LIFE_MARK + what }, .conduit = ATTACK_CONDUIT_HVC };

	if (life->marker < 0) {
		return;
	}
	small_vm_ask(life->marker, ATTACK_CALL, &call, "the mark");
}

static void live(struct life *life)
{
	struct small_vm *small = &life->small;

	small_vm_take_ram(small);
	memcpy(small->ram, guest_code, sizeof(guest_code));
	mark(life, 0);
	small_vm_create(small, life->is_protected);
	small_vm_set_x(small, 1, life->pages);
	small_vm_set_x(small, 2, FIRST_PAGE);
	mark(life, 1);
	small_vm_run(small);
	if (!small_vm_is_off(small)) {
		fprintf(stderr, "vm-life: exit %u instead of power off\n", small->run->exit_reason);
		exit(1);
	}
	mark(life, 2);
	small_vm_destroy(small);
	small_vm_drop_ram(small);
	mark(life, 3);
}

int main(int argc, char **argv)
{
	bool is_protected = argc > 1 && strcmp(argv[1], "--protected") == 0;
	struct life life = { .is_protected = is_protected };
	unsigned long times;

	if (argc != (is_protected ? 4 : 3)) {
		fprintf(stderr, "usage: vm-life [--protected] PAGES TIMES\n");
		return 2;
	}
	life.pages = strtoul(argv[argc - 2], NULL, 10);
	times = strtoul(argv[argc - 1], NULL, 10);
	if (life.pages > PAGES_MAX || times == 0) {
		fprintf(stderr, "vm-life: at most %lu pages, at least once\n", PAGES_MAX);
		return 2;
	}
	small_vm_open(&life.small);
	life.marker = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC);
	for (unsigned long i = 0; i < times; i++) {
		live(&life);
	}
	printf("terrarium: value vm_life pages=%lu times=%lu marks=%s\n", (unsigned long)life.pages,
	       times, life.marker < 0 ? "no" : "yes");
	return 0;
}
