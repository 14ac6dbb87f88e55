/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines of a manager, with the real service and a fake vmm: names, files, status, signals, connections, streams. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/libavf/support.h"
#include "tests/plugins/cmocka_all.h"
#include "tests/service/fake_transport.h"
#include "vmm/service/stream_bus.h"

#define PORT 5000

static void capabilities(void **state)
{
	struct world *w = *state;
	g_auto(GStrv) names = NULL;
	gboolean enabled = TRUE;

	assert_int_equal(avf_manager_get_capabilities(w->manager, NULL),
			 AVF_MANAGER_CAPABILITY_PROTECTED_VM |
				 AVF_MANAGER_CAPABILITY_NON_PROTECTED_VM);
	world_does(w, "wait");
	names = avf_manager_get_supported_os_list(w->manager, NULL);
	assert_int_equal(g_strv_length(names), 1);
	assert_string_equal(names[0], "microdroid");
	assert_true(avf_manager_is_feature_enabled(w->manager, "com.android.kvm.NO_SUCH", &enabled,
						   NULL));
	assert_false(enabled);
}

static void no_service(void **state)
{
	struct world *w = *state;
	GError *error = NULL;

	g_setenv(AVF_SERVICE_SOCKET_ENV, "/nowhere", TRUE);
	assert_null(avf_manager_new(w->data, &error));
	avf_error_is(error, AVF_ERROR_UNSUPPORTED_OPERATION, "/nowhere");
}

static void a_run_is_told(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");

	assert_string_equal(avf_vm_get_name(vm), "vm");
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_STOPPED);
	assert_int_equal(avf_vm_get_cid(vm), 0);
	world_does(w, "started;ready;finished 7;exit 0");
	vm_tells(vm, "started ready finished:7 stopped:3 ");
	world_does(w,
		   "error 1 it is another;port MICRODROID_PAYLOAD_VERIFICATION_FAILED|why;exit 0");
	vm_tells(vm, "error:1:it is another stopped:13 ");
	world_does(w, "started;exit 33");
	vm_tells(vm, "started stopped:6 ");
}

