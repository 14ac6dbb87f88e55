/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's network, for a service that has left it (main.c: a name space of its own, for vsock): what listens there is made by a
 * step back. Main thread.
 */
#ifndef VMM_SERVICE_HOST_NETWORK_H
#define VMM_SERVICE_HOST_NETWORK_H

#include <stdint.h>

#include <glib.h>

/* The network name space of this moment is the host's. Without it, it is always the caller's. */
void host_network_keep(void);

/*
 * A listening socket on @port of the host's 127.0.0.1.
 *
 * Returns  a descriptor, owned by the caller.
 * Errors   -1; IPC_ERROR ServiceSpecific: the port is taken, or the like.
 */
int host_network_listen(uint16_t port, GError **error);

#endif /* VMM_SERVICE_HOST_NETWORK_H */
