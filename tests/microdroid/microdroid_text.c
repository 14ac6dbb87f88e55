/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines NAME=value, and small files. */
#include "guest/microdroid/lib/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void values(void **state)
{
	static const char uevent[] = "MAJOR=254\nPARTNAMES=x\nPARTNAME=super\nEMPTY=\nLAST=end";
	char value[6];
	(void)state;

	assert_true(text_value(uevent, "PARTNAME", value, sizeof(value)));
	assert_string_equal(value, "super");
	assert_true(text_value(uevent, "EMPTY", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(text_value(uevent, "LAST", value, sizeof(value)));
	assert_string_equal(value, "end");
	assert_false(text_value(uevent, "PART", value, sizeof(value)));
	assert_false(text_value(uevent, "super", value, sizeof(value)));
	assert_false(text_value("", "X", value, sizeof(value)));
	assert_false(text_value(uevent, "PARTNAME", value, 5));
}

static void files(void **state)
{
	char path[] = "/tmp/microdroid-text-XXXXXX";
	char text[8];
	int fd = mkstemp(path);
	(void)state;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "abcdefg", 7), 7);
	assert_int_equal(read_file(path, text, sizeof(text)), 7);
	assert_string_equal(text, "abcdefg");
	assert_int_equal(write(fd, "h", 1), 1);
	assert_int_equal(read_file(path, text, sizeof(text)), -1);
	assert_int_equal(errno, EFBIG);
	assert_string_equal(text, "");
	close(fd);
	unlink(path);
	assert_int_equal(read_file(path, text, sizeof(text)), -1);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(values), cmocka_unit_test(files) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
