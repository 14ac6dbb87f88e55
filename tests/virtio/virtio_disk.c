/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks of several files: what is read and written where, lists that are refused, and descriptors as names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "tests/plugins/cmocka_all.h"
#include "vmm/file.h"
#include "vmm/virtio/disk.h"

struct files {
	char *folder;
	char *a; /* 1000 bytes of 'a' */
	char *b; /* 1024 bytes of 'b' */
	char *list;
};

static char *make(const char *folder, const char *name, char byte, size_t count)
{
	char *path = g_build_filename(folder, name, NULL);
	g_autofree char *content = g_malloc(count);

	memset(content, byte, count);
	assert_true(g_file_set_contents(path, content, (gssize)count, NULL));
	return path;
}

static int begin(void **state)
{
	struct files *f = g_new0(struct files, 1);

	f->folder = g_dir_make_tmp(NULL, NULL);
	f->a = make(f->folder, "a", 'a', 1000);
	f->b = make(f->folder, "b", 'b', 1024);
	f->list = g_build_filename(f->folder, "list", NULL);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct files *f = *state;

	g_unlink(f->a);
	g_unlink(f->b);
	g_unlink(f->list);
	g_rmdir(f->folder);
	g_free(f->folder);
	g_free(f->a);
	g_free(f->b);
	g_free(f->list);
	g_free(f);
	return 0;
}

static struct disk *open_list(const struct files *f, const char *text, bool read_only,
			      GError **error)
{
	assert_true(g_file_set_contents(f->list, text, -1, NULL));
	return disk_open_composite(f->list, read_only, error);
}

static void assert_filled(const uint8_t *bytes, size_t count, char with)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(bytes[i], with);
	}
}

/* 0: a's 1000 bytes and 24 zeroes; 1024: a hole; 1536: b's first half, writable; 2048: its end. */
static void parts(void **state)
{
	struct files *f = *state;
	g_autofree char *text = g_strdup_printf("0 1024 r %s\n1536 512 w %s\n", f->a, f->b);
	g_autoptr(GError) error = NULL;
	struct disk *disk = open_list(f, text, false, &error);
	g_autofree char *b = NULL;
	uint8_t bytes[2048];

	assert_null(error);
	assert_int_equal(disk_bytes(disk), 2048);
	assert_true(disk_read(disk, bytes, 2048, 0));
	assert_filled(bytes, 1000, 'a');
	assert_filled(bytes + 1000, 536, 0);
	assert_filled(bytes + 1536, 512, 'b');
	assert_true(disk_read(disk, bytes, 600, 999));
	assert_filled(bytes, 1, 'a');
	assert_filled(bytes + 1, 536, 0);
	assert_filled(bytes + 537, 63, 'b');
	assert_false(disk_read(disk, bytes, 1, 2048));
	memset(bytes, 'c', sizeof(bytes));
	assert_true(disk_write(disk, bytes, 512, 1536));
	assert_false(disk_write(disk, bytes, 512, 0));
	assert_false(disk_write(disk, bytes, 512, 1024));
	assert_false(disk_write(disk, bytes, 1024, 1536));
	assert_true(disk_flush(disk));
	disk_free(disk);
	assert_true(g_file_get_contents(f->b, &b, NULL, NULL));
	assert_filled((uint8_t *)b, 512, 'c');
	assert_filled((uint8_t *)b + 512, 512, 'b');
}

static void read_only_as_a_whole(void **state)
{
	struct files *f = *state;
	g_autofree char *text = g_strdup_printf("0 1024 w %s", f->b);
	struct disk *disk = open_list(f, text, true, NULL);
	uint8_t byte = 0;

	assert_non_null(disk);
	assert_false(disk_write(disk, &byte, 1, 0));
	disk_free(disk);
}

static void bad_lists(void **state)
{
	struct files *f = *state;
	static const struct {
		const char *text; /* %s: the file b */
		const char *message;
	} rows[] = {
		{ "", "its list is empty" },
		{ "0 1024 r", "line 1: not 'OFFSET BYTES r|w FILE'" },
		{ "0 1024 x %s", "line 1: not" },
		{ "0 1000 r %s", "line 1: not" },
		{ "1 1024 r %s", "line 1: not" },
		{ "0 0 r %s", "line 1: not" },
		{ "-512 512 r %s", "line 1: not" },
		{ "0 9223372036854775296 r %s", "line 1: not" },
		{ "0 512 r %s\n0 512 r /x", "line 2: the part begins before" },
		{ "0 2048 w %s", "line 1: disk '" },
		{ "0 512 r /nonexistent", "No such file" },
		{ "0 512 r /dev/null", "neither a regular file nor a block device" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) halves = g_strsplit(rows[i].text, "%s", 2);
		g_autofree char *text = g_strjoinv(f->b, halves);
		g_autoptr(GError) error = NULL;

		assert_null(open_list(f, text, false, &error));
		assert_non_null(error);
		if (strstr(error->message, rows[i].message) == NULL) {
			fail_msg("'%s' does not hold '%s'", error->message, rows[i].message);
		}
	}
}

static void descriptors_as_names(void **state)
{
	struct files *f = *state;
	int fd = open(f->b, O_RDONLY);
	g_autofree char *name = g_strdup_printf("fd:%d", fd);
	g_autofree char *text = g_strdup_printf("0 1024 r fd:%d", fd);
	struct disk *disk = disk_open(name, true, NULL);
	int copy;

	assert_non_null(disk);
	assert_int_equal(disk_bytes(disk), 1024);
	disk_free(disk);
	disk = open_list(f, text, false, NULL);
	assert_non_null(disk);
	disk_free(disk);
	copy = file_open(name, O_RDONLY);
	assert_true(copy >= 0 && copy != fd);
	assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
	close(copy);
	/* Rights that the descriptor does not have. */
	assert_int_equal(file_open(name, O_RDWR), -1);
	assert_int_equal(errno, EACCES);
	assert_null(disk_open(name, false, NULL));
	close(fd);
	assert_int_equal(file_open(name, O_RDONLY), -1);
	assert_int_equal(errno, EBADF);
	assert_false(file_is_fd("fd:", NULL));
	assert_false(file_is_fd("fd:-1", NULL));
	assert_false(file_is_fd("fd:1x", NULL));
	assert_false(file_is_fd("./fd:1", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parts, begin, end),
		cmocka_unit_test_setup_teardown(read_only_as_a_whole, begin, end),
		cmocka_unit_test_setup_teardown(bad_lists, begin, end),
		cmocka_unit_test_setup_teardown(descriptors_as_names, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