/* AVF's vmLifecycleChecks. */
static void calls_by_status(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfConfig) config = world_config(w);
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	g_autoptr(AvfConfig) before = NULL;
	GError *error = NULL;

	world_does(w, "wait");
	assert_int_equal(avf_vm_connect_vsock(vm, PORT, &error), -1);
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_RUNNING, "not in running state");
	assert_null(avf_vm_connect_to_vsock_server(vm, PORT, NULL, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_RUNNING, "not in running state");
	assert_false(avf_vm_stop(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_RUNNING, "not in running state");
	assert_false(avf_vm_suspend(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_RUNNING, "not in running state");
	assert_false(avf_vm_resume(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_RUNNING, "not in running state");
	avf_vm_close(vm); /* does nothing */

	assert_true(avf_vm_run(vm, NULL));
	assert_true(avf_vm_get_cid(vm) >= 2048);
	assert_false(avf_vm_run(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_STOPPED, "not in stopped state");
	assert_null(avf_vm_set_config(vm, config, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_STOPPED, "not in stopped state");
	assert_false(avf_manager_delete(w->manager, "vm", &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_STOPPED, "not in stopped state");
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_RUNNING);

	assert_true(avf_vm_stop(vm, NULL));
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_STOPPED);
	before = avf_vm_set_config(vm, config, &error);
	assert_non_null(before);
	assert_true(avf_manager_delete(w->manager, "vm", NULL));
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_DELETED);
	assert_false(avf_vm_run(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_DELETED, "deleted");
	assert_int_equal(avf_vm_connect_vsock(vm, PORT, &error), -1);
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_DELETED, "deleted");
	assert_null(avf_vm_set_config(vm, config, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_DELETED, "deleted");
	assert_null(avf_vm_get_console_output(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_DELETED, "deleted");
	assert_false(avf_manager_delete(w->manager, "vm", &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_FOUND, "there is no machine \"vm\"");
}

/* The end of a run that was stopped is told, also if the next run has begun. */
static void stop_and_run_again(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GString *events = events_of(vm);

	world_does(w, "wait");
	assert_true(avf_vm_run(vm, NULL));
	assert_true(avf_vm_stop(vm, NULL));
	assert_string_equal(events->str, "");
	events_wait(events, "stopped:1");
	assert_true(avf_vm_run(vm, NULL));
	avf_vm_close(vm);
	g_signal_handlers_disconnect_by_data(vm, events);
	world_does(w, "started;exit 0");
	assert_true(avf_vm_run(vm, NULL));
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_RUNNING);
	g_string_free(events, TRUE);
}

static void run_again(AvfVm *vm, int reason, void *runs)
{
	if (++*(int *)runs < 3) {
		assert_int_equal(reason, AVF_STOP_REASON_SHUTDOWN);
		assert_true(avf_vm_run(vm, NULL));
	}
}

static void run_from_the_callback(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	int runs = 0;

	world_does(w, "exit 0");
	g_signal_connect(vm, "stopped", G_CALLBACK(run_again), &runs);
	assert_true(avf_vm_run(vm, NULL));
	while (runs < 3) {
		g_main_context_iteration(NULL, TRUE);
	}
}

static void drop_all(AvfVm *vm, int reason, struct world *w)
{
	(void)reason;
	g_object_unref(vm);
	g_object_unref(w->manager);
	w->manager = NULL;
}

/* The last reference to a machine and its manager goes in a callback. */
static void all_dropped_in_a_callback(void **state)
{
	struct world *w = *state;
	AvfVm *vm = world_vm(w, "vm");

	world_does(w, "exit 0");
	g_signal_connect(vm, "stopped", G_CALLBACK(drop_all), w);
	assert_true(avf_vm_run(vm, NULL));
	g_object_add_weak_pointer(G_OBJECT(vm), (void **)&vm);
	while (w->manager != NULL) {
		g_main_context_iteration(NULL, TRUE);
	}
	assert_null(vm);
	while (g_main_context_iteration(NULL, FALSE)) {
		/* the connection is closed */
	}
	w->manager = avf_manager_new(w->data, NULL);
	assert_non_null(w->manager);
}

static void names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "../vm", "\xff" };
	struct world *w = *state;
	g_autoptr(AvfConfig) config = world_config(w);
	g_autofree char *longest = g_strnfill(127, 'x');
	g_autofree char *too_long = g_strnfill(128, 'x');
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_null(avf_manager_create(w->manager, bad[i], config, &error));
		avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "name: ");
		assert_null(avf_manager_get(w->manager, bad[i], &error));
		avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "name: ");
		assert_false(avf_manager_delete(w->manager, bad[i], &error));
		avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "name: ");
	}
	assert_null(avf_manager_create(w->manager, too_long, config, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "name: ");
	g_object_unref(world_vm(w, longest));
	g_object_unref(world_vm(w, "..."));
	g_object_unref(world_vm(w, "\xc3\xa4 b"));
}

