/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtual machine of KVM: /dev/kvm, the VM, its memory slot, its vCPUs'
 * file descriptors and the vGICv3. Knows <linux/kvm.h> and nothing of devices.
 *
 * Main thread only, before the vCPUs start; then nothing here changes.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/memory.h"

struct kvm_run;

/* A vCPU of KVM. */
struct vm_vcpu {
	int fd;
	struct kvm_run *run; /* shared with KVM; the vCPU's thread owns all but immediate_exit */
};

struct vm {
	int kvm_fd;
	int fd;
	int gic_fd;
	uint64_t alias;    /* with rsi: the bit of an IPA that says that a page is shared; else 0 */
	unsigned cpus;     /* how many of vcpus are there */
	uint32_t features; /* of each of these, beyond the base: bits KVM_ARM_VCPU_* */
	size_t run_bytes;  /* of each mapping of struct kvm_run */
	struct vm_vcpu vcpus[GUEST_VCPUS_MAX];
};

/* A VM that is not there, for vm_close() where vm_create() was not reached. */
#define VM_NONE ((struct vm){ .kvm_fd = -1, .fd = -1, .gic_fd = -1 })

struct vm_config {
	bool protected_vm;
	bool rsi;                /* only with protected_vm */
	unsigned cpus;           /* 1..GUEST_VCPUS_MAX */
	bool cpu_features;       /* all of vm.c's list that KVM has for such a VM */
	struct guest_memory ram; /* becomes slot 0 */
	uint64_t entry_ipa;      /* first instruction of vCPU 0 */
	uint64_t fdt_ipa;        /* its x0 */
};

/* Every cause has its own sentence, saying what the user can do. */
enum vm_error {
	VM_ERROR_NO_KVM,       /* /dev/kvm is missing, not allowed, or no KVM */
	VM_ERROR_NO_PROTECTED, /* KVM makes VMs, but no protected ones */
	VM_ERROR_NO_RSI,       /* KVM makes protected VMs, but none with RSI */
	VM_ERROR_NO_GIC,       /* no GICv3 for guests */
	VM_ERROR_ADDRESS_SIZE, /* the guest's RAM ends above the largest address */
	VM_ERROR_CPUS,         /* KVM allows fewer vCPUs */
	VM_ERROR_CALL,         /* another KVM call failed; names it, with errno's meaning */
};

/* GError's domain of the errors above. */
#define VM_ERROR (vm_error_quark())
GQuark vm_error_quark(void);

/*
 * Create a VM that is ready to run: vCPU 0 at its entry, the others off until
 * the guest starts them by PSCI, the vGIC initialised.
 *
 * @vm     filled on success; on failure vm_close() is still allowed.
 * Owns    borrows config->ram, which must outlive the VM.
 * Errors  VM_ERROR_*.
 */
bool vm_create(struct vm *vm, const struct vm_config *config, GError **error);

/* Close all of it; the kernel takes the guest's memory back. After the vCPU threads ended. */
void vm_close(struct vm *vm);

#endif /* VMM_VM_H */
