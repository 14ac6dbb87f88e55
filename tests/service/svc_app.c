/* SPDX-License-Identifier: GPL-2.0-or-later */
/* App VMs: what they are made of, what reaches the vmm, and the hang-up monitor. */
#define _GNU_SOURCE /* memfd_create */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"
#include "vmm/service/app_vm.h"
#include "vmm/service/gpt.h"
#include "vmm/service/vmm_command.h"

#define HANGUP_SECONDS 1

struct world {
	struct test_service service;
	struct test_client client;
	char *os; /* folder of OSs */
};

static void write_file(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int begin(void **state)
{
	struct world *w = g_new0(struct world, 1);

	test_service_init(&w->service);
	w->service.hangup_seconds = HANGUP_SECONDS;
	w->os = g_build_filename(w->service.folder, "os", NULL);
	test_service_start(&w->service);
	test_client_init(&w->client, &w->service);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	test_client_clear(&w->client);
	test_service_stop(&w->service);
	test_service_clear(&w->service);
	g_free(w->os);
	g_free(w);
	return 0;
}

static struct vm_app_config *app_new(enum avf_debug_level level)
{
	struct vm_app_config *app = vm_app_config_new();

	app->apk = test_file("the package");
	app->idsig = test_file("its tree");
	app->payload_binary_name = g_strdup("hello.so");
	app->debug_level = (int)level;
	return app;
}

static bool create_app(struct world *w, struct test_vm *vm, struct vm_app_config *app,
		       GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	bool created = test_vm_create(vm, &w->client, "app",
				      vm_app_config_to_variant(app, fds, NULL), fds, error);

	vm_app_config_free(app);
	return created;
}

static void no_started_payload_is_a_hangup(void **state)
{
	struct world *w = *state;
	struct test_vm vm;

	test_os(w->os, "microdroid", "wait");
	assert_true(create_app(w, &vm, app_new(AVF_DEBUG_NONE), NULL));
	test_vm_start(&vm);
	test_vm_wait(&vm, "died");
	assert_string_equal(vm.events->str, "died:16 ");
	test_vm_clear(&vm, true);
}

/* The monitor's time is over long before the guest's end: the console's line comes after it. */
static void a_started_payload_may_take_its_time(void **state)
{
	struct world *w = *state;
	gint64 after;
	struct test_vm vm;

	test_os(w->os, "microdroid", "started;wait");
	assert_true(create_app(w, &vm, app_new(AVF_DEBUG_NONE), NULL));
	test_vm_start(&vm);
	test_vm_wait(&vm, "started");
	after = g_get_monotonic_time() + (HANGUP_SECONDS + 1) * G_TIME_SPAN_SECOND;
	while (g_get_monotonic_time() < after) {
		gint now = -1;

		assert_true(ipc_virtual_machine_call_get_state_sync(vm.proxy, &now, NULL, NULL));
		assert_int_equal(now, AVF_STATE_STARTED);
	}
	test_vm_clear(&vm, true);
}

/* FULL: the console comes to the client, whose kernel is told; NONE: not a byte. */
static void debug_levels(void **state)
{
	struct world *w = *state;
	struct test_vm vm;
	g_autofree char *full = NULL;
	g_autofree char *none = NULL;

	test_os(w->os, "microdroid", "started;console hello;exit 0;");
	assert_true(create_app(w, &vm, app_new(AVF_DEBUG_FULL), NULL));
	test_vm_start(&vm);
	full = test_read_all(vm.console);
	assert_string_equal(full, "hello\n");
	test_vm_wait(&vm, "died:3");
	test_vm_clear(&vm, true);
	assert_true(create_app(w, &vm, app_new(AVF_DEBUG_NONE), NULL));
	test_vm_start(&vm);
	none = test_read_all(vm.console);
	assert_string_equal(none, "");
	test_vm_wait(&vm, "died:3");
	test_vm_clear(&vm, true);
}

static void oss(void **state)
{
	struct world *w = *state;
	struct vm_app_config *app = app_new(AVF_DEBUG_NONE);
	g_auto(GStrv) names = NULL;
	GError *error = NULL;
	struct test_vm vm;

	assert_false(create_app(w, &vm, app_new(AVF_DEBUG_NONE), &error));
	test_error_is(g_steal_pointer(&error), -3, "os-name: no OS microdroid is there");
	test_os(w->os, "microdroid", "wait");
	test_os(w->os, "another", "wait");
	assert_true(ipc_virtualization_service_call_get_supported_oslist_sync(w->client.service,
									      &names, NULL, NULL));
	assert_int_equal(g_strv_length(names), 2);
	assert_string_equal(names[0], "another");
	assert_string_equal(names[1], "microdroid");
	write_file(w->os, "another/another.json", "{\"kernel\":1}");
	g_free(app->os_name);
	app->os_name = g_strdup("another");
	assert_false(create_app(w, &vm, app, &error));
	test_error_is(g_steal_pointer(&error), -8, "kernel: not a string");
}

/* What follows @option for the @number-th time in the command; NULL if it does not. */
static const char *value_of(const struct vmm_command *c, const char *option, unsigned number)
{
	for (guint i = 0; i + 1 < c->words->len; i++) {
		if (g_strcmp0(c->words->pdata[i], option) == 0 && number-- == 0) {
			return c->words->pdata[i + 1];
		}
	}
	return NULL;
}

/* The whole file that "fd:N", or "fd:N,ro", stands for. */
static char *content_of(const struct vmm_command *c, const char *name, size_t *bytes)
{
	guint number = (guint)strtoul(name + strlen("fd:"), NULL, 10) - VMM_COMMAND_FIRST_FD;
	int fd;
	off_t size;
	char *text;

	assert_true(number < c->fds->len);
	fd = g_array_index(c->fds, int, number);
	size = lseek(fd, 0, SEEK_END);
	text = g_malloc0((size_t)size + 1);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	*bytes = (size_t)size;
	return text;
}

/* A line of a list: the part's place, mode and content. */
static void check_part(const struct vmm_command *c, const char *line, const char *mode,
		       const char *content)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	g_autofree char *text = NULL;
	size_t bytes = 0;

	assert_int_equal(g_strv_length(words), 4);
	assert_int_equal(strtoull(words[0], NULL, 10) % GPT_ALIGN_BYTES, 0);
	assert_string_equal(words[2], mode);
	text = content_of(c, words[3], &bytes);
	assert_string_equal(text, content);
}

