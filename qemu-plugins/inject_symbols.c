/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/inject_symbols.h"

#include <stdlib.h>
#include <string.h>

#include <glib.h>

static GHashTable *symbols; /* name -> uint64_t */

static bool add_line(char *line)
{
	char *save = NULL;
	char *address = strtok_r(line, " \t\r", &save);
	char *type = strtok_r(NULL, " \t\r", &save);
	char *name = strtok_r(NULL, " \t\r", &save);
	char *end;
	uint64_t value;

	if (address == NULL) {
		return true;
	}
	value = strtoull(address, &end, 16);
	if (type == NULL || name == NULL || *end != '\0') {
		return false;
	}
	/* Of several with one name the first counts, as a debugger has it. */
	if (!g_hash_table_contains(symbols, name)) {
		g_hash_table_insert(symbols, g_strdup(name), g_memdup2(&value, sizeof(value)));
	}
	return true;
}

const char *inject_symbols_open(const char *path)
{
	g_autofree char *text = NULL;
	char *save = NULL;
	char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		return "the file of symbols= cannot be read";
	}
	g_clear_pointer(&symbols, g_hash_table_unref);
	symbols = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (!add_line(line)) {
			return "the file of symbols= has a line that is not ADDRESS TYPE NAME";
		}
	}
	return NULL;
}

bool inject_symbols_find(void *unused, const char *name, uint64_t *address)
{
	const uint64_t *found = symbols != NULL ? g_hash_table_lookup(symbols, name) : NULL;
	(void)unused;

	if (found == NULL) {
		return false;
	}
	*address = *found;
	return true;
}
