/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of the examples, straight on their vsock ports: without the service, for scenarios that run none.
 *
 *   payload-client CID Reverse|ReadAsset|Quit ARGUMENT   calls that method of text_service.c
 *   payload-client CID Line TEXT                         sends a line to echo_reverse.c
 *
 * Prints the answer; 1 and a line of words if there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/payload/include/vm_payload.h"
#include "payload/text_service.h"
#include "vmm/service/stream_bus.h"

#define RPC_PORT 6001
#define ECHO_PORT 6000

static PayloadTextService *open_service(unsigned cid, GError **error)
{
	int fd = vsock_connect(cid, RPC_PORT, error);
	g_autoptr(GDBusConnection) connection = NULL;

	if (fd < 0) {
		return NULL;
	}
	connection = stream_bus_client(fd, &stream_limits_payload, error);
	return connection == NULL ? NULL :
				    payload_text_service_proxy_new_sync(
					    connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
					    NULL, AVM_PAYLOAD_RPC_PATH, NULL, error);
}

static gboolean call(PayloadTextService *service, const char *method, const char *argument,
		     char **answer, GError **error)
{
	gint64 status;

	if (strcmp(method, "Reverse") == 0) {
		return payload_text_service_call_reverse_sync(service, argument, answer, NULL,
							      error);
	}
	if (strcmp(method, "ReadAsset") == 0) {
		return payload_text_service_call_read_asset_sync(service, argument, answer, NULL,
								 error);
	}
	if (!g_ascii_string_to_signed(argument, 10, 0, 255, &status, error)) {
		return FALSE;
	}
	*answer = g_strdup("");
	return payload_text_service_call_quit_sync(service, (gint)status, NULL, error);
}

static gboolean call_service(unsigned cid, const char *method, const char *argument, char **answer,
			     GError **error)
{
	PayloadTextService *service = open_service(cid, error);

	return service != NULL && call(service, method, argument, answer, error);
}

/* Send a line and read one. */
static gboolean send_line(unsigned cid, const char *line, char **answer, GError **error)
{
	int fd = vsock_connect(cid, ECHO_PORT, error);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "r+");
	size_t size = 0;
	ssize_t length = -1;

	if (stream == NULL) {
		return FALSE;
	}
	fprintf(stream, "%s\n", line);
	fflush(stream);
	length = getline(answer, &size, stream);
	fclose(stream);
	if (length <= 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "no line comes back");
		return FALSE;
	}
	(*answer)[length - 1] = '\0';
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	char *answer = NULL;
	unsigned cid;
	gboolean done;

	if (argc != 4) {
		fprintf(stderr, "usage: payload-client CID Reverse|ReadAsset|Quit|Line ARGUMENT\n");
		return 2;
	}
	cid = (unsigned)strtoul(argv[1], NULL, 10);
	done = strcmp(argv[2], "Line") == 0 ? send_line(cid, argv[3], &answer, &error) :
					      call_service(cid, argv[2], argv[3], &answer, &error);
	if (!done) {
		g_dbus_error_strip_remote_error(error);
		fprintf(stderr, "payload-client: %s\n", error->message);
		return 1;
	}
	puts(answer);
	return 0;
}
