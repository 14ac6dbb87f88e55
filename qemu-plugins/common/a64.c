/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/a64.h"

/* C4.1.96 "Branches, exception generating and system instructions". */
#define EXCEPTION_MASK 0xff000000u
#define EXCEPTION_BITS 0xd4000000u
#define SYSTEM_MASK 0xffc00000u
#define SYSTEM_BITS 0xd5000000u
#define BRANCH_REGISTER_MASK 0xfe000000u
#define BRANCH_REGISTER_BITS 0xd6000000u
#define BRANCH_MASK 0x7c000000u
#define BRANCH_BITS 0x14000000u
#define BRANCH_LINK (1u << 31)
#define COMPARE_MASK 0x7e000000u
#define COMPARE_BITS 0x34000000u
#define TEST_BITS 0x36000000u
#define CONDITION_MASK 0xff000000u
#define CONDITION_BITS 0x54000000u

/* "Memory Copy and Memory Set". */
#define MOPS_MASK 0x3b200c00u
#define MOPS_BITS 0x19000400u

/* Shared by hints, barriers and MSR (immediate): op0 is 0. */
#define CRN_PSTATE 4
#define CRN_HINT 2
#define CRN_BARRIER 3
#define CRN_WFXT 1

#define KEY_DC_ZVA A64_KEY(1, 3, 7, 4, 1)
#define KEY_DC_GVA A64_KEY(1, 3, 7, 4, 3)
#define KEY_DC_GZVA A64_KEY(1, 3, 7, 4, 4)
#define CRN_TLBI 8
#define CRN_TLBI_NXS 9

static uint32_t bits(uint32_t word, unsigned int high, unsigned int low)
{
	return word >> low & ((1u << (high - low + 1)) - 1);
}

/* A signed field of @count bits, counting instructions, in bytes. */
static int32_t offset(uint32_t field, unsigned int count)
{
	return (int32_t)(field << (32 - count)) >> (30 - count);
}

static struct a64 decode_exception(uint32_t word)
{
	struct a64 out = { .imm = (uint16_t)bits(word, 20, 5) };

	switch (bits(word, 23, 21) << 5 | bits(word, 4, 0)) {
	case 0x01:
		out.kind = A64_SVC;
		break;
	case 0x02:
		out.kind = A64_HVC;
		break;
	case 0x03:
		out.kind = A64_SMC;
		break;
	case 0x20:
	case 0x40:
		out.kind = A64_BRK;
		break;
	default:
		out.imm = 0;
	}
	return out;
}

/* op0 is 0: no register is named. */
static enum a64_kind decode_plain(uint32_t crn, uint32_t op2, uint16_t hint)
{
	switch (crn) {
	case CRN_WFXT:
		return A64_WFX;
	case CRN_HINT:
		return hint == 2 || hint == 3 ? A64_WFX : A64_HINT;
	case CRN_BARRIER:
		return op2 == 1 || op2 == 4 ? A64_DSB : op2 == 5 ? A64_DMB : A64_ISB;
	case CRN_PSTATE:
		return A64_MSR_PSTATE;
	}
	return A64_OTHER;
}

static struct a64 decode_system(uint32_t word)
{
	struct a64 out = {
		.key = (uint16_t)bits(word, 20, 5),
		.rt = (uint8_t)bits(word, 4, 0),
	};
	bool is_read = bits(word, 21, 21) != 0;
	uint16_t hint = (uint16_t)bits(word, 11, 5);
	uint32_t crn = bits(word, 15, 12);

	switch (A64_KEY_OP0(out.key)) {
	case 0:
		out.kind = decode_plain(crn, bits(word, 7, 5), hint);
		out.imm = out.kind == A64_HINT ? hint : (uint16_t)bits(word, 11, 8);
		break;
	case 1:
		out.kind = A64_SYS;
		if (out.key == KEY_DC_ZVA || out.key == KEY_DC_GVA || out.key == KEY_DC_GZVA) {
			out.kind = A64_DC_ZERO;
		} else if (crn == CRN_TLBI || crn == CRN_TLBI_NXS) {
			out.kind = A64_TLBI;
		}
		break;
	default:
		out.kind = is_read ? A64_MRS : A64_MSR;
		break;
	}
	return out;
}

static struct a64 decode_branch_register(uint32_t word)
{
	struct a64 out = { .rn = (uint8_t)bits(word, 9, 5) };

	switch (bits(word, 24, 21)) {
	case 0: /* BR */
	case 8: /* BRAA, BRAB */
		out.kind = A64_BRANCH_REGISTER;
		break;
	case 1:
	case 9:
		out.kind = A64_CALL_REGISTER;
		break;
	case 2:
		out.kind = A64_RET;
		/* RETAA and RETAB have no field: it is x30. */
		out.rn = bits(word, 11, 11) != 0 ? 30 : out.rn;
		break;
	case 4:
		out = (struct a64){ .kind = A64_ERET };
		break;
	default:
		out.rn = 0;
	}
	return out;
}

