/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/mmio.h>

#include "arch/sysreg.h"

uint32_t mmio_read32(uint64_t pa)
{
	uint32_t value = *(const volatile uint32_t *)(uintptr_t)pa;

	dsb(osh);
	return value;
}

void mmio_write32(uint64_t pa, uint32_t value)
{
	dsb(osh);
	*(volatile uint32_t *)(uintptr_t)pa = value;
}

void mmio_write64(uint64_t pa, uint64_t value)
{
	dsb(osh);
	*(volatile uint64_t *)(uintptr_t)pa = value;
}
