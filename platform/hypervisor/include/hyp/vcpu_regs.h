/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system registers of a vCPU, in one place: X(NAME, op0, op1, CRn, CRm, op2, value after
 * reset). Encodings: Arm ARM D24, "System register encoding". Where a guest's register is
 * loaded into this CPU, the host's own is saved in the same array.
 *
 * All of these may be read and written by the host of a normal VM: none of them has a field
 * that reaches beyond the guest, whatever its value.
 */
#ifndef HYP_VCPU_REGS_H
#define HYP_VCPU_REGS_H

#include <hyp/layout.h>

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */

/* EL1 and EL0: always. SCTLR_EL1: RES1 bits, all else off. */
#define SYSREGS_BASE(X)                                 \
	X(SP_EL0,         3, 0, 4, 1, 0, 0)             \
	X(SP_EL1,         3, 4, 4, 1, 0, 0)             \
	X(ELR_EL1,        3, 0, 4, 0, 1, 0)             \
	X(SPSR_EL1,       3, 0, 4, 0, 0, 0)             \
	X(SCTLR_EL1,      3, 0, 1, 0, 0, 0x30d00800)    \
	X(CPACR_EL1,      3, 0, 1, 0, 2, 0)             \
	X(TTBR0_EL1,      3, 0, 2, 0, 0, 0)             \
	X(TTBR1_EL1,      3, 0, 2, 0, 1, 0)             \
	X(TCR_EL1,        3, 0, 2, 0, 2, 0)             \
	X(AFSR0_EL1,      3, 0, 5, 1, 0, 0)             \
	X(AFSR1_EL1,      3, 0, 5, 1, 1, 0)             \
	X(ESR_EL1,        3, 0, 5, 2, 0, 0)             \
	X(FAR_EL1,        3, 0, 6, 0, 0, 0)             \
	X(PAR_EL1,        3, 0, 7, 4, 0, 0)             \
	X(MAIR_EL1,       3, 0, 10, 2, 0, 0)            \
	X(AMAIR_EL1,      3, 0, 10, 3, 0, 0)            \
	X(VBAR_EL1,       3, 0, 12, 0, 0, 0)            \
	X(CONTEXTIDR_EL1, 3, 0, 13, 0, 1, 0)            \
	X(TPIDR_EL1,      3, 0, 13, 0, 4, 0)            \
	X(TPIDR_EL0,      3, 3, 13, 0, 2, 0)            \
	X(TPIDRRO_EL0,    3, 3, 13, 0, 3, 0)            \
	X(CNTKCTL_EL1,    3, 0, 14, 1, 0, 0)            \
	X(CSSELR_EL1,     3, 2, 0, 0, 0, 0)

/* Pointer authentication keys: with HYP_VCPU_PAUTH. */
#define SYSREGS_PAUTH(X)                                \
	X(APIAKEYLO_EL1,  3, 0, 2, 1, 0, 0)             \
	X(APIAKEYHI_EL1,  3, 0, 2, 1, 1, 0)             \
	X(APIBKEYLO_EL1,  3, 0, 2, 1, 2, 0)             \
	X(APIBKEYHI_EL1,  3, 0, 2, 1, 3, 0)             \
	X(APDAKEYLO_EL1,  3, 0, 2, 2, 0, 0)             \
	X(APDAKEYHI_EL1,  3, 0, 2, 2, 1, 0)             \
	X(APDBKEYLO_EL1,  3, 0, 2, 2, 2, 0)             \
	X(APDBKEYHI_EL1,  3, 0, 2, 2, 3, 0)             \
	X(APGAKEYLO_EL1,  3, 0, 2, 3, 0, 0)             \
	X(APGAKEYHI_EL1,  3, 0, 2, 3, 1, 0)

/* With HYP_VCPU_SVE. */
#define SYSREGS_SVE(X)                                  \
	X(ZCR_EL1,        3, 0, 1, 2, 0, 0)

/* The guest's alone; the host has none of these. RAS: where the CPU has it. */
#define SYSREGS_RAS(X)                                  \
	X(VSESR_EL2,      3, 4, 5, 2, 3, 0)             \
	X(VDISR_EL2,      3, 4, 12, 1, 1, 0)
#define SYSREGS_GIC(X)                                  \
	X(ICH_VMCR_EL2,   3, 4, 12, 11, 7, 0)           \
	X(ICH_AP0R0_EL2,  3, 4, 12, 8, 0, 0)            \
	X(ICH_AP1R0_EL2,  3, 4, 12, 9, 0, 0)
#define SYSREGS_TIMER(X)                                \
	X(CNTVOFF_EL2,    3, 4, 14, 0, 3, 0)            \
	X(CNTV_CVAL_EL0,  3, 3, 14, 3, 2, 0)            \
	X(CNTV_CTL_EL0,   3, 3, 14, 3, 1, 0)

/* With HYP_VCPU_PMU; event counters beside. PMCR_EL0 starts the counters: the last one. */
#define SYSREGS_PMU(X)                                  \
	X(PMCNTENSET_EL0, 3, 3, 9, 12, 1, 0)            \
	X(PMINTENSET_EL1, 3, 0, 9, 14, 1, 0)            \
	X(PMOVSSET_EL0,   3, 3, 9, 14, 3, 0)            \
	X(PMSELR_EL0,     3, 3, 9, 12, 5, 0)            \
	X(PMUSERENR_EL0,  3, 3, 9, 14, 0, 0)            \
	X(PMCCNTR_EL0,    3, 3, 9, 13, 0, 0)            \
	X(PMCCFILTR_EL0,  3, 3, 14, 15, 7, 0)           \
	X(PMCR_EL0,       3, 3, 9, 12, 0, 0)

