/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_BYTES 1024

static bool to_kernel; /* written before threads exist */

void service_log_to_kernel(bool kernel)
{
	to_kernel = kernel;
}

void service_log(const char *format, ...)
{
	char line[LOG_LINE_BYTES];
	int used =
		snprintf(line, sizeof(line), "%svirtualizationservice: ", to_kernel ? "<6>" : "");
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	va_end(args);
	length = strlen(line);
	for (size_t i = 0; i < length; i++) {
		line[i] = g_ascii_iscntrl(line[i]) ? '?' : line[i];
	}
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0) {
		/* Nobody is left to tell. */
	}
}
