/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/arm.h"

/* C4.1 "A64 instruction set encoding": patterns with the variable bits cut. */
#define HVC_SMC_MASK 0xffe0001fu
#define HVC_BITS 0xd4000002u
#define SMC_BITS 0xd4000003u
#define ERET_BITS 0xd69f03e0u
#define ERETAA_BITS 0xd69f0bffu
#define ERETAB_BITS 0xd69f0fffu
#define MRS_RT_MASK 0xffffffe0u
#define MRS_CNTPCT_BITS 0xd53be020u
#define MRS_CNTVCT_BITS 0xd53be040u
#define MRS_CNTPCTSS_BITS 0xd53be0a0u
#define MRS_CNTVCTSS_BITS 0xd53be0c0u

/* Bits 28:25 choose the group: 100x immediate, x101 register operations. */
#define GROUP_IMMEDIATE_MASK 0x1c000000u
#define GROUP_IMMEDIATE_BITS 0x10000000u
#define GROUP_REGISTER_MASK 0x0e000000u
#define GROUP_REGISTER_BITS 0x0a000000u
/* One-source operations with opcode2 = 1: pointer authentication, may fault. */
#define POINTER_AUTH_MASK 0xffff0000u
#define POINTER_AUTH_BITS 0xdac10000u

/* HPFAR_EL2.FIPA is IPA[55:12] at bits 47:4. */
#define HPFAR_FIPA UINT64_C(0x0000fffffffffff0)
#define HPFAR_SHIFT 8
#define PAGE_OFFSET UINT64_C(0xfff)

enum arm_insn arm_insn_kind(uint32_t word)
{
	switch (word & MRS_RT_MASK) {
	case MRS_CNTVCT_BITS:
	case MRS_CNTVCTSS_BITS:
		return ARM_INSN_READ_VIRTUAL;
	case MRS_CNTPCT_BITS:
	case MRS_CNTPCTSS_BITS:
		return ARM_INSN_READ_PHYSICAL;
	}
	switch (word & HVC_SMC_MASK) {
	case HVC_BITS:
		return ARM_INSN_HVC;
	case SMC_BITS:
		return ARM_INSN_SMC;
	}
	if (word == ERET_BITS || word == ERETAA_BITS || word == ERETAB_BITS) {
		return ARM_INSN_ERET;
	}
	return ARM_INSN_OTHER;
}

bool arm_insn_completes(uint32_t word)
{
	if ((word & GROUP_IMMEDIATE_MASK) == GROUP_IMMEDIATE_BITS) {
		return true;
	}
	if ((word & GROUP_REGISTER_MASK) == GROUP_REGISTER_BITS) {
		return (word & POINTER_AUTH_MASK) != POINTER_AUTH_BITS;
	}
	return false;
}

enum arm_vector arm_vector_kind(uint64_t vector_address)
{
	/* Tables are 0x800 aligned; four entries of 0x80 bytes per origin. */
	return (enum arm_vector)((vector_address >> 7) & 3);
}

unsigned int arm_abort_size(uint64_t esr)
{
	if (!ARM_ESR_ISV(esr)) {
		return 0;
	}
	return 1u << ((esr >> 22) & 3);
}

uint64_t arm_abort_ipa(uint64_t esr, uint64_t hpfar, uint64_t far)
{
	uint64_t page = (hpfar & HPFAR_FIPA) << HPFAR_SHIFT;

	return ARM_ESR_S1PTW(esr) ? page : page | (far & PAGE_OFFSET);
}

uint64_t arm_counter_offset(enum arm_insn read, unsigned int el, uint64_t hcr, uint64_t cntvoff,
			    uint64_t cntpoff, uint64_t cnthctl)
{
	bool e2h = (hcr & ARM_HCR_E2H) != 0;
	bool host_el0 = el == 0 && e2h && (hcr & ARM_HCR_TGE) != 0;

	if (read == ARM_INSN_READ_VIRTUAL) {
		return (el == 2 && e2h) || host_el0 ? 0 : cntvoff;
	}
	if (el < 2 && !host_el0 && (cnthctl & ARM_CNTHCTL_ECV) != 0) {
		return cntpoff;
	}
	return 0;
}
