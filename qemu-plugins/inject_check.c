/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin's own reading of words, for a program that loads it beside QEMU: so
 * that a run is refused before QEMU starts, by the same rules and sentences.
 */
#include "qemu-plugins/common/qemu_api.h"
#include "qemu-plugins/inject_fault.h"
#include "qemu-plugins/inject_symbols.h"

#include <string.h>

/*
 * Whether @text is right: what it is, is @kind: "fault", "trigger" or "range".
 * @symbols is a file as for the option, or empty. @error has INJECT_ERROR_BYTES
 * and gets one sentence. Returns how many faults or ranges it is, -1 on failure.
 */
QEMU_PLUGIN_EXPORT int inject_check(const char *kind, const char *text, const char *symbols,
				    char *error);

int inject_check(const char *kind, const char *text, const char *symbols, char *error)
{
	const char *why = symbols[0] != '\0' ? inject_symbols_open(symbols) : NULL;
	struct inject_fault faults[INJECT_FAULTS_MAX];
	struct inject_place ranges[INJECT_RANGES_MAX];
	struct inject_trigger trigger;
	size_t count = 1;
	bool right;

	if (why != NULL) {
		g_strlcpy(error, why, INJECT_ERROR_BYTES);
		return -1;
	}
	if (strcmp(kind, "fault") == 0) {
		right = inject_parse(text, inject_symbols_find, NULL, faults, &count, error);
	} else if (strcmp(kind, "trigger") == 0) {
		right = inject_parse_trigger(text, inject_symbols_find, NULL, &trigger, error);
	} else {
		right = inject_parse_ranges(text, inject_symbols_find, NULL, ranges,
					    INJECT_RANGES_MAX, &count, error);
	}
	return right ? (int)count : -1;
}
