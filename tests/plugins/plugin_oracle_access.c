/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier B, memory: bulk instructions decoded; accesses held against who owns the page. */
#include "qemu-plugins/oracle_access.h"

#include "qemu-plugins/oracle_except.h"
#include "tests/plugins/oracle_case.h"

#define NZCV_C (1u << 29)
#define NZCV_N (1u << 31)
#define EL1H 5

/* Made with an assembler. */
#define DC_ZVA_X7 0xd50b7427
#define LDR_X0_X1 0xf9400020
#define CPYFP_X1_X2_X3 0x19020461
#define CPYFM_X1_X2_X3 0x19420461
#define SETP_X1_X3_X2 0x19c20461

static void decodes_bulk(void **state)
{
	static const struct {
		uint32_t word;
		struct oracle_bulk bulk;
	} rows[] = {
		{ DC_ZVA_X7, { BULK_ZERO, false, 7, 0, 0 } },
		{ 0xd50b7468, { BULK_ZERO, false, 8, 0, 0 } },  /* dc gva, x8 */
		{ 0xd50b749e, { BULK_ZERO, false, 30, 0, 0 } }, /* dc gzva, x30 */
		{ 0xd50b7e27, { BULK_NONE, false, 7, 0, 0 } },  /* dc civac, x7 */
		{ LDR_X0_X1, { BULK_NONE, false, 0, 0, 0 } },
		{ CPYFP_X1_X2_X3, { BULK_COPY, true, 1, 2, 3 } },
		{ CPYFM_X1_X2_X3, { BULK_COPY, false, 1, 2, 3 } },
		{ 0x19820461, { BULK_COPY, false, 1, 2, 3 } }, /* cpyfe */
		{ 0x1d020461, { BULK_COPY, true, 1, 2, 3 } },  /* cpyp */
		{ 0x1d420461, { BULK_COPY, false, 1, 2, 3 } }, /* cpym */
		{ 0x19026461, { BULK_COPY, true, 1, 2, 3 } },  /* cpyfprtwn */
		{ SETP_X1_X3_X2, { BULK_SET, true, 1, 2, 3 } },
		{ 0x19c24461, { BULK_SET, false, 1, 2, 3 } }, /* setm */
		{ 0x19c28461, { BULK_SET, false, 1, 2, 3 } }, /* sete */
		{ 0x1dc20461, { BULK_SET, true, 1, 2, 3 } },  /* setgp */
		{ 0x19c2b461, { BULK_SET, false, 1, 2, 3 } }, /* setetn */
	};
	size_t i;
	(void)state;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct oracle_bulk bulk = oracle_bulk_decode(rows[i].word);

		assert_int_equal(bulk.kind, rows[i].bulk.kind);
		if (bulk.kind != BULK_NONE) {
			assert_int_equal(bulk.to, rows[i].bulk.to);
			assert_int_equal(bulk.is_first, rows[i].bulk.is_first);
		}
		if (bulk.kind == BULK_COPY) {
			assert_int_equal(bulk.from, rows[i].bulk.from);
		}
		if (bulk.kind > BULK_ZERO) {
			assert_int_equal(bulk.size, rows[i].bulk.size);
		}
	}
}

static void check_ranges(uint32_t word, struct oracle_bulk_values values,
			 struct oracle_span written, struct oracle_span read)
{
	struct oracle_bulk bulk = oracle_bulk_decode(word);
	struct oracle_span seen_written;
	struct oracle_span seen_read;

	oracle_bulk_ranges(&bulk, &values, &seen_written, &seen_read);
	assert_int_equal(seen_written.base, written.base);
	assert_int_equal(seen_written.bytes, written.bytes);
	assert_int_equal(seen_read.base, read.base);
	assert_int_equal(seen_read.bytes, read.bytes);
}

