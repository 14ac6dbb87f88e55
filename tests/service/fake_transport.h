/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests on UNIX sockets, for tests without vsock: CID c's service listens on FOLDER/c, what c's payload listens
 * on is FOLDER/c.PORT. A guest's first two bytes on a connection to a service are its CID.
 */
#ifndef TESTS_SERVICE_FAKE_TRANSPORT_H
#define TESTS_SERVICE_FAKE_TRANSPORT_H

#include "vmm/service/guest_transport.h"

#define FAKE_TRANSPORT_ENV "FAKE_GUESTS" /* the folder, for fake_vmm */

/* opaque: the folder's name. */
extern const struct guest_transport fake_transport;

/* The guest's side: connect, as VM @own, to the service of VM @cid; -1 on failure. */
int fake_transport_dial(const char *folder, unsigned cid, unsigned own);

/* The guest's side: listen on a port of VM @cid; -1 on failure. */
int fake_transport_listen_port(const char *folder, unsigned cid, unsigned port);

#endif /* TESTS_SERVICE_FAKE_TRANSPORT_H */
