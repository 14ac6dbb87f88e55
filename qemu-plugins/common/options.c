/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that grows in a fixed buffer. */
struct text {
	char *at;
	size_t left; /* bytes, with the terminator */
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
							   ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->at, text->left, format, args);
	va_end(args);
	if (length < 0) {
		return;
	}
	if ((size_t)length >= text->left) {
		length = text->left > 0 ? (int)text->left - 1 : 0;
	}
	text->at += length;
	text->left -= (size_t)length;
}

static void add_allowed(struct text *text, const struct option *option)
{
	size_t i;

	switch (option->type) {
	case OPTION_STRING:
		text_add(text, "a name");
		break;
	case OPTION_BOOL:
		text_add(text, "on or off");
		break;
	case OPTION_NUMBER:
		text_add(text, "a number from %llu to %llu", (unsigned long long)option->min,
			 (unsigned long long)option->max);
		break;
	case OPTION_CHOICE:
	case OPTION_SET:
		text_add(text, "%s", option->type == OPTION_CHOICE ? "one of " : "any of ");
		for (i = 0; option->words[i] != NULL; i++) {
			text_add(text, "%s%s", i > 0 ? ", " : "", option->words[i]);
		}
		if (option->type == OPTION_SET) {
			text_add(text, " joined by +");
		}
		break;
	}
}

static bool word_index(const struct option *option, const char *word, size_t length,
		       uint64_t *index)
{
	uint64_t i;

	for (i = 0; option->words[i] != NULL; i++) {
		if (strlen(option->words[i]) == length &&
		    strncmp(option->words[i], word, length) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool parse_set(struct option *option, const char *value)
{
	uint64_t index;
	uint64_t set = 0;
	size_t length;

	for (;;) {
		length = strcspn(value, "+");
		if (!word_index(option, value, length, &index)) {
			return false;
		}
		set |= UINT64_C(1) << index;
		if (value[length] == '\0') {
			break;
		}
		value += length + 1;
	}
	option->value = set;
	return true;
}

static bool parse_number(struct option *option, const char *value)
{
	unsigned long long number;
	char *end;

	if (value[0] < '0' || value[0] > '9') {
		return false;
	}
	errno = 0;
	number = strtoull(value, &end, strncmp(value, "0x", 2) == 0 ? 16 : 10);
	if (errno != 0 || *end != '\0' || number < option->min || number > option->max) {
		return false;
	}
	option->value = number;
	return true;
}

static bool parse_value(struct option *option, const char *value)
{
	switch (option->type) {
	case OPTION_STRING:
		option->string = value;
		return value[0] != '\0';
	case OPTION_BOOL:
		/* QEMU turns a bare `name` into `name=on`, so that works too. */
		option->value = strcmp(value, "on") == 0;
		return option->value != 0 || strcmp(value, "off") == 0;
	case OPTION_NUMBER:
		return parse_number(option, value);
	case OPTION_CHOICE:
		return word_index(option, value, strlen(value), &option->value);
	case OPTION_SET:
		return parse_set(option, value);
	}
	return false;
}

static struct option *find(struct option *options, size_t count, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strlen(options[i].name) == length &&
		    strncmp(options[i].name, name, length) == 0) {
			return &options[i];
		}
	}
	return NULL;
}

static bool parse_argument(struct option *options, size_t count, const char *argument,
			   struct text *error)
{
	size_t length = strcspn(argument, "=");
	struct option *option = find(options, count, argument, length);
	size_t i;

	if (option == NULL) {
		text_add(error, "there is no option '%.*s'; %s", (int)length, argument,
			 count > 0 ? "the options are" : "this plugin has none");
		for (i = 0; i < count; i++) {
			text_add(error, "%s %s", i > 0 ? "," : "", options[i].name);
		}
		return false;
	}
	if (option->seen) {
		text_add(error, "option '%s' is given twice", option->name);
		return false;
	}
	option->seen = true;
	if (argument[length] == '\0') {
		text_add(error, "option '%s' needs a value: %s=", option->name, option->name);
		add_allowed(error, option);
		return false;
	}
	if (!parse_value(option, argument + length + 1)) {
		text_add(error, "option '%s' cannot be '%s': it takes ", option->name,
			 argument + length + 1);
		add_allowed(error, option);
		return false;
	}
	return true;
}

enum options_result options_parse(struct option *options, size_t count, int argc, char **argv,
				  char *error, size_t error_bytes)
{
	struct text text = { error, error_bytes };
	size_t i;
	int arg;

	for (arg = 0; arg < argc; arg++) {
		if (strcmp(argv[arg], "help") == 0 || strcmp(argv[arg], "help=on") == 0) {
			return OPTIONS_HELP;
		}
	}
	for (arg = 0; arg < argc; arg++) {
		if (!parse_argument(options, count, argv[arg], &text)) {
			return OPTIONS_BAD;
		}
	}
	for (i = 0; i < count; i++) {
		if (options[i].required && !options[i].seen) {
			text_add(&text, "option '%s' is missing: it takes ", options[i].name);
			add_allowed(&text, &options[i]);
			return OPTIONS_BAD;
		}
	}
	return OPTIONS_OK;
}

void options_help(const struct option *options, size_t count, char *text_buffer, size_t text_bytes)
{
	struct text text = { text_buffer, text_bytes };
	size_t i;

	for (i = 0; i < count; i++) {
		text_add(&text, "  %s=... %s (", options[i].name, options[i].help);
		add_allowed(&text, &options[i]);
		text_add(&text, "%s)\n", options[i].required ? "; required" : "");
	}
}