static void get_and_create(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfConfigBuilder) builder = world_builder(w);
	g_autoptr(AvfConfig) other = NULL;
	g_autoptr(AvfConfig) kept = NULL;
	g_autoptr(AvfVm) vm = NULL;
	g_autoptr(AvfVm) same = NULL;
	g_autoptr(AvfVm) also = NULL;
	GError *error = NULL;

	avf_config_builder_set_memory_bytes(builder, 1 << 28);
	other = avf_config_builder_build(builder, NULL);
	assert_null(avf_manager_get(w->manager, "vm", &error));
	assert_null(error);
	vm = avf_manager_get_or_create(w->manager, "vm", other, NULL);
	assert_non_null(vm);
	same = avf_manager_get(w->manager, "vm", NULL);
	assert_ptr_equal(vm, same);
	also = avf_manager_get_or_create(w->manager, "vm", other, NULL);
	assert_ptr_equal(vm, also);
	assert_null(avf_manager_create(w->manager, "vm", other, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_EXISTS, "there is a machine \"vm\"");
	g_clear_object(&same);
	g_clear_object(&also);
	g_clear_object(&vm);
	/* Not in memory any more, but in its files. */
	assert_null(avf_manager_create(w->manager, "vm", other, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_EXISTS, "there is a machine \"vm\"");
	vm = avf_manager_get(w->manager, "vm", NULL);
	kept = avf_vm_get_config(vm);
	assert_int_equal(avf_config_get_memory_bytes(kept), 1 << 28);
	assert_string_equal(avf_config_get_apk_path(kept), w->apk);
}

static GBytes *file_of(struct world *w, const char *file)
{
	g_autofree char *path = g_build_filename(w->data, "vm/vm", file, NULL);
	char *text = NULL;
	size_t bytes = 0;

	assert_true(g_file_get_contents(path, &text, &bytes, NULL));
	return g_bytes_new_take(text, bytes);
}

/* The caller and the service are other ones; the machine is the same. A new one is not. */
static void the_same_machine_again(void **state)
{
	struct world *w = *state;
	g_autoptr(GBytes) id = NULL;
	g_autoptr(GBytes) id_again = NULL;
	g_autoptr(GBytes) id_of_another = NULL;
	g_autoptr(GBytes) image = NULL;
	g_autoptr(AvfVm) vm = NULL;

	g_object_unref(world_vm(w, "vm"));
	id = file_of(w, "instance_id");
	image = file_of(w, "instance.img");
	assert_int_equal(g_bytes_get_size(id), 64);
	assert_memory_equal(g_bytes_get_data(image, NULL), "Android-VM-instance\1\0", 21);
	g_object_unref(w->manager);
	test_service_stop(&w->service);
	test_service_start(&w->service);
	w->manager = avf_manager_new(w->data, NULL);
	assert_non_null(w->manager);
	vm = avf_manager_get(w->manager, "vm", NULL);
	assert_non_null(vm);
	world_does(w, "started;exit 0");
	vm_tells(vm, "started stopped:3 ");
	id_again = file_of(w, "instance_id");
	assert_true(g_bytes_equal(id, id_again));
	assert_true(avf_manager_delete(w->manager, "vm", NULL));
	g_object_unref(world_vm(w, "vm"));
	id_of_another = file_of(w, "instance_id");
	assert_false(g_bytes_equal(id, id_of_another));
}

static void nothing_is_left(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);

	assert_non_null(entries);
	assert_null(g_dir_read_name(entries));
}

/* deleteVm, deleteVmFiles. */
static void deleted_with_its_files(void **state)
{
	struct world *w = *state;
	g_autofree char *folder = g_build_filename(w->data, "vm", NULL);
	g_autofree char *machine = g_build_filename(folder, "vm", NULL);
	g_autofree char *config = g_build_filename(machine, "config", NULL);
	g_autofree char *id = g_build_filename(machine, "instance_id", NULL);
	g_autofree char *image = g_build_filename(machine, "instance.img", NULL);
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	g_autoptr(AvfVm) next = NULL;
	g_autoptr(AvfVm) after = NULL;

	assert_true(avf_manager_delete(w->manager, "vm", NULL));
	nothing_is_left(folder);
	assert_null(avf_manager_get(w->manager, "vm", NULL));
	next = world_vm(w, "vm");
	assert_ptr_not_equal(next, vm);
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_DELETED);
	assert_int_equal(avf_vm_get_status(next), AVF_VM_STATUS_STOPPED);
	/* The old one's end takes nothing from the new one. */
	g_clear_object(&vm);
	after = avf_manager_get(w->manager, "vm", NULL);
	assert_ptr_equal(after, next);
	/* The files go without the library. */
	g_unlink(config);
	g_unlink(id);
	g_unlink(image);
	assert_int_equal(g_rmdir(machine), 0);
	assert_int_equal(avf_vm_get_status(next), AVF_VM_STATUS_DELETED);
	g_object_unref(world_vm(w, "vm"));
}

