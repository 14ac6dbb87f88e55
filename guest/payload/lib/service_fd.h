/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload's way to microdroid_manager. */
#ifndef GUEST_PAYLOAD_LIB_SERVICE_FD_H
#define GUEST_PAYLOAD_LIB_SERVICE_FD_H

/*
 * The launcher's descriptor, a UNIX stream socket: D-Bus, peer to peer, with the object below (interfaces/vm_payload_service.xml). The
 * payload's process has it, its children have not.
 */
#define VM_PAYLOAD_SERVICE_FD 3
#define VM_PAYLOAD_SERVICE_PATH "/org/terrarium/avf/payload_service"

#endif /* GUEST_PAYLOAD_LIB_SERVICE_FD_H */
