/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/vmwdt.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/machine.h"
#include "platform/abi/guest_memory_map.h"

/* Registers of a frame; counting is in units of 1 / CLOCK seconds. */
#define VMWDT_FRAME_BYTES 0x10
#define VMWDT_STATUS 0x0
#define VMWDT_LOAD 0x4
#define VMWDT_CLOCK_HZ 0xc

#define CLOCK_HZ 10

static uint32_t load[GUEST_VCPUS_MAX]; /* each CPU's own */

static uintptr_t frame(void)
{
	return GUEST_VMWDT_BASE + cpu_index() * VMWDT_FRAME_BYTES;
}

bool vmwdt_start(uint32_t seconds)
{
	if (machine.vmwdt.base != GUEST_VMWDT_BASE || !machine.vmwdt.bytes) {
		return false;
	}
	load[cpu_index()] = seconds * CLOCK_HZ;
	mmio_write32(frame() + VMWDT_STATUS, 0);
	mmio_write32(frame() + VMWDT_CLOCK_HZ, CLOCK_HZ);
	mmio_write32(frame() + VMWDT_LOAD, load[cpu_index()]);
	mmio_write32(frame() + VMWDT_STATUS, 1);
	return true;
}

void vmwdt_pet(void)
{
	mmio_write32(frame() + VMWDT_LOAD, load[cpu_index()]);
}
