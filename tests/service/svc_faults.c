/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of the service that are cut in the middle of a message, by clients and by guests. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"

#define TIMES 10
#define MESSAGE_BYTES 64

static guint listed(const struct test_client *c)
{
	g_autoptr(GVariant) list = NULL;

	assert_true(
		ipc_virtualization_service_call_debug_list_vms_sync(c->service, &list, NULL, NULL));
	return (guint)g_variant_n_children(list);
}

/* GDBus closes connections in threads of its own: wait, at most a minute, until all of them are. */
static void descriptors_come_back(struct test_world *w, unsigned before)
{
	gint64 deadline = g_get_monotonic_time() + G_TIME_SPAN_MINUTE;

	while (test_service_descriptors(&w->service) > before) {
		assert_true(g_get_monotonic_time() < deadline);
		assert_int_equal(listed(&w->client), 0);
	}
}

/* The first bytes of a method call with a body of 4096 bytes that does not come. */
static void send_half(const struct test_client *c)
{
	static const guint8 header[MESSAGE_BYTES] = { 'l', 1, 0, 1, 0, 16, 0, 0, 9, 0, 0, 0, 32 };
	GSocketConnection *stream = G_SOCKET_CONNECTION(g_dbus_connection_get_stream(c->bus));
	int fd = g_socket_get_fd(g_socket_connection_get_socket(stream));

	assert_int_equal(send(fd, header, sizeof(header), MSG_NOSIGNAL), sizeof(header));
	assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
}

/* The cut is the client's end: its VMs go, another's stay. */
static void client_cut_in_a_message(void **state)
{
	struct test_world *w = *state;
	unsigned before;
	struct test_vm kept;

	test_vm_run(&w->client, "exit 0", "died:3 ");
	before = test_service_descriptors(&w->service);
	for (int i = 0; i < TIMES; i++) {
		g_autofree char *rest = NULL;
		struct test_client victim;
		struct test_vm vm;

		test_client_init(&victim, &w->service);
		test_vm_init(&vm, &victim, "started;wait");
		test_vm_start(&vm);
		test_vm_wait(&vm, "started");
		send_half(&victim);
		/* Its console ends with its vmm. */
		rest = test_read_all(vm.console);
		assert_string_equal(rest, "");
		test_vm_clear(&vm, false);
		test_client_clear(&victim);
	}
	while (listed(&w->client) > 0) {
	}
	descriptors_come_back(w, before);
	test_vm_init(&kept, &w->client, "started;wait");
	test_vm_start(&kept);
	test_vm_wait(&kept, "started");
	test_vm_clear(&kept, true);
}

/* Its VM goes on, says what it has to say on a new connection, and dies of its own. */
static void guest_cut_in_a_message(void **state)
{
	struct test_world *w = *state;
	unsigned before;

	test_vm_run(&w->client, "cut;exit 0", "died:3 ");
	before = test_service_descriptors(&w->service);
	for (int i = 0; i < TIMES; i++) {
		test_vm_run(&w->client, "cut;cut;cut;started;exit 32", "started died:5 ");
	}
	descriptors_come_back(w, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(client_cut_in_a_message, test_world_begin,
						test_world_end),
		cmocka_unit_test_setup_teardown(guest_cut_in_a_message, test_world_begin,
						test_world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
