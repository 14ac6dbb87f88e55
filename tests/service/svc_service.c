/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service with a fake vmm: clients, VMs from createVm to their end, guests that misbehave. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"
#include "vmm/service/ipc_error.h"

#define CYCLES 20

static int state_of(const struct test_vm *vm)
{
	gint state = -1;

	assert_true(ipc_virtual_machine_call_get_state_sync(vm->proxy, &state, NULL, NULL));
	return state;
}

static guint cid_of(const struct test_vm *vm)
{
	guint cid = 0;

	assert_true(ipc_virtual_machine_call_get_cid_sync(vm->proxy, &cid, NULL, NULL));
	return cid;
}

static void life_from_made_to_dead(void **state)
{
	struct test_world *w = *state;
	struct test_vm vm;

	test_vm_init(&vm, &w->client, "started;ready;finished 7;exit 0");
	assert_int_equal(state_of(&vm), AVF_STATE_NOT_STARTED);
	assert_in_range(cid_of(&vm), 2048, 65535);
	test_vm_start(&vm);
	test_vm_wait(&vm, "died");
	assert_string_equal(vm.events->str, "started ready finished:7 died:3 ");
	assert_int_equal(state_of(&vm), AVF_STATE_DEAD);
	test_vm_clear(&vm, true);
}

/* What the client hears for each end of a vmm. */
static void reasons(void **state)
{
	struct test_world *w = *state;

	test_vm_run(&w->client, "exit 0", "died:3 ");
	test_vm_run(&w->client, "exit 1", "died:4 ");
	test_vm_run(&w->client, "exit 32", "died:5 ");
	test_vm_run(&w->client, "exit 33", "died:6 ");
	test_vm_run(&w->client, "exit 34", "died:2 ");
	test_vm_run(&w->client, "exit 35", "died:2 ");
	test_vm_run(&w->client, "exit 36", "died:17 ");
	test_vm_run(&w->client, "kill 9", "died:1 ");
	test_vm_run(&w->client, "port MICRODROID_PAYLOAD_HAS_CHANGED|it has;exit 0", "died:12 ");
	test_vm_run(&w->client, "port SHUTDOWN;exit 33", "died:6 ");
}

static void guest_says_what_is_wrong(void **state)
{
	struct test_world *w = *state;

	test_vm_run(&w->client, "error 1 bad apk;finished 3;expect-error -5;exit 0",
		    "error:1:bad apk died:3 ");
	test_vm_run(&w->client, "error 9 what;expect-error -3;exit 0", "died:3 ");
}

static void states_go_forward_only(void **state)
{
	struct test_world *w = *state;

	test_vm_run(&w->client,
		    "ready;ready;expect-error -5;started;expect-error -5;finished 0;ready;"
		    "expect-error -5;exit 0",
		    "ready finished:0 died:3 ");
}

static void illegal_calls_change_nothing(void **state)
{
	struct test_world *w = *state;
	GError *error = NULL;
	struct test_vm vm;

	test_vm_init(&vm, &w->client, "started;wait");
	assert_false(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, &error));
	test_error_is(g_steal_pointer(&error), -5, "not running");
	test_vm_start(&vm);
	assert_false(ipc_virtual_machine_call_start_sync(vm.proxy, NULL, &error));
	test_error_is(g_steal_pointer(&error), -5, "started before");
	test_vm_wait(&vm, "started");
	assert_int_equal(state_of(&vm), AVF_STATE_STARTED);
	assert_true(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, NULL));
	assert_int_equal(state_of(&vm), AVF_STATE_DEAD);
	test_vm_wait(&vm, "died:1");
	assert_false(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, &error));
	test_error_is(g_steal_pointer(&error), -5, "not running");
	assert_false(ipc_virtual_machine_call_start_sync(vm.proxy, NULL, &error));
	test_error_is(g_steal_pointer(&error), -5, "started before");
	test_vm_clear(&vm, true);
}

static void not_there_yet_says_so(void **state)
{
	struct test_world *w = *state;
	GError *error = NULL;
	guint64 bytes;
	struct test_vm vm;
	GVariant *id = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, "", 0, 1);

	test_vm_init(&vm, &w->client, "wait");
	assert_false(
		ipc_virtual_machine_call_get_memory_balloon_sync(vm.proxy, &bytes, NULL, &error));
	test_error_is(g_steal_pointer(&error), -7, "GetMemoryBalloon");
	assert_false(ipc_virtualization_service_call_claim_vm_instance_sync(w->client.service, id,
									    NULL, &error));
	test_error_is(g_steal_pointer(&error), -7, "ClaimVmInstance");
	test_vm_clear(&vm, true);
}

