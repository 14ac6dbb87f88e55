/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the service reaches guests: vsock; sockets of another kind in tests. */
#ifndef VMM_SERVICE_GUEST_TRANSPORT_H
#define VMM_SERVICE_GUEST_TRANSPORT_H

#include <stdint.h>

#include <glib.h>

/* All take @opaque first: what the maker of the transport wants. */
struct guest_transport {
	/* Listen for the VM @cid, on port == CID. A non-blocking socket, or -1 and G_IO_ERROR. */
	int (*listen)(void *opaque, uint32_t cid, GError **error);
	/* A connection that waits, and whose CID it is of; -1 and errno, EAGAIN for none. */
	int (*accept)(void *opaque, int listener, uint32_t *peer_cid);
	/* Begin to connect: a non-blocking socket, whose writability and SO_ERROR tell the rest; or -1. */
	int (*connect)(void *opaque, uint32_t cid, uint32_t port, GError **error);
};

extern const struct guest_transport guest_transport_vsock; /* opaque: NULL */

#endif /* VMM_SERVICE_GUEST_TRANSPORT_H */
