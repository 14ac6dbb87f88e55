/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a vCPU's registers. The handles are looked up by name once; reads
 * need vCPU context (see qemu_api.h). Any number of threads may read.
 */
#ifndef COMMON_REGS_H
#define COMMON_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include "qemu-plugins/common/qemu_api.h"

/* Registers that plugins use: X(enumerator, name in QEMU, every CPU has it). */
#define REGS_LIST(X)                               \
	X(CPSR, "cpsr", true)                      \
	X(SP, "sp", false)                         \
	X(ESR_EL2, "ESR_EL2", true)                \
	X(ELR_EL2, "ELR_EL2", true)                \
	X(SPSR_EL2, "SPSR_EL2", true)              \
	X(FAR_EL2, "FAR_EL2", true)                \
	X(HPFAR_EL2, "HPFAR_EL2", true)            \
	X(HCR_EL2, "HCR_EL2", true)                \
	X(VTTBR_EL2, "VTTBR_EL2", true)            \
	X(CNTVOFF_EL2, "CNTVOFF_EL2", true)        \
	X(CNTHCTL_EL2, "CNTHCTL_EL2", true)        \
	X(VTCR_EL2, "VTCR_EL2", false)             \
	X(SCTLR_EL2, "SCTLR_EL2", false)           \
	X(TCR_EL2, "TCR_EL2", false)               \
	X(TTBR0_EL2, "TTBR0_EL2", false)           \
	X(TTBR1_EL2, "TTBR1_EL2", false)           \
	X(MAIR_EL2, "MAIR_EL2", false)             \
	X(VBAR_EL2, "VBAR_EL2", false)             \
	X(TPIDR_EL2, "TPIDR_EL2", false)           \
	X(SP_EL2, "SP_EL2", false)                 \
	X(VMPIDR_EL2, "VMPIDR_EL2", false)         \
	X(HCRX_EL2, "HCRX_EL2", false)             \
	X(CPTR_EL2, "CPTR_EL2", false)             \
	X(MDCR_EL2, "MDCR_EL2", false)             \
	X(ESR_EL1, "ESR_EL1", false)               \
	X(ELR_EL1, "ELR_EL1", false)               \
	X(SPSR_EL1, "SPSR_EL1", false)             \
	X(FAR_EL1, "FAR_EL1", false)               \
	X(SCTLR_EL1, "SCTLR_EL1", false)           \
	X(TCR_EL1, "TCR_EL1", false)               \
	X(TTBR0_EL1, "TTBR0_EL1", false)           \
	X(TTBR1_EL1, "TTBR1_EL1", false)           \
	X(MAIR_EL1, "MAIR_EL1", false)             \
	X(VBAR_EL1, "VBAR_EL1", false)             \
	X(SP_EL1, "SP_EL1", false)                 \
	X(SP_EL0, "SP_EL0", false)                 \
	X(TPIDR_EL0, "TPIDR_EL0", false)           \
	X(TPIDR_EL1, "TPIDR_EL1", false)           \
	X(CONTEXTIDR_EL1, "CONTEXTIDR_EL1", false) \
	X(CNTPOFF_EL2, "CNTPOFF_EL2", false)       \
	X(CNTFRQ_EL0, "CNTFRQ_EL0", false)         \
	X(CNTP_CTL, "CNTP_CTL_EL0", false)         \
	X(CNTP_CVAL, "CNTP_CVAL_EL0", false)       \
	X(CNTV_CTL, "CNTV_CTL_EL0", false)         \
	X(CNTV_CVAL, "CNTV_CVAL_EL0", false)       \
	X(CNTHP_CTL, "CNTHP_CTL_EL2", false)       \
	X(CNTHP_CVAL, "CNTHP_CVAL_EL2", false)

enum reg {
#define REGS_ENUM(id, name, needed) REG_##id,
	REGS_LIST(REGS_ENUM)
#undef REGS_ENUM
		REG_X0,
	REG_COUNT = REG_X0 + 31,
};

/* Handles; the same for all vCPUs, which are of one model. */
struct regs {
	struct qemu_plugin_register *handle[REG_COUNT]; /* NULL: the CPU lacks it */
};

/*
 * Look up the handles. Call in the context of any vCPU, before all reads.
 *
 * Returns the name of a register that every CPU with EL2 has and this one has
 * not, NULL if all is there.
 */
const char *regs_init(struct regs *regs);

/*
 * The register's value on the vCPU that makes the callback, 0 if it lacks the
 * register. vCPU context. Each thread has a buffer of its own, kept for ever.
 */
uint64_t regs_read(const struct regs *regs, enum reg reg);

/* General register @n as an operand: 31 is the zero register. */
uint64_t regs_read_x(const struct regs *regs, unsigned int n);

/*
 * Write a general register, SP or CPSR in a callback that may (qemu_api.h:
 * RW_REGS, or a discontinuity). False: the CPU lacks it, or it is a system
 * register, which QEMU does not let plugins write.
 */
bool regs_write(const struct regs *regs, enum reg reg, uint64_t value);

/*
 * Any register by its name in QEMU ("x7", "z3", "TCR_EL1"), NULL if the CPU has
 * none of it. Slow: keep the handle. vCPU context.
 */
struct qemu_plugin_register *regs_find(const char *name);

/*
 * The first 8 bytes of any register's value, 0 if it cannot be read. vCPU
 * context.
 */
uint64_t regs_read_handle(struct qemu_plugin_register *handle);

#endif /* COMMON_REGS_H */
