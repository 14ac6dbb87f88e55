/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/service/fake_daemon.h"

#include <signal.h>
#include <stdlib.h>

#include <glib-unix.h>

#include "tests/service/fake_transport.h"
#include "vmm/service/avf.h"
#include "vmm/service/log.h"
#include "vmm/service/service.h"

struct serving {
	struct service *service;
	GMainLoop *loop;
};

static unsigned all_capabilities(void)
{
	return AVF_CAPABILITY_PROTECTED_VM | AVF_CAPABILITY_NON_PROTECTED_VM;
}

static void quit(void *loop)
{
	g_main_loop_quit(loop);
}

static gboolean asked_to_stop(gpointer data)
{
	struct serving *serving = data;

	service_stop(serving->service, quit, serving->loop);
	return G_SOURCE_REMOVE;
}

/* Ends through main(), where the sanitizer looks for leaks. */
int main(int argc, char **argv)
{
	const char *folder = argc == 5 ? argv[1] : "";
	g_autofree char *run = g_build_filename(folder, "run", NULL);
	g_autofree char *os = g_build_filename(folder, "os", NULL);
	g_autofree char *guests = g_build_filename(folder, "guests", NULL);
	struct service_config config = {
		.os_directory = os,
		.run_directory = run,
		.capabilities = all_capabilities,
		.transport = &fake_transport,
		.transport_opaque = guests,
	};
	struct serving serving = { 0 };
	g_autoptr(GError) error = NULL;

	if (argc != 5) {
		return 2;
	}
	config.program = argv[2];
	config.vms_max = (unsigned)strtoul(argv[3], NULL, 10);
	config.hangup_seconds = (unsigned)strtoul(argv[4], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	g_setenv(FAKE_TRANSPORT_ENV, guests, TRUE);
	serving.loop = g_main_loop_new(NULL, FALSE);
	serving.service = service_new(&config, &error);
	if (serving.service == NULL ||
	    !service_listen(serving.service, FAKE_DAEMON_LISTENER, &error)) {
		service_log("%s", error->message);
		return 1;
	}
	g_unix_signal_add(SIGTERM, asked_to_stop, &serving);
	g_main_loop_run(serving.loop);
	g_main_loop_unref(serving.loop);
	service_free(serving.service);
	return 0;
}
