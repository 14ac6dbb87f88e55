/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmm/service/service_client.c against the service with a fake vmm: with and without a thread of its own. */
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/service_client.h"

#define ECHO_PORT 5000
#define SHORT_MS 50

struct world {
	struct test_service service;
	struct service_client *client;
	GString *heard; /* what the VM of the test said; under lock */
	GMutex lock;
	GThread *teller; /* where it was said */
};

static void note(struct world *w, const char *text)
{
	g_mutex_lock(&w->lock);
	g_string_append(w->heard, text);
	w->teller = g_thread_self();
	g_mutex_unlock(&w->lock);
}

static void started(struct service_vm *vm, void *world)
{
	(void)vm;
	note(world, "started ");
}

static void ready(struct service_vm *vm, void *world)
{
	(void)vm;
	note(world, "ready ");
}

static void finished(struct service_vm *vm, int code, void *world)
{
	g_autofree char *text = g_strdup_printf("finished:%d ", code);

	(void)vm;
	note(world, text);
}

static void failed(struct service_vm *vm, int code, const char *message, void *world)
{
	g_autofree char *text = g_strdup_printf("error:%d:%s ", code, message);

	(void)vm;
	note(world, text);
}

static void died(struct service_vm *vm, int reason, void *world)
{
	g_autofree char *text = g_strdup_printf("died:%d ", reason);

	(void)vm;
	note(world, text);
}

static const struct service_vm_callbacks callbacks = {
	.payload_started = started,
	.payload_ready = ready,
	.payload_finished = finished,
	.error = failed,
	.died = died,
};

static int begin_with(void **state, enum service_client_flags flags)
{
	struct world *w = g_new0(struct world, 1);
	g_autoptr(GError) error = NULL;

	*state = w;
	g_mutex_init(&w->lock);
	w->heard = g_string_new(NULL);
	test_service_init(&w->service);
	test_service_start(&w->service);
	w->client = service_client_new(w->service.socket, flags, &error);
	assert_non_null(w->client);
	return 0;
}

static int begin(void **state)
{
	return begin_with(state, SERVICE_CLIENT_NONE);
}

static int begin_own_thread(void **state)
{
	return begin_with(state, SERVICE_CLIENT_OWN_THREAD);
}

static int end(void **state)
{
	struct world *w = *state;

	service_client_free(w->client);
	if (w->service.pid != 0) {
		test_service_stop(&w->service);
	}
	test_service_clear(&w->service);
	g_string_free(w->heard, TRUE);
	g_mutex_clear(&w->lock);
	g_free(w);
	return 0;
}

/* The world is kept and its service is gone. */
static void kill_service(struct world *w)
{
	test_service_kill(&w->service);
	w->service.pid = 0;
}

static struct service_vm *make(struct world *w, const char *params,
			       const struct vm_streams *streams)
{
	struct vm_raw_config *config = vm_raw_config_new();
	g_autoptr(GError) error = NULL;
	struct service_vm *vm;

	config->kernel = test_file("kernel");
	config->params = g_strdup(params);
	vm = service_vm_new_raw(w->client, config, streams, &callbacks, w, &error);
	assert_null(error);
	assert_non_null(vm);
	vm_raw_config_free(config);
	return vm;
}

static void start(struct service_vm *vm)
{
	g_autoptr(GError) error = NULL;

	assert_true(service_vm_start(vm, &error));
	assert_null(error);
}

static void a_life(void **state)
{
	struct world *w = *state;
	struct service_vm *vm = make(w, "started;ready;finished 7;exit 0", NULL);
	int reason = -2;

	assert_true(service_vm_cid(vm) >= AVF_CID_MIN);
	assert_int_equal(service_vm_state(vm), AVF_STATE_NOT_STARTED);
	assert_false(service_vm_wait(vm, SHORT_MS, &reason));
	assert_int_equal(reason, -2);
	start(vm);
	assert_true(service_vm_wait(vm, -1, &reason));
	assert_int_equal(reason, AVF_DEATH_SHUTDOWN);
	assert_string_equal(w->heard->str, "started ready finished:7 died:3 ");
	assert_int_equal(service_vm_state(vm), AVF_STATE_DEAD);
	assert_true(service_vm_wait(vm, 0, NULL));
	service_vm_free(vm);
}

static void callbacks_come_in_the_clients_thread(void **state)
{
	struct world *w = *state;

	a_life(state);
	assert_true(w->teller != NULL && w->teller != g_thread_self());
}

static void streams_reach_the_vm(void **state)
{
	struct world *w = *state;
	g_autofree char *said = NULL;
	g_autofree char *logged = NULL;
	struct service_vm *vm;
	int console[2];
	int log[2];

	assert_true(g_unix_open_pipe(console, FD_CLOEXEC, NULL));
	assert_true(g_unix_open_pipe(log, FD_CLOEXEC, NULL));
	vm = make(w, "console hello;log line;exit 32",
		  &(struct vm_streams){ console[1], -1, log[1] });
	close(console[1]);
	close(log[1]);
	start(vm);
	said = test_read_all(console[0]);
	logged = test_read_all(log[0]);
	assert_string_equal(said, "hello\n");
	assert_string_equal(logged, "line\n");
	assert_true(service_vm_wait(vm, -1, NULL));
	assert_string_equal(w->heard->str, "died:5 ");
	service_vm_free(vm);
	close(console[0]);
	close(log[0]);
}