static bool make_idsig(const struct test_world *w, int apk, int idsig, GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();

	g_unix_fd_list_append(fds, apk, NULL);
	g_unix_fd_list_append(fds, idsig, NULL);
	return ipc_virtualization_service_call_create_or_update_idsig_file_sync(
		w->client.service, g_variant_new_handle(0), g_variant_new_handle(1), fds, NULL,
		NULL, error);
}

static void idsigs(void **state)
{
	struct test_world *w = *state;
	int apk = open(APK_PACKAGE, O_RDONLY | O_CLOEXEC);
	int idsig = test_file("no idsig");
	unsigned descriptors;
	gint64 deadline = g_get_monotonic_time() + G_TIME_SPAN_MINUTE;
	GError *error = NULL;
	guint32 version = 0;

	assert_true(apk >= 0);
	assert_true(make_idsig(w, apk, idsig, NULL));
	descriptors = test_service_descriptors(&w->service); /* GDBus has its own by now */
	assert_int_equal(pread(idsig, &version, sizeof(version), 0), sizeof(version));
	assert_int_equal(version, 2);
	assert_true(lseek(idsig, 0, SEEK_END) > 4096);
	assert_false(make_idsig(w, idsig, idsig, &error));
	test_error_is(g_steal_pointer(&error), -3, "apk: not a zip");
	assert_false(make_idsig(w, apk, apk, &error)); /* it is open for reading only */
	test_error_is(g_steal_pointer(&error), -8, "cannot be written");
	/* A message's descriptors go in a thread of GDBus, which may come behind the answer. */
	while (test_service_descriptors(&w->service) > descriptors) {
		assert_true(g_get_monotonic_time() < deadline);
	}
	close(apk);
	close(idsig);
}

/* A VM is an object on its client's connection; another client has no such object. */
static void clients_do_not_see_each_others_vms(void **state)
{
	struct test_world *w = *state;
	struct test_client other;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = NULL;
	struct test_vm vm;

	test_vm_init(&vm, &w->client, "started;wait");
	test_vm_start(&vm);
	test_vm_wait(&vm, "started");
	test_client_init(&other, &w->service);
	answer = g_dbus_connection_call_sync(other.bus, NULL,
					     g_dbus_proxy_get_object_path(G_DBUS_PROXY(vm.proxy)),
					     "org.terrarium.avf.IVirtualMachine", "Stop", NULL,
					     NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	assert_null(answer);
	assert_true(g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD));
	test_client_clear(&other);
	assert_int_equal(state_of(&vm), AVF_STATE_STARTED);
	test_vm_clear(&vm, true);
}

static guint listed(const struct test_client *c)
{
	g_autoptr(GVariant) list = NULL;

	assert_true(
		ipc_virtualization_service_call_debug_list_vms_sync(c->service, &list, NULL, NULL));
	return (guint)g_variant_n_children(list);
}

static void list_of_vms(void **state)
{
	struct test_world *w = *state;
	g_autoptr(GVariant) list = NULL;
	g_autoptr(GVariant) first = NULL;
	const char *console = NULL;
	gint32 pid = 0;
	guint32 cid = 0;
	struct test_vm vm;

	assert_int_equal(listed(&w->client), 0);
	test_vm_init(&vm, &w->client, "wait");
	assert_true(ipc_virtual_machine_call_set_host_console_name_sync(vm.proxy, "/dev/pts/7",
									NULL, NULL));
	assert_true(ipc_virtualization_service_call_debug_list_vms_sync(w->client.service, &list,
									NULL, NULL));
	assert_int_equal(g_variant_n_children(list), 1);
	first = g_variant_get_child_value(list, 0);
	assert_true(g_variant_lookup(first, "cid", "u", &cid));
	assert_true(g_variant_lookup(first, "requester-pid", "i", &pid));
	assert_true(g_variant_lookup(first, "host-console-name", "&s", &console));
	assert_int_equal(cid, cid_of(&vm));
	assert_int_equal(pid, getpid());
	assert_string_equal(console, "/dev/pts/7");
	test_vm_clear(&vm, true);
	assert_int_equal(listed(&w->client), 0);
}

static void clients_death_ends_its_vms(void **state)
{
	struct test_world *w = *state;
	struct test_client other;
	struct test_vm vm;
	g_autofree char *rest = NULL;

	test_client_init(&other, &w->service);
	test_vm_init(&vm, &other, "started;wait");
	test_vm_start(&vm);
	test_vm_wait(&vm, "started");
	test_client_clear(&other);
	/* Its console ends with its vmm. */
	rest = test_read_all(vm.console);
	assert_string_equal(rest, "");
	while (listed(&w->client) > 0) {
	}
	test_vm_clear(&vm, false);
}

