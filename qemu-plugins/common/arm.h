/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of the Arm architecture (Arm ARM, DDI 0487) that plugins need:
 * instruction patterns, syndrome fields, addresses in fault registers. Pure
 * functions of numbers; nothing here knows QEMU or any hypervisor.
 */
#ifndef COMMON_ARM_H
#define COMMON_ARM_H

#include <stdbool.h>
#include <stdint.h>

#define ARM_INSN_BYTES 4 /* A64 */

/* PSTATE / SPSR_ELx. */
#define ARM_PSTATE_EL(pstate) (((pstate) >> 2) & 3)
#define ARM_PSTATE_AARCH32 0x10

/* HCR_EL2 bits (D24.2). */
#define ARM_HCR_VM (UINT64_C(1) << 0)
#define ARM_HCR_TGE (UINT64_C(1) << 27)
#define ARM_HCR_E2H (UINT64_C(1) << 34)

/* VTTBR_EL2.VMID. */
#define ARM_VTTBR_VMID(vttbr) ((uint16_t)((vttbr) >> 48))

/* CNTHCTL_EL2.ECV: CNTPOFF_EL2 applies to EL1 and EL0. */
#define ARM_CNTHCTL_ECV (UINT64_C(1) << 12)

/* CNT*_CTL_EL*: the timer is on, not masked, and its time has come. */
#define ARM_TIMER_FIRED(ctl) ((7 & (ctl)) == 5)

/* ESR_ELx.EC: exception classes (table "Exception class"). */
enum arm_ec {
	ARM_EC_WFX = 0x01,
	ARM_EC_HVC32 = 0x12,
	ARM_EC_SMC32 = 0x13,
	ARM_EC_HVC64 = 0x16,
	ARM_EC_SMC64 = 0x17,
	ARM_EC_SYSREG = 0x18,
	ARM_EC_INSN_ABORT_LOWER = 0x20,
	ARM_EC_DATA_ABORT_LOWER = 0x24,
};

#define ARM_ESR_EC(esr) ((unsigned int)((esr) >> 26) & 0x3f)
#define ARM_ESR_IMM16(esr) ((uint16_t)(0xffff & (esr)))

/* Data abort syndrome. */
#define ARM_ESR_ISV(esr) (((esr) >> 24) & 1)
#define ARM_ESR_SRT(esr) ((unsigned int)((esr) >> 16) & 0x1f)
#define ARM_ESR_S1PTW(esr) (((esr) >> 7) & 1)
#define ARM_ESR_WNR(esr) (((esr) >> 6) & 1)

/* Trapped system register access: the general register, and the direction. */
#define ARM_ESR_SYS_RT(esr) ((unsigned int)((esr) >> 5) & 0x1f)
#define ARM_ESR_SYS_IS_READ(esr) (1 & (esr))

/* What took the CPU to its exception vector, by the vector's offset. */
enum arm_vector {
	ARM_VECTOR_SYNC,
	ARM_VECTOR_IRQ,
	ARM_VECTOR_FIQ,
	ARM_VECTOR_SERROR,
};

/* Instructions that a plugin must see. */
enum arm_insn {
	ARM_INSN_OTHER,
	ARM_INSN_HVC,
	ARM_INSN_SMC,
	ARM_INSN_ERET,          /* ERET, ERETAA, ERETAB */
	ARM_INSN_READ_VIRTUAL,  /* MRS Xt, CNTVCT_EL0 or CNTVCTSS_EL0 */
	ARM_INSN_READ_PHYSICAL, /* MRS Xt, CNTPCT_EL0 or CNTPCTSS_EL0 */
};

/* What kind of instruction @word is. */
enum arm_insn arm_insn_kind(uint32_t word);

/*
 * Whether the instruction always completes: it computes in general registers
 * only, so that no fault, trap or exit from the block can happen at it. False
 * when in doubt.
 */
bool arm_insn_completes(uint32_t word);

/* Which vector of its table @vector_address is. */
enum arm_vector arm_vector_kind(uint64_t vector_address);

/* Size in bytes of a data abort's access (ESR.SAS), 0 if not given (no ISV). */
unsigned int arm_abort_size(uint64_t esr);

/*
 * Intermediate physical address of a stage-2 abort. The offset within the
 * page comes from FAR_EL2, except when the access was a table walk of stage 1
 * (S1PTW): then it is not known and is 0.
 */
uint64_t arm_abort_ipa(uint64_t esr, uint64_t hpfar, uint64_t far);

/*
 * Ticks that are to be added to what a counter read gave, to have the
 * physical count. @el is where it was read; the others are the registers'
 * values at that time (0 where the CPU lacks the register).
 */
uint64_t arm_counter_offset(enum arm_insn read, unsigned int el, uint64_t hcr, uint64_t cntvoff,
			    uint64_t cntpoff, uint64_t cnthctl);

#endif /* COMMON_ARM_H */
