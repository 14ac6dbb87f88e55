/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two machines at once, from start to end. */
#include "vmm/libavf/tools/avf_test.h"

#include <stdio.h>
#include <string.h>

#define ECHO_PORT 6000                /* of echo_reverse */
#define SERVICE_PORT 5678             /* of test_service */
#define SERVICE_ECHO_PORT 0x80000001U /* likewise, once it is told */
#define RPC_PATH "/org/terrarium/avf/payload"
#define TEST_SERVICE "org.terrarium.payload.ITestService"
#define EXIT_CODE 7
#define CHALLENGE_BYTES 32
#define CALLBACK_SECONDS 60

static char *words(const char *text)
{
	return g_strdelimit(g_strdup(text), " \n\t", '_');
}

/* What one method of the test service answers, of type @type; NULL, and its sentence for people. Takes @arguments. */
static GVariant *ask(GDBusConnection *bus, const char *method, GVariant *arguments,
		     const char *type)
{
	g_autoptr(GError) error = NULL;
	GVariant *answer = g_dbus_connection_call_sync(bus, NULL, RPC_PATH, TEST_SERVICE, method,
						       arguments, G_VARIANT_TYPE(type),
						       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	if (answer == NULL) {
		fprintf(stderr, "avf-test: %s: %s\n", method, error->message);
	}
	return answer;
}

/* A word of its answer, a string, to a string; "failed" for none. Owned by the caller. */
static char *ask_word(GDBusConnection *bus, const char *method, const char *text)
{
	g_autoptr(GVariant)
		answer = ask(bus, method, text != NULL ? g_variant_new("(s)", text) : NULL, "(s)");
	const char *word = "failed";

	if (answer != NULL) {
		g_variant_get(answer, "(&s)", &word);
	}
	return words(word);
}

/* Its answer, a number, to a path; -1 for none. */
static int ask_number(GDBusConnection *bus, const char *method, const char *path)
{
	g_autoptr(GVariant) answer = ask(bus, method, g_variant_new("(s)", path), "(u)");
	guint number = 0;

	if (answer == NULL) {
		return -1;
	}
	g_variant_get(answer, "(u)", &number);
	return (int)number;
}

static void say_rights(GDBusConnection *bus)
{
	g_autoptr(GVariant) identity = ask(bus, "GetIdentity", NULL, "(us)");
	const char *capabilities = "failed";
	guint uid = 0;

	if (identity != NULL) {
		g_variant_get(identity, "(u&s)", &uid, &capabilities);
	}
	say("payload_is_not_root", "uid=%u", uid);
	say("launcher_has_empty_capabilities", "effective=x%s", capabilities);
	say("system_partition_mount_flags", "root=%d apk=%d", ask_number(bus, "GetMountFlags", "/"),
	    ask_number(bus, "GetMountFlags", "/mnt/apk"));
	say("data_is_mounted_with_no_exec", "data=%d", ask_number(bus, "GetMountFlags", "/data"));
	say("file_under_bin_has_execute_permission", "bin=%d assets=%d none=%d",
	    ask_number(bus, "GetFilePermissions", "/mnt/apk/bin/text"),
	    ask_number(bus, "GetFilePermissions", "/mnt/apk/assets/text"),
	    ask_number(bus, "GetFilePermissions", "/mnt/apk/none"));
}

static void say_files(GDBusConnection *bus)
{
	g_autofree char *asset = ask_word(bus, "ReadFromFile", "/mnt/apk/assets/text");
	g_autofree char *none = ask_word(bus, "ReadFromFile", "/mnt/apk/assets/none");
	g_autofree char *extra = ask_word(bus, "ReadFromFile", "/mnt/extra-apk/0/assets/text");
	g_autofree char *cpus = ask_word(bus, "ReadFromFile", "/sys/devices/system/cpu/online");
	g_autofree char *kernel = ask_word(bus, "ReadFromFile", "/proc/version");

	say("can_read_file_from_assets", "asset=%s none=%s", asset, none);
	say("extra_apk", "asset=%s", extra);
	say("host_cpu_topology", "online=%s", cpus);
	say("kernel_version_requirement", "version=%.40s", kernel);
}

static void say_api(GDBusConnection *bus)
{
	g_autoptr(GVariant) sum = ask(bus, "AddInteger", g_variant_new("(ii)", 123, 456), "(i)");
	g_autoptr(GVariant) attested =
		ask(bus, "RequestAttestation", g_variant_new("(u)", CHALLENGE_BYTES), "(i)");
	g_autoptr(GVariant) paths = ask(bus, "GetPaths", NULL, "(ss)");
	const char *contents = "failed";
	const char *storage = "failed";
	int number = 0;
	int status = 0;

	if (sum != NULL && attested != NULL && paths != NULL) {
		g_variant_get(sum, "(i)", &number);
		g_variant_get(attested, "(i)", &status);
		g_variant_get(paths, "(&s&s)", &contents, &storage);
	}
	say("create_and_connect_to_vm_rpc", "sum=%d apk=%s storage=%s", number, contents,
	    storage[0] != '\0' ? storage : "none");
	say("attestation_is_not_supported", "status=%d", status);
}

static void called_back(GDBusConnection *bus, const char *sender, const char *path,
			const char *interface, const char *method, GVariant *arguments,
			GDBusMethodInvocation *call, gpointer message)
{
	(void)bus;
	(void)sender;
	(void)path;
	(void)interface;
	(void)method;
	g_variant_get(arguments, "(s)", message);
	g_dbus_method_invocation_return_value(call, NULL);
}

static gboolean no_callback(gpointer late)
{
	*(gboolean *)late = TRUE;
	return G_SOURCE_CONTINUE;
}

/* The payload calls an object of ours. */
static void say_callback(GDBusConnection *bus)
{
	static const char xml[] = "<node><interface name='org.terrarium.payload.ITestCallback'>"
				  "<method name='OnCallback'><arg type='s'/></method>"
				  "</interface></node>";
	static const GDBusInterfaceVTable table = { .method_call = called_back };
	GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(xml, NULL);
	g_autoptr(GVariant) answer = NULL;
	g_autofree char *message = NULL;
	g_autofree char *word = NULL;
	gboolean late = FALSE;
	guint object = g_dbus_connection_register_object(bus, RPC_PATH, node->interfaces[0], &table,
							 &message, NULL, NULL);
	guint timer = g_timeout_add_seconds(CALLBACK_SECONDS, no_callback, &late);

	answer = ask(bus, "RequestCallback", g_variant_new("(s)", "hello"), "()");
	while (answer != NULL && message == NULL && !late) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_source_remove(timer);
	g_dbus_connection_unregister_object(bus, object);
	g_dbus_node_info_unref(node);
	word = words(message != NULL ? message : "none");
	say("binder_callbacks_work", "message=%s", word);
}

/* One line to a payload that sends it back with its bytes in the other order, then @more; its answer. Owned by the caller. */
static char *exchange(AvfVm *vm, guint port, const char *line, const char *more)
{
	GError *error = NULL;
	int fd = avf_vm_connect_vsock(vm, port, &error);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	char answer[64] = "";

	must(error, "connecting to a payload that echoes");
	if (stream == NULL) {
		give_up("connecting to a payload that echoes", "no stream");
	}
	dprintf(fd, "%s", line);
	if (fgets(answer, sizeof(answer), stream) == NULL) {
		answer[0] = '\0';
	}
	dprintf(fd, "%s", more);
	fclose(stream);
	return words(g_strchomp(answer));
}

static void say_vsock(AvfVm *vm, GDBusConnection *bus)
{
	g_autoptr(GVariant) served = ask(bus, "RunEchoReverseServer", NULL, "()");
	g_autofree char *answer = NULL;

	if (served != NULL) {
		answer = exchange(vm, SERVICE_ECHO_PORT, "reversed\n", "");
	}
	say("connect_vsock", "answer=%s", answer != NULL ? answer : "none");
}

static void say_console_input(AvfVm *vm, GDBusConnection *bus)
{
	static const char line[] = "typed by the host\n";
	GOutputStream *input = avf_vm_get_console_input(vm, NULL);
	g_autofree char *read = NULL;

	if (input != NULL) {
		g_output_stream_write_all(input, line, strlen(line), NULL, NULL, NULL);
		read = ask_word(bus, "ReadLineFromConsole", NULL);
		g_object_unref(input);
	}
	say("console_input_supported", "read=%s", read != NULL ? read : "none");
}

static void talk_by_rpc(AvfVm *vm)
{
	GError *error = NULL;
	g_autoptr(GDBusConnection)
		bus = avf_vm_connect_to_vsock_server(vm, SERVICE_PORT, NULL, &error);
	g_autoptr(GVariant) answer = NULL;

	must(error, "connecting to the test service");
	say_api(bus);
	say_files(bus);
	say_rights(bus);
	say_callback(bus);
	say_vsock(vm, bus);
	say_console_input(vm, bus);
	answer = ask(bus, "Quit", g_variant_new("(i)", EXIT_CODE), "()");
	if (answer == NULL) {
		give_up("telling the test service to quit", "it has not answered");
	}
}

static void talk_by_vsock(AvfVm *vm)
{
	g_autofree char *answer = exchange(vm, ECHO_PORT, "hello\n", "quit\n");

	say("create_and_run_no_debug_vm_echo", "answer=%s", answer);
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
	AvfConfigBuilder *b = builder_of(t, "test_service");
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