static void set_config(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfConfigBuilder) builder = world_builder(w);
	g_autoptr(AvfConfig) memory = NULL;
	g_autoptr(AvfConfig) debug = NULL;
	g_autoptr(AvfConfig) before = NULL;
	g_autoptr(AvfConfig) now = NULL;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GError *error = NULL;

	avf_config_builder_set_memory_bytes(builder, 1 << 27);
	memory = avf_config_builder_build(builder, NULL);
	avf_config_builder_set_debug_level(builder, AVF_DEBUG_LEVEL_FULL);
	debug = avf_config_builder_build(builder, NULL);
	before = avf_vm_set_config(vm, memory, NULL);
	assert_int_equal(avf_config_get_memory_bytes(before), 0);
	assert_null(avf_vm_set_config(vm, debug, &error));
	avf_error_is(error, AVF_ERROR_INCOMPATIBLE, "incompatible");
	g_clear_object(&vm);
	vm = avf_manager_get(w->manager, "vm", NULL);
	now = avf_vm_get_config(vm);
	assert_int_equal(avf_config_get_memory_bytes(now), 1 << 27);
	assert_int_equal(avf_config_get_debug_level(now), AVF_DEBUG_LEVEL_NONE);
}

static void not_on_this_host(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfConfigBuilder) store = world_builder(w);
	g_autoptr(AvfConfigBuilder) vendor = world_builder(w);
	g_autoptr(AvfConfig) with_store = NULL;
	g_autoptr(AvfConfig) with_vendor = NULL;
	GError *error = NULL;

	avf_config_builder_set_encrypted_storage_bytes(store, 1 << 20);
	avf_config_builder_set_vendor_disk_image(vendor, "/vendor.img");
	with_store = avf_config_builder_build(store, NULL);
	with_vendor = avf_config_builder_build(vendor, NULL);
	assert_null(avf_manager_create(w->manager, "vm", with_store, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_UNSUPPORTED_OPERATION,
		     "encrypted-storage-bytes: ");
	assert_null(avf_manager_create(w->manager, "vm", with_vendor, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_UNSUPPORTED_OPERATION,
		     "vendor-disk-image: ");
	assert_null(avf_manager_get(w->manager, "vm", NULL));
}

static void what_a_run_needs(void **state)
{
	struct world *w = *state;
	g_autofree char *idsig = g_strconcat(w->apk, ".idsig", NULL);
	g_autofree char *id = g_build_filename(w->data, "vm/vm/instance_id", NULL);
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GError *error = NULL;

	assert_false(avf_vm_run(vm, &error)); /* no OS is there */
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "os-name: ");
	world_does(w, "exit 0");
	g_unlink(idsig);
	assert_false(avf_vm_run(vm, &error)); /* the service makes none of what is no package */
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "");
	g_unlink(w->apk);
	assert_false(avf_vm_run(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_FAILED, "package: ");
	assert_true(g_file_set_contents(id, "short", -1, NULL));
	assert_true(g_file_set_contents(w->apk, "a", -1, NULL));
	assert_true(g_file_set_contents(idsig, "b", -1, NULL));
	assert_false(avf_vm_run(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "instance-id: ");
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_STOPPED);
}

static void suspend_and_resume(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GError *error = NULL;

	world_does(w, "control {\"ok\":true};control {\"ok\":true};control {\"ok\":false};wait");
	assert_true(avf_vm_run(vm, NULL));
	assert_true(avf_vm_suspend(vm, NULL));
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_RUNNING);
	assert_true(avf_vm_resume(vm, NULL));
	assert_false(avf_vm_suspend(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_FAILED, "the vmm did not do it");
	assert_true(avf_vm_stop(vm, NULL));
}

