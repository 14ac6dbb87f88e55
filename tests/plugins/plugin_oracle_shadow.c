/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shadows of translation tables, on memory that is an array here. Entries are written out of
 * the Arm ARM's figures (D8.3), not with the code's own constants.
 */
#include "tests/plugins/cmocka_all.h"

#include <string.h>

#include "qemu-plugins/oracle_shadow.h"

#define RAM UINT64_C(0x40000000)
#define PAGES 2048u
#define PAGE 4096u

/* Stage 2: valid, AF, read, write. */
#define S2_BLOCK(pa) ((pa) | 0x4c1)
#define S2_PAGE(pa) ((pa) | 0x4c3)
#define S2_READ_ONLY(pa) ((pa) | 0x443)
#define TABLE(pa) ((pa) | 3)
#define XN (UINT64_C(2) << 53)

/* 40 bits, from level 1 (two tables in a row), 4 KiB. */
#define VTCR_40 (24 | 1 << 6)

static uint64_t memory[PAGES * PAGE / 8];
static struct shadow *shadow;

struct told {
	uint64_t input;
	uint64_t bytes;
	struct shadow_leaf before;
	struct shadow_leaf after;
};

static struct told told[4096];
static unsigned int told_count;

static bool read_memory(uint64_t pa, void *to, size_t bytes)
{
	if (pa < RAM || pa + bytes > RAM + sizeof(memory)) {
		return false;
	}
	memcpy(to, (const char *)memory + (pa - RAM), bytes);
	return true;
}

static void changed(struct shadow_root *root, uint64_t input, uint64_t bytes,
		    struct shadow_leaf before, struct shadow_leaf after)
{
	(void)root;
	assert_true(told_count < 4096);
	told[told_count++] = (struct told){ input, bytes, before, after };
}

static uint64_t *word(uint64_t table, unsigned int index)
{
	return &memory[(table - RAM) / 8 + index];
}

/* A store, as the machine does it. */
static void store(uint64_t table, unsigned int index, uint64_t value)
{
	*word(table, index) = value;
	shadow_stored(shadow, table + index * 8, 8);
}

static int tear_down(void **state)
{
	(void)state;
	shadow_free(shadow);
	return 0;
}

static int set_up(void **state)
{
	const struct shadow_memory how = { RAM, PAGES, read_memory, changed };
	(void)state;

	memset(memory, 0, sizeof(memory));
	told_count = 0;
	shadow = shadow_new(&how);
	return 0;
}

/* Tables: root at RAM + 2 and 3 pages, then what a test takes. */
#define ROOT (RAM + 2 * PAGE)
#define LEVEL2 (RAM + 4 * PAGE)
#define LEVEL3 (RAM + 5 * PAGE)
#define OTHER3 (RAM + 6 * PAGE)

static struct shadow_root *follow(void)
{
	struct shadow_shape shape;

	assert_true(shadow_shape_stage2(&shape, ROOT, VTCR_40));
	return shadow_follow(shadow, &shape, NULL);
}

static void shapes(void **state)
{
	struct shadow_shape shape;
	(void)state;

	assert_true(shadow_shape_stage2(&shape, ROOT | 1, VTCR_40));
	assert_int_equal(shape.base, ROOT);
	assert_int_equal(shape.bits, 40);
	assert_int_equal(shape.level, 1);
	assert_true(shadow_shape_stage2(&shape, ROOT, 16 | 2 << 6));
	assert_int_equal(shape.level, 0);
	/* 64 KiB granule; more than 16 tables in a row; fewer bits than the level has. */
	assert_false(shadow_shape_stage2(&shape, ROOT, VTCR_40 | 1 << 14));
	assert_true(shadow_shape_stage2(&shape, ROOT, 20 | 0 << 6));
	assert_int_equal(shape.bits, 0);
	assert_true(shadow_shape_stage2(&shape, ROOT, 34 | 2 << 6));
	assert_int_equal(shape.bits, 0);
	assert_true(shadow_shape_stage2(&shape, ROOT, 0));
	assert_int_equal(shape.bits, 0);
	/* FEAT_TTST: from the last level on. */
	assert_true(shadow_shape_stage2(&shape, ROOT, 43 | 3 << 6));
	assert_int_equal(shape.level, 3);
	assert_int_equal(shape.bits, 21);
	assert_true(shadow_shape_el2(&shape, ROOT, 0, false));
	assert_int_equal(shape.bits, 0);
	assert_true(shadow_shape_el2(&shape, ROOT, 25, false));
	assert_int_equal(shape.level, 1);
	assert_true(shadow_shape_el2(&shape, ROOT, 16, true));
	assert_int_equal(shape.level, 0);
	assert_false(shadow_shape_el2(&shape, ROOT, 16 | 1 << 14, true));
}

