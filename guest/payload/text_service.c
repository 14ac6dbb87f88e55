/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload with a service of its own: the interface interfaces/text_service.xml, on vsock port 6001. tools/payload_client.c calls it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>

#include <vm_main.h>
#include <vm_payload.h>

#include "payload/text_service.h"

#define PORT 6001

static gboolean reverse(PayloadTextService *service, GDBusMethodInvocation *call, const char *text,
			gpointer data)
{
	g_autofree char *reversed = g_utf8_strreverse(text, -1);

	(void)data;
	payload_text_service_complete_reverse(service, call, reversed);
	return TRUE;
}

static gboolean read_asset(PayloadTextService *service, GDBusMethodInvocation *call,
			   const char *name, gpointer data)
{
	g_autofree char *path =
		g_build_filename(AVmPayload_getApkContentsPath(), "assets", name, NULL);
	g_autofree char *text = NULL;
	GError *error = NULL;

	(void)data;
	if (!g_file_get_contents(path, &text, NULL, &error)) {
		g_dbus_method_invocation_take_error(call, error);
		return TRUE;
	}
	text[strcspn(text, "\n")] = '\0';
	payload_text_service_complete_read_asset(service, call, text);
	return TRUE;
}

static gboolean quit(PayloadTextService *service, GDBusMethodInvocation *call, int exit_code,
		     gpointer data)
{
	GDBusConnection *connection = g_dbus_method_invocation_get_connection(call);

	(void)data;
	g_object_ref(connection);
	payload_text_service_complete_quit(service, call);
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
	PayloadTextService *service = payload_text_service_skeleton_new();

	g_signal_connect(service, "handle-reverse", G_CALLBACK(reverse), NULL);
	g_signal_connect(service, "handle-read-asset", G_CALLBACK(read_asset), NULL);
	g_signal_connect(service, "handle-quit", G_CALLBACK(quit), NULL);
	AVmPayload_runVsockRpcServer(G_DBUS_INTERFACE_SKELETON(service), PORT, ready, NULL);
}
