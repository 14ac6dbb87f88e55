/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of one word, "insn:el2:5": taken from the left, up to ':'. A function
 * that fails has written one sentence to the scanner's error, and returns false.
 */
#ifndef QEMU_PLUGINS_INJECT_SCAN_H
#define QEMU_PLUGINS_INJECT_SCAN_H

#include "qemu-plugins/inject_fault.h"

/* What is left to read, and what reading needs. */
struct inject_scan {
	char *at; /* the rest of the word, NULL: it is over; changed while read */
	inject_lookup lookup;
	void *symbols;
	char *error; /* INJECT_ERROR_BYTES */
};

/* Write the sentence; returns false. */
__attribute__((format(printf, 2, 3))) bool inject_wrong(struct inject_scan *scan,
							const char *format, ...);

/* The next field, NULL if there is none. */
char *inject_next(struct inject_scan *scan);

/* Whether @word is in the NULL-terminated list, and where. */
bool inject_is_one_of(const char *word, const char *const *words, unsigned int *index);

/* The most similar of the candidates that were offered; begins as zero. */
struct inject_nearest {
	const char *word; /* NULL: none is similar enough */
	unsigned int away;
};

/* Offer @candidate, which must live as long as @nearest, for what the user wrote. */
void inject_nearest(struct inject_nearest *nearest, const char *wanted, const char *candidate);

/* Write that there is no @wanted among @what, and what is near; returns false. */
bool inject_unknown(struct inject_scan *scan, const char *what, const char *wanted,
		    const struct inject_nearest *nearest);

/* Decimal, or hexadecimal with 0x; the whole of @text. */
bool inject_to_number(const char *text, uint64_t *number);

/* The next field as a word of a list; @what is what the sentence calls it. */
bool inject_take_word(struct inject_scan *scan, const char *what, const char *const *words,
		      unsigned int *index);

/* The next field as a number within [min, max]. */
bool inject_take_number(struct inject_scan *scan, const char *what, uint64_t min, uint64_t max,
			uint64_t *number);
bool inject_take_index(struct inject_scan *scan, const char *what, uint64_t min, uint64_t max,
		       unsigned int *index);

/* The next field as NAME[+OFFSET]: a physical address. */
bool inject_take_symbol(struct inject_scan *scan, uint64_t *address);

/* The next fields as KIND:ADDRESS[/BYTES]: @bytes if not given, at most @max. */
bool inject_take_place(struct inject_scan *scan, uint64_t bytes, uint64_t max,
		       struct inject_place *place);

#endif /* QEMU_PLUGINS_INJECT_SCAN_H */
