/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/gic.h"

#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/timer.h"

#define ISR_I (1 << 7) /* ISR_EL1 (Arm DDI 0487, D24.2.97) */

static uintptr_t redistributor(unsigned int cpu)
{
	return GUEST_GICD_BASE - (uintptr_t)(machine.cpu_count - cpu) * GUEST_GICR_STRIDE;
}

uint32_t gicd_read(uint32_t offset)
{
	return mmio_read32(GUEST_GICD_BASE + offset);
}

void gicd_write(uint32_t offset, uint32_t value)
{
	mmio_write32(GUEST_GICD_BASE + offset, value);
	barrier_full();
}

uint32_t gicr_read(unsigned int cpu, uint32_t offset)
{
	return mmio_read32(redistributor(cpu) + offset);
}

void gicr_write(unsigned int cpu, uint32_t offset, uint32_t value)
{
	mmio_write32(redistributor(cpu) + offset, value);
	barrier_full();
}

void gic_setup(void)
{
	gicd_write(GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUPS);
}

void gic_cpu_setup(void)
{
	gicr_write(cpu_index(), GICR_SGI_FRAME + GICD_ISENABLER, 0xffff);
	sysreg_write_by(ICC_PMR_EL1, 0xff);
	sysreg_write_by(ICC_IGRPEN1_EL1, 1);
}

/* The word with @intid's bit: of this CPU's redistributor, if it is private. */
static uintptr_t word_of(uint32_t base, uint32_t intid)
{
	if (intid < GIC_FIRST_SPI) {
		return redistributor(cpu_index()) + GICR_SGI_FRAME + base;
	}
	return GUEST_GICD_BASE + base + intid / 32 * 4;
}

bool gic_state(uint32_t base, uint32_t intid)
{
	return mmio_read32(word_of(base, intid)) >> intid % 32 & 1;
}

void gic_state_set(uint32_t base, uint32_t intid)
{
	mmio_write32(word_of(base, intid), UINT32_C(1) << intid % 32);
	barrier_full();
}

void gic_set_priority(uint32_t intid, uint8_t priority)
{
	uintptr_t frame = intid < GIC_FIRST_SPI ? redistributor(cpu_index()) + GICR_SGI_FRAME :
						  GUEST_GICD_BASE;

	mmio_write8(frame + GICD_IPRIORITYR + intid, priority);
	barrier_full();
}

/* GICD_ICFGR: two bits each, of which the upper says edge. */
static void set_config(uint32_t spi, uint32_t config)
{
	uint32_t offset = GICD_ICFGR + spi / 16 * 4;
	uint32_t shift = spi % 16 * 2;

	gicd_write(offset, (gicd_read(offset) & ~(UINT32_C(3) << shift)) | config << shift);
}

void gic_set_edge(uint32_t spi)
{
	set_config(spi, 2);
}

void gic_set_level(uint32_t spi)
{
	set_config(spi, 0);
}

void gic_send(uint64_t value)
{
	barrier_full();
	sysreg_write_by(ICC_SGI1R_EL1, value);
}

bool gic_is_signalled(void)
{
	barrier_full();
	__asm__ volatile("isb" : : : "memory");
	return sysreg_read(isr_el1) & ISR_I;
}

uint32_t gic_acknowledge(void)
{
	uint32_t intid;

	__asm__ volatile("isb" : : : "memory");
	intid = (uint32_t)sysreg_read_by(ICC_IAR1_EL1);
	barrier_full();
	return intid;
}

uint32_t gic_wait_acknowledge(void)
{
	uint64_t end = timer_ticks() + timer_hz();
	uint32_t intid;

	do {
		intid = gic_acknowledge();
	} while (intid >= GIC_INTIDS && timer_ticks() < end);
	return intid;
}

void gic_end(uint32_t intid)
{
	barrier_full();
	sysreg_write_by(ICC_EOIR1_EL1, intid);
}