static void knows_what_is_left(void **state)
{
	static const struct oracle_span none;
	(void)state;

	check_ranges(DC_ZVA_X7, (struct oracle_bulk_values){ .to = 0x1077 },
		     (struct oracle_span){ 0x1040, 64 }, none);
	check_ranges(SETP_X1_X3_X2, (struct oracle_bulk_values){ .to = 0x1000, .size = 0x300 },
		     (struct oracle_span){ 0x1000, 0x300 }, none);
	/* The first instruction cuts the size; it is never negative. */
	check_ranges(SETP_X1_X3_X2, (struct oracle_bulk_values){ .to = 0x1000, .size = UINT64_MAX },
		     (struct oracle_span){ 0x1000, INT64_MAX }, none);
	check_ranges(CPYFP_X1_X2_X3, (struct oracle_bulk_values){ 0x1000, 0x8000, 0x300, 0 },
		     (struct oracle_span){ 0x1000, 0x300 }, (struct oracle_span){ 0x8000, 0x300 });
	/* Option A: addresses of the end and a negative size; or going down. */
	check_ranges(CPYFM_X1_X2_X3,
		     (struct oracle_bulk_values){ 0x1300, 0x8300, -UINT64_C(0x100), 0 },
		     (struct oracle_span){ 0x1200, 0x100 }, (struct oracle_span){ 0x8200, 0x100 });
	check_ranges(CPYFM_X1_X2_X3, (struct oracle_bulk_values){ 0x1000, 0x8000, 0x100, 0 },
		     (struct oracle_span){ 0x1000, 0x100 }, (struct oracle_span){ 0x8000, 0x100 });
	/* Option B: addresses of what is next; or, going down, of what was last. */
	check_ranges(CPYFM_X1_X2_X3, (struct oracle_bulk_values){ 0x1200, 0x8200, 0x100, NZCV_C },
		     (struct oracle_span){ 0x1200, 0x100 }, (struct oracle_span){ 0x8200, 0x100 });
	check_ranges(CPYFM_X1_X2_X3,
		     (struct oracle_bulk_values){ 0x1300, 0x8300, 0x100, NZCV_C | NZCV_N },
		     (struct oracle_span){ 0x1200, 0x100 }, (struct oracle_span){ 0x8200, 0x100 });
	check_ranges(LDR_X0_X1, (struct oracle_bulk_values){ 1, 1, 1, 0 }, none, none);
}

/* What the next act is about. */
static struct {
	uint32_t word;
	uint64_t address;
	bool is_store;
	uint64_t code; /* address of the instruction */
} act;

static void translate(struct qemu_plugin_tb *tb, void *userdata)
{
	(void)userdata;
	oracle_tier_access.translated(tb, 1);
}

static void run_block(struct qemu_plugin_tb *tb, size_t count)
{
	uint32_t words[2] = { act.word, act.word };

	fake_callbacks.translate = translate;
	fake_translate(tb, act.code, words, count);
}

static void access_memory(void)
{
	struct qemu_plugin_tb tb;

	run_block(&tb, 1);
	fake_access(&tb, 0, 0, act.address, act.is_store, 0);
}

static void execute(void)
{
	struct qemu_plugin_tb tb;

	run_block(&tb, 2);
	fake_execute(&tb, 0, 0, 2);
}

static void as(unsigned int party)
{
	oracle.vcpus[0].party = (uint16_t)party;
	act.word = LDR_X0_X1;
	act.code = party == PARTY_VM_FIRST ? CASE_GUEST : CASE_HOST;
	fake_set("cpsr", EL1H);
}

static void access_is(uint64_t address, bool is_allowed)
{
	act.address = address;
	act.is_store = false;
	assert_true(is_allowed ? case_is_silent(access_memory) :
				 case_is_breach(access_memory, "loaded from a page"));
	act.is_store = true;
	assert_true(is_allowed ? case_is_silent(access_memory) :
				 case_is_breach(access_memory, "stored to a page"));
}

