/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A64 instructions that plugins must recognise: what each is, and its operands
 * (Arm ARM DDI 0487, C4.1 "A64 instruction set encoding"). Pure functions of the
 * opcode; arm.h has syndromes and addresses.
 */
#ifndef COMMON_A64_H
#define COMMON_A64_H

#include <stdbool.h>
#include <stdint.h>

enum a64_kind {
	A64_OTHER,
	A64_SVC, /* imm */
	A64_HVC, /* imm */
	A64_SMC, /* imm */
	A64_BRK, /* imm; also HLT */
	A64_ERET,
	A64_MRS,             /* key, rt: from a system register */
	A64_MSR,             /* key, rt: to a system register */
	A64_MSR_PSTATE,      /* immediate into a field of PSTATE */
	A64_SYS,             /* key, rt: IC, AT, DC and whatever is none of the next two */
	A64_TLBI,            /* key, rt: see a64_tlbi() */
	A64_DC_ZERO,         /* key, rt: DC ZVA, GVA, GZVA: stores that QEMU reports to none */
	A64_DSB,             /* imm: CRm, the domain and kind */
	A64_DMB,             /* imm: CRm */
	A64_ISB,             /* also SB */
	A64_WFX,             /* WFI, WFE, WFIT, WFET */
	A64_HINT,            /* imm: CRm:op2; NOP, YIELD, BTI, PACIASP and what is unallocated */
	A64_MOPS,            /* SET*, CPY*: rt destination, rn size, rm source: as DC_ZERO */
	A64_BRANCH,          /* B: offset */
	A64_CALL,            /* BL: offset */
	A64_BRANCH_IF,       /* B.cond, CBZ, CBNZ, TBZ, TBNZ: offset */
	A64_BRANCH_REGISTER, /* BR and its PAC forms: rn */
	A64_CALL_REGISTER,   /* BLR and its PAC forms: rn */
	A64_RET,             /* RET, RETAA, RETAB: rn */
};

/* One instruction; fields that its kind does not name are 0. */
struct a64 {
	enum a64_kind kind;
	uint16_t key; /* A64_KEY of the system register or instruction */
	uint16_t imm;
	uint8_t rt; /* 31: XZR */
	uint8_t rn;
	uint8_t rm;
	int32_t offset; /* bytes from this instruction to the branch's target */
};

/* What @word is. */
struct a64 a64_decode(uint32_t word);

/* A system register or instruction, by its encoding: op0 to op2 in 16 bits. */
#define A64_KEY(op0, op1, crn, crm, op2) \
	((uint16_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))
#define A64_KEY_OP0(key) ((key) >> 14 & 3)
#define A64_KEY_OP1(key) ((key) >> 11 & 7)
#define A64_KEY_CRN(key) ((key) >> 7 & 15)
#define A64_KEY_CRM(key) ((key) >> 3 & 15)
#define A64_KEY_OP2(key) (7 & (key))

/* The key of the register whose access ESR_EL2 (EC 0x18) reports. */
uint16_t a64_key_of_trap(uint64_t esr);

