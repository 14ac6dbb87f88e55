/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/folder.h"

#include <glib.h>
#include <glib/gstdio.h>

void folder_remove(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
	}
	g_rmdir(path);
}

void folder_remove_all(const char *path, const char *prefix)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		if (g_str_has_prefix(name, prefix)) {
			g_autofree char *inner = g_build_filename(path, name, NULL);

			folder_remove(inner);
		}
	}
}