static void stop_and_illegal_calls(void **state)
{
	struct world *w = *state;
	struct service_vm *vm = make(w, "error 1 wrong;wait", NULL);
	GError *error = NULL;
	int reason;

	assert_false(service_vm_stop(vm, &error));
	test_error_is(g_steal_pointer(&error), AVF_EXCEPTION_ILLEGAL_STATE, "not running");
	start(vm);
	assert_false(service_vm_start(vm, &error));
	assert_string_equal(error->message, "the VM has been started before");
	test_error_is(g_steal_pointer(&error), AVF_EXCEPTION_ILLEGAL_STATE, "started before");
	assert_true(service_vm_stop(vm, &error));
	assert_true(service_vm_wait(vm, -1, &reason));
	assert_int_equal(reason, AVF_DEATH_KILLED);
	service_vm_free(vm);
}

static void bad_configurations(void **state)
{
	struct world *w = *state;
	struct vm_raw_config *raw = vm_raw_config_new();
	struct vm_app_config *app = vm_app_config_new();
	GError *error = NULL;

	assert_null(service_vm_new_raw(w->client, raw, NULL, &callbacks, w, &error));
	test_error_is(g_steal_pointer(&error), AVF_EXCEPTION_ILLEGAL_ARGUMENT, "kernel");
	raw->kernel = test_file("");
	assert_null(service_vm_new_raw(w->client, raw, NULL, &callbacks, w, &error));
	test_error_is(g_steal_pointer(&error), AVF_EXCEPTION_ILLEGAL_ARGUMENT,
		      "kernel: the file is empty");
	assert_null(service_vm_new_app(w->client, app, NULL, NULL, NULL, &error));
	test_error_is(g_steal_pointer(&error), AVF_EXCEPTION_ILLEGAL_ARGUMENT, "apk: missing");
	vm_raw_config_free(raw);
	vm_app_config_free(app);
}

static void connects_to_a_port(void **state)
{
	struct world *w = *state;
	struct service_vm *vm = make(w, "listen 5000;wait", NULL);
	GError *error = NULL;
	char echo[4] = "";
	int fd = -1;

	assert_int_equal(service_vm_connect_vsock(vm, ECHO_PORT, &error), -1);
	test_error_is(g_steal_pointer(&error), AVF_EXCEPTION_ILLEGAL_STATE, "not running");
	start(vm);
	while (fd < 0) { /* its guest says ready when it listens */
		fd = service_vm_connect_vsock(vm, ECHO_PORT, NULL);
	}
	assert_int_equal(write(fd, "ping", 4), 4);
	assert_int_equal(read(fd, echo, 4), 4);
	assert_memory_equal(echo, "ping", 4);
	close(fd);
	service_vm_free(vm);
}

static void the_services_death_is_a_reason(void **state)
{
	struct world *w = *state;
	struct service_vm *vm = make(w, "started;wait", NULL);
	struct service_vm *idle = make(w, "wait", NULL);
	GError *error = NULL;
	int reason = 0;

	start(vm);
	assert_false(service_client_is_closed(w->client));
	kill_service(w);
	assert_true(service_vm_wait(vm, -1, &reason));
	assert_int_equal(reason, AVF_DEATH_VIRTUALIZATION_SERVICE_DIED);
	assert_true(service_vm_wait(idle, -1, NULL));
	assert_true(service_client_is_closed(w->client));
	assert_int_equal(service_vm_state(vm), AVF_STATE_DEAD);
	assert_false(service_vm_stop(vm, &error));
	g_clear_error(&error);
	service_vm_free(vm);
	service_vm_free(idle);
}

/* No callback comes after the end of service_vm_free(), whatever was under way. */
static void freed_in_the_middle(void **state)
{
	struct world *w = *state;
	gsize before;

	for (int i = 0; i < 20; i++) {
		struct service_vm *vm = make(w, "started;ready;exit 0", NULL);

		start(vm);
		service_vm_free(vm);
		before = w->heard->len;
		assert_false(service_client_is_closed(w->client));
		assert_int_equal(w->heard->len, before);
	}
}

static void nobody_listens(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(service_client_new("/nowhere/socket", SERVICE_CLIENT_OWN_THREAD, &error));
	assert_non_null(strstr(error->message, "virtualizationservice at /nowhere/socket: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_life, begin, end),
		cmocka_unit_test_setup_teardown(callbacks_come_in_the_clients_thread,
						begin_own_thread, end),
		cmocka_unit_test_setup_teardown(streams_reach_the_vm, begin, end),
		cmocka_unit_test_setup_teardown(stop_and_illegal_calls, begin, end),
		cmocka_unit_test_setup_teardown(bad_configurations, begin, end),
		cmocka_unit_test_setup_teardown(connects_to_a_port, begin_own_thread, end),
		cmocka_unit_test_setup_teardown(the_services_death_is_a_reason, begin, end),
		cmocka_unit_test_setup_teardown(the_services_death_is_a_reason, begin_own_thread,
						end),
		cmocka_unit_test_setup_teardown(freed_in_the_middle, begin_own_thread, end),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
