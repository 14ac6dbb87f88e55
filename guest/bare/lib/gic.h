/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GICv3 as a program uses it that is about interrupts (Arm IHI 0069). Interrupts stay masked
 * in PSTATE: what is signalled is acknowledged by hand.
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/bare/lib/arch.h"
#include "platform/abi/guest_memory_map.h"

#define GIC_FIRST_SPI 32
#define GIC_INTIDS 1020
#define GIC_NONE 1023 /* an acknowledge's answer when nothing is there */

/* Distributor; those of a bit or a byte for each interrupt also in the SGI frame. */
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR 0x0c00
#define GICD_IROUTER 0x6000
#define GIC_PIDR2 0xffe8
#define GICR_TYPER 0x0008
#define GICR_SGI_FRAME 0x10000

#define GICD_CTLR_GROUPS 0x3
#define GICD_CTLR_ARE 0x10
#define GICR_TYPER_LAST 0x10
#define ICC_CTLR_EOIMODE 0x2

/* System registers by encoding: the assembler knows their names only by -march. */
#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_IAR0_EL1 S3_0_C12_C8_0
#define ICC_EOIR0_EL1 S3_0_C12_C8_1
#define ICC_DIR_EL1 S3_0_C12_C11_1
#define ICC_RPR_EL1 S3_0_C12_C11_3
#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_SGI0R_EL1 S3_0_C12_C11_7
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define sysreg_read_by(macro) sysreg_read(macro)
#define sysreg_write_by(macro, value) sysreg_write(macro, value)

/* Values of ICC_SGI1R_EL1: to CPUs (bits of the first sixteen), to this one, to all others. */
#define SGI_TARGETS(intid, cpus) ((uint64_t)(intid) << 24 | (cpus))
#define SGI_SELF(intid) SGI_TARGETS(intid, 1U << cpu_index())
#define SGI_OTHERS(intid) (SGI_TARGETS(intid, 0) | UINT64_C(1) << 40)

/* Registers of the distributor, and of CPU @cpu's redistributor. */
uint32_t gicd_read(uint32_t offset);
void gicd_write(uint32_t offset, uint32_t value);
uint32_t gicr_read(unsigned int cpu, uint32_t offset);
void gicr_write(unsigned int cpu, uint32_t offset, uint32_t value);

/* Enable both groups. Once. */
void gic_setup(void);

/* Take interrupts of all priorities, and SGIs, on this CPU. After timer_init(). */
void gic_cpu_setup(void);

/* The bit of interrupt @intid in the registers at @base (GICD_IS*, GICD_IC*); write a one. */
bool gic_state(uint32_t base, uint32_t intid);
void gic_state_set(uint32_t base, uint32_t intid);

/* Its priority, 0 the highest; of private ones, this CPU's. */
void gic_set_priority(uint32_t intid, uint8_t priority);

/* What makes an SPI pending: the rise of its wire, or that it is high. */
void gic_set_edge(uint32_t spi);
void gic_set_level(uint32_t spi);

/* Send an SGI: SGI_*. */
void gic_send(uint64_t value);

/* An IRQ is pending for this CPU, masked or not. */
bool gic_is_signalled(void);

/* Acknowledge one of group 1; GIC_NONE: none is there. The other waits for one, a second. */
uint32_t gic_acknowledge(void);
uint32_t gic_wait_acknowledge(void);

/* End one of group 1. */
void gic_end(uint32_t intid);

#endif /* GUEST_GIC_H */
