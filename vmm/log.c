/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_BYTES 1024

static const char *const level_names[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static enum log_level log_limit = LOG_LEVEL_INFO; /* written before threads exist */

void log_set_level(enum log_level level)
{
	log_limit = level;
}

bool log_level_parse(const char *word, enum log_level *level)
{
	for (int i = 0; i < LOG_LEVEL_COUNT; i++) {
		if (strcmp(word, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_at(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_BYTES];
	int saved = errno;
	int used, more;
	size_t length;
	va_list args;

	if (level > log_limit) {
		return;
	}
	used = snprintf(line, sizeof(line), "vmm: %s: ", level_names[level]);
	va_start(args, format);
	more = vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	length = (size_t)used + (more > 0 ? (size_t)more : 0);
	if (length > sizeof(line) - 1) {
		length = sizeof(line) - 1;
	}
	line[length++] = '\n'; /* over the terminating zero */
	if (write(STDERR_FILENO, line, length) < 0) {
		/* Nobody is left to tell. */
	}
	errno = saved;
}
