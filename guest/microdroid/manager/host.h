/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's IVirtualMachineService, from the guest's side. One thread. */
#ifndef GUEST_MICRODROID_MANAGER_HOST_H
#define GUEST_MICRODROID_MANAGER_HOST_H

#include <gio/gio.h>

#include "vmm/service/avf.h"

struct host;

/*
 * Connect to the service of this VM: vsock, CID 2, port == the VM's own CID.
 *
 * Returns  what the caller frees with host_free(), or NULL: MANAGER_ERROR_NOT_CONNECTED.
 */
struct host *host_connect(GError **error);
void host_free(struct host *host);

/* Tell it; each waits for the answer. FALSE: MANAGER_ERROR_RUNTIME, since the host is gone or refuses. */
gboolean host_payload_started(struct host *host, GError **error);
gboolean host_payload_ready(struct host *host, GError **error);
gboolean host_payload_finished(struct host *host, int exit_code, GError **error);
gboolean host_error(struct host *host, enum avf_error_code code, const char *message,
		    GError **error);

#endif /* GUEST_MICRODROID_MANAGER_HOST_H */
