/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin's options: `-plugin trace.so,out=run/trace.bin,boot=on`. QEMU
 * passes each `name=value` as one string. Pure: no QEMU, no global state.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_STRING, /* not empty; value points into the argument */
	OPTION_BOOL,   /* on | off */
	OPTION_NUMBER, /* decimal, or hexadecimal with 0x, within [min, max] */
	OPTION_CHOICE, /* one of @words: value is its index */
	OPTION_SET,    /* words of @words joined by '+': value has bit n for word n */
};

/* One option: what it is called, what it takes, where the value goes. */
struct option {
	const char *name;
	enum option_type type;
	const char *help;         /* one line */
	const char *const *words; /* CHOICE and SET: NULL-terminated, at most 64 */
	uint64_t min;             /* NUMBER */
	uint64_t max;             /* NUMBER, inclusive */
	bool required;
	bool seen;          /* set by options_parse() */
	const char *string; /* STRING: the value */
	uint64_t value;     /* all others: the value; before parsing, the default */
};

enum options_result {
	OPTIONS_OK,
	OPTIONS_HELP, /* `help` was among the arguments */
	OPTIONS_BAD,  /* @error says why, in one sentence */
};

/*
 * Read @argc arguments into the table @options of @count rows.
 *
 * @error  buffer of @error_bytes for one sentence without line end; it names
 *         the option and what is allowed. Only written with OPTIONS_BAD.
 * Owns    strings stay the property of @argv, which must outlive the table.
 * Errors  OPTIONS_BAD: unknown name, missing or bad value, option given twice,
 *         required option missing. The table is then half filled: do not use it.
 */
enum options_result options_parse(struct option *options, size_t count, int argc, char **argv,
				  char *error, size_t error_bytes);

/*
 * Write what the options are, one line each, to @text (always terminated;
 * cut off when @text_bytes is too small).
 */
void options_help(const struct option *options, size_t count, char *text, size_t text_bytes);

#endif /* COMMON_OPTIONS_H */
