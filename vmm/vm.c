/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "platform/abi/kvm_terrarium.h"
#include "vmm/log.h"

G_DEFINE_QUARK(vmm_vm_error, vm_error)

#define KVM_PATH "/dev/kvm"
#define KVM_API_VERSION_EXPECTED 12

/* KVM's default when a VM's type does not say: 40 bits. */
#define IPA_BITS_DEFAULT 40
#define GIC_PRIVATE_IRQS 32

/* Of the PMU's overflow, a PPI: Arm BSA, 3.6. */
#define PMU_INTID 23

/* What a vCPU may have beyond the base; a bit of KVM_ARM_VCPU_INIT is set if KVM has @cap. */
static const struct {
	unsigned long cap;
	uint32_t feature;
} cpu_features[] = {
	{ KVM_CAP_ARM_PMU_V3, KVM_ARM_VCPU_PMU_V3 },
	{ KVM_CAP_ARM_SVE, KVM_ARM_VCPU_SVE },
	{ KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_ADDRESS },
	{ KVM_CAP_ARM_PTRAUTH_GENERIC, KVM_ARM_VCPU_PTRAUTH_GENERIC },
};

#define CORE_REGISTER(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static bool call_failed(const char *call, GError **error)
{
	int saved = errno;

	g_set_error(error, VM_ERROR, VM_ERROR_CALL, "%s: %s", call, g_strerror(saved));
	return false;
}

static bool open_kvm(struct vm *vm, GError **error)
{
	int saved;

	vm->kvm_fd = open(KVM_PATH, O_RDWR | O_CLOEXEC);
	saved = errno;
	if (vm->kvm_fd < 0 && (saved == ENOENT || saved == ENODEV || saved == ENXIO)) {
		g_set_error_literal(error, VM_ERROR, VM_ERROR_NO_KVM,
				    KVM_PATH " is missing: this kernel runs no VMs (KVM needs a "
					     "kernel that was entered at EL2)");
		return false;
	}
	if (vm->kvm_fd < 0) {
		g_set_error(error, VM_ERROR, VM_ERROR_NO_KVM, "cannot open " KVM_PATH ": %s",
			    g_strerror(saved));
		return false;
	}
	if (ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION_EXPECTED) {
		g_set_error_literal(error, VM_ERROR, VM_ERROR_NO_KVM,
				    KVM_PATH " does not speak KVM's API version 12");
		return false;
	}
	return true;
}

/* Bits of guest physical addresses to ask for; 0 if RAM ends above what KVM can do. */
static unsigned long ipa_bits(const struct vm *vm, const struct vm_config *config, GError **error)
{
	int limit = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	unsigned long bits = IPA_BITS_DEFAULT;

	if (limit > 0 && limit < IPA_BITS_DEFAULT) {
		bits = (unsigned long)limit;
	}
	/* The top bit of a VM with RSI is no address. */
	if (config->ram.ipa + config->ram.bytes > UINT64_C(1) << (bits - config->rsi)) {
		g_set_error(error, VM_ERROR, VM_ERROR_ADDRESS_SIZE,
			    "--mem: the RAM would end above %lu bits of guest physical address, "
			    "which is what this host has",
			    bits);
		return 0;
	}
	return bits;
}

/* Why KVM_CREATE_VM failed; a VM that asks for less shows what is missing. */
static bool explain(const struct vm *vm, const struct vm_config *config, unsigned long bits,
		    GError **error)
{
	int saved = errno;
	unsigned long less = bits | (config->rsi ? KVM_VM_TYPE_ARM_PROTECTED : 0);
	int plain = config->protected_vm ? ioctl(vm->kvm_fd, KVM_CREATE_VM, less) : -1;

	if (plain >= 0 && config->rsi) {
		g_set_error(error, VM_ERROR, VM_ERROR_NO_RSI,
			    "--rsi: this host's KVM makes protected VMs, but none whose guests "
			    "speak RSI (%s)",
			    g_strerror(saved));
	} else if (plain >= 0) {
		g_set_error(
			error, VM_ERROR, VM_ERROR_NO_PROTECTED,
			"--protected: this host's KVM makes no protected VMs (%s): boot it with "
			"kvm-arm.mode=protected",
			g_strerror(saved));
	} else {
		errno = saved;
		return call_failed("KVM_CREATE_VM", error);
	}
	close(plain);
	return false;
}

static bool create_vm(struct vm *vm, const struct vm_config *config, GError **error)
{
	unsigned long bits = ipa_bits(vm, config, error);
	unsigned long type = bits;

	if (bits == 0) {
		return false;
	}
	if (config->protected_vm) {
		type |= KVM_VM_TYPE_ARM_PROTECTED;
	}
	if (config->rsi) {
		type |= TERRARIUM_VM_TYPE_RSI;
		vm->alias = UINT64_C(1) << (bits - 1);
	}
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, type);
	return vm->fd >= 0 || explain(vm, config, bits, error);
}
static bool set_memory(const struct vm *vm, const struct guest_memory *ram, GError **error)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = ram->ipa,
		.memory_size = ram->bytes,
		.userspace_addr = (uintptr_t)ram->hva,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) == 0 ||
	       call_failed("KVM_SET_USER_MEMORY_REGION", error);
}

static bool has_feature(const struct vm *vm, uint32_t feature)
{
	return vm->features & 1U << feature;
}

static void find_features(struct vm *vm)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cpu_features); i++) {
		if (ioctl(vm->fd, KVM_CHECK_EXTENSION, cpu_features[i].cap) > 0) {
			vm->features |= 1U << cpu_features[i].feature;
		}
	}
}

