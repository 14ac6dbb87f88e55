/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions and their operands; the words were made with an assembler. */
#include "qemu-plugins/common/a64.h"

#include "tests/plugins/cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void knows_kinds(void **state)
{
	static const struct {
		uint32_t word;
		enum a64_kind kind;
		uint16_t imm;
	} rows[] = {
		{ 0xd4000022, A64_HVC, 1 },        /* hvc #1 */
		{ 0xd41fffe3, A64_SMC, 0xffff },   /* smc #0xffff */
		{ 0xd4000061, A64_SVC, 3 },        /* svc #3 */
		{ 0xd4200060, A64_BRK, 3 },        /* brk #3 */
		{ 0xd45e0000, A64_BRK, 0xf000 },   /* hlt #0xf000 */
		{ 0xd69f03e0, A64_ERET, 0 },       /* eret */
		{ 0xd69f0fff, A64_ERET, 0 },       /* eretab */
		{ 0xd5033b9f, A64_DSB, 11 },       /* dsb ish */
		{ 0xd5033a9f, A64_DSB, 10 },       /* dsb ishst */
		{ 0xd5033bbf, A64_DMB, 11 },       /* dmb ish */
		{ 0xd5033fdf, A64_ISB, 15 },       /* isb */
		{ 0xd503207f, A64_WFX, 0 },        /* wfi */
		{ 0xd503205f, A64_WFX, 0 },        /* wfe */
		{ 0xd503203f, A64_HINT, 1 },       /* yield */
		{ 0xd503255f, A64_HINT, 0x2a },    /* hint #0x2a */
		{ 0xd503233f, A64_HINT, 0x19 },    /* paciasp */
		{ 0xd50342df, A64_MSR_PSTATE, 2 }, /* msr daifset, #2 */
		{ 0x19c20420, A64_MOPS, 0 },       /* setp [x0]!, x1!, x2 */
		{ 0x1d810440, A64_MOPS, 0 },       /* cpye [x0]!, [x1]!, x2! */
		{ 0xf9400020, A64_OTHER, 0 },      /* ldr x0, [x1] */
		{ 0xd9200800, A64_OTHER, 0 },      /* stg x0, [x0] */
		{ 0xd6bf03e0, A64_OTHER, 0 },      /* drps */
		{ 0, A64_OTHER, 0 },
	};
	size_t i;
	(void)state;

	for (i = 0; i < COUNT(rows); i++) {
		struct a64 insn = a64_decode(rows[i].word);

		assert_int_equal(insn.kind, rows[i].kind);
		assert_int_equal(insn.imm, rows[i].imm);
	}
}

static void knows_system_registers(void **state)
{
	static const struct {
		uint32_t word;
		enum a64_kind kind;
		uint16_t key;
		uint8_t rt;
	} rows[] = {
		{ 0xd51c2103, A64_MSR, A64_VTTBR_EL2, 3 },
		{ 0xd538cc04, A64_MRS, A64_ICC_IAR1_EL1, 4 },
		{ 0xd518cc20, A64_MSR, A64_ICC_EOIR1_EL1, 0 },
		{ 0xd5182001, A64_MSR, A64_TTBR0_EL1, 1 },
		{ 0xd5182021, A64_MSR, A64_TTBR1_EL1, 1 },
		{ 0xd51c2001, A64_MSR, A64_TTBR0_EL2, 1 },
		{ 0xd51c1101, A64_MSR, A64_HCR_EL2, 1 },
		{ 0xd51c4022, A64_MSR, A64_ELR_EL2, 2 },
		{ 0xd53be053, A64_MRS, A64_CNTVCT_EL0, 19 },
		{ 0xd50b7429, A64_DC_ZERO, A64_KEY(1, 3, 7, 4, 1), 9 }, /* dc zva, x9 */
		{ 0xd50b7469, A64_DC_ZERO, A64_KEY(1, 3, 7, 4, 3), 9 }, /* dc gva, x9 */
		{ 0xd50b7489, A64_DC_ZERO, A64_KEY(1, 3, 7, 4, 4), 9 }, /* dc gzva, x9 */
		{ 0xd50b7e29, A64_SYS, A64_KEY(1, 3, 7, 14, 1), 9 },    /* dc civac, x9 */
		{ 0xd50c7883, A64_SYS, A64_KEY(1, 4, 7, 8, 4), 3 },     /* at s12e1r, x3 */
		{ 0xd508751f, A64_SYS, A64_KEY(1, 0, 7, 5, 0), 31 },    /* ic iallu */
	};
	size_t i;
	(void)state;

	for (i = 0; i < COUNT(rows); i++) {
		struct a64 insn = a64_decode(rows[i].word);

		assert_int_equal(insn.kind, rows[i].kind);
		assert_int_equal(insn.key, rows[i].key);
		assert_int_equal(insn.rt, rows[i].rt);
	}
	/* EC 0x18, msr ICC_SGI1R_EL1, x2. */
	assert_int_equal(a64_key_of_trap(0x623a3056), A64_ICC_SGI1R_EL1);
}

