/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two machines at once, from start to end. */
#include "vmm/libavf/tools/avf_test.h"

#include <stdio.h>
#include <string.h>

#define ECHO_PORT 6000
#define TEXT_PORT 6001
#define RPC_PATH "/org/terrarium/avf/payload"
#define RPC_INTERFACE "org.terrarium.payload.ITextService"

static char *words(const char *text)
{
	return g_strdelimit(g_strdup(text), " \n\t", '_');
}

/* What one method of the text service answers to @text; owned by the caller. */
static char *ask(GDBusConnection *bus, const char *method, const char *text)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	const char *word = "";

	answer = g_dbus_connection_call_sync(bus, NULL, RPC_PATH, RPC_INTERFACE, method,
					     g_variant_new("(s)", text), G_VARIANT_TYPE("(s)"),
					     G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	if (answer == NULL) {
		fprintf(stderr, "avf-test: %s: %s\n", method, error->message);
		return g_strdup("failed");
	}
	g_variant_get(answer, "(&s)", &word);
	return words(word);
}

static void talk_by_rpc(AvfVm *vm)
{
	GError *error = NULL;
	g_autoptr(GDBusConnection)
		bus = avf_vm_connect_to_vsock_server(vm, TEXT_PORT, NULL, &error);
	g_autofree char *reversed = NULL;
	g_autofree char *asset = NULL;
	g_autofree char *no_asset = NULL;
	g_autofree char *extra = NULL;
	g_autofree char *cpus = NULL;
	g_autofree char *kernel = NULL;

	must(error, "connecting to the text service");
	reversed = ask(bus, "Reverse", "Terrarium");
	asset = ask(bus, "ReadAsset", "text");
	no_asset = ask(bus, "ReadAsset", "none");
	/* A name from the package's assets upwards: other files of the guest. */
	extra = ask(bus, "ReadAsset", "../../extra-apk/0/assets/text");
	cpus = ask(bus, "ReadAsset", "../../../sys/devices/system/cpu/online");
	kernel = ask(bus, "ReadAsset", "../../../proc/version");
	say("create_and_connect_to_vm_rpc", "reversed=%s", reversed);
	say("can_read_file_from_assets", "asset=%s none=%s", asset, no_asset);
	say("extra_apk", "asset=%s", extra);
	say("host_cpu_topology", "online=%s", cpus);
	say("kernel_version_requirement", "version=%.40s", kernel);
	g_dbus_connection_call_sync(bus, NULL, RPC_PATH, RPC_INTERFACE, "Quit",
				    g_variant_new("(i)", 7), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
				    NULL);
}

static void talk_by_vsock(AvfVm *vm)
{
	GError *error = NULL;
	int fd = avf_vm_connect_vsock(vm, ECHO_PORT, &error);
	FILE *stream = fd >= 0 ? fdopen(fd, "r+") : NULL;
	char answer[64] = "";
	g_autofree char *word = NULL;

	must(error, "connecting to the echo");
	if (stream == NULL) {
		give_up("connecting to the echo", "no stream");
	}
	fputs("hello\n", stream);
	fflush(stream);
	(void)!fgets(answer, sizeof(answer), stream);
	fputs("quit\n", stream);
	fflush(stream);
	word = words(g_strchomp(answer));
	say("create_and_run_no_debug_vm_echo", "answer=%s", word);
	fclose(stream);
}

/* Reads a stream to its end; what it held is the thread's result, a GString. */
static gpointer drain(gpointer stream)
{
	GString *all = g_string_new(NULL);
	char buffer[4096];
	gssize got;

	while ((got = g_input_stream_read(stream, buffer, sizeof(buffer), NULL, NULL)) > 0) {
		g_string_append_len(all, buffer, got);
	}
	return all;
}

static void say_stream(const char *name, GThread *thread)
{
	GString *all = g_thread_join(thread);

	say(name, "bytes=%zu kernel=%d manager=%d", all->len,
	    strstr(all->str, "Run /init as init process") != NULL,
	    strstr(all->str, "microdroid_manager") != NULL);
	g_string_free(all, TRUE);
}

static AvfVm *debuggable_vm(const struct test *t)
{
	AvfConfigBuilder *b = builder_of(t, "text_service");
	g_autofree char *extra = g_strconcat(t->packages, "/text_service.apk", NULL);

	avf_config_builder_add_extra_apk(b, extra);
	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
	avf_config_builder_set_cpu_topology(b, AVF_CPU_TOPOLOGY_MATCH_HOST);
	avf_config_builder_set_vm_output_captured(b, TRUE);
	avf_config_builder_set_vm_console_input_supported(b, TRUE);
	return vm_of(t, "debuggable", b);
}

void payload_tests(const struct test *t)
{
	AvfVm *full = debuggable_vm(t);
	AvfVm *none = vm_of(t, "silent", builder_of(t, "echo_reverse"));
	g_autoptr(GInputStream) console = avf_vm_get_console_output(full, NULL);
	g_autoptr(GInputStream) log = avf_vm_get_log_output(full, NULL);
	GThread *console_reader = g_thread_new("console", drain, console);
	GThread *log_reader = g_thread_new("log", drain, log);
	struct heard of_full;
	struct heard of_none;

	hear(full, &of_full);
	hear(none, &of_none);
	run(full, "running a debuggable machine");
	run(none, "running a second machine");
	say("concurrent_vms", "first=%d second=%d same_cid=%d", avf_vm_get_status(full),
	    avf_vm_get_status(none), avf_vm_get_cid(full) == avf_vm_get_cid(none));
	wait_for(&of_full.ready, &of_full, "ready");
	if (of_full.ready != 0) {
		talk_by_rpc(full);
	}
	wait_for(&of_none.ready, &of_none, "ready");
	if (of_none.ready != 0) {
		talk_by_vsock(none);
	}
	wait_for(&of_full.stopped, &of_full, "stopped");
	wait_for(&of_none.stopped, &of_none, "stopped");
	say_heard("create_and_connect_to_vm", &of_full);
	say_heard("create_and_run_no_debug_vm", &of_none);
	say_stream("console_output", console_reader);
	say_stream("log_output", log_reader);
	say("status_after", "first=%d second=%d", avf_vm_get_status(full), avf_vm_get_status(none));
	delete_vm(t, full);
	delete_vm(t, none);
}
