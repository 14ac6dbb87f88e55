/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/lib/small_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define TYPE_PROTECTED (1UL << 31)
#define DISTRIBUTOR_IPA 0x08000000UL
#define REDISTRIBUTORS_IPA 0x080a0000UL
#define CORE_REG(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

int small_vm_ask(int fd, unsigned long request, const void *argument, const char *what)
{
	int answer = ioctl(fd, request, argument);

	if (answer < 0) {
		fail(what);
	}
	return answer;
}

void small_vm_open(struct small_vm *small)
{
	small->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (small->kvm < 0) {
		fail("/dev/kvm");
	}
	small->run_bytes = (size_t)small_vm_ask(small->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL,
						"KVM_GET_VCPU_MMAP_SIZE");
}

void small_vm_take_ram(struct small_vm *small)
{
	void *ram = mmap(NULL, SMALL_VM_RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Small pages on every host, so that pages are what is counted. */
	if (ram == MAP_FAILED || madvise(ram, SMALL_VM_RAM_BYTES, MADV_NOHUGEPAGE) != 0) {
		fail("the guest's memory");
	}
	small->ram = ram;
}

static void set_register(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	small_vm_ask(vcpu, KVM_SET_ONE_REG, &reg, "a register");
}

void small_vm_set_x(const struct small_vm *small, unsigned int n, uint64_t value)
{
	/* In units of 32 bits, as KVM's API counts. */
	set_register(small->vcpu, CORE_REG(regs.regs[0]) + 2 * n, value);
}

static void set_gic(int gic, uint32_t group, uint64_t attribute, uint64_t address)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)&address,
	};

	small_vm_ask(gic, KVM_SET_DEVICE_ATTR, &attr, "the interrupt controller");
}

static void make_vcpu(struct small_vm *small)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	struct kvm_vcpu_init init;

	small_vm_ask(small->vm, KVM_CREATE_DEVICE, &device, "KVM_CREATE_DEVICE");
	small->gic = (int)device.fd;
	small->vcpu = small_vm_ask(small->vm, KVM_CREATE_VCPU, (void *)0, "KVM_CREATE_VCPU");
	small_vm_ask(small->vm, KVM_ARM_PREFERRED_TARGET, &init, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	small_vm_ask(small->vcpu, KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
	set_gic(small->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, DISTRIBUTOR_IPA);
	set_gic(small->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		REDISTRIBUTORS_IPA);
	set_gic(small->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	set_register(small->vcpu, CORE_REG(regs.pc), SMALL_VM_RAM_IPA);
}

void small_vm_create(struct small_vm *small, bool is_protected)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = SMALL_VM_RAM_IPA,
		.memory_size = SMALL_VM_RAM_BYTES,
		.userspace_addr = (uintptr_t)small->ram,
	};
	unsigned long type = is_protected ? TYPE_PROTECTED : 0;

	small->vm = small_vm_ask(small->kvm, KVM_CREATE_VM, (void *)type, "KVM_CREATE_VM");
	small_vm_ask(small->vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
	make_vcpu(small);
	small->run =
		mmap(NULL, small->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, small->vcpu, 0);
	if (small->run == MAP_FAILED) {
		fail("the vCPU's page");
	}
}

uint32_t small_vm_run(const struct small_vm *small)
{
	small_vm_ask(small->vcpu, KVM_RUN, NULL, "KVM_RUN");
	return small->run->exit_reason;
}

bool small_vm_is_off(const struct small_vm *small)
{
	return small->run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
	       small->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN;
}

void small_vm_destroy(struct small_vm *small)
{
	munmap(small->run, small->run_bytes);
	close(small->vcpu);
	close(small->gic);
	close(small->vm);
}

void small_vm_drop_ram(struct small_vm *small)
{
	munmap(small->ram, SMALL_VM_RAM_BYTES);
}
