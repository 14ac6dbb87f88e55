/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IVmPayloadService: what the payload may ask of the manager, which tells the host. One thread, its main context. */
#ifndef GUEST_MICRODROID_MANAGER_PAYLOAD_SERVICE_H
#define GUEST_MICRODROID_MANAGER_PAYLOAD_SERVICE_H

#include "guest/microdroid/manager/host.h"

struct payload_service;

/*
 * A service for one payload, which passes on to @host; that stays the caller's and is there as long as the service.
 *
 * @socket  set to the payload's end, owned by the caller: the service ends when its last copy is closed.
 * Returns  the caller's, to be freed with payload_service_free(); NULL: MANAGER_ERROR_RUNTIME.
 */
struct payload_service *payload_service_new(struct host *host, int *socket, GError **error);
void payload_service_free(struct payload_service *service);

#endif /* GUEST_MICRODROID_MANAGER_PAYLOAD_SERVICE_H */
