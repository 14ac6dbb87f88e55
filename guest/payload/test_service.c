/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload that AVF's own tests talk to, on their ports: what interfaces/test_service.xml asks, on vsock port 5678. It
 * says what it sees, and judges nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <gio/gio.h>

#include <vm_main.h>
#include <vm_payload.h>

#include "guest/payload/lib/lines.h"
#include "payload/test_service.h"

#define SERVICE_PORT 5678
#define ECHO_REVERSE_PORT 0x80000001U
#define CONSOLE "/dev/console"
#define LINE_BYTES 256

static gboolean fail(GDBusMethodInvocation *call, const char *doing)
{
	int saved = errno;

	g_dbus_method_invocation_return_error(call, G_IO_ERROR, (int)g_io_error_from_errno(saved),
					      "%s: %s", doing, g_strerror(saved));
	return TRUE;
}

static gboolean add_integer(PayloadTestService *service, GDBusMethodInvocation *call, int a, int b,
			    gpointer data)
{
	(void)data;
	payload_test_service_complete_add_integer(service, call, (int)((unsigned)a + (unsigned)b));
	return TRUE;
}

/* The first line of @path, or NULL and errno. */
static char *first_line(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (file == NULL) {
		return NULL;
	}
	if (getline(&line, &size, file) < 0) {
		free(line);
		line = NULL;
	} else {
		line[strcspn(line, "\n")] = '\0';
	}
	fclose(file);
	return line;
}

static gboolean get_identity(PayloadTestService *service, GDBusMethodInvocation *call,
			     gpointer data)
{
	static const char field[] = "\nCapEff:\t";
	g_autofree char *status = NULL;
	char *found;

	(void)data;
	if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL)) {
		return fail(call, "/proc/self/status");
	}
	found = strstr(status, field);
	found = found != NULL ? found + strlen(field) : status + strlen(status);
	found[strcspn(found, "\n")] = '\0';
	payload_test_service_complete_get_identity(service, call, getuid(), found);
	return TRUE;
}

static gboolean get_mount_flags(PayloadTestService *service, GDBusMethodInvocation *call,
				const char *path, gpointer data)
{
	struct statvfs fs;

	(void)data;
	if (statvfs(path, &fs) != 0) {
		return fail(call, path);
	}
	payload_test_service_complete_get_mount_flags(service, call, (guint)fs.f_flag);
	return TRUE;
}

static gboolean get_file_permissions(PayloadTestService *service, GDBusMethodInvocation *call,
				     const char *path, gpointer data)
{
	struct stat file;

	(void)data;
	if (stat(path, &file) != 0) {
		return fail(call, path);
	}
	payload_test_service_complete_get_file_permissions(service, call, file.st_mode & 07777);
	return TRUE;
}

static gboolean read_from_file(PayloadTestService *service, GDBusMethodInvocation *call,
			       const char *path, gpointer data)
{
	char *line = first_line(path);

	(void)data;
	if (line == NULL) {
		return fail(call, path);
	}
	payload_test_service_complete_read_from_file(service, call, line);
	free(line);
	return TRUE;
}

static gboolean get_paths(PayloadTestService *service, GDBusMethodInvocation *call, gpointer data)
{
	const char *storage = AVmPayload_getEncryptedStoragePath();

	(void)data;
	payload_test_service_complete_get_paths(service, call, AVmPayload_getApkContentsPath(),
						storage != NULL ? storage : "");
	return TRUE;
}

/* Nobody else is served until the line is there. */
static gboolean read_line_from_console(PayloadTestService *service, GDBusMethodInvocation *call,
				       gpointer data)
{
	int fd = open(CONSOLE, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char line[LINE_BYTES];
	ssize_t got = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;

	(void)data;
	if (got < 0) {
		return fail(call, CONSOLE);
	}
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	payload_test_service_complete_read_line_from_console(service, call, line);
	close(fd);
	return TRUE;
}

static gboolean request_attestation(PayloadTestService *service, GDBusMethodInvocation *call,
				    guint bytes, gpointer data)
{
	static const char challenge[128];
	struct AVmAttestationResult *result = NULL;

	(void)data;
	payload_test_service_complete_request_attestation(
		service, call,
		AVmPayload_requestAttestation(challenge, MIN(bytes, sizeof(challenge)), &result));
	return TRUE;
}

static gboolean request_callback(PayloadTestService *service, GDBusMethodInvocation *call,
				 const char *message, gpointer data)
{
	g_autofree char *answer = g_strconcat("Received: ", message, NULL);

	(void)data;
	g_dbus_connection_call(g_dbus_method_invocation_get_connection(call), NULL,
			       AVM_PAYLOAD_RPC_PATH, "org.terrarium.payload.ITestCallback",
			       "OnCallback", g_variant_new("(s)", answer), NULL,
			       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
	payload_test_service_complete_request_callback(service, call);
	return TRUE;
}

static gpointer serve_lines(gpointer listener)
{
	int fd = accept(GPOINTER_TO_INT(listener), NULL, NULL);

	close(GPOINTER_TO_INT(listener));
	if (fd >= 0) {
		lines_serve(fd);
	}
	return NULL;
}

static gboolean run_echo_reverse_server(PayloadTestService *service, GDBusMethodInvocation *call,
					gpointer data)
{
	int listener = lines_listen(ECHO_REVERSE_PORT);

	(void)data;
	if (listener < 0) {
		return fail(call, "listening");
	}
	g_thread_unref(g_thread_new("lines", serve_lines, GINT_TO_POINTER(listener)));
	payload_test_service_complete_run_echo_reverse_server(service, call);
	return TRUE;
}

static gboolean quit(PayloadTestService *service, GDBusMethodInvocation *call, int exit_code,
		     gpointer data)
{
	GDBusConnection *connection = g_dbus_method_invocation_get_connection(call);

	(void)data;
	g_object_ref(connection);
	payload_test_service_complete_quit(service, call);
	g_dbus_connection_flush_sync(connection, NULL, NULL);
	exit(exit_code);
}

static void ready(void *param)
{
	(void)param;
	AVmPayload_notifyPayloadReady();
}

int AVmPayload_main(void)
{
	static const struct {
		const char *signal;
		GCallback handler;
	} handlers[] = {
		{ "handle-add-integer", G_CALLBACK(add_integer) },
		{ "handle-get-identity", G_CALLBACK(get_identity) },
		{ "handle-get-mount-flags", G_CALLBACK(get_mount_flags) },
		{ "handle-get-file-permissions", G_CALLBACK(get_file_permissions) },
		{ "handle-read-from-file", G_CALLBACK(read_from_file) },
		{ "handle-get-paths", G_CALLBACK(get_paths) },
		{ "handle-read-line-from-console", G_CALLBACK(read_line_from_console) },
		{ "handle-request-attestation", G_CALLBACK(request_attestation) },
		{ "handle-request-callback", G_CALLBACK(request_callback) },
		{ "handle-run-echo-reverse-server", G_CALLBACK(run_echo_reverse_server) },
		{ "handle-quit", G_CALLBACK(quit) },
	};
	PayloadTestService *service = payload_test_service_skeleton_new();

	for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++) {
		g_signal_connect(service, handlers[i].signal, handlers[i].handler, NULL);
	}
	AVmPayload_runVsockRpcServer(G_DBUS_INTERFACE_SKELETON(service), SERVICE_PORT, ready, NULL);
}
