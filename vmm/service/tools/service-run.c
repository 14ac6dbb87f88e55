/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of virtualizationservice in one file, for tests of the service on the machine:
 *
 *   service-run CONFIG.json                                  the raw VM that the file describes (vm_json.h)
 *   service-run --app APK IDSIG NAME.so [protected] [full]   an app VM; full: debug level
 *   service-run --list                                       the VMs that this user may see
 *
 * It starts the VM and says what it hears, a line each:
 *
 *   event cid=N | started | ready | finished code=N | error code=N text=... | died reason=N
 *
 * The VM's console goes to this program's output too, its log (hvc1) to its errors. It ends with the VM: 0, or 1 if
 * anything failed. SIGTERM stops the VM.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib-unix.h>

#include "ipc/virtualization_service.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_json.h"

struct run {
	GMainLoop *loop;
	GDBusConnection *bus;
	IpcVirtualizationService *service;
	IpcVirtualMachine *vm;
	gboolean died;
};

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("event ");
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int failed(GError *error)
{
	ipc_error_strip(error);
	fprintf(stderr, "service-run: %s\n", error->message);
	return 1;
}

static void on_started(IpcVirtualMachine *vm, guint cid, gpointer run)
{
	(void)vm;
	(void)cid;
	(void)run;
	say("started");
}

static void on_ready(IpcVirtualMachine *vm, guint cid, gpointer run)
{
	(void)vm;
	(void)cid;
	(void)run;
	say("ready");
}

static void on_finished(IpcVirtualMachine *vm, guint cid, gint code, gpointer run)
{
	(void)vm;
	(void)cid;
	(void)run;
	say("finished code=%d", code);
}

static void on_error(IpcVirtualMachine *vm, guint cid, gint code, const char *text, gpointer run)
{
	(void)vm;
	(void)cid;
	(void)run;
	say("error code=%d text=%s", code, text);
}

static void on_died(IpcVirtualMachine *vm, guint cid, gint reason, gpointer data)
{
	struct run *run = data;

	(void)vm;
	(void)cid;
	run->died = TRUE;
	say("died reason=%d", reason);
	g_main_loop_quit(run->loop);
}

/* A client takes a lost connection for its VMs' end. */
static void on_closed(GDBusConnection *bus, gboolean vanished, GError *error, gpointer data)
{
	struct run *run = data;

	(void)bus;
	(void)vanished;
	(void)error;
	if (!run->died) {
		run->died = TRUE;
		say("died reason=%d", AVF_DEATH_VIRTUALIZATION_SERVICE_DIED);
	}
	g_main_loop_quit(run->loop);
}

static gboolean asked_to_stop(gpointer data)
{
	struct run *run = data;

	ipc_virtual_machine_call_stop(run->vm, NULL, NULL, NULL);
	return G_SOURCE_CONTINUE;
}

static gboolean connect_service(struct run *run, GError **error)
{
	(void)IPC_ERROR; /* registered with GDBus */
	run->bus = g_dbus_connection_new_for_address_sync(
		"unix:path=" AVF_SERVICE_SOCKET, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
		NULL, NULL, error);
	if (run->bus == NULL) {
		return FALSE;
	}
	run->service = ipc_virtualization_service_proxy_new_sync(
		run->bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, AVF_SERVICE_PATH, NULL,
		error);
	return run->service != NULL;
}

/* A raw configuration's D-Bus form; NULL and @error. */
static GVariant *raw_variant(const char *path, GUnixFDList *fds, GError **error)
{
	const struct vm_json_options options = { 0 };
	struct vm_raw_config *config = vm_json_load(path, &options, error);
	GVariant *variant = config != NULL ? vm_raw_config_to_variant(config, fds, error) : NULL;

	vm_raw_config_free(config);
	return variant;
}

