/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The yield plugin: which instructions it gives the processor away at, and that they run on. */
#include "qemu-plugins/common/plugin.h"
#include "tests/plugins/cmocka_all.h"
#include "tests/plugins/fake_qemu.h"

static qemu_info_t machine;

static int begin(void **state)
{
	(void)state;
	machine = fake_machine(2);
	fake_reset();
	return 0;
}

static int end(void **state)
{
	(void)state;
	plugin_forget();
	fake_reset();
	return 0;
}

static void refuses(void **state)
{
	char *option[] = { (char *)"out=x" };
	char *help[] = { (char *)"help" };
	(void)state;

	assert_int_not_equal(qemu_plugin_install(1, &machine, 1, option), 0);
	assert_int_not_equal(qemu_plugin_install(1, &machine, 1, help), 0);
	machine.version.cur = 6;
	assert_int_not_equal(qemu_plugin_install(1, &machine, 0, NULL), 0);
}

static void yields_where_software_waits(void **state)
{
	static const struct {
		uint32_t word;
		size_t planted;
	} rows[] = {
		{ 0xd503201f, 0 }, /* nop */
		{ 0xd503203f, 1 }, /* yield */
		{ 0xd503205f, 1 }, /* wfe */
		{ 0xd503207f, 0 }, /* wfi: QEMU has the thread sleep */
		{ 0xd503209f, 0 }, /* sev */
		{ 0xd5031000, 1 }, /* wfet x0 */
		{ 0xd503101f, 1 }, /* wfet xzr */
		{ 0xd5031020, 0 }, /* wfit x0 */
	};
	uint32_t words[G_N_ELEMENTS(rows)];
	struct qemu_plugin_tb tb;
	size_t i;
	(void)state;

	assert_int_equal(qemu_plugin_install(1, &machine, 0, NULL), 0);
	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		words[i] = rows[i].word;
	}
	fake_translate(&tb, 0x1000, words, G_N_ELEMENTS(rows));
	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(tb.insns[i].ops_count, rows[i].planted);
	}
	assert_int_equal(fake_execute(&tb, 0, 0, G_N_ELEMENTS(rows)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses, begin, end),
		cmocka_unit_test_setup_teardown(yields_where_software_waits, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