static void knows_branches(void **state)
{
	static const struct {
		uint32_t word;
		enum a64_kind kind;
		int32_t offset;
		uint8_t rn;
	} rows[] = {
		{ 0x14000002, A64_BRANCH, 8, 0 },
		{ 0x17ffffff, A64_BRANCH, -4, 0 },
		{ 0x94000002, A64_CALL, 8, 0 },
		{ 0x54000080, A64_BRANCH_IF, 16, 0 }, /* b.eq .+16 */
		{ 0xb4000040, A64_BRANCH_IF, 8, 0 },  /* cbz x0, .+8 */
		{ 0x371fffc0, A64_BRANCH_IF, -8, 0 }, /* tbnz w0, #3, .-8 */
		{ 0xd61f0020, A64_BRANCH_REGISTER, 0, 1 },
		{ 0xd71f0822, A64_BRANCH_REGISTER, 0, 1 }, /* braa x1, x2 */
		{ 0xd63f0040, A64_CALL_REGISTER, 0, 2 },
		{ 0xd65f03c0, A64_RET, 0, 30 },
		{ 0xd65f0bff, A64_RET, 0, 30 }, /* retaa */
	};
	size_t i;
	(void)state;

	for (i = 0; i < COUNT(rows); i++) {
		struct a64 insn = a64_decode(rows[i].word);

		assert_int_equal(insn.kind, rows[i].kind);
		assert_int_equal(insn.offset, rows[i].offset);
		assert_int_equal(insn.rn, rows[i].rn);
	}
}

static void knows_invalidations(void **state)
{
	static const struct {
		uint32_t word;
		enum a64_tlbi_scope scope;
		enum a64_tlbi_reach reach;
	} rows[] = {
		{ 0xd50c83df, A64_TLBI_VMID, A64_TLBI_INNER },       /* vmalls12e1is */
		{ 0xd50c87df, A64_TLBI_VMID, A64_TLBI_LOCAL },       /* vmalls12e1 */
		{ 0xd50c81df, A64_TLBI_VMID, A64_TLBI_OUTER },       /* vmalls12e1os */
		{ 0xd50c8025, A64_TLBI_IPA, A64_TLBI_INNER },        /* ipas2e1is */
		{ 0xd50c84a5, A64_TLBI_IPA, A64_TLBI_LOCAL },        /* ipas2le1 */
		{ 0xd50c8045, A64_TLBI_IPA_RANGE, A64_TLBI_INNER },  /* ripas2e1is */
		{ 0xd50c84e1, A64_TLBI_IPA_RANGE, A64_TLBI_OUTER },  /* ripas2le1os */
		{ 0xd50c839f, A64_TLBI_ALL, A64_TLBI_INNER },        /* alle1is */
		{ 0xd508831f, A64_TLBI_STAGE1_ALL, A64_TLBI_INNER }, /* vmalle1is */
		{ 0xd5088325, A64_TLBI_STAGE1, A64_TLBI_INNER },     /* vae1is */
		{ 0xd5088223, A64_TLBI_STAGE1, A64_TLBI_INNER },     /* rvae1is */
		{ 0xd50c831f, A64_TLBI_EL2, A64_TLBI_INNER },        /* alle2is */
		{ 0xd50c8327, A64_TLBI_EL2, A64_TLBI_INNER },        /* vae2is */
	};
	uint64_t bytes;
	size_t i;
	(void)state;

	for (i = 0; i < COUNT(rows); i++) {
		struct a64 insn = a64_decode(rows[i].word);
		struct a64_tlbi tlbi = a64_tlbi(insn.key);

		assert_int_equal(insn.kind, A64_TLBI);
		assert_int_equal(tlbi.scope, rows[i].scope);
		assert_int_equal(tlbi.reach, rows[i].reach);
	}
	assert_false(a64_tlbi(a64_decode(0xd50c8025).key).last_level);
	assert_true(a64_tlbi(a64_decode(0xd50c84a5).key).last_level);
	assert_int_equal(a64_tlbi_ipa(UINT64_C(0x0000400000040123)), 0x40123000);
	/* 4 KiB, scale 1, num 2, from page 0x40000: 3 << 6 pages. */
	assert_int_equal(a64_tlbi_range(UINT64_C(1) << 46 | UINT64_C(1) << 44 | UINT64_C(2) << 39 |
						0x40000,
					&bytes),
			 0x40000000);
	assert_int_equal(bytes, 192 * 4096);
	a64_tlbi_range(0, &bytes);
	assert_int_equal(bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_kinds),
		cmocka_unit_test(knows_system_registers),
		cmocka_unit_test(knows_branches),
		cmocka_unit_test(knows_invalidations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