/* The same for an app's words: APK IDSIG NAME.so [protected] [full]. */
static GVariant *app_variant(char **words, GUnixFDList *fds, GError **error)
{
	struct vm_app_config *config = vm_app_config_new();
	GVariant *variant;

	config->apk = open(words[0], O_RDONLY | O_CLOEXEC);
	config->idsig = open(words[1], O_RDONLY | O_CLOEXEC);
	config->payload_binary_name = g_strdup(words[2]);
	config->common.protected_vm = g_strv_contains((const char *const *)words + 3, "protected");
	config->debug_level = g_strv_contains((const char *const *)words + 3, "full") ?
				      AVF_DEBUG_FULL :
				      AVF_DEBUG_NONE;
	variant = vm_app_config_check(config, error) ?
			  vm_app_config_to_variant(config, fds, error) :
			  NULL;
	vm_app_config_free(config);
	return variant;
}

static gboolean create_vm(struct run *run, char **words, GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	gboolean app = strcmp(words[0], "--app") == 0;
	GVariantBuilder streams = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autofree char *object = NULL;
	GVariant *variant = app ? app_variant(words + 1, fds, error) :
				  raw_variant(words[0], fds, error);

	if (variant == NULL) {
		return FALSE;
	}
	g_variant_builder_add(
		&streams, "{sv}", "console-out",
		g_variant_new_handle(g_unix_fd_list_append(fds, STDOUT_FILENO, NULL)));
	g_variant_builder_add(
		&streams, "{sv}", "log",
		g_variant_new_handle(g_unix_fd_list_append(fds, STDERR_FILENO, NULL)));
	if (!ipc_virtualization_service_call_create_vm_sync(
		    run->service, app ? "app" : "raw", variant, g_variant_builder_end(&streams),
		    fds, &object, NULL, NULL, error)) {
		return FALSE;
	}
	run->vm = ipc_virtual_machine_proxy_new_sync(
		run->bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, object, NULL, error);
	return run->vm != NULL;
}

static gboolean start(struct run *run, GError **error)
{
	guint cid = 0;

	g_signal_connect(run->vm, "on-payload-started", G_CALLBACK(on_started), run);
	g_signal_connect(run->vm, "on-payload-ready", G_CALLBACK(on_ready), run);
	g_signal_connect(run->vm, "on-payload-finished", G_CALLBACK(on_finished), run);
	g_signal_connect(run->vm, "on-error", G_CALLBACK(on_error), run);
	g_signal_connect(run->vm, "on-died", G_CALLBACK(on_died), run);
	g_signal_connect(run->bus, "closed", G_CALLBACK(on_closed), run);
	g_unix_signal_add(SIGTERM, asked_to_stop, run);
	if (!ipc_virtual_machine_call_get_cid_sync(run->vm, &cid, NULL, error)) {
		return FALSE;
	}
	say("cid=%u", cid);
	return ipc_virtual_machine_call_start_sync(run->vm, NULL, error);
}

static gboolean list_vms(struct run *run, GError **error)
{
	g_autoptr(GVariant) list = NULL;

	if (!ipc_virtualization_service_call_debug_list_vms_sync(run->service, &list, NULL,
								 error)) {
		return FALSE;
	}
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) vm = g_variant_get_child_value(list, i);
		g_autofree char *text = g_variant_print(vm, FALSE);

		puts(text);
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	struct run run = { .loop = g_main_loop_new(NULL, FALSE) };
	g_autoptr(GError) error = NULL;

	if (argc < 2 || (argc < 5) == (strcmp(argv[1], "--app") == 0)) {
		fprintf(stderr, "usage: service-run CONFIG.json | --list | "
				"--app APK IDSIG NAME.so [protected] [full]\n");
		return 2;
	}
	if (!connect_service(&run, &error)) {
		return failed(error);
	}
	if (strcmp(argv[1], "--list") == 0) {
		return list_vms(&run, &error) ? 0 : failed(error);
	}
	if (!create_vm(&run, argv + 1, &error) || !start(&run, &error)) {
		return failed(error);
	}
	while (!run.died) {
		g_main_loop_run(run.loop);
	}
	return 0;
}
