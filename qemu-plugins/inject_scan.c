/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/inject_scan.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#define WORD_BYTES 128

#define WORD_OF(name, word, ...) word,
static const char *const place_words[] = { INJECT_PLACES(WORD_OF) NULL };

bool inject_wrong(struct inject_scan *scan, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(scan->error, INJECT_ERROR_BYTES, format, args);
	va_end(args);
	return false;
}

/* The next field up to ':', NULL if there is none. */
char *inject_next(struct inject_scan *scan)
{
	char *field = scan->at;

	if (field != NULL) {
		scan->at = strchr(field, ':');
		if (scan->at != NULL) {
			*scan->at++ = '\0';
		}
	}
	return field;
}

bool inject_is_one_of(const char *word, const char *const *words, unsigned int *index)
{
	unsigned int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

/* Levenshtein's distance, of words shorter than WORD_BYTES; upper and lower case are one. */
static unsigned int distance(const char *left, const char *right)
{
	unsigned int row[WORD_BYTES + 1];
	size_t columns = strlen(right);
	size_t i;
	size_t j;

	if (columns >= WORD_BYTES) {
		return UINT_MAX;
	}
	for (j = 0; j <= columns; j++) {
		row[j] = (unsigned int)j;
	}
	for (i = 0; left[i] != '\0'; i++) {
		unsigned int diagonal = row[0]++;

		for (j = 0; j < columns; j++) {
			bool same = tolower((unsigned char)left[i]) ==
				    tolower((unsigned char)right[j]);
			unsigned int changed = diagonal + (same ? 0 : 1);
			unsigned int removed = MIN(row[j], row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = MIN(changed, removed);
		}
	}
	return row[columns];
}

void inject_nearest(struct inject_nearest *nearest, const char *wanted, const char *candidate)
{
	unsigned int away = distance(wanted, candidate);

	if (away <= strlen(wanted) / 3 + 1 && (nearest->word == NULL || away < nearest->away)) {
		nearest->word = candidate;
		nearest->away = away;
	}
}

bool inject_unknown(struct inject_scan *scan, const char *what, const char *wanted,
		    const struct inject_nearest *nearest)
{
	if (nearest->word != NULL) {
		return inject_wrong(scan, "there is no %s '%s'; did you mean %s?", what, wanted,
				    nearest->word);
	}
	return inject_wrong(scan, "there is no %s '%s'", what, wanted);
}

/* The next field as a word of a list. */
bool inject_take_word(struct inject_scan *scan, const char *what, const char *const *words,
		      unsigned int *index)
{
	const char *field = inject_next(scan);
	char all[WORD_BYTES] = "";
	size_t length = 0;
	unsigned int i;

	if (field != NULL && inject_is_one_of(field, words, index)) {
		return true;
	}
	for (i = 0; words[i] != NULL && length < sizeof(all); i++) {
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s",
					   i > 0 ? ", " : "", words[i]);
	}
	return inject_wrong(scan, "%s '%s' is unknown; there are %s", what,
			    field != NULL ? field : "", all);
}

bool inject_to_number(const char *text, uint64_t *number)
{
	bool hex = strncmp(text, "0x", 2) == 0;
	char *end;

	if (text[0] < '0' || text[0] > '9' || (hex && text[2] == '\0')) {
		return false;
	}
	errno = 0;
	*number = strtoull(text, &end, hex ? 16 : 10);
	return errno == 0 && *end == '\0';
}

bool inject_take_number(struct inject_scan *scan, const char *what, uint64_t min, uint64_t max,
			uint64_t *number)
{
	const char *field = inject_next(scan);

	if (field == NULL) {
		return inject_wrong(scan, "%s is missing", what);
	}
	if (!inject_to_number(field, number) || *number < min || *number > max) {
		return inject_wrong(scan, "%s cannot be '%s': a number from %llu to %llu is wanted",
				    what, field, (unsigned long long)min, (unsigned long long)max);
	}
	return true;
}

/* "NAME[+OFFSET]" -> physical address. */
static bool to_symbol(struct inject_scan *scan, char *text, uint64_t *address)
{
	char *plus = strchr(text, '+');
	uint64_t offset = 0;

	if (plus != NULL) {
		*plus = '\0';
		if (!inject_to_number(plus + 1, &offset)) {
			return inject_wrong(scan, "offset '%s' behind symbol '%s' is no number",
					    plus + 1, text);
		}
	}
	if (scan->lookup == NULL || !scan->lookup(scan->symbols, text, address)) {
		return inject_wrong(scan, "there is no symbol '%s'", text);
	}
	*address += offset;
	return true;
}

bool inject_take_symbol(struct inject_scan *scan, uint64_t *address)
{
	char *field = inject_next(scan);

	return field != NULL ? to_symbol(scan, field, address) :
			       inject_wrong(scan, "a symbol is missing");
}

/* "KIND:ADDRESS[/BYTES]". */
bool inject_take_place(struct inject_scan *scan, uint64_t bytes, uint64_t max,
		       struct inject_place *place)
{
	unsigned int kind = 0;
	char *slash;
	char *field;

	if (!inject_take_word(scan, "place", place_words, &kind)) {
		return false;
	}
	field = inject_next(scan);
	if (field == NULL) {
		return inject_wrong(scan, "an address is missing behind '%s:'", place_words[kind]);
	}
	*place = (struct inject_place){ .kind = (enum inject_place_kind)kind, .bytes = bytes };
	slash = strchr(field, '/');
	if (slash != NULL) {
		*slash = '\0';
		if (!inject_to_number(slash + 1, &place->bytes) || place->bytes < 1 ||
		    place->bytes > max) {
			return inject_wrong(scan, "a place has 1 to %llu bytes, not '%s'",
					    (unsigned long long)max, slash + 1);
		}
	}
	if (place->kind == INJECT_PLACE_SYMBOL) {
		return to_symbol(scan, field, &place->address);
	}
	return inject_to_number(field, &place->address) ||
	       inject_wrong(scan, "address '%s' is no number", field);
}

bool inject_take_index(struct inject_scan *scan, const char *what, uint64_t min, uint64_t max,
		       unsigned int *index)
{
	uint64_t number = 0;

	if (!inject_take_number(scan, what, min, max, &number)) {
		return false;
	}
	*index = (unsigned int)number;
	return true;
}
