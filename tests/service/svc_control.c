/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspend and resume, from the client's call to the vmm's answer, whatever that is. */
#include <string.h>
#include <unistd.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"

#define DONE "control {\"ok\":true};"
#define ILLEGAL_STATE (-5)
#define SERVICE_SPECIFIC (-8)

/* An answer that is longer than any. */
#define LONG_BYTES 300

static void says(const struct test_vm *vm, const char *line)
{
	g_autofree char *said = test_read_line(vm->console);

	assert_string_equal(g_strchomp(said), line);
}

static void refused(struct test_vm *vm, int code, const char *text)
{
	GError *error = NULL;

	assert_false(ipc_virtual_machine_call_suspend_sync(vm->proxy, NULL, &error));
	test_error_is(g_steal_pointer(&error), code, text);
	assert_false(ipc_virtual_machine_call_resume_sync(vm->proxy, NULL, &error));
	test_error_is(error, code, text);
}

static void suspended_and_resumed(void **state)
{
	struct test_world *w = *state;
	struct test_vm vm;

	test_vm_init(&vm, &w->client, DONE DONE "wait");
	refused(&vm, ILLEGAL_STATE, "not running");
	test_vm_start(&vm);
	assert_true(ipc_virtual_machine_call_suspend_sync(vm.proxy, NULL, NULL));
	says(&vm, "suspend");
	assert_true(ipc_virtual_machine_call_resume_sync(vm.proxy, NULL, NULL));
	says(&vm, "resume");
	assert_true(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, NULL));
	refused(&vm, ILLEGAL_STATE, "not running");
	test_vm_clear(&vm, true);
}

/* The vmm refuses, says what nobody can read, or more than anybody asked for: it is not asked again then. */
static void no_good_answer(void **state)
{
	g_autofree char *xs = g_strnfill(LONG_BYTES, 'x');
	g_autofree char *large = g_strconcat("control ", xs, ";wait", NULL);
	const char *const cases[] = { "control {\"ok\":false};control no;wait", large,
				      "control {\"ok\":no}\n{\"ok\":true}\n{\"ok\":true};wait" };
	struct test_world *w = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct test_vm vm;

		test_vm_init(&vm, &w->client, cases[i]);
		test_vm_start(&vm);
		refused(&vm, SERVICE_SPECIFIC, "the vmm did not do it");
		assert_true(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, NULL));
		test_vm_clear(&vm, true);
	}
}

static void keep_result(GObject *proxy, GAsyncResult *result, gpointer kept)
{
	(void)proxy;
	*(GAsyncResult **)kept = g_object_ref(result);
}

/* It never answers: whoever waits for it hears of its end. */
static void ends_meanwhile(void **state)
{
	struct test_world *w = *state;
	GAsyncResult *result = NULL;
	GError *error = NULL;
	struct test_vm vm;

	test_vm_init(&vm, &w->client, "wait");
	test_vm_start(&vm);
	ipc_virtual_machine_call_suspend(vm.proxy, NULL, keep_result, &result);
	assert_true(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, NULL));
	while (result == NULL) {
		g_main_context_iteration(NULL, TRUE);
	}
	assert_false(ipc_virtual_machine_call_suspend_finish(vm.proxy, result, &error));
	test_error_is(error, SERVICE_SPECIFIC, "the vmm did not do it");
	g_object_unref(result);
	test_vm_clear(&vm, true);
}

/* More questions at once than the service keeps: those above are refused, at once. */
static void too_many_at_once(void **state)
{
	enum { KEPT = 16, ASKED = 20 };
	GAsyncResult *results[ASKED] = { NULL };
	struct test_world *w = *state;
	unsigned refused_now = 0;
	struct test_vm vm;

	test_vm_init(&vm, &w->client, "wait");
	test_vm_start(&vm);
	for (int i = 0; i < ASKED; i++) {
		ipc_virtual_machine_call_resume(vm.proxy, NULL, keep_result, &results[i]);
	}
	while (refused_now < ASKED - KEPT) {
		g_main_context_iteration(NULL, TRUE);
		refused_now = 0;
		for (int i = 0; i < ASKED; i++) {
			refused_now += results[i] != NULL;
		}
	}
	for (int i = 0; i < KEPT; i++) {
		assert_null(results[i]);
	}
	assert_true(ipc_virtual_machine_call_stop_sync(vm.proxy, NULL, NULL));
	while (results[KEPT - 1] == NULL) {
		g_main_context_iteration(NULL, TRUE);
	}
	for (int i = 0; i < ASKED; i++) {
		assert_false(ipc_virtual_machine_call_resume_finish(vm.proxy, results[i], NULL));
		g_object_unref(results[i]);
	}
	test_vm_clear(&vm, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspended_and_resumed),
		cmocka_unit_test(no_good_answer),
		cmocka_unit_test(ends_meanwhile),
		cmocka_unit_test(too_many_at_once),
	};

	return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