static void without_a_shape_nothing_is_mapped(void **state)
{
	struct shadow_shape shape;
	struct shadow_root *root;
	(void)state;

	*word(ROOT, 0) = TABLE(LEVEL2);
	*word(LEVEL2, 0) = S2_BLOCK(RAM);
	assert_true(shadow_shape_stage2(&shape, ROOT, 0));
	root = shadow_follow(shadow, &shape, NULL);
	assert_int_equal(shadow_look(shadow, root, 0).rights, 0);
	assert_true(shadow_is_empty(shadow, root));
	assert_false(shadow_is_table(shadow, ROOT));
}

static void what_is_there_is_told(void **state)
{
	struct shadow_root *root;
	(void)state;

	*word(ROOT, 1) = TABLE(LEVEL2);
	*word(LEVEL2, 3) = S2_BLOCK(RAM + 0x400000);
	*word(ROOT + PAGE, 0) = S2_BLOCK(0x80000000) | XN;
	root = follow();
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0].input, 0x40600000);
	assert_int_equal(told[0].bytes, 0x200000);
	assert_int_equal(told[0].before.rights, 0);
	assert_int_equal(told[0].after.rights, LEAF_READ | LEAF_WRITE | LEAF_EXEC);
	/* The second table of the first level begins at 512 GiB. */
	assert_int_equal(told[1].input, UINT64_C(1) << 39);
	assert_int_equal(told[1].after.rights, LEAF_READ | LEAF_WRITE);
	assert_int_equal(shadow_look(shadow, root, 0x40601008).pa, RAM + 0x401008);
	assert_int_equal(shadow_look(shadow, root, 0x40800000).rights, 0);
	assert_int_equal(shadow_look(shadow, root, UINT64_C(1) << 40).rights, 0);
	assert_int_equal(root->maps[0x400], 1);
	assert_int_equal(root->input_of[0x400], 0x40601);
	assert_int_equal(root->maps[0x600], 0);
	assert_true(shadow_is_table(shadow, LEVEL2 + 8));
	assert_false(shadow_is_table(shadow, LEVEL3));
	assert_false(shadow_is_table(shadow, 0));
}

static void stores_are_told(void **state)
{
	struct shadow_root *root = follow();
	(void)state;

	assert_true(shadow_is_empty(shadow, root));
	store(ROOT, 1, TABLE(LEVEL2));
	store(LEVEL2, 0, TABLE(LEVEL3));
	assert_int_equal(told_count, 0);
	store(LEVEL3, 7, S2_PAGE(RAM + 0x7000));
	store(LEVEL3, 7, S2_READ_ONLY(RAM + 0x7000));
	store(LEVEL3, 7, S2_READ_ONLY(RAM + 0x9000));
	store(LEVEL3, 7, 0);
	assert_int_equal(told_count, 4);
	assert_int_equal(told[1].after.rights, LEAF_READ | LEAF_EXEC);
	assert_int_equal(told[2].before.pa, RAM + 0x7000);
	assert_int_equal(told[2].after.pa, RAM + 0x9000);
	assert_int_equal(told[3].after.rights, 0);
	assert_int_equal(root->maps[7] + root->maps[9], 0);
	/* Bits of software and an access flag change nothing; nor does what is no entry. */
	store(LEVEL3, 8, S2_PAGE(RAM + 0x8000));
	store(LEVEL3, 8, S2_PAGE(RAM + 0x8000) | UINT64_C(1) << 55);
	store(OTHER3, 0, S2_PAGE(RAM));
	assert_int_equal(told_count, 5);
	assert_false(shadow_is_empty(shadow, root));
}

static void split_blocks_change_nothing(void **state)
{
	struct shadow_root *root = follow();
	unsigned int i;
	(void)state;

	store(ROOT, 1, S2_BLOCK(RAM));
	assert_int_equal(told_count, 1);
	for (i = 0; i < 512; i++) {
		*word(LEVEL2, i) = S2_BLOCK(RAM + i * UINT64_C(0x200000));
		*word(LEVEL3, i) = S2_PAGE(RAM + i * PAGE);
	}
	*word(LEVEL2, 0) = TABLE(LEVEL3);
	store(ROOT, 1, TABLE(LEVEL2));
	assert_int_equal(told_count, 1);
	store(LEVEL3, 5, 0);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1].bytes, PAGE);
	/* Folded again, all but that page are as before. */
	store(LEVEL2, 0, S2_BLOCK(RAM));
	assert_int_equal(told_count, 3);
	assert_int_equal(told[2].input, RAM + 5 * PAGE);
	assert_false(shadow_is_table(shadow, LEVEL3));
	assert_int_equal(root->maps[5], 1);
}

