/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/oracle_except.h"

#include <stdint.h>
#include <string.h>

static struct {
	bool is_given;
	uint64_t used;
} exceptions[EXCEPT_COUNT];

static const struct {
	const char *word;
	const char *reason;
} rows[EXCEPT_COUNT] = {
#define ROW(id, word, reason) [EXCEPT_##id] = { word, reason },
	ORACLE_EXCEPTIONS(ROW)
#undef ROW
};

const char *oracle_except_parse(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", "+", -1);
	size_t i;
	size_t word;

	memset(exceptions, 0, sizeof(exceptions));
	for (word = 0; words[word] != NULL; word++) {
		for (i = 0; i < EXCEPT_COUNT && strcmp(rows[i].word, words[word]) != 0;) {
			i++;
		}
		if (i == EXCEPT_COUNT) {
			return "except= has a word that names no exception; there are "
			       "el2-code, found-shared, vtimer, dma, sibling";
		}
		exceptions[i].is_given = true;
	}
	return NULL;
}

bool oracle_excepts(enum oracle_exception exception)
{
	if (exceptions[exception].is_given) {
		exceptions[exception].used++;
	}
	return exceptions[exception].is_given;
}

void oracle_except_json(GString *json)
{
	const char *comma = "";
	size_t i;

	g_string_append(json, "  \"exceptions\": [");
	for (i = 0; i < EXCEPT_COUNT; i++) {
		if (exceptions[i].is_given) {
			g_string_append_printf(
				json,
				"%s\n    { \"name\": \"%s\", \"used\": %lu, \"reason\": \"%s\" }",
				comma, rows[i].word, exceptions[i].used, rows[i].reason);
			comma = ",";
		}
	}
	g_string_append(json, "]");
}
