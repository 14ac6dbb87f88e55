/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TCP port that this host alone can reach. */
#ifndef VMM_LOOPBACK_H
#define VMM_LOOPBACK_H

#include <stdint.h>

/*
 * Listen on @port of 127.0.0.1, in the caller's network name space. Connections send small packets at once.
 *
 * Returns  a descriptor, owned by the caller; -1 and errno: EADDRINUSE, EACCES and the like.
 */
int loopback_listen(uint16_t port);

#endif /* VMM_LOOPBACK_H */
