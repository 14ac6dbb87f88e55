/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to the failure port: one line with one separator, whatever the context is. */
#include "guest/microdroid/lib/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_record(void **state)
{
	char record[FAILURE_RECORD_MAX];
	(void)state;

	assert_int_equal(failure_record(record, FAILURE_UNKNOWN, "why"),
			 strlen("MICRODROID_UNKNOWN_RUNTIME_ERROR|why\n"));
	assert_string_equal(record, "MICRODROID_UNKNOWN_RUNTIME_ERROR|why\n");
}

static void a_context_cannot_make_another(void **state)
{
	char record[FAILURE_RECORD_MAX];
	(void)state;

	failure_record(record, "R", "a\nKILLED|b\r\x7f.");
	assert_string_equal(record, "R|a KILLED b  .\n");
}

static void a_long_context_is_cut(void **state)
{
	char context[2 * FAILURE_RECORD_MAX];
	char record[FAILURE_RECORD_MAX];
	(void)state;

	memset(context, 'x', sizeof(context) - 1);
	context[sizeof(context) - 1] = '\0';
	assert_int_equal(failure_record(record, FAILURE_NOT_CONNECTED, context),
			 FAILURE_RECORD_MAX - 1);
	assert_int_equal(strlen(record), FAILURE_RECORD_MAX - 1);
	assert_int_equal(record[FAILURE_RECORD_MAX - 2], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record),
		cmocka_unit_test(a_context_cannot_make_another),
		cmocka_unit_test(a_long_context_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
