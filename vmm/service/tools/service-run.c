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

#include <glib-unix.h>

#include "vmm/service/service_client.h"
#include "vmm/service/vm_json.h"

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
	fprintf(stderr, "service-run: %s\n", error->message);
	return 1;
}

static void started(struct service_vm *vm, void *opaque)
{
	(void)vm;
	(void)opaque;
	say("started");
}

static void ready(struct service_vm *vm, void *opaque)
{
	(void)vm;
	(void)opaque;
	say("ready");
}

static void finished(struct service_vm *vm, int code, void *opaque)
{
	(void)vm;
	(void)opaque;
	say("finished code=%d", code);
}

static void told_error(struct service_vm *vm, int code, const char *text, void *opaque)
{
	(void)vm;
	(void)opaque;
	say("error code=%d text=%s", code, text);
}

static void died(struct service_vm *vm, int reason, void *opaque)
{
	(void)vm;
	(void)opaque;
	say("died reason=%d", reason);
}

static gboolean asked_to_stop(gpointer vm)
{
	service_vm_stop(vm, NULL);
	return G_SOURCE_CONTINUE;
}

static const struct service_vm_callbacks callbacks = {
	.payload_started = started,
	.payload_ready = ready,
	.payload_finished = finished,
	.error = told_error,
	.died = died,
};

/* A VM of a raw configuration. */
static struct service_vm *new_raw(struct service_client *client, const char *path, GError **error)
{
	const struct vm_json_options options = { 0 };
	const struct vm_streams streams = { STDOUT_FILENO, -1, STDERR_FILENO };
	struct vm_raw_config *config = vm_json_load(path, &options, error);
	struct service_vm *vm = config != NULL ? service_vm_new_raw(client, config, &streams,
								    &callbacks, NULL, error) :
						 NULL;

	vm_raw_config_free(config);
	return vm;
}

/* The same for an app's words: APK IDSIG NAME.so [protected] [full]. */
static struct service_vm *new_app(struct service_client *client, char **words, GError **error)
{
	const struct vm_streams streams = { STDOUT_FILENO, -1, STDERR_FILENO };
	struct vm_app_config *config = vm_app_config_new();
	struct service_vm *vm;

	config->apk = open(words[0], O_RDONLY | O_CLOEXEC);
	config->idsig = open(words[1], O_RDONLY | O_CLOEXEC);
	config->payload_binary_name = g_strdup(words[2]);
	config->common.protected_vm = g_strv_contains((const char *const *)words + 3, "protected");
	config->debug_level = g_strv_contains((const char *const *)words + 3, "full") ?
				      AVF_DEBUG_FULL :
				      AVF_DEBUG_NONE;
	vm = service_vm_new_app(client, config, &streams, &callbacks, NULL, error);
	vm_app_config_free(config);
	return vm;
}

static bool list_vms(struct service_client *client, GError **error)
{
	g_autoptr(GVariant) list = NULL;

	if (!ipc_virtualization_service_call_debug_list_vms_sync(service_client_proxy(client),
								 &list, NULL, error)) {
		return false;
	}
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) vm = g_variant_get_child_value(list, i);
		g_autofree char *text = g_variant_print(vm, FALSE);

		puts(text);
	}
	return true;
}

static bool run(struct service_client *client, char **words, GError **error)
{
	struct service_vm *vm = strcmp(words[0], "--app") == 0 ? new_app(client, words + 1, error) :
								 new_raw(client, words[0], error);
	bool done;

	if (vm == NULL) {
		return false;
	}
	g_unix_signal_add(SIGTERM, asked_to_stop, vm);
	say("cid=%u", service_vm_cid(vm));
	done = service_vm_start(vm, error) && service_vm_wait(vm, -1, NULL);
	service_vm_free(vm);
	return done;
}

int main(int argc, char **argv)
{
	struct service_client *client;
	g_autoptr(GError) error = NULL;
	bool done;

	if (argc < 2 || (argc < 5) == (strcmp(argv[1], "--app") == 0)) {
		fprintf(stderr, "usage: service-run CONFIG.json | --list | "
				"--app APK IDSIG NAME.so [protected] [full]\n");
		return 2;
	}
	client = service_client_new(NULL, SERVICE_CLIENT_NONE, &error);
	if (client == NULL) {
		return failed(error);
	}
	done = strcmp(argv[1], "--list") == 0 ? list_vms(client, &error) :
						run(client, argv + 1, &error);
	service_client_free(client);
	return done ? 0 : failed(error);
}
