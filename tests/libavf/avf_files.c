/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A manager's data directory after a crash: what was half made or half removed goes, what somebody is making stays. */
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/libavf/support.h"
#include "tests/plugins/cmocka_all.h"

static char *left_over(struct world *w, const char *name)
{
	char *folder = g_build_filename(w->data, name, NULL);
	g_autofree char *config = g_build_filename(folder, "config", NULL);

	assert_int_equal(g_mkdir(folder, 0700), 0);
	assert_true(g_file_set_contents(config, "half", -1, NULL));
	return folder;
}

static bool is_there(const char *folder)
{
	return g_file_test(folder, G_FILE_TEST_EXISTS);
}

/* Another program on the same directory begins. */
static void open_again(struct world *w)
{
	g_autoptr(AvfManager) manager = avf_manager_new(w->data, NULL);

	assert_non_null(manager);
}

static void left_overs_go(void **state)
{
	struct world *w = *state;
	g_autofree char *made = left_over(w, "new-AbCdEf");
	g_autofree char *gone = left_over(w, "old-AbCdEf");
	g_autofree char *others = left_over(w, "renewed");
	g_autofree char *machine = g_build_filename(w->data, "vm/vm", NULL);
	int lock = open(w->data, O_RDONLY | O_DIRECTORY);

	g_object_unref(world_vm(w, "vm"));
	assert_int_equal(flock(lock, LOCK_SH), 0); /* as one that makes a machine */
	open_again(w);
	assert_true(is_there(made));
	assert_true(is_there(gone));
	close(lock);
	open_again(w);
	assert_false(is_there(made));
	assert_false(is_there(gone));
	assert_true(is_there(others));
	assert_true(is_there(machine));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(left_overs_go, world_begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
