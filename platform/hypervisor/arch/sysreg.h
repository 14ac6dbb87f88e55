/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System registers of EL2 and EL1 and their fields, by the Arm ARM's names (D24). */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include <stdint.h>

#define sysreg_read(name)                                          \
	({                                                         \
		uint64_t value_;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)); \
		value_;                                            \
	})

#define sysreg_write(name, value)                                                            \
	do {                                                                                 \
		__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory"); \
	} while (0)

/* The same by its encoding: SYSREG_AT(op0, op1, CRn, CRm, op2). */
#define SYSREG_AT(op0, op1, crn, crm, op2) S##op0##_##op1##_C##crn##_C##crm##_##op2
#define sysreg_read_at(place) sysreg_read(place)
#define sysreg_write_at(place, value) sysreg_write(place, value)

#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb(kind) __asm__ volatile("dsb " #kind : : : "memory")
#define ic_iallu() __asm__ volatile("ic iallu" : : : "memory")
#define at_s1e1r(va) __asm__ volatile("at s1e1r, %0" : : "r"((uint64_t)(va)) : "memory")
#define tlbi(what) __asm__ volatile("tlbi " #what : : : "memory")
#define tlbi_by(what, value) \
	__asm__ volatile("tlbi " #what ", %0" : : "r"((uint64_t)(value)) : "memory")

#define BIT(n) (UINT64_C(1) << (n))

/* HCR_EL2 for the host: stage 2, SMC trapped, AArch64, pointer authentication allowed. */
#define HCR_VM BIT(0)
#define HCR_TSC BIT(19)
#define HCR_RW BIT(31)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_HOST (HCR_VM | HCR_TSC | HCR_RW | HCR_APK | HCR_API)

/*
 * HCR_EL2 for guests. Beside HCR_HOST's first three: set/way invalidation cleans (SWIO, bit 1);
 * no table walk through device memory (PTW, 2); physical interrupts and SErrors come to EL2
 * (FMO, IMO, AMO, 3-5); TLB and cache maintenance and barriers reach all CPUs (FB, 9, BSU, 10),
 * since the vCPU may move; traps of ID registers (TID1, 16, TID3, 18), implementation-defined
 * ones (TIDCP, 20), ACTLR_EL1 (TACR, 21), LORegions (TLOR, 35), error records (TERR, 36),
 * GMID_EL1 (TID5, 58); external aborts come to EL2 (TEA, 37).
 */
#define HCR_VSE BIT(8)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_GUEST                                                                          \
	(HCR_VM | HCR_TSC | HCR_RW | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(9) | \
	 BIT(10) | BIT(16) | BIT(18) | BIT(20) | BIT(21) | BIT(35) | BIT(36) | BIT(37) | BIT(58))

/* CPTR_EL2 without E2H: RES1 bits; TZ (8) and TFP (10) clear, TSM (12) set: no SME. */
#define CPTR_HOST UINT64_C(0x32ff)

/* For guests: SVE trapped (TZ) unless the vCPU has it; trace (TTA), activity monitors (TAM). */
#define CPTR_TZ BIT(8)
#define CPTR_GUEST (CPTR_HOST | BIT(20) | BIT(30))

/* CNTHCTL_EL2: EL1 may use the physical counter and timer; a guest the counter only. */
#define CNTHCTL_HOST (BIT(0) | BIT(1))
#define CNTHCTL_GUEST BIT(0)

/* CNTV_CTL_EL0 */
#define TIMER_ENABLE BIT(0)
#define TIMER_MASKED BIT(1)
#define TIMER_STATUS BIT(2)

/* ICC_SRE_EL2: SRE, DFB, DIB, Enable. */
#define ICC_SRE_HOST UINT64_C(0xf)
#define ICC_SRE_GUEST UINT64_C(0x7) /* ICC_SRE_EL1 is not the guest's to change */

/* VMPIDR_EL2 */
#define MPIDR_RES1 BIT(31)

/* ID_AA64ISAR1_EL1 GPI, GPA, API, APA; ID_AA64ISAR2_EL1 PAC_frac, APA3, GPA3. */
#define ISAR1_PAUTH UINT64_C(0x00000000ff000ff0)
#define ISAR2_PAUTH UINT64_C(0x000000000f00ff00)

/* ZCR_EL2.LEN: as long as the CPU can. */
#define ZCR_LONGEST UINT64_C(0xf)

/* SCTLR_EL1 as a kernel expects it at its start: RES1 bits, all else off. */
#define SCTLR_EL1_START UINT64_C(0x30d00800)
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)

/* ID_AA64PFR0_EL1.RAS, SVE; ID_AA64DFR0_EL1.PMUVer, BRPs, WRPs; ID_AA64MMFR0_EL1.FGT. */
#define PFR0_RAS_SHIFT 28
#define PFR0_SVE_SHIFT 32
#define MMFR0_FGT_SHIFT 56
#define DFR0_PMUVER_SHIFT 8
#define DFR0_BRPS_SHIFT 12
#define DFR0_WRPS_SHIFT 20
#define ID_FIELD(value, shift) (((value) >> (shift)) & 0xf)

/* PMCR_EL0.N -> MDCR_EL2.HPMN: all counters are the host's. */
#define PMCR_N_SHIFT 11
#define PMCR_N_MASK 0x1f

/* MDCR_EL2.HPMD, HCCD: EL2 is not counted; from these versions of the PMU on. */
#define PMUVER_3P1 4
#define PMUVER_3P5 6
#define PMUVER_OTHER 0xf /* none by the architecture */
#define MDCR_HPMD BIT(17)
#define MDCR_HCCD BIT(23)

/*
 * MDCR_EL2 for guests: debug registers, OS lock and ROM address trapped (TDA, TDOSA, TDRA),
 * statistical profiling, trace filter, debug communication (TPMS, TTRF, TDCC).
 */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDE BIT(8)
#define MDCR_GUEST (BIT(9) | BIT(10) | BIT(11) | BIT(14) | BIT(19) | BIT(27))

/* MDSCR_EL1: any debug exception but BRK is on; OSLSR_EL1.OSLK. */
#define MDSCR_SS BIT(0)
#define MDSCR_MDE BIT(15)
#define OSLSR_OPEN BIT(3) /* OSLM: there is a lock */
#define OSLSR_LOCKED (OSLSR_OPEN | BIT(1))

/* PMCR_EL0.E */
#define PMCR_ENABLE BIT(0)

/* ICH_HCR_EL2: En; what the host may set: UIE, LRENPIE, NPIE, VGrp*EIE, VGrp*DIE, TDIR; EOIcount. */
#define ICH_HCR_EN BIT(0)
#define ICH_HCR_HOST UINT64_C(0x40fe)
#define ICH_HCR_EOICOUNT (UINT64_C(0x1f) << 27)
/* ICH_LR<n>_EL2: HW, pINTID. */
#define ICH_LR_HW BIT(61)
#define ICH_LR_PINTID(lr) ((lr) >> 32 & 0x1fff)
/* ICH_VTR_EL2.ListRegs: how many, minus 1. */
#define ICH_VTR_LISTREGS UINT64_C(0x1f)

/* SPSR */
#define PSR_M_MASK UINT64_C(0xf)
#define PSR_EL1H UINT64_C(0x5)
#define PSR_EL1T UINT64_C(0x4)
#define PSR_EL0T UINT64_C(0x0)
#define PSR_NRW BIT(4)
#define PSR_DAIF UINT64_C(0x3c0)
#define PSR_I BIT(7)
#define PSR_BTYPE (BIT(10) | BIT(11))
#define PSR_SSBS BIT(12)
#define PSR_SS BIT(21)
#define PSR_PAN BIT(22)
#define PSR_DIT BIT(24)
#define PSR_NZCV UINT64_C(0xf0000000)

/* VTCR_EL2: 40 bits, start at level 1 (two tables), write-back, inner shareable, 4 KiB. */
#define S2_IPA_BITS 40
#define VTCR_HOST(parange) \
	((64 - S2_IPA_BITS) | 1u << 6 | 1u << 8 | 1u << 10 | 3u << 12 | (parange) << 16 | 1u << 31)
#define PARANGE_40_BITS 2

#define INSTRUCTION_BYTES 4

/* HPFAR_EL2.FIPA: the page */
#define HPFAR_PFN(hpfar) ((hpfar) >> 4 & UINT64_C(0xfffffffff))

/* ESR_EL2 */
#define ESR_EC_SHIFT 26
#define ESR_EC_MASK UINT64_C(0x3f)
#define EC_COUNT (ESR_EC_MASK + 1)
#define EC_OF(esr) ((esr) >> ESR_EC_SHIFT & ESR_EC_MASK)
#define ESR_IL BIT(25)
#define ESR_IMM16_MASK UINT64_C(0xffff)
#define ESR_WNR BIT(6)
#define ESR_S1PTW BIT(7)
#define ESR_CM BIT(8)
#define ESR_FNV BIT(10) /* aborts: FAR is not valid */
#define ESR_SF BIT(15)
#define ESR_SRT_SHIFT 16
#define ESR_SSE BIT(21)
#define ESR_SAS_SHIFT 22
#define ESR_ISV BIT(24)
#define ESR_WFX_TI UINT64_C(3)
#define ESR_SYS_READ BIT(0)
#define ESR_SYS_RT_SHIFT 5
#define ESR_RT_MASK UINT64_C(0x1f)
#define ESR_FSC_MASK UINT64_C(0x3f)
#define ESR_FSC_LEVEL_MASK UINT64_C(0x3c) /* without the level */
#define FSC_TRANSLATION UINT64_C(0x04)
#define FSC_ACCESS UINT64_C(0x08)
#define FSC_PERMISSION UINT64_C(0x0c)
#define FSC_EXTERNAL UINT64_C(0x10)
#define FSC_ALIGNMENT UINT64_C(0x21)
#define FSC_TLB_CONFLICT UINT64_C(0x30)

#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_PAUTH 0x09
#define EC_LS64 0x0a
#define EC_SYSREG_128 0x14
#define EC_SYSREG 0x18
#define EC_SVE 0x19
#define EC_SME 0x1d
#define EC_BREAKPOINT_LOW 0x30
#define EC_STEP_LOW 0x32
#define EC_WATCHPOINT_LOW 0x34
#define EC_BRK 0x3c
#define EC_HVC32 0x12
#define EC_SMC32 0x13
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_IABT_LOW 0x20
#define EC_IABT_CUR 0x21
#define EC_DABT_LOW 0x24
#define EC_DABT_CUR 0x25

/* Offsets of vectors from VBAR_EL1, synchronous. */
#define VECTOR_EL1T 0x000
#define VECTOR_EL1H 0x200
#define VECTOR_EL0_64 0x400
#define VECTOR_EL0_32 0x600

#endif /* ARCH_SYSREG_H */
