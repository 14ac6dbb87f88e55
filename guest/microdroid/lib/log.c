/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *log_name = "?";

void log_begin(const char *name)
{
	log_name = name;
}

void log_line(const char *format, ...)
{
	char line[LOG_LINE_MAX];
	int error = errno;
	int length = snprintf(line, sizeof(line), "%s: ", log_name);
	va_list args;

	va_start(args, format);
	length += vsnprintf(line + length, sizeof(line) - (size_t)length, format, args);
	va_end(args);
	length = length < (int)sizeof(line) - 1 ? length : (int)sizeof(line) - 1;
	line[length++] = '\n';
	/* Nobody can be told that the log does not take it. */
	(void)!write(STDERR_FILENO, line, (size_t)length);
	errno = error;
}
