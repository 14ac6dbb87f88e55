/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The coverage plugin against a stand-in for QEMU: what it counts, and what it writes. */
#include "qemu-plugins/coverage.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu-plugins/common/plugin.h"
#include "tests/plugins/cmocka_all.h"
#include "tests/plugins/fake_qemu.h"

#define EL(n) ((uint64_t)(n) << 2 | 1)
#define N (UINT64_C(1) << 31)
#define Z (UINT64_C(1) << 30)
#define C (UINT64_C(1) << 29)
#define V (UINT64_C(1) << 28)

#define W_NOP 0xd503201f
#define W_RET 0xd65f03c0
#define W_BEQ 0x54000040 /* b.eq .+8 */
#define W_B_AL 0x5400004e
#define W_CBZ_X3 0xb4000043
#define W_CBZ_W3 0x34000043
#define W_CBNZ_X3 0xb5000043
#define W_TBZ_X3_33 0xb6080043
#define W_TBNZ_X3_33 0xb7080043
#define W_TBNZ_W3_1 0x37080043

static void conditions(void **state)
{
	/* Rows: the condition's number, flags with which it holds, flags with which it does not. */
	static const struct {
		uint64_t with, without;
	} rows[14] = {
		{ Z, 0 },         { 0, Z },     { C, 0 },         { 0, C },     { N, 0 },
		{ 0, N },         { V, 0 },     { 0, V },         { C, C | Z }, { Z | C, C },
		{ N | V, N | C }, { N, N | V }, { 0, N | V | Z }, { Z, N | V },
	};
	unsigned int i;
	(void)state;

	for (i = 0; i < 14; i++) {
		uint32_t word = 0x54000040 | i;

		assert_true(coverage_is_branch(word));
		assert_int_equal(coverage_branch_rt(word), 31);
		assert_true(coverage_branch_taken(word, rows[i].with, 0));
		assert_false(coverage_branch_taken(word, rows[i].without, 0));
	}
	assert_false(coverage_is_branch(W_B_AL));
	assert_false(coverage_is_branch(W_B_AL + 1));
	assert_false(coverage_is_branch(W_NOP));
	assert_false(coverage_is_branch(0x14000001)); /* b .+4 */
}

static void registers(void **state)
{
	uint64_t high = UINT64_C(1) << 33;
	(void)state;

	assert_int_equal(coverage_branch_rt(W_CBZ_X3), 3);
	assert_int_equal(coverage_branch_rt(W_TBZ_X3_33), 3);
	assert_true(coverage_branch_taken(W_CBZ_X3, 0, 0));
	assert_false(coverage_branch_taken(W_CBZ_X3, 0, high));
	assert_true(coverage_branch_taken(W_CBZ_W3, 0, high)); /* only the low half */
	assert_true(coverage_branch_taken(W_CBNZ_X3, 0, high));
	assert_true(coverage_branch_taken(W_TBZ_X3_33, 0, ~high));
	assert_false(coverage_branch_taken(W_TBZ_X3_33, 0, high));
	assert_true(coverage_branch_taken(W_TBNZ_X3_33, 0, high));
	assert_false(coverage_branch_taken(W_TBNZ_W3_1, 0, high));
	assert_true(coverage_branch_taken(W_TBNZ_W3_1, 0, 2));
}

static char *folder, *path;
static qemu_info_t machine;

/* One installation: the plugin keeps its state for ever, as in QEMU. */
static int begin(void **state)
{
	char name[16];
	int i;
	(void)state;

	folder = g_dir_make_tmp("coverage-XXXXXX", NULL);
	path = g_build_filename(folder, "coverage.txt", NULL);
	machine = fake_machine(2);
	fake_reset();
	for (i = 0; i < 31; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		fake_set(name, 0);
	}
#define ZERO(id, text, needed) fake_set(text, 0);
	REGS_LIST(ZERO)
#undef ZERO
	return 0;
}

static int end(void **state)
{
	(void)state;
	plugin_forget();
	g_unlink(path);
	g_rmdir(folder);
	g_free(path);
	g_free(folder);
	fake_reset();
	return 0;
}

static int install(const char *more)
{
	g_autofree char *out = g_strconcat("out=", path, NULL);
	char *argv[2] = { out, (char *)more };

	return qemu_plugin_install(1, &machine, more != NULL ? 2 : 1, argv);
}

