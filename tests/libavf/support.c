/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/libavf/support.h"

#include <string.h>

#include "tests/plugins/cmocka_all.h"

#define WAIT_SECONDS 60

int world_begin(void **state)
{
	struct world *w = g_new0(struct world, 1);
	g_autofree char *idsig = NULL;
	g_autoptr(GError) error = NULL;

	test_service_init(&w->service);
	w->os = g_build_filename(w->service.folder, "os", NULL);
	w->data = g_build_filename(w->service.folder, "data", NULL);
	w->apk = g_build_filename(w->service.folder, "app.apk", NULL);
	idsig = g_strconcat(w->apk, ".idsig", NULL);
	assert_true(g_file_set_contents(w->apk, "the package", -1, NULL));
	assert_true(g_file_set_contents(idsig, "its tree", -1, NULL));
	test_service_start(&w->service);
	g_setenv(AVF_SERVICE_SOCKET_ENV, w->service.socket, TRUE);
	w->manager = avf_manager_new(w->data, &error);
	assert_null(error);
	*state = w;
	return 0;
}

int world_end(void **state)
{
	struct world *w = *state;

	g_object_add_weak_pointer(G_OBJECT(w->manager), (void **)&w->manager);
	g_object_unref(w->manager);
	assert_null(w->manager); /* a machine that was left would hold it */
	test_service_stop(&w->service);
	test_service_clear(&w->service);
	g_free(w->os);
	g_free(w->data);
	g_free(w->apk);
	g_free(w);
	return 0;
}

void world_does(struct world *w, const char *params)
{
	test_os(w->os, "microdroid", params);
}

AvfConfigBuilder *world_builder(struct world *w)
{
	AvfConfigBuilder *builder = avf_config_builder_new();

	avf_config_builder_set_apk_path(builder, w->apk);
	avf_config_builder_set_payload_binary_name(builder, "payload.so");
	avf_config_builder_set_protected_vm(builder, TRUE);
	return builder;
}

AvfConfig *world_config(struct world *w)
{
	g_autoptr(AvfConfigBuilder) builder = world_builder(w);
	AvfConfig *config = avf_config_builder_build(builder, NULL);

	assert_non_null(config);
	return config;
}

AvfVm *world_vm(struct world *w, const char *name)
{
	g_autoptr(AvfConfig) config = world_config(w);
	g_autoptr(GError) error = NULL;
	AvfVm *vm = avf_manager_create(w->manager, name, config, &error);

	assert_null(error);
	assert_non_null(vm);
	return vm;
}

static void on_started(AvfVm *vm, GString *events)
{
	(void)vm;
	g_string_append(events, "started ");
}

static void on_ready(AvfVm *vm, GString *events)
{
	(void)vm;
	g_string_append(events, "ready ");
}

static void on_finished(AvfVm *vm, int code, GString *events)
{
	(void)vm;
	g_string_append_printf(events, "finished:%d ", code);
}

static void on_error(AvfVm *vm, int code, const char *text, GString *events)
{
	(void)vm;
	g_string_append_printf(events, "error:%d:%s ", code, text);
}

static void on_stopped(AvfVm *vm, int reason, GString *events)
{
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_STOPPED);
	g_string_append_printf(events, "stopped:%d ", reason);
}

GString *events_of(AvfVm *vm)
{
	GString *events = g_string_new(NULL);

	g_signal_connect(vm, "payload-started", G_CALLBACK(on_started), events);
	g_signal_connect(vm, "payload-ready", G_CALLBACK(on_ready), events);
	g_signal_connect(vm, "payload-finished", G_CALLBACK(on_finished), events);
	g_signal_connect(vm, "error", G_CALLBACK(on_error), events);
	g_signal_connect(vm, "stopped", G_CALLBACK(on_stopped), events);
	return events;
}

static gboolean too_long(gpointer late)
{
	*(bool *)late = true;
	return G_SOURCE_CONTINUE;
}

void events_wait(GString *events, const char *text)
{
	bool late = false;
	guint timer = g_timeout_add_seconds(WAIT_SECONDS, too_long, &late);

	while (strstr(events->str, text) == NULL && !late) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_source_remove(timer);
	if (late) {
		fail_msg("no '%s' in '%s'", text, events->str);
	}
}

void vm_tells(AvfVm *vm, const char *wanted)
{
	GString *events = events_of(vm);
	g_autoptr(GError) error = NULL;

	avf_vm_run(vm, &error);
	assert_null(error);
	assert_int_equal(avf_vm_get_status(vm), AVF_VM_STATUS_RUNNING);
	events_wait(events, "stopped");
	assert_string_equal(events->str, wanted);
	g_signal_handlers_disconnect_by_data(vm, events);
	g_string_free(events, TRUE);
}

void avf_error_is(GError *error, AvfError code, const char *text)
{
	assert_non_null(error);
	assert_true(error->domain == AVF_ERROR);
	if (error->code != (int)code || strstr(error->message, text) == NULL) {
		fail_msg("'%s' (%d) is not '%s' (%d)", error->message, error->code, text,
			 (int)code);
	}
	g_error_free(error);
}