/* Set up the vCPU behind @vcpu, whose descriptor is open. */
static bool init_vcpu(struct vm *vm, struct vm_vcpu *vcpu, bool powered, GError **error)
{
	int sve = KVM_ARM_VCPU_SVE;
	struct kvm_vcpu_init init = { 0 };
	void *run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);

	if (run == MAP_FAILED) {
		return call_failed("mapping of a vCPU's kvm_run", error);
	}
	vcpu->run = run;
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init) != 0) {
		return call_failed("KVM_ARM_PREFERRED_TARGET", error);
	}
	init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
	if (!powered) {
		init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
	}
	init.features[0] |= vm->features;
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init) != 0) {
		return call_failed("KVM_ARM_VCPU_INIT", error);
	}
	return !has_feature(vm, KVM_ARM_VCPU_SVE) ||
	       ioctl(vcpu->fd, KVM_ARM_VCPU_FINALIZE, &sve) == 0 ||
	       call_failed("KVM_ARM_VCPU_FINALIZE", error);
}

static bool create_vcpus(struct vm *vm, unsigned cpus, GError **error)
{
	int limit = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	int run_bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (run_bytes <= 0) {
		return call_failed("KVM_GET_VCPU_MMAP_SIZE", error);
	}
	if (limit > 0 && cpus > (unsigned)limit) {
		g_set_error(error, VM_ERROR, VM_ERROR_CPUS,
			    "--cpus: this host's KVM allows at most %d", limit);
		return false;
	}
	vm->run_bytes = (size_t)run_bytes;
	for (unsigned i = 0; i < cpus; i++) {
		struct vm_vcpu *vcpu = &vm->vcpus[i];

		vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)i);
		if (vcpu->fd < 0) {
			return call_failed("KVM_CREATE_VCPU", error);
		}
		vm->cpus = i + 1;
		if (!init_vcpu(vm, vcpu, i == 0, error)) {
			return false;
		}
	}
	return true;
}

static bool set_register(const struct vm_vcpu *vcpu, uint64_t id, uint64_t value, GError **error)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg) == 0 || call_failed("KVM_SET_ONE_REG", error);
}

static bool gic_set(const struct vm *vm, uint32_t group, uint64_t attribute, const void *value,
		    GError **error)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)value,
	};

	return ioctl(vm->gic_fd, KVM_SET_DEVICE_ATTR, &attr) == 0 ||
	       call_failed("KVM_SET_DEVICE_ATTR of the vGIC", error);
}

/* The whole vGICv3. After all vCPUs are there. */
static bool create_gic(struct vm *vm, GError **error)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t distributor = GUEST_GICD_BASE;
	uint64_t redistributors = GUEST_GICD_BASE - (uint64_t)vm->cpus * GUEST_GICR_STRIDE;
	uint32_t irqs = GIC_PRIVATE_IRQS + GUEST_GIC_SPIS;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) != 0) {
		int saved = errno;

		g_set_error(error, VM_ERROR, VM_ERROR_NO_GIC,
			    "this host has no GICv3 for its guests (KVM_CREATE_DEVICE: %s)",
			    g_strerror(saved));
		return false;
	}
	vm->gic_fd = (int)device.fd;
	return gic_set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor,
		       error) &&
	       gic_set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributors,
		       error) &&
	       gic_set(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs, error) &&
	       gic_set(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, error);
}

/* Where a vCPU has a PMU: its interrupt, and that it is complete. After the vGIC. */
static bool finish_pmus(const struct vm *vm, GError **error)
{
	int intid = PMU_INTID;
	struct kvm_device_attr interrupt = { .group = KVM_ARM_VCPU_PMU_V3_CTRL,
					     .attr = KVM_ARM_VCPU_PMU_V3_IRQ,
					     .addr = (uintptr_t)&intid };
	struct kvm_device_attr complete = { .group = KVM_ARM_VCPU_PMU_V3_CTRL,
					    .attr = KVM_ARM_VCPU_PMU_V3_INIT };

	if (!has_feature(vm, KVM_ARM_VCPU_PMU_V3)) {
		return true;
	}
	for (unsigned i = 0; i < vm->cpus; i++) {
		if (ioctl(vm->vcpus[i].fd, KVM_SET_DEVICE_ATTR, &interrupt) != 0 ||
		    ioctl(vm->vcpus[i].fd, KVM_SET_DEVICE_ATTR, &complete) != 0) {
			return call_failed("KVM_SET_DEVICE_ATTR of the PMU", error);
		}
	}
	return true;
}

bool vm_create(struct vm *vm, const struct vm_config *config, GError **error)
{
	*vm = VM_NONE;
	if (!open_kvm(vm, error) || !create_vm(vm, config, error)) {
		return false;
	}
	if (config->cpu_features) {
		find_features(vm);
	}
	return set_memory(vm, &config->ram, error) && create_vcpus(vm, config->cpus, error) &&
	       create_gic(vm, error) && finish_pmus(vm, error) &&
	       set_register(&vm->vcpus[0], CORE_REGISTER(regs.pc), config->entry_ipa, error) &&
	       set_register(&vm->vcpus[0], CORE_REGISTER(regs.regs[0]), config->fdt_ipa, error);
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

void vm_close(struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpus; i++) {
		if (vm->vcpus[i].run != NULL) {
			munmap(vm->vcpus[i].run, vm->run_bytes);
		}
		vm->vcpus[i].run = NULL;
		close_fd(&vm->vcpus[i].fd);
	}
	vm->cpus = 0;
	close_fd(&vm->gic_fd);
	close_fd(&vm->fd);
	close_fd(&vm->kvm_fd);
}
