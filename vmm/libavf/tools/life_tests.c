/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines whose payload need not run: what their status allows, and their user. */
#include "vmm/libavf/tools/avf_test.h"

#include <unistd.h>

static int connection(AvfVm *vm)
{
	GError *error = NULL;
	int fd = avf_vm_connect_vsock(vm, AVF_VM_MIN_VSOCK_PORT, &error);

	if (fd >= 0) {
		close(fd);
	}
	return code(&error);
}

static int rpc_connection(AvfVm *vm)
{
	GError *error = NULL;
	GDBusConnection *bus =
		avf_vm_connect_to_vsock_server(vm, AVF_VM_MIN_VSOCK_PORT, NULL, &error);

	g_clear_object(&bus);
	return code(&error);
}

static int run_code(AvfVm *vm)
{
	GError *error = NULL;

	avf_vm_run(vm, &error);
	return code(&error);
}

static int stop_code(AvfVm *vm)
{
	GError *error = NULL;

	avf_vm_stop(vm, &error);
	return code(&error);
}

static int set_config_code(AvfVm *vm)
{
	g_autoptr(AvfConfig) config = avf_vm_get_config(vm);
	g_autoptr(AvfConfig) before = NULL;
	GError *error = NULL;

	before = avf_vm_set_config(vm, config, &error);
	return before == NULL ? code(&error) : 0;
}

static void lifecycle_checks(const struct test *t)
{
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "text_service"));
	struct heard h;

	hear(vm, &h);
	say("lifecycle_stopped", "status=%d connect=%d rpc=%d stop=%d", avf_vm_get_status(vm),
	    connection(vm), rpc_connection(vm), stop_code(vm));
	run(vm, "running a machine");
	say("lifecycle_running", "status=%d run=%d set_config=%d delete=%d cid=%d",
	    avf_vm_get_status(vm), run_code(vm), set_config_code(vm), test_deletion(t, "vm"),
	    avf_vm_get_cid(vm) >= 2048);
	say("lifecycle_stop", "stop=%d status=%d", stop_code(vm), avf_vm_get_status(vm));
	wait_for(&h.stopped, &h, "stopped");
	say_heard("lifecycle_told", &h);
	say("lifecycle_deleted",
	    "delete=%d status=%d run=%d connect=%d rpc=%d set_config=%d again=%d",
	    test_deletion(t, "vm"), avf_vm_get_status(vm), run_code(vm), connection(vm),
	    rpc_connection(vm), set_config_code(vm), test_deletion(t, "vm"));
	g_object_unref(vm);
}

/* autoCloseVm: the last reference to a running machine goes; it can be run again at once. */
static void auto_close(const struct test *t)
{
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "text_service"));
	int status;

	run(vm, "running a machine");
	g_object_unref(vm);
	vm = avf_manager_get(t->manager, "vm", NULL);
	status = avf_vm_get_status(vm);
	say("auto_close_vm", "status=%d run=%d", status, run_code(vm));
	avf_vm_close(vm);
	say("close_vm", "status=%d", avf_vm_get_status(vm));
	avf_vm_close(vm);
	delete_vm(t, vm);
}

static void low_memory(const struct test *t)
{
	static const int mib[] = { 4, 8 };

	for (size_t i = 0; i < G_N_ELEMENTS(mib); i++) {
		AvfConfigBuilder *b = builder_of(t, "text_service");
		struct heard h;
		AvfVm *vm;
		int started;

		avf_config_builder_set_memory_bytes(b, mib[i] * MIB);
		vm = vm_of(t, "vm", b);
		hear(vm, &h);
		started = run_code(vm);
		if (started == 0) {
			wait_for(&h.stopped, &h, "stopped");
		}
		say("boot_fails_when_low_mem",
		    "mib=%d run=%d started=%d ready=%d stopped=%d reason=%d", mib[i], started,
		    h.started, h.ready, h.stopped, h.reason);
		delete_vm(t, vm);
	}
}

static void paths(const struct test *t)
{
	AvfConfigBuilder *b = builder_of(t, "text_service");
	AvfVm *vm;
	int apk;

	avf_config_builder_set_apk_path(b, "/does/not/exist");
	vm = vm_of(t, "vm", b);
	apk = run_code(vm);
	delete_vm(t, vm);
	b = builder_of(t, "text_service");
	avf_config_builder_add_extra_apk(b, "/does/not/exist");
	vm = vm_of(t, "vm", b);
	say("boot_fails_when_path_is_invalid", "apk=%d extra_apk=%d status=%d", apk, run_code(vm),
	    avf_vm_get_status(vm));
	delete_vm(t, vm);
}

static void explicit_streams(const struct test *t)
{
	AvfConfigBuilder *b = builder_of(t, "text_service");
	GError *error = NULL;
	AvfVm *vm;
	int console;
	int log;

	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
	vm = vm_of(t, "vm", b);
	(void)!avf_vm_get_console_output(vm, &error);
	console = code(&error);
	(void)!avf_vm_get_log_output(vm, &error);
	log = code(&error);
	(void)!avf_vm_get_console_input(vm, &error);
	say("output_should_be_explicitly_captured", "console=%d log=%d", console, log);
	say("input_should_be_explicitly_allowed", "input=%d", code(&error));
	delete_vm(t, vm);
}

void life_tests(const struct test *t)
{
	lifecycle_checks(t);
	auto_close(t);
	low_memory(t);
	paths(t);
	explicit_streams(t);
}

/* One by a configuration in its package, and one by the name of its library. */
void permission_tests(const struct test *t)
{
	AvfConfigBuilder *b = avf_config_builder_new();
	g_autofree char *path = g_strconcat(t->packages, "/text_service.apk", NULL);
	AvfVm *vm;
	int with_config;

	avf_config_builder_set_apk_path(b, path);
	avf_config_builder_set_payload_config_path(b, "assets/vm_config.json");
	avf_config_builder_set_protected_vm(b, t->protected_vm);
	vm = vm_of(t, "vm", b);
	with_config = run_code(vm);
	avf_vm_close(vm);
	delete_vm(t, vm);
	vm = vm_of(t, "vm", builder_of(t, "text_service"));
	say("create_vm_with_config_requires_permission", "with_config=%d with_binary=%d",
	    with_config, run_code(vm));
	avf_vm_close(vm);
	delete_vm(t, vm);
}