static void judges_loads_and_stores(void **state)
{
	(void)state;
	as(PARTY_HOST);
	access_is(CASE_HOST + 8, true);
	access_is(CASE_SHARED, true);
	access_is(CASE_LENT, true);
	access_is(0x09000000, true);
	access_is(CASE_EL2, false);
	access_is(CASE_GUEST + 0xff8, false);
	as(PARTY_VM_FIRST);
	access_is(CASE_GUEST, true);
	access_is(CASE_SHARED, true);
	access_is(CASE_LENT, true);
	access_is(CASE_HOST, false);
	access_is(CASE_EL2, false);
	as(PARTY_VM_FIRST + 1);
	act.code = 0;
	access_is(CASE_GUEST, false);
	access_is(CASE_SHARED, false);
	/* Before the first return from EL2 nothing is known. */
	as(PARTY_NOBODY);
	access_is(CASE_EL2, true);
}

static void sees_the_second_page(void **state)
{
	(void)state;
	as(PARTY_VM_FIRST);
	act.is_store = false;
	act.address = CASE_LENT + 0xff9;
	case_own(CASE_LENT + ORACLE_PAGE_BYTES, (struct oracle_page){ .owner = PARTY_EL2 });
	assert_true(case_is_breach(access_memory, "loaded from a page"));
	act.address = CASE_LENT + 0xff8;
	assert_true(case_is_silent(access_memory));
}

static void judges_bulk(void **state)
{
	(void)state;
	as(PARTY_HOST);
	act.word = DC_ZVA_X7;
	fake_set("x7", CASE_HOST);
	assert_true(case_is_silent(execute));
	fake_set("x7", CASE_GUEST + 0x80);
	assert_true(case_is_breach(execute, "stored to a page"));
	act.word = CPYFP_X1_X2_X3;
	fake_set("x1", CASE_HOST);
	fake_set("x2", CASE_PAGE(0));
	fake_set("x3", ORACLE_PAGE_BYTES);
	assert_true(case_is_silent(execute));
	fake_set("x3", ORACLE_PAGE_BYTES + 1); /* its last byte is EL2's */
	assert_true(case_is_breach(execute, "loaded from a page"));
	fake_limit = CASE_EL2; /* which is not mapped: then it faults there */
	fake_set("x1", CASE_PAGE(0));
	assert_true(case_is_silent(execute));
}

static void code_of_el2_can_be_excepted(void **state)
{
	(void)state;
	as(PARTY_HOST);
	act.address = CASE_EL2;
	act.is_store = false;
	case_own(CASE_EL2, (struct oracle_page){ .owner = PARTY_EL2, .how = HOW_EL2_RUNS });
	assert_true(case_is_breach(access_memory, "loaded from a page"));
	assert_null(oracle_except_parse("el2-code"));
	assert_true(case_is_silent(access_memory));
	act.is_store = true;
	assert_true(case_is_breach(access_memory, "stored to a page"));
	act.is_store = false;
	case_own(CASE_EL2, (struct oracle_page){ .owner = PARTY_EL2, .how = HOW_GIVEN });
	assert_true(case_is_breach(access_memory, "loaded from a page"));
	case_own(CASE_EL2, (struct oracle_page){ .owner = PARTY_EL2, .how = HOW_EL2_RUNS });
	as(PARTY_VM_FIRST);
	assert_true(case_is_breach(access_memory, "loaded from a page"));
	assert_null(oracle_except_parse(NULL));
}

static void judges_fetch(void **state)
{
	(void)state;
	as(PARTY_HOST);
	assert_true(case_is_silent(execute));
	act.code = CASE_SHARED;
	assert_true(case_is_silent(execute));
	act.code = CASE_GUEST;
	assert_true(case_is_breach(execute, "executes a page"));
	act.code = CASE_EL2 - 4; /* its second instruction is on EL2's page */
	assert_true(case_is_breach(execute, "executes a page"));
	/* A block outlives the ownership that it was translated under. */
	as(PARTY_VM_FIRST);
	assert_true(case_is_silent(execute));
	case_own(CASE_GUEST, (struct oracle_page){ .owner = PARTY_HOST });
	assert_true(case_is_breach(execute, "executes a page"));
}

#define TEST(name) cmocka_unit_test_setup(name, case_start)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(decodes_bulk),
		TEST(knows_what_is_left),
		TEST(judges_loads_and_stores),
		TEST(sees_the_second_page),
		TEST(judges_bulk),
		TEST(judges_fetch),
		TEST(code_of_el2_can_be_excepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
