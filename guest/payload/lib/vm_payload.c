/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <linux/vm_sockets.h>

#include "guest/payload/include/android/log.h"
#include "guest/payload/include/vm_payload.h"
#include "guest/payload/lib/service_fd.h"
#include "payload/vm_payload_service.h"
#include "vmm/service/stream_bus.h"

#define TAG "vm_payload"
#define CONTENTS "/mnt/apk"
#define ENCRYPTED_STORE "/mnt/encryptedstore"
#define CHALLENGE_BYTES_MAX 64
#define PORT_MIN 1024

static GMutex service_lock;

/* The manager's service, connected to once and kept; NULL and a line in the log if that fails. */
static PayloadVmPayloadService *manager_service(void)
{
	static PayloadVmPayloadService *service; /* lock: service_lock */
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection;

	g_mutex_lock(&service_lock);
	if (service == NULL) {
		int fd = dup(VM_PAYLOAD_SERVICE_FD);

		connection = fd < 0 ? NULL : stream_bus_client(fd, NULL, &error);
		if (connection != NULL) {
			service = payload_vm_payload_service_proxy_new_sync(
				connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL,
				VM_PAYLOAD_SERVICE_PATH, NULL, &error);
			g_object_unref(connection);
		}
	}
	g_mutex_unlock(&service_lock);
	if (service == NULL) {
		__android_log_print(ANDROID_LOG_ERROR, TAG, "no microdroid_manager: %s",
				    error != NULL ? error->message : "not run by the launcher");
	}
	return service;
}

void AVmPayload_notifyPayloadReady(void)
{
	PayloadVmPayloadService *service = manager_service();
	g_autoptr(GError) error = NULL;

	if (service != NULL &&
	    !payload_vm_payload_service_call_notify_payload_ready_sync(service, NULL, &error)) {
		__android_log_print(ANDROID_LOG_ERROR, TAG, "notifyPayloadReady: %s",
				    error->message);
	}
}

static void client_has_gone(GDBusConnection *connection, gboolean vanished, GError *error,
			    gpointer data)
{
	(void)vanished;
	(void)error;
	g_dbus_interface_skeleton_unexport_from_connection(data, connection);
}

/* A client's half of the authentication is there: serve it. */
static void client_is_there(GObject *source, GAsyncResult *result, gpointer data)
{
	GDBusInterfaceSkeleton *service = data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = stream_bus_server_finish(result, &error);

	(void)source;
	if (connection == NULL ||
	    !g_dbus_interface_skeleton_export(service, connection, AVM_PAYLOAD_RPC_PATH, &error)) {
		__android_log_print(ANDROID_LOG_WARN, TAG, "a client of the RPC server: %s",
				    error->message);
		g_clear_object(&connection);
		return;
	}
	/* The interface keeps it until it closes. */
	g_signal_connect(connection, "closed", G_CALLBACK(client_has_gone), service);
	g_dbus_connection_start_message_processing(connection);
	g_object_unref(connection);
}

static gboolean accept_client(gint listener, GIOCondition condition, gpointer data)
{
	struct sockaddr_vm peer = { 0 };
	socklen_t bytes = sizeof(peer);
	int fd = accept4(listener, (struct sockaddr *)&peer, &bytes, SOCK_CLOEXEC);

	(void)condition;
	if (fd < 0) {
		return G_SOURCE_CONTINUE;
	}
	if (peer.svm_cid != VMADDR_CID_HOST) {
		__android_log_print(ANDROID_LOG_WARN, TAG, "a connection from CID %u is refused",
				    peer.svm_cid);
		close(fd);
		return G_SOURCE_CONTINUE;
	}
	stream_bus_server_async(fd, &stream_limits_payload, NULL, client_is_there, data);
	return G_SOURCE_CONTINUE;
}

void AVmPayload_runVsockRpcServer(GDBusInterfaceSkeleton *service, uint32_t port,
				  void (*on_ready)(void *param), void *param)
{
	g_autoptr(GError) error = NULL;
	GMainLoop *loop = g_main_loop_new(NULL, FALSE);
	int listener = port >= PORT_MIN ? vsock_listen(port, &error) : -1;

	if (listener < 0) {
		__android_log_print(ANDROID_LOG_FATAL, TAG, "the RPC server: port %u: %s", port,
				    error != NULL ? error->message : "below 1024");
		abort();
	}
	g_unix_fd_add(listener, G_IO_IN, accept_client, service);
	if (on_ready != NULL) {
		on_ready(param);
	}
	for (;;) {
		g_main_loop_run(loop);
	}
}

const char *AVmPayload_getApkContentsPath(void)
{
	return CONTENTS;
}

const char *AVmPayload_getEncryptedStoragePath(void)
{
	struct stat st;

	return stat(ENCRYPTED_STORE, &st) == 0 ? ENCRYPTED_STORE : NULL;
}

AVmAttestationStatus AVmPayload_requestAttestation(const void *challenge, size_t challenge_size,
						   struct AVmAttestationResult **result)
{
	(void)challenge;
	(void)result;
	return challenge_size > CHALLENGE_BYTES_MAX ? ATTESTATION_ERROR_INVALID_CHALLENGE :
						      ATTESTATION_ERROR_UNSUPPORTED;
}

const char *AVmAttestationStatus_toString(AVmAttestationStatus status)
{
	switch (status) {
	case ATTESTATION_OK:
		return "The attestation is done.";
	case ATTESTATION_ERROR_INVALID_CHALLENGE:
		return "The challenge is longer than 64 bytes.";
	case ATTESTATION_ERROR_ATTESTATION_FAILED:
		return "The remote attestation has failed.";
	case ATTESTATION_ERROR_UNSUPPORTED:
		return "Remote attestation is not supported here.";
	}
	return "This status is unknown.";
}