/* The guest's accesses trap: the value here is what there is. OSLSR_EL1: its lock bit. */
#define SYSREGS_TRAPPED(X)                              \
	X(MDSCR_EL1,      2, 0, 0, 2, 2, 0)             \
	X(OSLSR_EL1,      2, 0, 1, 1, 4, 0xa)

#define SYSREGS_SWITCHED(X) SYSREGS_BASE(X) SYSREGS_PAUTH(X) SYSREGS_SVE(X) SYSREGS_RAS(X) \
	SYSREGS_GIC(X) SYSREGS_TIMER(X) SYSREGS_PMU(X)
#define SYSREGS(X) SYSREGS_SWITCHED(X) SYSREGS_TRAPPED(X)

/*
 * ID registers that are not zero: X(NAME, CRm, op2, most of each field for a normal VM, the
 * same for a protected VM). Fields are four bits; a field has the CPU's value, at most the one
 * here: what is not listed, is not there. Encoding 3, 0, 0, CRm, op2.
 *
 * Hidden: EL2, AArch32, SME, MTE, AMU, MPAM, statistical profiling, trace, LORegions, and all
 * that HCRX_EL2 must allow. PARange: 40 bits. Of debug a protected VM has what may not be
 * missing, and it does nothing.
 */
#define ID_REGS(X)                                                         \
	X(ID_AA64PFR0_EL1,  4, 0, 0x1101000111111011, 0x1101000111111011)  \
	X(ID_AA64PFR1_EL1,  4, 1, 0x0000000000000021, 0x0000000000000021)  \
	X(ID_AA64ZFR0_EL1,  4, 4, 0x0ff0ff0f00ff00ff, 0x0ff0ff0f00ff00ff)  \
	X(ID_AA64DFR0_EL1,  5, 0, 0x000000f0f0f0f608, 0x000000f000101606)  \
	X(ID_AA64ISAR0_EL1, 6, 0, 0x1221111110212120, 0x1221111110212120)  \
	X(ID_AA64ISAR1_EL1, 6, 1, 0x0011111111211552, 0x0011111111211552)  \
	X(ID_AA64ISAR2_EL1, 6, 2, 0x0000000011105110, 0x0000000011105110)  \
	X(ID_AA64MMFR0_EL1, 7, 0, 0x00000000ff110122, 0x00000000ff110122)  \
	X(ID_AA64MMFR1_EL1, 7, 1, 0x1001001001302002, 0x1001001001302002)  \
	X(ID_AA64MMFR2_EL1, 7, 2, 0x1021001110111111, 0x1021001110111111)
/* clang-format on */

#define SYSREG_ENUM(name, ...) SYS_##name,
enum sysreg_index { SYSREGS(SYSREG_ENUM) SYS_COUNT };
#define ID_ENUM(name, ...) ID_##name,
enum id_index { ID_REGS(ID_ENUM) ID_COUNT };

/* How hyp_vcpu.h's HYP_REG_SYSTEM and trapped accesses name a register. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* Breakpoint and watchpoint values and controls, by op2 - 4 and CRm; event counters. */
#define DEBUG_KINDS 4
#define DEBUG_MAX 16
#define PMU_COUNTERS_MAX 31
#define SVE_BYTES_MAX 256

/* FP/SIMD and SVE: vectors one behind the other, as fp.S stores them. */
struct fp_state {
	uint64_t control[2];               /* FPSR, FPCR */
	uint8_t z[32 * SVE_BYTES_MAX];     /* or V0-V31 */
	uint8_t p[17 * SVE_BYTES_MAX / 8]; /* P0-P15, FFR */
} __attribute__((aligned(16)));

_Static_assert(offsetof(struct fp_state, z) == FP_Z, "fp.S");
_Static_assert(offsetof(struct fp_state, p) == FP_Z + FP_P, "fp.S");

/* What is switched between host and guest, beside the general registers. */
struct cpu_state {
	uint64_t sys[SYS_COUNT];
	uint64_t debug[DEBUG_KINDS][DEBUG_MAX]; /* DBGBVR, DBGBCR, DBGWVR, DBGWCR */
	uint64_t event_counter[PMU_COUNTERS_MAX];
	uint64_t event_type[PMU_COUNTERS_MAX];
	struct fp_state fp;
};

struct vcpu;

/* The CPU's own ID registers, cut down to what a vCPU with @features (HYP_VCPU_*) shows. */
void vcpu_id_init(uint64_t id[ID_COUNT], uint32_t features, bool is_protected);

/* All system registers as after reset, but CNTVOFF_EL2, which is the VM's. */
void vcpu_sys_reset(struct vcpu *vcpu);

/*
 * Where the value of the register @encoding (SYSREG()) is; NULL: there is none that can be
 * written here. ID registers are not among them.
 */
uint64_t *vcpu_sysreg(struct vcpu *vcpu, uint32_t encoding);

/*
 * Any of hyp_vcpu.h's registers of a normal VM's vCPU, but POWER and RESET. Errors HYP_ENOENT
 * there is no such one; HYP_EINVAL it cannot have that value.
 */
enum hyp_status vcpu_reg_read(struct vcpu *vcpu, uint64_t reg, uint64_t value[2]);
enum hyp_status vcpu_reg_write(struct vcpu *vcpu, uint64_t reg, const uint64_t value[2]);

/* Where the ID register with that CRm and op2 is; those that ID_REGS lacks are zero. */
uint64_t *vcpu_id(struct vcpu *vcpu, uint32_t crm, uint32_t op2);

/* Whether a guest can be in this PSTATE: EL0 or EL1, AArch64. */
bool pstate_is_legal(uint64_t pstate);

#endif /* HYP_VCPU_REGS_H */
