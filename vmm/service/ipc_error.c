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

void ipc_error_strip(GError *error)
{
	g_dbus_error_strip_remote_error(error);
}
