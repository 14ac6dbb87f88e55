/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm-pages [--mark NAME] PAGES: all that can happen to a protected VM's pages, in as few instructions as it takes:
 * for campaigns, which run it thousands of times.
 *
 *   the guest touches PAGES pages for the first time: each is donated to it
 *   for each of them: it shares the page; the host reads what the guest wrote, and writes an
 *   answer; the guest takes the page back; the host tries to read it again
 *   the guest adds up all that it wrote and read, says it, and powers off
 *   the VM is closed, and all of its memory goes back to the host, which looks for what is left
 *
 * --mark: a mark as the tool `mark` leaves it, before the VM is made; without effect where the machine
 * cannot be stopped.
 *
 * Prints
 *
 *   terrarium: value vm_pages pages=.. shared=.. read=.. refused=.. calls=0x.. sum=0x.. zeroed=.. left=..
 *
 * shared: pages that the guest said it shares; read: of these, what the host read was right; refused:
 * reads behind the end of sharing that a signal ended; calls: the OR of all statuses of the guest's
 * calls; sum: the guest's; zeroed, left: pages of the guest that hold nothing, or something, after
 * its death. Exit status 3: the VM ended otherwise than by its guest's power off (why: on stderr).
 */
#include "platform/abi/mark.h"
#include "platform/abi/smccc.h"
#include "platform/host/lib/pci.h"
#include "platform/host/lib/small_vm.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096UL
#define PAGES_MAX 64UL
#define FIRST_PAGE (SMALL_VM_RAM_IPA + (1UL << 20))
#define DOORBELL 0x09000000UL /* no RAM: writes of 8 bytes there come to the host */
#define ANSWER 0x616e73776572UL
#define EXIT_VM_ENDED 3

/* What the guest tells, by the address that it writes to: x22 is the page, or a sum. */
enum { DOORBELL_SHARED = 0, DOORBELL_TAKEN_BACK = 8, DOORBELL_CALLS = 16, DOORBELL_SUM = 24 };

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* In: x0 the first page, x1 how many, x2 the doorbell. Global: two local labels may share a GOT entry. */
__asm__(".pushsection .rodata\n"
	".balign 8\n" /* literals are read with the MMU off: aligned, or a fault */
	".globl vm_pages_guest, vm_pages_guest_end\n"
	"vm_pages_guest:\n"
	"	mov x19, x0\n"
	"	mov x20, x1\n"
	"	mov x21, x2\n"
	"	mov x24, #0\n" /* statuses */
	"	mov x25, #0\n" /* sum */
	"	mov x22, x19\n"
	"	mov x23, x20\n"
	"1:	str x22, [x22]\n" /* donated by its first touch */
	"	str x23, [x22, #2048]\n"
	"	add x22, x22, #4096\n"
	"	subs x23, x23, #1\n"
	"	b.ne 1b\n"
	"	mov x22, x19\n"
	"	mov x23, x20\n"
	"2:	ldr x0, =" TEXT(
		PKVM_MEM_SHARE) "\n"
				"	bl 5f\n"
				"	mvn x5, x22\n"
				"	str x5, [x22]\n"
				"	str x22, [x21, #0]\n"
				"	ldr x5, [x22, #8]\n" /* the host's answer */
				"	add x25, x25, x5\n"
				"	ldr x0, =" TEXT(
					PKVM_MEM_UNSHARE) "\n"
							  "	bl 5f\n"
							  "	str x22, [x21, #8]\n"
							  "	add x22, x22, #4096\n"
							  "	subs x23, x23, #1\n"
							  "	b.ne 2b\n"
							  "	mov x22, x19\n"
							  "	mov x23, x20\n"
							  "3:	ldr x5, [x22]\n"
							  "	ldr x6, [x22, #8]\n"
							  "	ldr x7, [x22, #2048]\n"
							  "	add x25, x25, x5\n"
							  "	add x25, x25, x6, lsl #1\n"
							  "	add x25, x25, x7, lsl #2\n"
							  "	add x22, x22, #4096\n"
							  "	subs x23, x23, #1\n"
							  "	b.ne 3b\n"
							  "	str x24, [x21, #16]\n"
							  "	str x25, [x21, #24]\n"
							  "	ldr x0, =" TEXT(
								  PSCI_SYSTEM_OFF) "\n"
										   "	hvc #0\n"
										   "4:	b 4b\n"
										   "5:	mov x1, x22\n" /* the call x0 about the page x22 */
										   "	mov x2, #0\n"
										   "	mov x3, #0\n"
										   "	hvc #0\n"
										   "	orr x24, x24, x0\n"
										   "	ret\n"
										   ".ltorg\n"
										   "vm_pages_guest_end:\n"
										   ".popsection\n");
extern const uint8_t vm_pages_guest[];
extern const uint8_t vm_pages_guest_end[];