static void refuses(void **state)
{
	char *nowhere[] = { (char *)"out=/nowhere/coverage.txt" };
	char *help[] = { (char *)"help" };
	(void)state;

	assert_int_not_equal(qemu_plugin_install(1, &machine, 0, NULL), 0);
	assert_int_not_equal(qemu_plugin_install(1, &machine, 1, nowhere), 0);
	assert_int_not_equal(qemu_plugin_install(1, &machine, 1, help), 0);
	assert_int_not_equal(install("branches=perhaps"), 0);
	machine.version.cur = 6;
	assert_int_not_equal(install(NULL), 0);
	machine.version.cur = 7;
	machine.target_name = "x86_64";
	assert_int_not_equal(install(NULL), 0);
	assert_null(fake_callbacks.translate);
}

static void counts_el2(void **state)
{
	static const uint32_t words[] = { W_NOP, W_CBZ_X3, W_RET };
	static const uint32_t beq[] = { W_BEQ };
	static const uint32_t unmapped[] = { W_NOP };
	struct qemu_plugin_tb first, again, below, other, lost;
	g_autofree char *text = NULL;
	g_autofree char *early = NULL;
	int status;
	pid_t child;
	(void)state;

	assert_int_equal(install(NULL), 0);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	fake_callbacks.init(0, NULL);
	fake_callbacks.init(1, NULL);
	fake_offset = UINT64_C(0xffff000000000000);
	fake_limit = UINT64_C(0xffff000000003000);
	fake_set("cpsr", EL(1));
	fake_translate(&below, 0x7000, words, 3);
	assert_int_equal(below.insns[0].ops_count, 0);
	fake_set("cpsr", EL(2) | Z);
	fake_translate(&first, UINT64_C(0xffff000000001000), words, 3);
	fake_translate(&again, UINT64_C(0xffff000000001000), words, 2);
	fake_translate(&other, UINT64_C(0xffff000000002000), beq, 1);
	fake_translate(&lost, UINT64_C(0xffff000000003000), unmapped, 1);
	assert_int_equal(lost.insns[0].ops_count, 0);
	fake_execute(&first, 0, 0, 3);
	fake_execute(&first, 1, 0, 2); /* it faulted before the last */
	fake_set("x3", 1);
	fake_execute(&again, 1, 0, 2);
	fake_execute(&other, 1, 0, 1);
	child = fork();
	if (child == 0) {
		plugin_end("inject", PLUGIN_EXIT_BUDGET, "enough");
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(g_file_get_contents(path, &early, NULL, NULL));
	fake_callbacks.exit(NULL);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "terrarium coverage 1\n"
				  "1000 ffff000000001000 d503201f 3\n"
				  "1004 ffff000000001004 b4000043 3 2 1\n"
				  "1008 ffff000000001008 d65f03c0 1\n"
				  "2000 ffff000000002000 54000040 1 1 0\n"
				  "end whole\n");
	assert_string_equal(early, text);       /* as when another plugin ends QEMU */
	assert_int_not_equal(install(NULL), 0); /* twice */
}

static uint64_t once(const struct coverage *all, const struct coverage_site *site)
{
	(void)all;
	return site->slot == 0 ? 1 : 0;
}

static void full(void **state)
{
	struct coverage coverage = {
		.sites = g_hash_table_new(g_int64_hash, g_int64_equal),
		.by_slot = g_ptr_array_new_with_free_func(g_free),
	};
	char text[128] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");
	uint64_t i;
	(void)state;

	for (i = 0; i < COVERAGE_SITES_MAX; i++) {
		assert_non_null(coverage_site_at(&coverage, 4 * i, 4 * i, W_NOP));
	}
	assert_null(coverage_site_at(&coverage, 4 * i, 4 * i, W_NOP));
	assert_ptr_equal(coverage_site_at(&coverage, 0, 0, W_NOP), coverage.by_slot->pdata[0]);
	assert_true(coverage_write(&coverage, file, once));
	fclose(file);
	assert_string_equal(text, "terrarium coverage 1\n0 0 d503201f 1\nend full\n");
	g_hash_table_unref(coverage.sites);
	g_ptr_array_unref(coverage.by_slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(registers),
		cmocka_unit_test(full),
		cmocka_unit_test_setup_teardown(refuses, begin, end),
		cmocka_unit_test_setup_teardown(counts_el2, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