struct a64 a64_decode(uint32_t word)
{
	if ((word & SYSTEM_MASK) == SYSTEM_BITS) {
		return decode_system(word);
	}
	if ((word & EXCEPTION_MASK) == EXCEPTION_BITS) {
		return decode_exception(word);
	}
	if ((word & BRANCH_REGISTER_MASK) == BRANCH_REGISTER_BITS) {
		return decode_branch_register(word);
	}
	if ((word & BRANCH_MASK) == BRANCH_BITS) {
		return (struct a64){
			.kind = (word & BRANCH_LINK) != 0 ? A64_CALL : A64_BRANCH,
			.offset = offset(bits(word, 25, 0), 26),
		};
	}
	if ((word & CONDITION_MASK) == CONDITION_BITS || (word & COMPARE_MASK) == COMPARE_BITS) {
		return (struct a64){
			.kind = A64_BRANCH_IF,
			.offset = offset(bits(word, 23, 5), 19),
		};
	}
	if ((word & COMPARE_MASK) == TEST_BITS) {
		return (struct a64){
			.kind = A64_BRANCH_IF,
			.offset = offset(bits(word, 18, 5), 14),
		};
	}
	if ((word & MOPS_MASK) == MOPS_BITS) {
		return (struct a64){
			.kind = A64_MOPS,
			.rt = (uint8_t)bits(word, 4, 0),
			.rn = (uint8_t)bits(word, 9, 5),
			.rm = (uint8_t)bits(word, 20, 16),
		};
	}
	return (struct a64){ .kind = A64_OTHER };
}

uint16_t a64_key_of_trap(uint64_t esr)
{
	return A64_KEY(esr >> 20 & 3, esr >> 14 & 7, esr >> 10 & 15, esr >> 1 & 15, esr >> 17 & 7);
}

/* CRm 0 and 4 of op1 4: by IPA. */
static struct a64_tlbi tlbi_by_ipa(unsigned int crm, unsigned int op2)
{
	/* Rows: CRm 0 (all Inner Shareable), then CRm 4; columns: op2. */
	static const struct a64_tlbi rows[2][8] = {
		{
			[1] = { A64_TLBI_IPA, A64_TLBI_INNER, false },
			[2] = { A64_TLBI_IPA_RANGE, A64_TLBI_INNER, false },
			[5] = { A64_TLBI_IPA, A64_TLBI_INNER, true },
			[6] = { A64_TLBI_IPA_RANGE, A64_TLBI_INNER, true },
		},
		{
			[0] = { A64_TLBI_IPA, A64_TLBI_OUTER, false },
			[1] = { A64_TLBI_IPA, A64_TLBI_LOCAL, false },
			[2] = { A64_TLBI_IPA_RANGE, A64_TLBI_LOCAL, false },
			[3] = { A64_TLBI_IPA_RANGE, A64_TLBI_OUTER, false },
			[4] = { A64_TLBI_IPA, A64_TLBI_OUTER, true },
			[5] = { A64_TLBI_IPA, A64_TLBI_LOCAL, true },
			[6] = { A64_TLBI_IPA_RANGE, A64_TLBI_LOCAL, true },
			[7] = { A64_TLBI_IPA_RANGE, A64_TLBI_OUTER, true },
		},
	};

	return rows[crm == 4][op2];
}

struct a64_tlbi a64_tlbi(uint16_t key)
{
	unsigned int op1 = A64_KEY_OP1(key);
	unsigned int crm = A64_KEY_CRM(key);
	unsigned int op2 = A64_KEY_OP2(key);
	/* CRm 1 and 5 outer, 2 and 3 inner, 6 and 7 local. */
	struct a64_tlbi out = {
		.reach = crm == 1 || crm == 5 ? A64_TLBI_OUTER :
			 crm < 4              ? A64_TLBI_INNER :
						A64_TLBI_LOCAL,
		.last_level = op2 == 5 || op2 == 7,
	};
	bool is_range = crm == 2 || crm == 5 || crm == 6;

	if (op1 == 0) {
		out.scope = op2 == 0 && !is_range ? A64_TLBI_STAGE1_ALL : A64_TLBI_STAGE1;
	} else if (op1 != 4) {
		out.scope = A64_TLBI_OTHER;
	} else if (crm == 0 || crm == 4) {
		out = tlbi_by_ipa(crm, op2);
	} else if (op2 == 4 && !is_range) {
		out.scope = A64_TLBI_ALL;
	} else if (op2 == 6 && !is_range) {
		out.scope = A64_TLBI_VMID;
	} else {
		out.scope = A64_TLBI_EL2;
	}
	return out;
}

uint64_t a64_tlbi_ipa(uint64_t operand)
{
	/* C5.5 "TLBI IPAS2E1": IPA[51:12] at bits 39:0. */
	return (operand & UINT64_C(0xffffffffff)) << 12;
}

uint64_t a64_tlbi_range(uint64_t operand, uint64_t *bytes)
{
	/* C5.5 "TLBI RIPAS2E1": TG 47:46, SCALE 45:44, NUM 43:39, BaseADDR 36:0. */
	static const unsigned int shifts[] = { 0, 12, 14, 16 };
	unsigned int shift = shifts[operand >> 46 & 3];
	unsigned int scale = (unsigned int)(operand >> 44 & 3);
	uint64_t pages = ((operand >> 39 & 31) + 1) << (5 * scale + 1);

	*bytes = shift == 0 ? 0 : pages << shift;
	return (operand & UINT64_C(0x1fffffffff)) << shift;
}
