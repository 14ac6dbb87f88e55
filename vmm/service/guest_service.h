/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IVirtualMachineService of one VM: takes its guest's connections and messages, and nobody
 * else's. What a guest may cost the host is limited here.
 */
#ifndef VMM_SERVICE_GUEST_SERVICE_H
#define VMM_SERVICE_GUEST_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/service/avf.h"
#include "vmm/service/guest_transport.h"

#define GUEST_CONNECTIONS_MAX 4       /* at once; more are closed at once */
#define GUEST_CONNECTIONS_LIFE_MAX 64 /* of a VM: after them the host listens no more */
#define GUEST_HANDSHAKE_SECONDS 20    /* in which a connection has to speak D-Bus */
#define GUEST_MESSAGE_CHARS_MAX 512   /* of notifyError's text; the rest is cut off */

/* What a guest said. Each returns false and IPC_ERROR IllegalState if it cannot be so now. */
struct guest_service_ops {
	bool (*moved)(void *opaque, enum avf_state state, int exit_code, GError **error);
	bool (*error)(void *opaque, enum avf_error_code code, const char *message, GError **error);
};

struct guest_service;

/*
 * Listen for the VM @cid in the default main context.
 *
 * @ops, @transport  static; their opaques are handed on. ops may be called until guest_service_free().
 * Returns           the service, owned by the caller: guest_service_free().
 * Errors            NULL; G_IO_ERROR.
 */
struct guest_service *guest_service_new(uint32_t cid, const struct guest_transport *transport,
					void *transport_opaque, const struct guest_service_ops *ops,
					void *opaque, GError **error);

/* Close everything. NULL is allowed. */
void guest_service_free(struct guest_service *service);

#endif /* VMM_SERVICE_GUEST_SERVICE_H */
