/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest VM of KVM's interface: memory in small pages, an interrupt controller, one vCPU.
 * What cannot be done ends the program, with a sentence and exit status 1.
 */
#ifndef HOST_LIB_SMALL_VM_H
#define HOST_LIB_SMALL_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

#define SMALL_VM_RAM_IPA 0x80000000UL
#define SMALL_VM_RAM_BYTES (16UL << 20)

struct small_vm {
	int kvm; /* /dev/kvm */
	int vm;
	int gic;
	int vcpu;
	uint8_t *ram; /* SMALL_VM_RAM_BYTES at SMALL_VM_RAM_IPA */
	struct kvm_run *run;
	size_t run_bytes;
};

/* ioctl(2), which must go well; @what for the sentence. */
int small_vm_ask(int fd, unsigned long request, const void *argument, const char *what);

/* Open /dev/kvm. */
void small_vm_open(struct small_vm *small);

/* Take memory for RAM, zeroed, to be filled before small_vm_create(). */
void small_vm_take_ram(struct small_vm *small);

/* Make the VM with its vCPU, which starts at the beginning of RAM. */
void small_vm_create(struct small_vm *small, bool is_protected);

/* Set xN of the vCPU. */
void small_vm_set_x(const struct small_vm *small, unsigned int n, uint64_t value);

/* Run until the vCPU comes back; the exit's reason (KVM_EXIT_...). */
uint32_t small_vm_run(const struct small_vm *small);

/* Whether the exit is the guest's own power off. */
bool small_vm_is_off(const struct small_vm *small);

/* Close all of the VM; its RAM stays the program's. */
void small_vm_destroy(struct small_vm *small);

/* Give RAM back. */
void small_vm_drop_ram(struct small_vm *small);

#endif /* HOST_LIB_SMALL_VM_H */
