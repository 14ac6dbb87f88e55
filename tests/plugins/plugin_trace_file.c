/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace file: layout, growth, disk full, unwritable. Read back by offsets. */
#include "qemu-plugins/trace_file.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/plugins/fake_qemu.h"

#define MANIFEST "a=b\n"
/* 32 bytes of header, 4 of manifest, 4 to the next multiple of 8. */
#define FIRST 40
#define RECORD 72

static char *path;

static int make_folder(void **state)
{
	char *folder = g_dir_make_tmp("trace-XXXXXX", NULL);
	(void)state;

	path = g_build_filename(folder, "trace.bin", NULL);
	g_free(folder);
	fake_disk_error = 0;
	return 0;
}

static int remove_folder(void **state)
{
	char *folder = g_path_get_dirname(path);
	(void)state;

	unlink(path);
	rmdir(folder);
	g_free(folder);
	g_free(path);
	return 0;
}

static uint32_t word_at(const char *bytes, size_t offset)
{
	const unsigned char *at = (const unsigned char *)bytes + offset;

	return (uint32_t)(at[0] | at[1] << 8 | at[2] << 16 | (unsigned int)at[3] << 24);
}

static void writes_header_records_and_end(void **state)
{
	struct trace_record record = { .type = TRACE_IRQ, .vcpu = 3, .time_ns = 77, .pc = 0x1234 };
	struct trace_file file;
	char *bytes;
	gsize length;
	(void)state;

	assert_int_equal(trace_file_open(&file, path, TRACE_CLOCK_HOST, MANIFEST), 0);
	assert_int_equal(trace_file_append(&file, &record, 1), 0);
	trace_file_close(&file);
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	assert_int_equal(length, FIRST + 2 * RECORD);
	assert_memory_equal(bytes, "TRRMTRC\0", 8);
	assert_int_equal(word_at(bytes, 8), TRACE_VERSION); /* version */
	assert_int_equal(word_at(bytes, 12), FIRST);
	assert_int_equal(word_at(bytes, 16), RECORD);
	assert_int_equal(word_at(bytes, 20), 1); /* clock */
	assert_int_equal(word_at(bytes, 24), 1); /* complete */
	assert_int_equal(word_at(bytes, 28), 4);
	assert_memory_equal(bytes + 32, MANIFEST "\0\0\0\0", 8);
	assert_int_equal(bytes[FIRST], 9); /* IRQ */
	assert_int_equal(bytes[FIRST + 1], 3);
	assert_int_equal(word_at(bytes, FIRST + 8), 77);
	assert_int_equal(word_at(bytes, FIRST + 32), 0x1234);
	assert_int_equal(bytes[FIRST + RECORD], 1); /* END */
	assert_int_equal(word_at(bytes, FIRST + RECORD + 8), 77);
	assert_int_equal(word_at(bytes, FIRST + RECORD + 40), 1); /* records */
	assert_int_equal(word_at(bytes, FIRST + RECORD + 48), 1); /* complete */
	g_free(bytes);
}

static void grows_over_many_windows(void **state)
{
	const size_t count = 50000; /* 3.6 MB */
	struct trace_record record = { .type = TRACE_IRQ };
	struct trace_file file;
	char *bytes;
	gsize length;
	size_t i;
	(void)state;

	assert_int_equal(trace_file_open(&file, path, TRACE_CLOCK_HOST, MANIFEST), 0);
	for (i = 0; i < count; i++) {
		record.time_ns = i;
		assert_int_equal(trace_file_append(&file, &record, 1), 0);
	}
	trace_file_close(&file);
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	assert_int_equal(length, FIRST + (count + 1) * RECORD);
	for (i = 0; i < count; i++) {
		assert_int_equal(word_at(bytes, FIRST + i * RECORD + 8), i);
	}
	g_free(bytes);
}

static void is_readable_while_it_grows(void **state)
{
	struct trace_record record = { .type = TRACE_FIQ };
	struct trace_file file;
	char *bytes;
	gsize length;
	(void)state;

	assert_int_equal(trace_file_open(&file, path, TRACE_CLOCK_HOST, MANIFEST), 0);
	assert_int_equal(trace_file_append(&file, &record, 1), 0);
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	assert_int_equal(word_at(bytes, 24), 0); /* open */
	assert_int_equal(bytes[FIRST], 10);
	assert_int_equal(bytes[FIRST + RECORD], 0);
	g_free(bytes);
	trace_file_close(&file);
}

static void ends_when_the_disk_is_full(void **state)
{
	struct trace_record pair[2] = { { .type = TRACE_HVC }, { .type = TRACE_MORE } };
	struct trace_file file;
	size_t errors = 0;
	char *bytes;
	gsize length;
	size_t i;
	(void)state;

	assert_int_equal(trace_file_open(&file, path, TRACE_CLOCK_HOST, MANIFEST), 0);
	fake_disk_error = ENOSPC;
	for (i = 0; i < 10000; i++) {
		int error = trace_file_append(&file, pair, 2);

		assert_true(error == 0 || error == ENOSPC);
		errors += error != 0;
	}
	assert_int_equal(errors, 1);
	assert_int_equal(file.records + file.dropped, 20000);
	assert_true(file.dropped > 0);
	trace_file_close(&file);
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	assert_true(length <= 1 << 20);
	assert_int_equal(word_at(bytes, 24), 2); /* cut */
	assert_int_equal(bytes[length - RECORD], 1);
	assert_int_equal(word_at(bytes, length - RECORD + 40), file.records);
	assert_int_equal(word_at(bytes, length - RECORD + 48), 2);
	assert_int_equal(bytes[length - 2 * RECORD], 2); /* pairs stay whole */
	g_free(bytes);
}

static void refuses_what_it_cannot_write(void **state)
{
	struct trace_file file;
	struct stat info;
	(void)state;

	assert_int_equal(trace_file_open(&file, "/nowhere/x", TRACE_CLOCK_HOST, ""), ENOENT);
	assert_int_equal(trace_file_open(&file, "/tmp", TRACE_CLOCK_HOST, ""), EISDIR);
	assert_int_equal(trace_file_open(&file, "/dev/null", TRACE_CLOCK_HOST, ""), ENOTSUP);
	assert_int_equal(stat("/dev/null", &info), 0);
	fake_disk_error = ENOSPC;
	assert_int_equal(trace_file_open(&file, path, TRACE_CLOCK_HOST, ""), ENOSPC);
	assert_int_not_equal(access(path, F_OK), 0);
	trace_file_close(&file); /* nothing is open: no effect */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(writes_header_records_and_end), TEST(grows_over_many_windows),
		TEST(is_readable_while_it_grows),    TEST(ends_when_the_disk_is_full),
		TEST(refuses_what_it_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