/* Another process has the machine: it holds the lock on its folder. */
static void one_process_at_a_time(void **state)
{
	struct world *w = *state;
	g_autofree char *folder = g_build_filename(w->data, "vm/vm", NULL);
	g_autoptr(AvfConfig) config = world_config(w);
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	int lock = open(folder, O_RDONLY | O_DIRECTORY);
	GError *error = NULL;

	world_does(w, "wait");
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_false(avf_vm_run(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_STOPPED, "another process");
	assert_false(avf_manager_delete(w->manager, "vm", &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_STOPPED, "another process");
	assert_null(avf_vm_set_config(vm, config, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_STOPPED, "another process");
	assert_int_equal(flock(lock, LOCK_UN), 0);
	assert_true(avf_vm_run(vm, NULL));
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
	assert_true(avf_vm_stop(vm, NULL));
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	close(lock);
}

static void the_service_dies(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GString *events = events_of(vm);

	world_does(w, "started;wait");
	assert_true(avf_vm_run(vm, NULL));
	events_wait(events, "started");
	test_service_kill(&w->service);
	events_wait(events, "stopped");
	assert_string_equal(events->str, "started stopped:-1 ");
	g_signal_handlers_disconnect_by_data(vm, events);
	test_service_start(&w->service);
	world_does(w, "started;exit 0");
	vm_tells(vm, "started stopped:3 ");
	g_string_free(events, TRUE);
}

/* Each run has a CID of its own; four at once, then none. */
static void concurrent(void **state)
{
	struct world *w = *state;
	AvfVm *vms[4];
	GString *events[G_N_ELEMENTS(vms)];

	world_does(w, "started;ready;wait");
	for (size_t i = 0; i < G_N_ELEMENTS(vms); i++) {
		g_autofree char *name = g_strdup_printf("vm%zu", i);

		vms[i] = world_vm(w, name);
		events[i] = events_of(vms[i]);
		assert_true(avf_vm_run(vms[i], NULL));
		assert_true(i == 0 || avf_vm_get_cid(vms[i]) != avf_vm_get_cid(vms[i - 1]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(vms); i++) {
		events_wait(events[i], "ready");
		g_signal_handlers_disconnect_by_data(vms[i], events[i]);
		g_object_unref(vms[i]); /* running: stopped by this */
		g_string_free(events[i], TRUE);
	}
}

static char *read_stream(GInputStream *stream)
{
	g_autoptr(GOutputStream) all = g_memory_output_stream_new_resizable();

	assert_true(g_output_stream_splice(all, stream, G_OUTPUT_STREAM_SPLICE_NONE, NULL, NULL) >=
		    0);
	g_output_stream_write_all(all, "", 1, NULL, NULL, NULL);
	g_output_stream_close(all, NULL, NULL);
	return g_memory_output_stream_steal_data(G_MEMORY_OUTPUT_STREAM(all));
}

static AvfVm *captured_vm(struct world *w)
{
	g_autoptr(AvfConfigBuilder) builder = world_builder(w);
	g_autoptr(AvfConfig) config = NULL;

	avf_config_builder_set_debug_level(builder, AVF_DEBUG_LEVEL_FULL);
	avf_config_builder_set_vm_output_captured(builder, TRUE);
	config = avf_config_builder_build(builder, NULL);
	return avf_manager_create(w->manager, "vm", config, NULL);
}

static void streams(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = captured_vm(w);
	g_autoptr(GInputStream) console = avf_vm_get_console_output(vm, NULL);
	g_autoptr(GInputStream) log = NULL;
	g_autoptr(GInputStream) second = NULL;
	g_autofree char *said = NULL;
	g_autofree char *logged = NULL;
	g_autofree char *again = NULL;
	GError *error = NULL;

	world_does(w, "console hello;log noted;exit 0;");
	vm_tells(vm, "stopped:3 ");
	log = avf_vm_get_log_output(vm, NULL);
	said = read_stream(console);
	logged = read_stream(log);
	assert_string_equal(said, "hello\n");
	assert_string_equal(logged, "noted\n");
	world_does(w, "console second;exit 0;");
	vm_tells(vm, "stopped:3 ");
	second = avf_vm_get_console_output(vm, NULL);
	assert_ptr_not_equal(second, console);
	again = read_stream(second);
	assert_string_equal(again, "second\n");
	assert_null(avf_vm_get_console_input(vm, &error));
	avf_error_is(error, AVF_ERROR_ILLEGAL_STATE, "vm-console-input-supported: ");
}

static void streams_must_be_asked_for(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GError *error = NULL;

	assert_null(avf_vm_get_console_output(vm, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_STATE, "vm-output-captured: ");
	assert_null(avf_vm_get_log_output(vm, &error));
	avf_error_is(error, AVF_ERROR_ILLEGAL_STATE, "vm-output-captured: ");
}

static void connections(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GString *events = events_of(vm);
	GError *error = NULL;
	char byte = 'x';
	int fd;

	world_does(w, "started;listen 5000;listen 5002;wait");
	assert_true(avf_vm_run(vm, NULL));
	assert_int_equal(avf_vm_connect_vsock(vm, 1023, &error), -1);
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_ILLEGAL_ARGUMENT, "port: ");
	assert_int_equal(avf_vm_connect_vsock(vm, 5001, &error), -1);
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_FAILED, "");
	events_wait(events, "ready");
	fd = avf_vm_connect_vsock(vm, PORT, NULL);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(fd, &byte, 1), 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(fd);
	/* What echoes does not speak D-Bus. */
	do { /* until it listens */
		g_clear_error(&error);
		assert_null(avf_vm_connect_to_vsock_server(vm, PORT + 2, NULL, &error));
	} while (strstr(error->message, "nobody listens") != NULL);
	avf_error_is(error, AVF_ERROR_FAILED, "");
	g_signal_handlers_disconnect_by_data(vm, events);
	g_string_free(events, TRUE);
}

/* The payload's side: one connection, whose peer's Ping GDBus answers. */
static gpointer serve(gpointer listener)
{
	int fd = accept(GPOINTER_TO_INT(listener), NULL, NULL);
	GDBusConnection *bus = stream_bus_server(fd, NULL, NULL);

	g_dbus_connection_start_message_processing(bus);
	return bus;
}

static void rpc(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	g_autoptr(GDBusConnection) bus = NULL;
	g_autoptr(GDBusConnection) theirs = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	GThread *thread;
	int listener;

	world_does(w, "wait");
	assert_true(avf_vm_run(vm, NULL));
	listener = fake_transport_listen_port(w->service.guests, avf_vm_get_cid(vm), PORT);
	thread = g_thread_new("payload", serve, GINT_TO_POINTER(listener));
	bus = avf_vm_connect_to_vsock_server(vm, PORT, NULL, &error);
	assert_null(error);
	theirs = g_thread_join(thread);
	answer = g_dbus_connection_call_sync(bus, NULL, "/", "org.freedesktop.DBus.Peer", "Ping",
					     NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	assert_null(error);
	assert_non_null(answer);
	close(listener);
	g_dbus_connection_close_sync(bus, NULL, NULL);
	g_dbus_connection_close_sync(theirs, NULL, NULL);
}

static gpointer cancel(gpointer cancellable)
{
	g_cancellable_cancel(cancellable);
	return NULL;
}

/* A payload that takes the connection and says nothing. */
static void rpc_without_an_answer(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	GError *error = NULL;
	GThread *thread;
	int listener;

	world_does(w, "wait");
	assert_true(avf_vm_run(vm, NULL));
	listener = fake_transport_listen_port(w->service.guests, avf_vm_get_cid(vm), PORT);
	thread = g_thread_new("cancel", cancel, cancellable);
	assert_null(avf_vm_connect_to_vsock_server(vm, PORT, cancellable, &error));
	avf_error_is(error, AVF_ERROR_FAILED, "cancelled");
	g_thread_join(thread);
	close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(capabilities),
		TEST(no_service),
		TEST(a_run_is_told),
		TEST(calls_by_status),
		TEST(stop_and_run_again),
		TEST(run_from_the_callback),
		TEST(all_dropped_in_a_callback),
		TEST(names),
		TEST(get_and_create),
		TEST(the_same_machine_again),
		TEST(deleted_with_its_files),
		TEST(set_config),
		TEST(not_on_this_host),
		TEST(what_a_run_needs),
		TEST(suspend_and_resume),
		TEST(one_process_at_a_time),
		TEST(the_service_dies),
		TEST(concurrent),
		TEST(streams),
		TEST(streams_must_be_asked_for),
		TEST(connections),
		TEST(rpc),
		TEST(rpc_without_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