static struct {
	unsigned long shared;
	unsigned long read;
	unsigned long refused;
	uint64_t calls;
	uint64_t sum;
	unsigned long zeroed;
	unsigned long left;
} seen;

static sigjmp_buf refused;

static void on_refused(int number)
{
	siglongjmp(refused, number);
}

static volatile uint64_t *page_at(const struct small_vm *small, uint64_t ipa)
{
	static uint64_t nothing[PAGE_BYTES / sizeof(uint64_t)];

	if (ipa < SMALL_VM_RAM_IPA || ipa - SMALL_VM_RAM_IPA > SMALL_VM_RAM_BYTES - PAGE_BYTES ||
	    ipa % PAGE_BYTES != 0) {
		return nothing;
	}
	return (volatile uint64_t *)(small->ram + (ipa - SMALL_VM_RAM_IPA));
}

/* Whether a signal ended the access to the page at @ipa. */
static bool is_refused(const struct small_vm *small, uint64_t ipa,
		       void (*access)(volatile uint64_t *page, uint64_t ipa))
{
	if (sigsetjmp(refused, 1) != 0) {
		return true;
	}
	access(page_at(small, ipa), ipa);
	return false;
}

static void read_and_answer(volatile uint64_t *page, uint64_t ipa)
{
	seen.read += page[0] == ~ipa;
	page[1] = ANSWER + ipa;
}

static void read_only(volatile uint64_t *page, uint64_t ipa)
{
	(void)page[0];
	(void)ipa;
}

static void look_for_rest(volatile uint64_t *page, uint64_t ipa)
{
	uint64_t all = 0;
	(void)ipa;

	for (size_t word = 0; word < PAGE_BYTES / sizeof(*page); word++) {
		all |= page[word];
	}
	*(all == 0 ? &seen.zeroed : &seen.left) += 1;
}

/* Serve a write of the guest's; false: it is none of those that it makes. */
static bool serve(const struct small_vm *small)
{
	const struct kvm_run *run = small->run;
	uint64_t value;

	if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write || run->mmio.len != 8) {
		return false;
	}
	memcpy(&value, run->mmio.data, sizeof(value));
	switch (run->mmio.phys_addr) {
	case DOORBELL + DOORBELL_SHARED:
		seen.shared++;
		is_refused(small, value, read_and_answer);
		return true;
	case DOORBELL + DOORBELL_TAKEN_BACK:
		seen.refused += is_refused(small, value, read_only);
		return true;
	case DOORBELL + DOORBELL_CALLS:
		seen.calls = value;
		return true;
	case DOORBELL + DOORBELL_SUM:
		seen.sum = value;
		return true;
	default:
		return false;
	}
}

static void leave_mark(const char *name)
{
	mark(name, 0, 0);
	if (pci_stop_machine() < 0 && errno != ENODEV) {
		fprintf(stderr, "vm-pages: the machine cannot be stopped: %s\n", strerror(errno));
		exit(1);
	}
}

static bool live(struct small_vm *small, const char *mark_name, unsigned long pages)
{
	bool is_off;

	small_vm_take_ram(small);
	memcpy(small->ram, vm_pages_guest, (size_t)(vm_pages_guest_end - vm_pages_guest));
	if (mark_name != NULL) {
		leave_mark(mark_name);
	}
	small_vm_create(small, true);
	small_vm_set_x(small, 0, FIRST_PAGE);
	small_vm_set_x(small, 1, pages);
	small_vm_set_x(small, 2, DOORBELL);
	do {
		small_vm_run(small);
	} while (serve(small));
	is_off = small_vm_is_off(small);
	if (!is_off) {
		fprintf(stderr, "vm-pages: exit %u instead of power off\n",
			small->run->exit_reason);
	}
	small_vm_destroy(small);
	for (unsigned long i = 0; i < pages; i++) {
		is_refused(small, FIRST_PAGE + i * PAGE_BYTES, look_for_rest);
	}
	return is_off;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_refused };
	const char *mark_name = argc == 4 && strcmp(argv[1], "--mark") == 0 ? argv[2] : NULL;
	bool has_pages = argc == (mark_name != NULL ? 4 : 2);
	unsigned long pages = has_pages ? strtoul(argv[argc - 1], NULL, 10) : 0;
	struct small_vm small;
	bool is_off;

	if (pages == 0 || pages > PAGES_MAX) {
		fprintf(stderr, "usage: vm-pages [--mark NAME] PAGES (1 to %lu)\n", PAGES_MAX);
		return 2;
	}
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	small_vm_open(&small);
	is_off = live(&small, mark_name, pages);
	printf("terrarium: value vm_pages pages=%lu shared=%lu read=%lu refused=%lu calls=%#llx "
	       "sum=%#llx zeroed=%lu left=%lu\n",
	       pages, seen.shared, seen.read, seen.refused, (unsigned long long)seen.calls,
	       (unsigned long long)seen.sum, seen.zeroed, seen.left);
	return is_off ? 0 : EXIT_VM_ENDED;
}
