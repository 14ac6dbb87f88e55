/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine-service CID: an IVirtualMachineService for one VM, for tests of the guest without the service. It prints
 * each call as a report line (platform/abi/guest_report.h), agrees to all, and ends with status 0 when
 * the VM has closed its connection.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/virtual_machine_service.h"
#include "platform/abi/guest_report.h"
#include "vmm/service/avf.h"
#include "vmm/service/stream_bus.h"

static void G_GNUC_PRINTF(1, 2) say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs(GUEST_REPORT_PREFIX "value notify ", stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

static gboolean on_started(IpcVirtualMachineService *service, GDBusMethodInvocation *call)
{
	say("what=started");
	ipc_virtual_machine_service_complete_notify_payload_started(service, call);
	return TRUE;
}

static gboolean on_ready(IpcVirtualMachineService *service, GDBusMethodInvocation *call)
{
	say("what=ready");
	ipc_virtual_machine_service_complete_notify_payload_ready(service, call);
	return TRUE;
}

static gboolean on_finished(IpcVirtualMachineService *service, GDBusMethodInvocation *call,
			    int code)
{
	say("what=finished code=%d", code);
	ipc_virtual_machine_service_complete_notify_payload_finished(service, call);
	return TRUE;
}

/* The message's words are joined: a value of a report line has no white space. */
static gboolean on_error(IpcVirtualMachineService *service, GDBusMethodInvocation *call, int code,
			 const char *message)
{
	g_autofree char *joined = g_strdelimit(g_strdup(message), " \n\t", '_');

	joined[MIN(strlen(joined), 120)] = '\0';
	say("what=error code=%d message=%s", code, joined);
	ipc_virtual_machine_service_complete_notify_error(service, call);
	return TRUE;
}

static IpcVirtualMachineService *make_service(void)
{
	IpcVirtualMachineService *service = ipc_virtual_machine_service_skeleton_new();

	g_signal_connect(service, "handle-notify-payload-started", G_CALLBACK(on_started), NULL);
	g_signal_connect(service, "handle-notify-payload-ready", G_CALLBACK(on_ready), NULL);
	g_signal_connect(service, "handle-notify-payload-finished", G_CALLBACK(on_finished), NULL);
	g_signal_connect(service, "handle-notify-error", G_CALLBACK(on_error), NULL);
	return service;
}

/* The guest's only connection, accepted; -1 on failure. */
static int take_connection(uint32_t cid, GError **error)
{
	struct pollfd listener = { .fd = vsock_listen(cid, error), .events = POLLIN };
	int fd;

	if (listener.fd < 0) {
		return -1;
	}
	say("what=listening port=%" PRIu32, cid);
	poll(&listener, 1, -1);
	fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "accept: %s", g_strerror(errno));
	}
	close(listener.fd);
	return fd;
}

static gboolean serve(uint32_t cid, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	IpcVirtualMachineService *service = make_service(); /* for the process's life */
	g_autoptr(GDBusConnection) connection = NULL;
	int fd = take_connection(cid, error);

	if (fd < 0) {
		return FALSE;
	}
	connection = stream_bus_server(fd, &stream_limits_machine_service, error);
	if (connection == NULL ||
	    !g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(service), connection,
					      AVF_MACHINE_SERVICE_PATH, error)) {
		return FALSE;
	}
	g_signal_connect_swapped(connection, "closed", G_CALLBACK(g_main_loop_quit), loop);
	g_dbus_connection_start_message_processing(connection);
	g_main_loop_run(loop);
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	guint64 cid = 0;

	if (argc != 2 || !g_ascii_string_to_unsigned(argv[1], 10, 3, UINT32_MAX - 1, &cid, NULL)) {
		fprintf(stderr, "usage: machine-service CID\n");
		return 1;
	}
	if (!serve((uint32_t)cid, &error)) {
		fprintf(stderr, "machine-service: %s\n", error->message);
		return 1;
	}
	say("what=closed");
	return 0;
}