static void tables_that_go_take_their_pages(void **state)
{
	struct shadow_root *root = follow();
	(void)state;

	*word(LEVEL2, 0) = TABLE(LEVEL3);
	*word(LEVEL3, 1) = S2_PAGE(RAM + 0x1000);
	*word(OTHER3, 1) = S2_PAGE(RAM + 0x1000);
	store(ROOT, 1, TABLE(LEVEL2));
	assert_int_equal(told_count, 1);
	/* Another table that says the same. */
	store(LEVEL2, 0, TABLE(OTHER3));
	assert_int_equal(told_count, 1);
	store(LEVEL3, 1, 0);
	assert_int_equal(told_count, 1);
	store(ROOT, 1, 0);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1].after.rights, 0);
	assert_false(shadow_is_table(shadow, LEVEL2));
	assert_int_equal(root->maps[1], 0);
	assert_int_equal(root->input_of[1], 0);
}

static void two_ways_to_a_page(void **state)
{
	struct shadow_root *root = follow();
	(void)state;

	*word(LEVEL2, 0) = TABLE(LEVEL3);
	*word(LEVEL2, 1) = TABLE(LEVEL3); /* one table, twice */
	store(ROOT, 1, TABLE(LEVEL2));
	store(LEVEL3, 2, S2_PAGE(RAM + 0x3000));
	assert_int_equal(told_count, 2);
	assert_int_equal(root->maps[3], 2);
	assert_int_equal(root->writes[3], 2);
	store(LEVEL2, 1, 0);
	assert_int_equal(root->maps[3], 1);
	store(LEVEL3, 2, 0);
	assert_int_equal(root->maps[3], 0);
}

static void bulk_and_forgotten(void **state)
{
	struct shadow_root *root = follow();
	(void)state;

	store(ROOT, 1, TABLE(LEVEL2));
	store(LEVEL2, 0, TABLE(LEVEL3));
	*word(LEVEL3, 0) = S2_PAGE(RAM);
	*word(LEVEL3, 511) = S2_PAGE(RAM + 511 * PAGE);
	shadow_stored(shadow, LEVEL3 - 16, PAGE + 16);
	assert_int_equal(told_count, 2);
	/* Out of RAM, and a table out of RAM: nothing. */
	shadow_stored(shadow, 0, 64);
	store(LEVEL2, 2, TABLE(0x1000));
	assert_int_equal(told_count, 2);
	shadow_forget(shadow, root);
	assert_int_equal(root->maps[0], 0);
	assert_false(shadow_is_table(shadow, ROOT));
	store(LEVEL3, 0, 0);
	assert_int_equal(told_count, 2);
}

static void el2_rights(void **state)
{
	struct shadow_shape shape;
	struct shadow_root *root;
	(void)state;

	*word(ROOT, 0) = TABLE(LEVEL2);
	*word(LEVEL2, 0) = 0x401 | UINT64_C(1) << 54; /* data */
	*word(LEVEL2, 1) = 0x200000 | 0x401 | 1 << 7; /* code */
	*word(LEVEL2, 2) = 0x400000 | 0x401 | 1 << 7 | UINT64_C(1) << 53;
	assert_true(shadow_shape_el2(&shape, ROOT, 25, false));
	root = shadow_follow(shadow, &shape, NULL);
	assert_int_equal(shadow_look(shadow, root, 0).rights, LEAF_READ | LEAF_WRITE);
	assert_int_equal(shadow_look(shadow, root, 0x200000).rights, LEAF_READ | LEAF_EXEC);
	assert_int_equal(shadow_look(shadow, root, 0x400000).rights, LEAF_READ | LEAF_EXEC);
	shadow_forget(shadow, root);
	assert_true(shadow_shape_el2(&shape, ROOT, 25, true));
	root = shadow_follow(shadow, &shape, NULL);
	assert_int_equal(shadow_look(shadow, root, 0).rights, LEAF_READ | LEAF_WRITE | LEAF_EXEC);
	assert_int_equal(shadow_look(shadow, root, 0x400000).rights, LEAF_READ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),
		cmocka_unit_test_setup_teardown(without_a_shape_nothing_is_mapped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_there_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stores_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(split_blocks_change_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tables_that_go_take_their_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_ways_to_a_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bulk_and_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(el2_rights, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