/* System registers, by the names that they have in the Arm ARM (D24). */
#define A64_SCTLR_EL1 A64_KEY(3, 0, 1, 0, 0)
#define A64_TTBR0_EL1 A64_KEY(3, 0, 2, 0, 0)
#define A64_TTBR1_EL1 A64_KEY(3, 0, 2, 0, 1)
#define A64_TCR_EL1 A64_KEY(3, 0, 2, 0, 2)
#define A64_VBAR_EL1 A64_KEY(3, 0, 12, 0, 0)
#define A64_ICC_IAR0_EL1 A64_KEY(3, 0, 12, 8, 0)
#define A64_ICC_EOIR0_EL1 A64_KEY(3, 0, 12, 8, 1)
#define A64_ICC_DIR_EL1 A64_KEY(3, 0, 12, 11, 1)
#define A64_ICC_SGI1R_EL1 A64_KEY(3, 0, 12, 11, 5)
#define A64_ICC_IAR1_EL1 A64_KEY(3, 0, 12, 12, 0)
#define A64_ICC_EOIR1_EL1 A64_KEY(3, 0, 12, 12, 1)
#define A64_CNTPCT_EL0 A64_KEY(3, 3, 14, 0, 1)
#define A64_CNTVCT_EL0 A64_KEY(3, 3, 14, 0, 2)
#define A64_CNTPCTSS_EL0 A64_KEY(3, 3, 14, 0, 5)
#define A64_CNTVCTSS_EL0 A64_KEY(3, 3, 14, 0, 6)
#define A64_SCTLR_EL2 A64_KEY(3, 4, 1, 0, 0)
#define A64_HCR_EL2 A64_KEY(3, 4, 1, 1, 0)
#define A64_TTBR0_EL2 A64_KEY(3, 4, 2, 0, 0)
#define A64_TTBR1_EL2 A64_KEY(3, 4, 2, 0, 1)
#define A64_TCR_EL2 A64_KEY(3, 4, 2, 0, 2)
#define A64_VTTBR_EL2 A64_KEY(3, 4, 2, 1, 0)
#define A64_VTCR_EL2 A64_KEY(3, 4, 2, 1, 2)
#define A64_SPSR_EL2 A64_KEY(3, 4, 4, 0, 0)
#define A64_ELR_EL2 A64_KEY(3, 4, 4, 0, 1)
#define A64_ESR_EL2 A64_KEY(3, 4, 5, 2, 0)
#define A64_FAR_EL2 A64_KEY(3, 4, 6, 0, 0)
#define A64_HPFAR_EL2 A64_KEY(3, 4, 6, 0, 4)
#define A64_VBAR_EL2 A64_KEY(3, 4, 12, 0, 0)
#define A64_TPIDR_EL2 A64_KEY(3, 4, 13, 0, 2)

/* DSB: whether CRm waits for loads and stores, and in which domain. */
#define A64_BARRIER_DOMAIN(crm) ((crm) >> 2 & 3) /* 0 OSH, 1 NSH, 2 ISH, 3 SY */
#define A64_BARRIER_KIND(crm) (3 & (crm))        /* 1 LD, 2 ST, 3 all */

/* What a TLB invalidation is about. */
enum a64_tlbi_scope {
	A64_TLBI_OTHER,      /* EL3, or unknown */
	A64_TLBI_EL2,        /* the hypervisor's own translations, all or some */
	A64_TLBI_STAGE1,     /* stage 1 of EL1 and EL0 by address or ASID */
	A64_TLBI_STAGE1_ALL, /* VMALLE1: all of stage 1 of the current VMID */
	A64_TLBI_IPA,        /* IPAS2E1, IPAS2LE1: stage 2, one IPA, current VMID */
	A64_TLBI_IPA_RANGE,  /* RIPAS2E1, RIPAS2LE1: stage 2, a range, current VMID */
	A64_TLBI_VMID,       /* VMALLS12E1: stages 1 and 2 of the current VMID */
	A64_TLBI_ALL,        /* ALLE1: stages 1 and 2 of all VMIDs */
};

enum a64_tlbi_reach {
	A64_TLBI_LOCAL, /* this CPU only */
	A64_TLBI_INNER, /* IS */
	A64_TLBI_OUTER, /* OS */
};

struct a64_tlbi {
	enum a64_tlbi_scope scope;
	enum a64_tlbi_reach reach;
	bool last_level; /* leaf entries only (IPAS2LE1, VALE1, ...) */
};

/* What the invalidation with @key of kind A64_TLBI does. */
struct a64_tlbi a64_tlbi(uint16_t key);

/* Operand of an A64_TLBI_IPA: the IPA. */
uint64_t a64_tlbi_ipa(uint64_t operand);

/*
 * Operand of an A64_TLBI_IPA_RANGE: the first IPA, and in @bytes how much; 0
 * bytes if the granule in it is reserved.
 */
uint64_t a64_tlbi_range(uint64_t operand, uint64_t *bytes);

#endif /* COMMON_A64_H */
