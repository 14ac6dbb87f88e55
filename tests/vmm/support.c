/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vmm/support.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

int folder_setup(void **state)
{
	*state = g_dir_make_tmp("vmm-test-XXXXXX", NULL);
	return *state != NULL ? 0 : -1;
}

int folder_teardown(void **state)
{
	GDir *folder = g_dir_open(*state, 0, NULL);
	const char *name;
	int rc;

	while ((name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *path = g_build_filename(*state, name, NULL);

		g_unlink(path);
	}
	g_dir_close(folder);
	rc = g_rmdir(*state);
	g_free(*state);
	return rc;
}

char *folder_path(void **state, const char *name)
{
	return g_build_filename(*state, name, NULL);
}

void assert_error(GError *error, GQuark domain, int code, const char *part)
{
	assert_non_null(error);
	if (strstr(error->message, part) == NULL) {
		print_error("message '%s' has no '%s'\n", error->message, part);
	}
	assert_non_null(strstr(error->message, part));
	assert_null(strchr(error->message, '\n'));
	assert_int_equal(error->domain, domain);
	assert_int_equal(error->code, code);
	g_error_free(error);
}
