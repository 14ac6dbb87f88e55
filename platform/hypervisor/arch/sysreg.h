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

#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb(kind) __asm__ volatile("dsb " #kind : : : "memory")
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

/* CPTR_EL2 without E2H: RES1 bits; TZ (8) and TFP (10) clear, TSM (12) set: no SME. */
#define CPTR_HOST UINT64_C(0x32ff)

/* CNTHCTL_EL2: EL1 may use the physical counter and timer. */
#define CNTHCTL_HOST (BIT(0) | BIT(1))

/* ICC_SRE_EL2: SRE, DFB, DIB, Enable. */
#define ICC_SRE_HOST UINT64_C(0xf)

/* ZCR_EL2.LEN: as long as the CPU can. */
#define ZCR_LONGEST UINT64_C(0xf)

/* SCTLR_EL1 as a kernel expects it at its start: RES1 bits, all else off. */
#define SCTLR_EL1_START UINT64_C(0x30d00800)
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)

/* ID_AA64PFR0_EL1.SVE, ID_AA64DFR0_EL1.PMUVer, ID_AA64MMFR0_EL1.FGT. */
#define PFR0_SVE_SHIFT 32
#define MMFR0_FGT_SHIFT 56
#define DFR0_PMUVER_SHIFT 8
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

/* SPSR */
#define PSR_M_MASK UINT64_C(0xf)
#define PSR_EL1H UINT64_C(0x5)
#define PSR_EL1T UINT64_C(0x4)
#define PSR_NRW BIT(4)
#define PSR_DAIF UINT64_C(0x3c0)
#define PSR_SSBS BIT(12)
#define PSR_PAN BIT(22)
#define PSR_DIT BIT(24)
#define PSR_NZCV UINT64_C(0xf0000000)

/* VTCR_EL2: 40 bits, start at level 1 (two tables), write-back, inner shareable, 4 KiB. */
#define S2_IPA_BITS 40
#define VTCR_HOST(parange) \
	((64 - S2_IPA_BITS) | 1u << 6 | 1u << 8 | 1u << 10 | 3u << 12 | (parange) << 16 | 1u << 31)
#define PARANGE_40_BITS 2

/* ESR_EL2 */
#define ESR_EC_SHIFT 26
#define ESR_EC_MASK 0x3f
#define ESR_IL BIT(25)
#define ESR_ISS_MASK UINT64_C(0x1ffffff)
#define ESR_IMM16_MASK UINT64_C(0xffff)
#define ESR_WNR BIT(6)
#define ESR_CM BIT(8)
#define ESR_FSC_MASK UINT64_C(0x3f)
#define ESR_FSC_LEVEL_MASK UINT64_C(0x3c) /* without the level */
#define FSC_TRANSLATION UINT64_C(0x04)
#define FSC_ALIGNMENT UINT64_C(0x21)
#define FSC_TLB_CONFLICT UINT64_C(0x30)

#define EC_UNKNOWN 0x00
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
