/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/host.h"

#include <stdint.h>

#include <linux/vm_sockets.h>

#include "guest/microdroid/manager/error.h"
#include "ipc/virtual_machine_service.h"
#include "vmm/service/stream_bus.h"

struct host {
	GDBusConnection *connection;
	IpcVirtualMachineService *service;
};

/* What @cause says, as an error of ours. Frees @cause. */
static void take(GError **error, enum manager_error code, const char *doing, GError *cause)
{
	g_set_error(error, MANAGER_ERROR, code, "%s: %s", doing, cause->message);
	g_error_free(cause);
}

static gboolean open_service(struct host *host, GError **error)
{
	uint32_t cid = vsock_own_cid(error);
	int fd = cid == 0 ? -1 : vsock_connect(VMADDR_CID_HOST, cid, error);

	if (fd < 0) {
		return FALSE;
	}
	host->connection = stream_bus_client(fd, NULL, error);
	if (host->connection == NULL) {
		return FALSE;
	}
	host->service = ipc_virtual_machine_service_proxy_new_sync(
		host->connection,
		G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES |
			G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS,
		NULL, AVF_MACHINE_SERVICE_PATH, NULL, error);
	return host->service != NULL;
}

struct host *host_connect(GError **error)
{
	struct host *host = g_new0(struct host, 1);
	GError *cause = NULL;

	if (!open_service(host, &cause)) {
		take(error, MANAGER_ERROR_NOT_CONNECTED, "no service on the host", cause);
		host_free(host);
		return NULL;
	}
	return host;
}

void host_free(struct host *host)
{
	if (host != NULL) {
		g_clear_object(&host->service);
		g_clear_object(&host->connection);
		g_free(host);
	}
}

/* The end of each call. */
static gboolean told(gboolean done, GError *cause, const char *doing, GError **error)
{
	if (!done) {
		take(error, MANAGER_ERROR_RUNTIME, doing, cause);
	}
	return done;
}

gboolean host_payload_started(struct host *host, GError **error)
{
	GError *cause = NULL;
	gboolean done = ipc_virtual_machine_service_call_notify_payload_started_sync(host->service,
										     NULL, &cause);

	return told(done, cause, "notifyPayloadStarted", error);
}

gboolean host_payload_ready(struct host *host, GError **error)
{
	GError *cause = NULL;
	gboolean done = ipc_virtual_machine_service_call_notify_payload_ready_sync(host->service,
										   NULL, &cause);

	return told(done, cause, "notifyPayloadReady", error);
}

gboolean host_payload_finished(struct host *host, int exit_code, GError **error)
{
	GError *cause = NULL;
	gboolean done = ipc_virtual_machine_service_call_notify_payload_finished_sync(
		host->service, exit_code, NULL, &cause);

	return told(done, cause, "notifyPayloadFinished", error);
}

gboolean host_error(struct host *host, enum avf_error_code code, const char *message,
		    GError **error)
{
	GError *cause = NULL;
	gboolean done = ipc_virtual_machine_service_call_notify_error_sync(host->service, code,
									   message, NULL, &cause);

	return told(done, cause, "notifyError", error);
}
