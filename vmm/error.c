/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* strerrordesc_np */
#include "vmm/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void error_set_errno(GError **error, const char *format, ...)
{
	int saved = errno;
	const char *meaning = strerrordesc_np(saved);
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved), "%s: %s", text,
		    meaning != NULL ? meaning : "unknown error");
	errno = saved;
}
