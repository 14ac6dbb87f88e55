/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt is never taken: PSTATE.I stays set, WFI returns when it is
 * pending, and it is acknowledged and ended here.
 */
#include "guest/bare/lib/timer.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/machine.h"
#include "platform/abi/guest_memory_map.h"

/* GICv3 (Arm IHI 0069), what a private interrupt needs. */
#define GICD_CTLR 0x0000
#define GICD_CTLR_ENABLE_GROUP1 (1 << 1)
#define GICD_CTLR_ARE (1 << 4)
#define GICR_WAKER 0x0014
#define GICR_WAKER_SLEEP (1 << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1 << 2)
#define GICR_SGI_FRAME 0x10000
#define GICR_IGROUPR0 (GICR_SGI_FRAME + 0x0080)
#define GICR_ISENABLER0 (GICR_SGI_FRAME + 0x0100)
#define PRIORITY_ALL 0xff
#define INTID_TIMER (16 + GUEST_PPI_TIMER_VIRT)
#define INTID_SPECIAL 1020 /* from here on: no interrupt */

/* System registers by encoding: the assembler knows their names only by -march. */
#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define sysreg_read_by(macro) sysreg_read(macro)
#define sysreg_write_by(macro, value) sysreg_write(macro, value)

#define CNTV_CTL_ENABLE 1
#define CNTV_CTL_ISTATUS 4

#define WAKE_TRIES 100000

/* A wait asks soon at first, then less and less often: few exits in a long wait. */
#define POLL_FIRST_US 100
#define POLL_LAST_US 10000

static bool can_sleep[GUEST_VCPUS_MAX];

static bool redistributor_wake(uintptr_t gicr)
{
	uint32_t waker = mmio_read32(gicr + GICR_WAKER);

	mmio_write32(gicr + GICR_WAKER, waker & ~(uint32_t)GICR_WAKER_SLEEP);
	for (unsigned int i = 0; i < WAKE_TRIES; i++) {
		if (!(mmio_read32(gicr + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP)) {
			return true;
		}
	}
	return false;
}

void timer_init(void)
{
	unsigned int cpu = cpu_index();
	uintptr_t gicr = GUEST_GICD_BASE - (uintptr_t)(machine.cpu_count - cpu) * GUEST_GICR_STRIDE;

	sysreg_write(cntv_ctl_el0, 0);
	if (!machine.has_gic) {
		return;
	}
	sysreg_write_by(ICC_SRE_EL1, sysreg_read_by(ICC_SRE_EL1) | 1);
	if (!redistributor_wake(gicr)) {
		return;
	}
	if (!cpu) {
		mmio_write32(GUEST_GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP1);
	}
	mmio_write32(gicr + GICR_IGROUPR0, UINT32_MAX);
	mmio_write32(gicr + GICR_ISENABLER0, UINT32_C(1) << INTID_TIMER);
	sysreg_write_by(ICC_PMR_EL1, PRIORITY_ALL);
	sysreg_write_by(ICC_IGRPEN1_EL1, 1);
	can_sleep[cpu] = true;
}

uint64_t timer_ticks(void)
{
	__asm__ volatile("isb" : : : "memory");
	return sysreg_read(cntvct_el0);
}

uint64_t timer_hz(void)
{
	return sysreg_read(cntfrq_el0);
}

void timer_sleep_us(uint64_t us)
{
	uint64_t end = timer_ticks() + us * timer_hz() / 1000000;
	uint64_t intid;

	if (!can_sleep[cpu_index()]) {
		while (timer_ticks() < end) {
			cpu_yield();
		}
		return;
	}
	sysreg_write(cntv_cval_el0, end);
	sysreg_write(cntv_ctl_el0, CNTV_CTL_ENABLE);
	while (!(sysreg_read(cntv_ctl_el0) & CNTV_CTL_ISTATUS)) {
		cpu_wait_interrupt();
	}
	sysreg_write(cntv_ctl_el0, 0);
	intid = sysreg_read_by(ICC_IAR1_EL1);
	if (intid < INTID_SPECIAL) {
		sysreg_write_by(ICC_EOIR1_EL1, intid);
	}
}

bool timer_wait(bool (*done)(const void *context), const void *context, uint64_t timeout_ms)
{
	uint64_t end = timer_ticks() + timeout_ms * timer_hz() / 1000;
	uint64_t poll_us = POLL_FIRST_US;

	while (!done(context)) {
		if (timer_ticks() >= end) {
			return false;
		}
		timer_sleep_us(poll_us);
		poll_us = poll_us * 2 < POLL_LAST_US ? poll_us * 2 : POLL_LAST_US;
	}
	return true;
}
