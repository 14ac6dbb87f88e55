/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option parsing: every type, every way to be wrong, help. */
#include "qemu-plugins/common/options.h"

#include <string.h>

#include "tests/plugins/cmocka_all.h"

static const char *const colours[] = { "red", "green", "blue", NULL };

enum {
	FILE_NAME,
	SWITCH,
	NUMBER,
	CHOICE,
	SET,
	COUNT,
};

static const struct option table[COUNT] = {
	[FILE_NAME] = { .name = "out", .type = OPTION_STRING, .required = true, .help = "a file" },
	[SWITCH] = { .name = "boot", .type = OPTION_BOOL, .help = "a switch" },
	[NUMBER] = { .name = "n",
		     .type = OPTION_NUMBER,
		     .min = 3,
		     .max = 300,
		     .value = 7,
		     .help = "a number" },
	[CHOICE] = { .name = "paint",
		     .type = OPTION_CHOICE,
		     .words = colours,
		     .help = "one colour" },
	[SET] = { .name = "mix", .type = OPTION_SET, .words = colours, .value = 7, .help = "some" },
};

static char error[300];

static enum options_result parse(struct option *options, int argc, char **argv)
{
	memcpy(options, table, sizeof(table));
	memset(error, 0, sizeof(error));
	return options_parse(options, COUNT, argc, argv, error, sizeof(error));
}

static void reads_every_type(void **state)
{
	char *argv[] = { "out=/tmp/a=b", "boot=on", "n=0x10", "paint=blue", "mix=red+blue" };
	struct option options[COUNT];
	(void)state;

	assert_int_equal(parse(options, 5, argv), OPTIONS_OK);
	assert_string_equal(options[FILE_NAME].string, "/tmp/a=b");
	assert_int_equal(options[SWITCH].value, 1);
	assert_int_equal(options[NUMBER].value, 16);
	assert_int_equal(options[CHOICE].value, 2);
	assert_int_equal(options[SET].value, 5);
}

static void keeps_defaults(void **state)
{
	char *argv[] = { "out=x", "boot=off" };
	struct option options[COUNT];
	(void)state;

	assert_int_equal(parse(options, 2, argv), OPTIONS_OK);
	assert_int_equal(options[SWITCH].value, 0);
	assert_int_equal(options[NUMBER].value, 7);
	assert_int_equal(options[SET].value, 7);
}

static void refuses_with_a_sentence(void **state)
{
	static const struct {
		char *argument;
		const char *says;
	} rows[] = {
		{ "ouch=x", "there is no option 'ouch'; the options are out, boot, n, paint, mix" },
		{ "boot=maybe", "option 'boot' cannot be 'maybe': it takes on or off" },
		{ "boot=", "option 'boot' cannot be '': it takes on or off" },
		{ "boot", "option 'boot' needs a value: boot=on or off" },
		{ "n=2", "option 'n' cannot be '2': it takes a number from 3 to 300" },
		{ "n=301", "option 'n' cannot be '301': it takes a number from 3 to 300" },
		{ "n=-4", "option 'n' cannot be '-4': it takes a number from 3 to 300" },
		{ "n= 4", "option 'n' cannot be ' 4': it takes a number from 3 to 300" },
		{ "n=4x", "option 'n' cannot be '4x': it takes a number from 3 to 300" },
		{ "n=18446744073709551619",
		  "option 'n' cannot be '18446744073709551619': it takes a number from 3 to 300" },
		{ "paint=pink",
		  "option 'paint' cannot be 'pink': it takes one of red, green, blue" },
		{ "paint=re", "option 'paint' cannot be 're': it takes one of red, green, blue" },
		{ "mix=red+", "option 'mix' cannot be 'red+': it takes any of red, green, blue "
			      "joined by +" },
		{ "out=", "option 'out' cannot be '': it takes a name" },
		{ "out=y", "option 'out' is given twice" },
	};
	struct option options[COUNT];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *twice[] = { "out=x", rows[i].argument };
		char *empty[] = { rows[i].argument };

		if (strcmp(rows[i].argument, "out=") == 0) {
			assert_int_equal(parse(options, 1, empty), OPTIONS_BAD);
		} else {
			assert_int_equal(parse(options, 2, twice), OPTIONS_BAD);
		}
		assert_string_equal(error, rows[i].says);
	}
	assert_int_equal(parse(options, 0, NULL), OPTIONS_BAD);
	assert_string_equal(error, "option 'out' is missing: it takes a name");
}

static void cuts_a_long_sentence(void **state)
{
	char *argv[] = { "paint=pink" };
	struct option options[COUNT];
	char small[12];
	(void)state;

	memcpy(options, table, sizeof(table));
	memset(small, 'x', sizeof(small));
	assert_int_equal(options_parse(options, COUNT, 1, argv, small, sizeof(small)), OPTIONS_BAD);
	assert_string_equal(small, "option 'pai");
}

static void helps(void **state)
{
	char *argv[] = { "nonsense", "help=on" };
	struct option options[COUNT];
	char text[600];
	(void)state;

	assert_int_equal(parse(options, 2, argv), OPTIONS_HELP);
	options_help(table, COUNT, text, sizeof(text));
	assert_non_null(strstr(text, "  out=... a file (a name; required)\n"));
	assert_non_null(strstr(text, "  n=... a number (a number from 3 to 300)\n"));
	assert_non_null(strstr(text, "  mix=... some (any of red, green, blue joined by +)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(keeps_defaults),
		cmocka_unit_test(refuses_with_a_sentence),
		cmocka_unit_test(cuts_a_long_sentence),
		cmocka_unit_test(helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
