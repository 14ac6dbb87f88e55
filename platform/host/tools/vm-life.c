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

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#define VM_LIFE_MARK 0xc600ff00 /* vendor's range of SMCCC, in nobody's list */
#define VM_TYPE_PROTECTED (1UL << 31)
#define RAM_IPA 0x80000000UL
#define RAM_BYTES (16UL << 20)
#define FIRST_PAGE (RAM_IPA + (1UL << 20)) /* that the guest writes to */
#define PAGES_MAX 2048UL
#define DISTRIBUTOR_IPA 0x08000000UL
#define REDISTRIBUTORS_IPA 0x080a0000UL
#define CORE_REG(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

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
	int kvm;    /* /dev/kvm */
	int marker; /* attack.ko's device, or -1 */
	unsigned long type;
	uint64_t pages;
};

static void fail(const char *what)
{
	fprintf(stderr, "vm-life: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int ask(int fd, unsigned long request, const void *argument, const char *what)
{
	int answer = ioctl(fd, request, argument);

	if (answer < 0) {
		fail(what);
	}
	return answer;
}

static void mark(const struct life *life, unsigned int what)
{
	struct attack_call call = { .x = { VM_LIFE_MARK + what }, .conduit = ATTACK_CONDUIT_HVC };

	if (life->marker < 0) {
		return;
	}
	ask(life->marker, ATTACK_CALL, &call, "the mark");
}

static void set_register(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	ask(vcpu, KVM_SET_ONE_REG, &reg, "a register");
}

static void set_gic(int gic, uint32_t group, uint64_t attribute, uint64_t address)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)&address,
	};

	ask(gic, KVM_SET_DEVICE_ATTR, &attr, "the interrupt controller");
}

static int make_vcpu(const struct life *life, int vm, int *gic)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	struct kvm_vcpu_init init;
	int vcpu;

	ask(vm, KVM_CREATE_DEVICE, &device, "KVM_CREATE_DEVICE");
	*gic = (int)device.fd;
	vcpu = ask(vm, KVM_CREATE_VCPU, (void *)0, "KVM_CREATE_VCPU");
	ask(vm, KVM_ARM_PREFERRED_TARGET, &init, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	ask(vcpu, KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
	set_gic(*gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, DISTRIBUTOR_IPA);
	set_gic(*gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, REDISTRIBUTORS_IPA);
	set_gic(*gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	set_register(vcpu, CORE_REG(regs.regs[1]), life->pages);
	set_register(vcpu, CORE_REG(regs.regs[2]), FIRST_PAGE);
	set_register(vcpu, CORE_REG(regs.pc), RAM_IPA);
	return vcpu;
}

static void live(const struct life *life, size_t run_bytes)
{
	void *ram =
		mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM_IPA,
		.memory_size = RAM_BYTES,
		.userspace_addr = (uintptr_t)ram,
	};
	struct kvm_run *run;
	int vm, vcpu, gic;

	/* Small pages on every host, so that PAGES is what is counted. */
	if (ram == MAP_FAILED || madvise(ram, RAM_BYTES, MADV_NOHUGEPAGE) != 0) {
		fail("the guest's memory");
	}
	memcpy(ram, guest_code, sizeof(guest_code));
	mark(life, 0);
	vm = ask(life->kvm, KVM_CREATE_VM, (void *)life->type, "KVM_CREATE_VM");
	ask(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
	vcpu = make_vcpu(life, vm, &gic);
	run = mmap(NULL, run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED) {
		fail("the vCPU's page");
	}
	mark(life, 1);
	ask(vcpu, KVM_RUN, NULL, "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_SYSTEM_EVENT ||
	    run->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN) {
		fprintf(stderr, "vm-life: exit %u instead of power off\n", run->exit_reason);
		exit(1);
	}
	mark(life, 2);
	munmap(run, run_bytes);
	close(vcpu);
	close(gic);
	close(vm);
	munmap(ram, RAM_BYTES);
	mark(life, 3);
}

int main(int argc, char **argv)
{
	bool is_protected = argc > 1 && strcmp(argv[1], "--protected") == 0;
	struct life life = { .type = is_protected ? VM_TYPE_PROTECTED : 0 };
	unsigned long times;
	int run_bytes;

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
	life.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	life.marker = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC);
	if (life.kvm < 0) {
		fail("/dev/kvm");
	}
	run_bytes = ask(life.kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
	for (unsigned long i = 0; i < times; i++) {
		live(&life, (size_t)run_bytes);
	}
	printf("terrarium: value vm_life pages=%lu times=%lu marks=%s\n", (unsigned long)life.pages,
	       times, life.marker < 0 ? "no" : "yes");
	return 0;
}
