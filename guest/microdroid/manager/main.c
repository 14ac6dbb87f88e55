/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * microdroid_manager: from a started system to a payload that has run, each step told to the host. The order is
 * what matters: nothing of the payload is used before it is verified, and nothing of it runs before the host heard that it
 * starts.
 */
#include <unistd.h>

#include "guest/microdroid/init.h"
#include "guest/microdroid/lib/failure.h"
#include "guest/microdroid/lib/log.h"
#include "guest/microdroid/manager/error.h"
#include "guest/microdroid/manager/host.h"
#include "guest/microdroid/manager/payload.h"
#include "guest/microdroid/manager/payload_service.h"
#include "platform/abi/mark.h"

/* Verify, mount and find the payload; the library's path, or NULL. */
static char *prepare_payload(GError **error)
{
	struct payload_metadata *metadata = payload_load_metadata(error);
	unsigned extra_apks = 0;
	char *library = NULL;

	if (metadata == NULL) {
		return NULL;
	}
	if (payload_mount(metadata, &extra_apks, error)) {
		mark("md-mount", 0, 0);
		log_line("payload verified and mounted");
		library = payload_library(metadata, extra_apks, error);
	}
	payload_metadata_free(metadata);
	return library;
}

/* A payload that runs. */
struct running {
	GMainLoop *loop;
	int status; /* of its end */
};

static void payload_ended(GPid pid, gint status, gpointer data)
{
	struct running *running = data;

	g_spawn_close_pid(pid);
	running->status = status;
	g_main_loop_quit(running->loop);
}

/* Run @library, whose service is @socket's other end, to its end. */
static gboolean run_library(const char *library, int socket, int *status, GError **error)
{
	struct running running = { 0 };
	GPid pid = payload_start(library, socket, error);

	close(socket);
	if (pid == 0) {
		return FALSE;
	}
	log_line("payload started: %s", library);
	running.loop = g_main_loop_new(NULL, FALSE);
	g_child_watch_add(pid, payload_ended, &running);
	g_main_loop_run(running.loop);
	g_main_loop_unref(running.loop);
	*status = running.status;
	return TRUE;
}

/* Run @library to its end and tell the host. */
static gboolean run_payload(struct host *host, const char *library, GError **error)
{
	struct payload_service *service;
	int status = 0, socket = -1;
	gboolean done;

	if (!host_payload_started(host, error)) {
		return FALSE;
	}
	service = payload_service_new(host, &socket, error);
	if (service == NULL) {
		return FALSE;
	}
	done = run_library(library, socket, &status, error);
	payload_service_free(service);
	if (!done) {
		return FALSE;
	}
	log_line("payload ended with %d", payload_exit_code(status));
	return host_payload_finished(host, payload_exit_code(status), error);
}

static gboolean run(struct host *host, GError **error)
{
	g_autofree char *library = prepare_payload(error);

	return library != NULL && run_payload(host, library, error);
}

/* Say @error everywhere: to the log, the service if there is one, and last to the failure port. */
static void report(struct host *host, const GError *error)
{
	g_autoptr(GError) untold = NULL;

	log_line("failed: %s", error->message);
	if (host != NULL && !host_error(host, manager_error_code(error), error->message, &untold)) {
		log_line("the host was not told: %s", untold->message);
	}
	failure_report(manager_error_reason(error), error->message);
}

int main(void)
{
	g_autoptr(GError) error = NULL;
	struct host *host;
	gboolean done;

	mark("md-mgr", 0, 0);
	log_begin("microdroid_manager");
	host = host_connect(&error);
	done = host != NULL && run(host, &error);
	if (!done) {
		report(host, error);
	}
	host_free(host);
	return done ? 0 : INIT_MANAGER_REPORTED;
}