static void note_closed(GDBusConnection *bus, gboolean vanished, GError *error, gpointer closed)
{
	(void)bus;
	(void)error;
	*(int *)closed = vanished ? 1 : 2;
}

static void services_death_leaves_no_vmm(void **state)
{
	struct test_world *w = *state;
	struct test_vm vm;
	g_autofree char *line = NULL;
	g_autofree char *rest = NULL;
	int closed = 0;
	int pid;
	guint cid;

	test_vm_init(&vm, &w->client, "pid;started;wait");
	g_signal_connect(w->client.bus, "closed", G_CALLBACK(note_closed), &closed);
	test_vm_start(&vm);
	test_vm_wait(&vm, "started");
	cid = cid_of(&vm);
	line = test_read_line(vm.console);
	pid = (int)strtol(line, NULL, 10);
	test_service_kill(&w->service);
	rest = test_read_all(vm.console);
	assert_string_equal(rest, "");
	while (closed == 0) {
		g_main_context_iteration(NULL, TRUE);
	}
	/* Gone, or a zombie that its new parent did not ask for yet. */
	while (kill(pid, 0) == 0) {
		g_autofree char *path = g_strdup_printf("/proc/%d/maps", pid);
		g_autofree char *maps = NULL;

		if (!g_file_get_contents(path, &maps, NULL, NULL) || maps[0] == '\0') {
			break;
		}
	}
	test_vm_clear(&vm, false);
	test_client_clear(&w->client);
	/* A new service goes on: no folder is left, no CID is given twice. */
	test_service_start(&w->service);
	test_client_init(&w->client, &w->service);
	assert_int_equal(listed(&w->client), 0);
	test_vm_init(&vm, &w->client, "exit 0");
	assert_int_equal(cid_of(&vm), cid + 1);
	test_vm_clear(&vm, true);
}

static void cids_are_not_used_again_at_once(void **state)
{
	struct test_world *w = *state;
	guint last = 0;

	for (int i = 0; i < 5; i++) {
		struct test_vm vm;

		test_vm_init(&vm, &w->client, "exit 0");
		assert_true(cid_of(&vm) > last);
		last = cid_of(&vm);
		test_vm_clear(&vm, true);
	}
}

static void limit_of_vms(void **state)
{
	struct test_world *w = *state;
	struct vm_raw_config *config = vm_raw_config_new();
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	GError *error = NULL;
	struct test_vm vms[8];
	struct test_vm more;

	for (int i = 0; i < 8; i++) {
		test_vm_init(&vms[i], &w->client, "wait");
	}
	config->kernel = test_file("kernel");
	assert_false(test_vm_create(&more, &w->client, "raw",
				    vm_raw_config_to_variant(config, fds, NULL), fds, &error));
	test_error_is(error, -8, "limit");
	vm_raw_config_free(config);
	test_vm_clear(&vms[0], true);
	test_vm_init(&vms[0], &w->client, "wait");
	for (int i = 0; i < 8; i++) {
		test_vm_clear(&vms[i], true);
	}
}

static void cycles_leave_nothing(void **state)
{
	struct test_world *w = *state;
	unsigned before = test_service_descriptors(&w->service);
	gint64 deadline = g_get_monotonic_time() + G_TIME_SPAN_MINUTE;

	for (int i = 0; i < CYCLES; i++) {
		test_vm_run(&w->client, "started;exit 0", "started died:3 ");
	}
	/* GDBus has a few of its own, and closes a connection when its thread gets to it. */
	while (test_service_descriptors(&w->service) > before + CYCLES / 4) {
		assert_true(g_get_monotonic_time() < deadline);
		assert_int_equal(listed(&w->client), 0);
	}
}

/* Whatever a guest sends, its VM goes on, and the service too. */
static void guests_that_misbehave(void **state)
{
	struct test_world *w = *state;

	test_vm_run(&w->client, "rubbish;started;exit 0", "started died:3 ");
	test_vm_run(&w->client, "large;started;exit 0", "started died:3 ");
	test_vm_run(&w->client, "stall;stall;started;exit 0", "started died:3 ");
	test_vm_run(&w->client, "many;exit 0", "ready died:3 ");
}

static void one_vm_does_not_reach_another(void **state)
{
	struct test_world *w = *state;
	struct test_vm first;
	g_autofree char *params = NULL;

	test_vm_init(&first, &w->client, "started;wait");
	test_vm_start(&first);
	test_vm_wait(&first, "started");
	params = g_strdup_printf("connect %u;exit 0", cid_of(&first));
	test_vm_run(&w->client, params, "died:3 ");
	assert_string_equal(first.events->str, "started ");
	test_vm_clear(&first, true);
}

