/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts, by the GIC's own registers, where QEMU's virt machine has them. An
 * interrupt of a VM is in its list registers, which QEMU shows to no plugin: it
 * can be raised as the physical one it comes from, not dropped or repeated.
 */
#include "qemu-plugins/inject.h"

/* QEMU's virt machine: GICv3's distributor, a redistributor a CPU. */
#define GICD_BASE UINT64_C(0x08000000)
#define GICR_BASE UINT64_C(0x080a0000)
#define GICR_STRIDE UINT64_C(0x20000)
#define GICR_SGI_FRAME UINT64_C(0x10000)

/* GICv3 (IHI 0069, 12.9 and 12.11): the same offsets in both. */
#define GIC_ISENABLER 0x100
#define GIC_ICENABLER 0x180
#define GIC_ISPENDR 0x200
#define GIC_ICPENDR 0x280
#define GIC_IPRIORITYR 0x400
#define GIC_ICFGR 0xc00
#define GICD_TYPER 0x004
#define GICD_IROUTER 0x6000
#define FIRST_SPI 32
#define NO_INTERRUPT UINT32_MAX

#define HCR_IMO (UINT64_C(1) << 4)

/* Of interrupt @number on @vcpu: where its frame is. */
static uint64_t frame(unsigned int vcpu, uint32_t number)
{
	return number >= FIRST_SPI ? GICD_BASE : GICR_BASE + vcpu * GICR_STRIDE + GICR_SGI_FRAME;
}

static uint64_t bit_register(unsigned int vcpu, uint64_t offset, uint32_t number)
{
	return frame(vcpu, number) + offset + number / 32 * 4;
}

static uint32_t bit_of(uint32_t number)
{
	return UINT32_C(1) << number % 32;
}

static bool is_level(unsigned int vcpu, uint32_t number)
{
	uint32_t config = inject_register_read(frame(vcpu, number) + GIC_ICFGR + number / 16 * 4);

	return (config >> (number % 16 * 2 + 1) & 1) == 0;
}

static uint32_t priority(unsigned int vcpu, uint32_t number)
{
	return inject_register_read(frame(vcpu, number) + GIC_IPRIORITYR + number / 4 * 4) >>
		       number % 4 * 8 &
	       0xff;
}

static bool is_routed_here(unsigned int vcpu, uint32_t number)
{
	return number < FIRST_SPI ||
	       (inject_register_read(GICD_BASE + GICD_IROUTER + UINT64_C(8) * number) & 0xff) ==
		       vcpu;
}

/* The interrupt that this CPU would acknowledge now. */
static uint32_t pending(unsigned int vcpu)
{
	uint32_t lines = 32 * ((inject_register_read(GICD_BASE + GICD_TYPER) & 0x1f) + 1);
	uint32_t best = NO_INTERRUPT;
	uint32_t number;

	for (number = 0; number < lines; number += 32) {
		uint32_t ready = inject_register_read(bit_register(vcpu, GIC_ISPENDR, number)) &
				 inject_register_read(bit_register(vcpu, GIC_ISENABLER, number));

		for (; ready != 0; ready &= ready - 1) {
			uint32_t one = number + (uint32_t)__builtin_ctz(ready);

			if (is_routed_here(vcpu, one) &&
			    (best == NO_INTERRUPT || priority(vcpu, one) < priority(vcpu, best))) {
				best = one;
			}
		}
	}
	return best;
}

/* What is written when the handler is left. */
static void at_return(unsigned int vcpu, uint64_t offset, uint32_t number)
{
	inject.vcpus[vcpu].gic.pending = true;
	inject.vcpus[vcpu].gic.address = bit_register(vcpu, offset, number);
	inject.vcpus[vcpu].gic.value = bit_of(number);
}

void inject_irq_returns(unsigned int vcpu, void *userdata)
{
	(void)userdata;
	if (inject.vcpus[vcpu].gic.pending) {
		inject.vcpus[vcpu].gic.pending = false;
		inject_register_write(inject.vcpus[vcpu].gic.address, inject.vcpus[vcpu].gic.value);
	}
}

/*
 * An edge is gone with its pending state, and what software made pending as well.
 * A level stays: the interrupt is disabled until the handler, which finds none, is
 * left; or for ever.
 */
static void drop(const struct inject_fault *fault, unsigned int vcpu, uint32_t number)
{
	inject_register_write(bit_register(vcpu, GIC_ICPENDR, number), bit_of(number));
	if (!is_level(vcpu, number)) {
		return;
	}
	inject_register_write(bit_register(vcpu, GIC_ICENABLER, number), bit_of(number));
	if (fault->shots != INJECT_EVER) {
		at_return(vcpu, GIC_ISENABLER, number);
	}
}

const char *inject_irq(const struct inject_fault *fault, const struct inject_context *context,
		       uint64_t *interrupt)
{
	uint32_t number;

	if (fault->word == INJECT_INTERRUPT_RAISE) {
		*interrupt = fault->index;
		inject_register_write(bit_register(context->vcpu, GIC_ISPENDR, fault->index),
				      bit_of(fault->index));
		return NULL;
	}
	if (context->el == 1 && (inject_sys(REG_HCR_EL2) & HCR_IMO) != 0) {
		return "it is a VM's virtual interrupt";
	}
	number = pending(context->vcpu);
	if (number == NO_INTERRUPT) {
		return "no interrupt is pending";
	}
	*interrupt = number;
	if (fault->word == INJECT_INTERRUPT_DROP) {
		drop(fault, context->vcpu, number);
	} else {
		at_return(context->vcpu, GIC_ISPENDR, number);
	}
	return NULL;
}