static bool holds_label(const char *head, size_t bytes, const char *label)
{
	g_autofree gunichar2 *units = g_utf8_to_utf16(label, -1, NULL, NULL, NULL);

	return memmem(head, bytes, units, 2 * strlen(label)) != NULL;
}

static void made_of(void **state)
{
	static const char metadata[] =
		"{\"version\":1,\"apk\":{\"name\":\"apk\",\"payload_partition_name\":\"microdroid-apk\","
		"\"idsig_partition_name\":\"microdroid-apk-idsig\"},"
		"\"config\":{\"payload_binary_name\":\"hello.so\",\"extra_apk_count\":1}}";
	struct world *w = *state;
	struct vm_app_config *app = app_new(AVF_DEBUG_FULL);
	struct vmm_command_request request = { .program = "vmm",
					       .cid = 2050,
					       .parent = 7,
					       .failure_port = -1,
					       .control = -1,
					       .gdb = -1 };
	g_autoptr(GError) error = NULL;
	g_autofree char *list = NULL;
	g_autofree char *head = NULL;
	g_auto(GStrv) lines = NULL;
	struct vmm_command *c;
	struct vm_raw_config *raw;
	int extra = test_file("more");
	char store[512] = "";
	size_t bytes = 0;

	test_os(w->os, "microdroid", "quiet");
	g_array_append_val(app->extra_apks, extra);
	extra = test_file("more's tree");
	g_array_append_val(app->extra_idsigs, extra);
	app->instance_image = test_file("");
	assert_int_equal(write(app->instance_image, store, sizeof(store)), sizeof(store));
	app->common.huge_pages = true;
	request.gdb = test_file("a socket that listens");
	raw = app_vm_to_raw(app, w->os, &error);
	assert_null(error);
	request.config = raw;
	request.streams = (struct vm_streams)VM_STREAMS_NONE;
	c = vmm_command_build(&request, &error);
	assert_null(error);
	assert_string_equal(value_of(c, "--params", 0),
			    "quiet androidboot.microdroid.debuggable=1");
	assert_string_equal(value_of(c, "--mem", 0), "128");
	assert_string_equal(value_of(c, "--cid", 0), "2050");
	assert_string_equal(value_of(c, "--hugepages", 0), "--cpus"); /* which is next */
	g_free(content_of(c, value_of(c, "--gdb", 0), &bytes));
	assert_int_equal(bytes, strlen("a socket that listens"));
	assert_string_equal(value_of(c, "--parent", 0), "7");
	g_free(content_of(c, value_of(c, "--initrd", 0), &bytes));
	assert_int_equal(bytes, strlen("dd"));
	assert_true(g_str_has_suffix(value_of(c, "--composite", 0), ",ro"));
	list = content_of(c, value_of(c, "--composite", 1), &bytes);
	lines = g_strsplit(g_strchomp(list), "\n", -1);
	assert_int_equal(g_strv_length(lines), 7);
	check_part(c, lines[1], "r", metadata);
	check_part(c, lines[2], "r", "the package");
	check_part(c, lines[3], "r", "its tree");
	check_part(c, lines[4], "r", "more");
	check_part(c, lines[5], "r", "more's tree");
	head = content_of(c, strrchr(lines[0], ' ') + 1, &bytes);
	assert_true(holds_label(head, bytes, "payload-metadata"));
	assert_true(holds_label(head, bytes, "extra-idsig-0"));
	assert_false(holds_label(head, bytes, "vm-instance"));
	assert_false(g_str_has_suffix(value_of(c, "--composite", 2), ",ro"));
	assert_null(value_of(c, "--composite", 3));
	vmm_command_free(c);
	vm_raw_config_free(raw);
	vm_app_config_free(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_started_payload_is_a_hangup, begin, end),
		cmocka_unit_test_setup_teardown(a_started_payload_may_take_its_time, begin, end),
		cmocka_unit_test_setup_teardown(debug_levels, begin, end),
		cmocka_unit_test_setup_teardown(oss, begin, end),
		cmocka_unit_test_setup_teardown(made_of, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
