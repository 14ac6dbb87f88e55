/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device goes to memory at this instant: QEMU's iommu-testdev writes, which is
 * done when this returns; its edu reads (or writes, where there is no
 * iommu-testdev), 100 ms of virtual time later. Both are on the first PCI bus of
 * QEMU's virt machine. The device says the address as the host has it (of a place in a VM:
 * where that is in physical memory): the SMMU decides.
 */
#include "qemu-plugins/inject.h"

#include <stdio.h>

/* QEMU's virt machine: configuration space of bus 0, and where 32-bit BARs are. */
#define ECAM_BASE UINT64_C(0x4010000000)
#define ECAM_DEVICE(slot) (ECAM_BASE + ((uint64_t)(slot) << 15))
#define SLOTS 32
#define BAR_FREE UINT32_C(0x3efe0000) /* at the end of the window: nobody is put there */

/* PCI Local Bus 3.0, 6.1. */
#define PCI_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4
#define PCI_BAR0 0x10
#define PCI_BAR_FLAGS UINT32_C(0xf)

/* QEMU's docs/specs/iommu-testdev.rst. */
#define TESTDEV_ID UINT32_C(0x00051b36)
#define TESTDEV_TRIGGER 0x00
#define TESTDEV_IOVA_LOW 0x04
#define TESTDEV_IOVA_HIGH 0x08
#define TESTDEV_LENGTH 0x0c
#define TESTDEV_RESULT 0x10
#define TESTDEV_ARM 0x14
#define TESTDEV_ATTRS 0x18
#define TESTDEV_GPA_LOW 0x1c
#define TESTDEV_GPA_HIGH 0x20
#define TESTDEV_ATTRS_NS 0xa /* non-secure space, given explicitly */

/* QEMU's docs/specs/edu.rst. */
#define EDU_ID UINT32_C(0x11e81234)
#define EDU_SOURCE 0x80
#define EDU_DESTINATION 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_START 1
#define EDU_TO_MEMORY 2
#define EDU_BUFFER 0x40000

/* A device whose registers can be reached; put back as it was by leave(). */
struct device {
	uint64_t config;
	uint64_t registers;
	uint32_t command;
	uint32_t bar;
};

static bool enter(uint32_t id, struct device *device)
{
	unsigned int slot;

	for (slot = 0; slot < SLOTS; slot++) {
		device->config = ECAM_DEVICE(slot);
		if (inject_register_read(device->config + PCI_ID) == id) {
			break;
		}
	}
	if (slot == SLOTS) {
		return false;
	}
	device->command = inject_register_read(device->config + PCI_COMMAND);
	device->bar = inject_register_read(device->config + PCI_BAR0);
	if ((device->bar & ~PCI_BAR_FLAGS) == 0) {
		inject_register_write(device->config + PCI_BAR0, BAR_FREE);
	}
	device->registers = inject_register_read(device->config + PCI_BAR0) & ~PCI_BAR_FLAGS;
	inject_register_write(device->config + PCI_COMMAND,
			      device->command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return true;
}

static void leave(const struct device *device, bool still_works)
{
	/* A device that is still at work needs to stay the bus's master. */
	inject_register_write(device->config + PCI_COMMAND,
			      device->command | (still_works ? PCI_COMMAND_MASTER : 0));
	inject_register_write(device->config + PCI_BAR0, device->bar);
}

static void testdev_writes(const struct device *device, const struct inject_place *place,
			   uint64_t iova, uint64_t pa, char *where)
{
	uint64_t at = device->registers;
	uint32_t result;

	inject_register_write(at + TESTDEV_IOVA_LOW, (uint32_t)iova);
	inject_register_write(at + TESTDEV_IOVA_HIGH, (uint32_t)(iova >> 32));
	inject_register_write(at + TESTDEV_GPA_LOW, (uint32_t)pa);
	inject_register_write(at + TESTDEV_GPA_HIGH, (uint32_t)(pa >> 32));
	inject_register_write(at + TESTDEV_LENGTH, (uint32_t)place->bytes);
	inject_register_write(at + TESTDEV_ATTRS, TESTDEV_ATTRS_NS);
	inject_register_write(at + TESTDEV_ARM, 1);
	inject_register_read(at + TESTDEV_TRIGGER);
	result = inject_register_read(at + TESTDEV_RESULT);
	snprintf(where, 48, "dma write 0x%llx: %s (0x%x)", (unsigned long long)iova,
		 result == 0 ? "done" : "refused", result);
}

static void edu_starts(const struct device *device, const struct inject_place *place, bool write,
		       uint64_t iova, char *where)
{
	uint64_t at = device->registers;
	uint64_t memory = write ? EDU_DESTINATION : EDU_SOURCE;
	uint64_t buffer = write ? EDU_SOURCE : EDU_DESTINATION;

	inject_memory_write(at + memory, sizeof(uint64_t), iova);
	inject_memory_write(at + buffer, sizeof(uint64_t), EDU_BUFFER);
	inject_memory_write(at + EDU_COUNT, sizeof(uint64_t), place->bytes);
	inject_memory_write(at + EDU_COMMAND, sizeof(uint64_t),
			    EDU_START | (write ? EDU_TO_MEMORY : 0));
	snprintf(where, 48, "dma %s 0x%llx: begun", write ? "write" : "read",
		 (unsigned long long)iova);
}

const char *inject_dma(const struct inject_fault *fault, char *where, uint64_t *before,
		       uint64_t *after)
{
	const struct inject_place *place = &fault->place;
	bool write = fault->word == INJECT_DMA_WRITE;
	struct device device;
	uint64_t pa = place->address;
	uint64_t iova;

	if (!inject_memory_place(place, &pa)) {
		pa = place->address; /* mapped nowhere: the device tries all the same */
	}
	/* A device has the host's addresses: those of a VM, or of a program, are none to it. */
	iova = place->kind == INJECT_PLACE_HOST ? place->address : pa;
	inject_memory_read(pa, sizeof(*before), before);
	if (write && enter(TESTDEV_ID, &device)) {
		testdev_writes(&device, place, iova, pa, where);
		leave(&device, false);
	} else if (enter(EDU_ID, &device)) {
		edu_starts(&device, place, write, iova, where);
		leave(&device, true);
	} else {
		return write ? "the machine has neither iommu-testdev nor edu" :
			       "the machine has no edu";
	}
	inject_memory_read(pa, sizeof(*after), after);
	return NULL;
}
