/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/ipc_error.h"

#include <gio/gio.h>

#define ENTRY(name, NAME, number) { AVF_EXCEPTION_##NAME, AVF_ERROR_PREFIX #name },

GQuark ipc_error_quark(void)
{
	static const GDBusErrorEntry entries[] = { AVF_EXCEPTIONS(ENTRY) };
	static gsize quark;

	g_dbus_error_register_error_domain("avf-ipc-error-quark", &quark, entries,
					   G_N_ELEMENTS(entries));
	return (GQuark)quark;
}

bool ipc_error_set(GError **error, enum avf_exception code, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, IPC_ERROR, (int)code, text);
	return false;
}

void ipc_error_strip(GError *error)
{
	g_dbus_error_strip_remote_error(error);
}