static int connect_port(const struct test_vm *vm, guint port, GError **error)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) handle = NULL;

	if (!ipc_virtual_machine_call_connect_vsock_sync(vm->proxy, port, NULL, &handle, &fds, NULL,
							 error)) {
		return -1;
	}
	return g_unix_fd_list_get(fds, g_variant_get_handle(handle), error);
}

static void connects_to_a_port(void **state)
{
	struct test_world *w = *state;
	struct test_vm vm;
	GError *error = NULL;
	char echo[4] = "";
	int fd;

	test_vm_init(&vm, &w->client, "listen 5000;wait");
	assert_int_equal(connect_port(&vm, 5000, &error), -1);
	test_error_is(g_steal_pointer(&error), -5, "not running");
	test_vm_start(&vm);
	test_vm_wait(&vm, "ready");
	assert_int_equal(connect_port(&vm, 1023, &error), -1);
	test_error_is(g_steal_pointer(&error), -3, "port");
	assert_int_equal(connect_port(&vm, 5001, &error), -1);
	test_error_is(g_steal_pointer(&error), -8, "listens");
	fd = connect_port(&vm, 5000, &error);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "ping", 4), 4);
	assert_int_equal(read(fd, echo, 4), 4);
	assert_memory_equal(echo, "ping", 4);
	close(fd);
	test_vm_clear(&vm, true);
}

static void bad_configurations_are_refused(void **state)
{
	struct test_world *w = *state;
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	GError *error = NULL;
	struct vm_raw_config *config = vm_raw_config_new();
	struct test_vm vm;

	assert_false(
		test_vm_create(&vm, &w->client, "raw", g_variant_new("a{sv}", NULL), fds, &error));
	test_error_is(g_steal_pointer(&error), -3, "kernel");
	assert_false(test_vm_create(&vm, &w->client, "cooked", g_variant_new("a{sv}", NULL), fds,
				    &error));
	test_error_is(g_steal_pointer(&error), -3, "kind");
	config->kernel = test_file("");
	assert_false(test_vm_create(&vm, &w->client, "raw",
				    vm_raw_config_to_variant(config, fds, NULL), fds, &error));
	test_error_is(g_steal_pointer(&error), -3, "kernel: the file is empty");
	vm_raw_config_free(config);
	assert_int_equal(listed(&w->client), 0);
}

static void partitions_are_initialized(void **state)
{
	struct test_world *w = *state;
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	GError *error = NULL;
	char start[22] = "";
	int image = test_file("old");

	assert_int_equal(g_unix_fd_list_append(fds, image, NULL), 0);
	assert_true(ipc_virtualization_service_call_initialize_writable_partition_sync(
		w->client.service, g_variant_new_handle(0), 1 << 20,
		AVF_PARTITION_ANDROID_VM_INSTANCE, fds, NULL, NULL, NULL));
	assert_int_equal(lseek(image, 0, SEEK_END), 1 << 20);
	assert_int_equal(pread(image, start, 22, 0), 22);
	assert_memory_equal(start, "Android-VM-instance\1\0\0", 22);
	assert_true(ipc_virtualization_service_call_initialize_writable_partition_sync(
		w->client.service, g_variant_new_handle(0), 4096, AVF_PARTITION_ENCRYPTEDSTORE, fds,
		NULL, NULL, NULL));
	assert_int_equal(pread(image, start, 20, 0), 20);
	assert_memory_equal(start, "UNFORMATTED-STORAGE\0", 20);
	assert_false(ipc_virtualization_service_call_initialize_writable_partition_sync(
		w->client.service, g_variant_new_handle(0), 100, AVF_PARTITION_RAW, fds, NULL, NULL,
		&error));
	test_error_is(g_steal_pointer(&error), -3, "size");
	close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(life_from_made_to_dead, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(reasons, test_world_begin, test_world_end),
		cmocka_unit_test_setup_teardown(guest_says_what_is_wrong, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(states_go_forward_only, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(illegal_calls_change_nothing, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(not_there_yet_says_so, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(idsigs, test_world_begin, test_world_end),
		cmocka_unit_test_setup_teardown(clients_do_not_see_each_others_vms,
						test_world_begin, test_world_end),
		cmocka_unit_test_setup_teardown(list_of_vms, test_world_begin, test_world_end),
		cmocka_unit_test_setup_teardown(clients_death_ends_its_vms, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(services_death_leaves_no_vmm, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(cids_are_not_used_again_at_once, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(limit_of_vms, test_world_begin, test_world_end),
		cmocka_unit_test_setup_teardown(cycles_leave_nothing, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(guests_that_misbehave, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(one_vm_does_not_reach_another, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(connects_to_a_port, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(bad_configurations_are_refused, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(partitions_are_initialized, test_world_begin,
						test_world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
