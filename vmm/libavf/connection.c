/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/libavf/manager.h"

struct connection *connection_ref(struct connection *connection)
{
	connection->uses++;
	return connection;
}

static gboolean close_now(void *data)
{
	struct connection *connection = data;

	service_client_free(connection->client);
	g_main_context_unref(connection->context);
	g_free(connection);
	return G_SOURCE_REMOVE;
}

void connection_unref(struct connection *connection)
{
	g_autoptr(GSource) later = NULL;

	if (connection == NULL || --connection->uses > 0) {
		return;
	}
	if (connection->callbacks == 0) {
		close_now(connection);
		return;
	}
	later = g_idle_source_new();
	g_source_set_callback(later, close_now, connection, NULL);
	g_source_attach(later, connection->context);
}
