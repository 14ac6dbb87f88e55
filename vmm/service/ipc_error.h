/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How methods of the service fail: a GError domain that GDBus carries as D-Bus
 * errors AVF_ERROR_PREFIX NAME, so that both sides see the same domain and code.
 */
#ifndef VMM_SERVICE_IPC_ERROR_H
#define VMM_SERVICE_IPC_ERROR_H

#include <stdbool.h>

#include <glib.h>

#include "vmm/service/avf.h"

/*
 * The domain; codes are enum avf_exception. Registered with GDBus on first use: a client calls
 * it once before it makes calls, else it sees G_IO_ERROR_DBUS_ERROR instead.
 */
#define IPC_ERROR (ipc_error_quark())
GQuark ipc_error_quark(void);

/* Set @error, printf style. Returns false, for a caller to return. */
bool ipc_error_set(GError **error, enum avf_exception code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/*
 * The sentence that the other side wrote, without GDBus's prefix. Changes @error, which may be of
 * any domain.
 */
void ipc_error_strip(GError *error);

#endif /* VMM_SERVICE_IPC_ERROR_H */
