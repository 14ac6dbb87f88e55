/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Microdroid offers to a payload: AVF's vm_payload.h, in C, with D-Bus in the place of binder. Link with -lvm_payload, which the image has.
 * Any thread may call any of it.
 *
 * Not there until identity, secrets and attestation are: AVmPayload_getVmInstanceSecret(), AVmAttestationResult_*().
 */
#ifndef INCLUDE_VM_PAYLOAD_H
#define INCLUDE_VM_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* GIO's: <gio/gio.h>. */
typedef struct _GDBusInterfaceSkeleton GDBusInterfaceSkeleton;

/* The object at which AVmPayload_runVsockRpcServer() offers the service. */
#define AVM_PAYLOAD_RPC_PATH "/org/terrarium/avf/payload"

/*
 * Tell the VM's owner that the payload takes connections: onPayloadReady. Once; a second time does nothing but a line in the log.
 */
void AVmPayload_notifyPayloadReady(void);

/*
 * Offer @service to the VM's owner, until the process ends. Peers are D-Bus clients on vsock, and the host's alone; each has a connection of its own.
 *
 * @service   a skeleton that gdbus-codegen made, with its handlers; it is at AVM_PAYLOAD_RPC_PATH.
 * @port      vsock, 1024 and up.
 * @on_ready  called with @param when clients can connect: the place for AVmPayload_notifyPayloadReady(). May be NULL.
 * Runs       the default main context, in which the handlers are called. If nobody can listen on @port it aborts.
 */
void AVmPayload_runVsockRpcServer(GDBusInterfaceSkeleton *service, uint32_t port,
				  void (*on_ready)(void *param), void *param)
	__attribute__((__noreturn__));

/* The folder with the contents of the package, read-only. A constant. Extra packages: /mnt/extra-apk/0, 1, ... */
const char *AVmPayload_getApkContentsPath(void);

/* The folder of the VM's encrypted storage, a constant; NULL: the VM has none. */
const char *AVmPayload_getEncryptedStoragePath(void);

/* AVF's numbers. */
typedef enum AVmAttestationStatus {
	ATTESTATION_OK = 0,
	ATTESTATION_ERROR_INVALID_CHALLENGE = -10001, /* above 64 bytes */
	ATTESTATION_ERROR_ATTESTATION_FAILED = -10002,
	ATTESTATION_ERROR_UNSUPPORTED = -10003,
} AVmAttestationStatus;

struct AVmAttestationResult;

/*
 * Ask for a certificate of what this VM is.
 *
 * @challenge  up to 64 bytes.
 * Returns     ATTESTATION_ERROR_INVALID_CHALLENGE; else ATTESTATION_ERROR_UNSUPPORTED, until attestation is there. @result is not set.
 */
AVmAttestationStatus AVmPayload_requestAttestation(const void *challenge, size_t challenge_size,
						   struct AVmAttestationResult **result);

/* A status' name, in words. A constant. */
const char *AVmAttestationStatus_toString(AVmAttestationStatus status);

#ifdef __cplusplus
}
#endif

#endif /* INCLUDE_VM_PAYLOAD_H */
