/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts from devices to the guest, and notifications from the guest to
 * file descriptors: thin wrappers of KVM_IRQ_LINE, KVM_IRQFD, KVM_IOEVENTFD.
 *
 * Locks: none; KVM serialises. Every function may be called by any thread.
 */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* One shared peripheral interrupt of one VM. Plain value: copy it freely. */
struct irq_line {
	int vm_fd;    /* borrowed; the VM's file descriptor outlives all devices */
	uint32_t spi; /* counted from 0: INTID = 32 + spi; < GUEST_GIC_SPIS */
};

/*
 * Set the level of a line, for a device whose interrupt is level triggered.
 *
 * The device keeps the level right and calls this for each change, with its
 * own lock held so that two changes cannot overtake each other.
 * Errors  KVM refuses only a line that does not exist, which is a mistake of
 *         ours: logged as an error, the guest misses the interrupt.
 */
void irq_line_set(const struct irq_line *line, bool level);

/* Raise and lower a line: one interrupt of an edge triggered device. */
void irq_line_pulse(const struct irq_line *line);

/*
 * Let the kernel pulse the line whenever eventfd @fd is written (vhost, or a
 * device thread that should not make an ioctl).
 *
 * Owns    KVM holds its own reference to @fd until the VM goes.
 * Needs   the vGIC created and initialised.
 * Errors  G_FILE_ERROR from KVM_IRQFD.
 */
bool irq_line_eventfd(const struct irq_line *line, int fd, GError **error);

/*
 * Set the level of a private peripheral interrupt of one vCPU.
 *
 * @vcpu  index from 0.
 * @ppi   counted from 0: INTID = 16 + ppi.
 * Errors as irq_line_set().
 */
void irq_ppi_set(int vm_fd, unsigned vcpu, uint32_t ppi, bool level);

/*
 * Let the kernel signal eventfd @fd when the guest stores the 32-bit @value to
 * @addr, instead of leaving KVM_RUN: virtio-mmio's QueueNotify.
 *
 * Owns    KVM holds its own reference to @fd until the VM goes.
 * Errors  G_FILE_ERROR from KVM_IOEVENTFD.
 */
bool vm_ioeventfd(int vm_fd, uint64_t addr, uint32_t value, int fd, GError **error);

#endif /* VMM_IRQ_H */
