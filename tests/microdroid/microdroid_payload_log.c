/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload's log functions: what reaches standard error. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guest/payload/include/android/log.h"
#include "tests/plugins/cmocka_all.h"

#define TEXT_MAX 4096

static char said[TEXT_MAX];

/* Standard error into @said while @priority's line is written; what the call returned. */
static int say(int priority, const char *tag, const char *text)
{
	int ends[2];
	int saved = dup(STDERR_FILENO);
	ssize_t bytes;
	int rc;

	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	dup2(ends[1], STDERR_FILENO);
	rc = __android_log_print(priority, tag, "%s", text);
	dup2(saved, STDERR_FILENO);
	bytes = read(ends[0], said, sizeof(said) - 1);
	said[bytes > 0 ? bytes : 0] = '\0';
	close(saved);
	close(ends[0]);
	close(ends[1]);
	return rc;
}

static void lines(void **state)
{
	(void)state;
	assert_int_equal(say(ANDROID_LOG_INFO, "tag", "text"), 1);
	assert_string_equal(said, "I/tag: text\n");
	assert_int_equal(say(ANDROID_LOG_FATAL, NULL, "a\nb\tc"), 1);
	assert_string_equal(said, "F/: a b c\n");
	assert_int_equal(say(99 - 100, "tag", "text"), 1);
	assert_string_equal(said, "?/tag: text\n");
	assert_int_equal(say(ANDROID_LOG_SILENT, "tag", "text"), -1);
	assert_string_equal(said, "");
}

static void a_long_line_is_cut(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(say(ANDROID_LOG_WARN, "tag", text), 1);
	assert_int_equal(strlen(said), 1023);
	assert_int_equal(said[1022], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(a_long_line_is_cut),
	};

	return cmocka_run_group_tests_name("microdroid_payload_log", tests, NULL, NULL);
}
