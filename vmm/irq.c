/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/irq.h"

#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "vmm/error.h"
#include "vmm/log.h"

/* INTIDs below these are private to a vCPU (GICv3, Arm IHI 0069 2.2). */
#define INTID_FIRST_PPI 16
#define INTID_FIRST_SPI 32

static void line_set(int vm_fd, uint32_t type, uint32_t vcpu, uint32_t intid, bool level)
{
	struct kvm_irq_level line = {
		.irq = type << KVM_ARM_IRQ_TYPE_SHIFT | vcpu << KVM_ARM_IRQ_VCPU_SHIFT |
		       intid << KVM_ARM_IRQ_NUM_SHIFT,
		.level = level,
	};

	if (ioctl(vm_fd, KVM_IRQ_LINE, &line) != 0) {
		log_error("KVM_IRQ_LINE refuses interrupt %u: %m", intid);
	}
}

void irq_line_set(const struct irq_line *line, bool level)
{
	line_set(line->vm_fd, KVM_ARM_IRQ_TYPE_SPI, 0, INTID_FIRST_SPI + line->spi, level);
}

void irq_line_pulse(const struct irq_line *line)
{
	irq_line_set(line, true);
	irq_line_set(line, false);
}

bool irq_line_eventfd(const struct irq_line *line, int fd, GError **error)
{
	/* KVM's default routing on arm64 maps GSI n to SPI n. */
	struct kvm_irqfd irqfd = { .fd = (uint32_t)fd, .gsi = line->spi };

	if (ioctl(line->vm_fd, KVM_IRQFD, &irqfd) != 0) {
		error_set_errno(error, "KVM_IRQFD for SPI %u", line->spi);
		return false;
	}
	return true;
}

void irq_ppi_set(int vm_fd, unsigned vcpu, uint32_t ppi, bool level)
{
	line_set(vm_fd, KVM_ARM_IRQ_TYPE_PPI, vcpu, INTID_FIRST_PPI + ppi, level);
}

bool vm_ioeventfd(int vm_fd, uint64_t addr, uint32_t value, int fd, GError **error)
{
	struct kvm_ioeventfd ioeventfd = {
		.datamatch = value,
		.addr = addr,
		.len = sizeof(value),
		.fd = fd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(vm_fd, KVM_IOEVENTFD, &ioeventfd) != 0) {
		error_set_errno(error, "KVM_IOEVENTFD at 0x%" G_GINT64_MODIFIER "x", (guint64)addr);
		return false;
	}
	return true;
}
