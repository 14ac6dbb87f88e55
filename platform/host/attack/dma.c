/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/terrarium-dma: what a compromised host kernel can have a device do. The device is
 * QEMU's edu (docs/specs/edu.rst): a buffer of a page, copied from or to any bus address.
 *
 * Where the kernel drives the IOMMU, it first maps the page that it wants for the device,
 * at the same address, as it may. Where there is none to be seen, the address is physical.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "platform/abi/attack.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_TARGET 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_START 1
#define EDU_TO_RAM 2
#define EDU_BUFFER 0x40000
#define EDU_POLL_US 1000
#define EDU_LIMIT_US (5 * 1000 * 1000)

struct edu {
	struct pci_dev *pci;
	void __iomem *registers;
	void *bounce; /* a page of ours that the device may reach */
	dma_addr_t bounce_bus;
};

static struct edu edu; /* lock: edu_lock */
static DEFINE_MUTEX(edu_lock);

/* Copy @size bytes between the device's buffer and @bus, and wait for the end. */
static long copy(dma_addr_t bus, u32 size, bool to_ram)
{
	u64 command;

	writeq(to_ram ? EDU_BUFFER : bus, edu.registers + EDU_DMA_SOURCE);
	writeq(to_ram ? bus : EDU_BUFFER, edu.registers + EDU_DMA_TARGET);
	writeq(size, edu.registers + EDU_DMA_COUNT);
	writeq(EDU_START | (to_ram ? EDU_TO_RAM : 0), edu.registers + EDU_DMA_COMMAND);
	return readq_poll_timeout(edu.registers + EDU_DMA_COMMAND, command, !(command & EDU_START),
				  EDU_POLL_US, EDU_LIMIT_US);
}

static long transfer(const struct attack_dma *call)
{
	long result;

	if (call->is_write) {
		result = copy(edu.bounce_bus, call->size, false);
		return result ? result : copy(call->address, call->size, true);
	}
	/* So that a copy that does not happen is seen. */
	memset(edu.bounce, ATTACK_DMA_UNTOUCHED, call->size);
	result = copy(edu.bounce_bus, call->size, false);
	result = result ? result : copy(call->address, call->size, false);
	return result ? result : copy(edu.bounce_bus, call->size, true);
}

/* With the kernel's leave, where it has one to give. */
static long transfer_mapped(const struct attack_dma *call)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&edu.pci->dev);
	u64 page = call->address & PAGE_MASK;
	bool translated = domain && (domain->type & __IOMMU_DOMAIN_PAGING);
	long result = 0;

	if (translated) {
		result = iommu_map(domain, page, page, PAGE_SIZE, IOMMU_READ | IOMMU_WRITE,
				   GFP_KERNEL);
	}
	if (!result) {
		result = transfer(call);
	}
	if (translated) {
		iommu_unmap(domain, page, PAGE_SIZE);
	}
	return result;
}

static long dma_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct attack_dma call;
	void __user *buffer;
	long result;

	if (command != ATTACK_DMA) {
		return -ENOTTY;
	}
	if (copy_from_user(&call, (void __user *)argument, sizeof(call))) {
		return -EFAULT;
	}
	if (call.size == 0 || call.size > PAGE_SIZE - call.address % PAGE_SIZE) {
		return -EINVAL;
	}
	buffer = u64_to_user_ptr(call.buffer);
	mutex_lock(&edu_lock);
	if (call.is_write && copy_from_user(edu.bounce, buffer, call.size)) {
		result = -EFAULT;
	} else {
		result = transfer_mapped(&call);
	}
	if (!result && !call.is_write && copy_to_user(buffer, edu.bounce, call.size)) {
		result = -EFAULT;
	}
	mutex_unlock(&edu_lock);
	return result;
}

static const struct file_operations dma_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dma_ioctl,
};

static struct miscdevice dma_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "terrarium-dma",
	.fops = &dma_operations,
	.mode = 0600,
};

static int edu_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	int result = pcim_enable_device(pci);

	result = result ? result : dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(64));
	if (result) {
		return result;
	}
	edu.registers = pcim_iomap(pci, 0, 0);
	edu.bounce = dmam_alloc_coherent(&pci->dev, PAGE_SIZE, &edu.bounce_bus, GFP_KERNEL);
	if (!edu.registers || !edu.bounce) {
		return -ENOMEM;
	}
	pci_set_master(pci);
	edu.pci = pci;
	return misc_register(&dma_device);
}

static void edu_remove(struct pci_dev *pci)
{
	misc_deregister(&dma_device);
	pci_clear_master(pci);
}

static const struct pci_device_id edu_ids[] = { { PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) }, {} };
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "terrarium-dma",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

module_pci_driver(edu_driver);
MODULE_DESCRIPTION("What a compromised host kernel can have a device do");
MODULE_LICENSE("GPL");
