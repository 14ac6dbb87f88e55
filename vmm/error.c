/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/error.h"

#include <errno.h>
#include <stdarg.h>

void error_set_errno(GError **error, const char *format, ...)
{
	int saved = errno;
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved), "%s: %s", text,
		    g_strerror(saved));
	errno = saved;
}
