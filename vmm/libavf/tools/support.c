/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/libavf/tools/avf_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_SECONDS 240

void give_up(const char *doing, const char *why)
{
	fprintf(stderr, "avf-test: %s: %s\n", doing, why);
	exit(1);
}

void say(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("terrarium: value %s ", name);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* 0, or the code of @error, whose sentence goes to the errors for people. Frees it. */
int code(GError **error)
{
	int number = *error == NULL ? 0 : (*error)->domain == AVF_ERROR ? (*error)->code : -1;

	if (*error != NULL) {
		fprintf(stderr, "avf-test: (%d) %s\n", number, (*error)->message);
		g_clear_error(error);
	}
	return number;
}

void must(GError *error, const char *doing)
{
	if (error != NULL) {
		give_up(doing, error->message);
	}
}

AvfConfigBuilder *builder_of(const struct test *t, const char *payload)
{
	AvfConfigBuilder *b = avf_config_builder_new();
	g_autofree char *path = g_strconcat(t->packages, "/", payload, ".apk", NULL);
	g_autofree char *binary = g_strconcat(payload, ".so", NULL);

	avf_config_builder_set_apk_path(b, path);
	avf_config_builder_set_payload_binary_name(b, binary);
	avf_config_builder_set_protected_vm(b, t->protected_vm);
	return b;
}

/* Consumes the builder. */
AvfConfig *config_of(AvfConfigBuilder *b)
{
	GError *error = NULL;
	AvfConfig *config = avf_config_builder_build(b, &error);

	must(error, "building a config");
	g_object_unref(b);
	return config;
}

/* A new machine; consumes the builder. */
AvfVm *vm_of(const struct test *t, const char *name, AvfConfigBuilder *b)
{
	g_autoptr(AvfConfig) config = config_of(b);
	GError *error = NULL;
	AvfVm *vm = avf_manager_create(t->manager, name, config, &error);

	must(error, "making a machine");
	return vm;
}

void delete_vm(const struct test *t, AvfVm *vm)
{
	g_autofree char *name = g_strdup(avf_vm_get_name(vm));
	GError *error = NULL;

	g_object_unref(vm);
	avf_manager_delete(t->manager, name, &error);
	must(error, "deleting a machine");
}

static void on_started(AvfVm *vm, struct heard *h)
{
	(void)vm;
	h->started++;
}

static void on_ready(AvfVm *vm, struct heard *h)
{
	(void)vm;
	h->ready++;
}

static void on_finished(AvfVm *vm, int exit_code, struct heard *h)
{
	(void)vm;
	h->finished++;
	h->exit_code = exit_code;
}

static void on_error(AvfVm *vm, int number, const char *text, struct heard *h)
{
	(void)vm;
	h->error = number;
	fprintf(stderr, "avf-test: the guest's error %d: %s\n", number, text);
}

static void on_stopped(AvfVm *vm, int reason, struct heard *h)
{
	(void)vm;
	h->stopped++;
	h->reason = reason;
}

void hear(AvfVm *vm, struct heard *h)
{
	*h = (struct heard){ .error = -1, .reason = -2 };
	g_signal_connect(vm, "payload-started", G_CALLBACK(on_started), h);
	g_signal_connect(vm, "payload-ready", G_CALLBACK(on_ready), h);
	g_signal_connect(vm, "payload-finished", G_CALLBACK(on_finished), h);
	g_signal_connect(vm, "error", G_CALLBACK(on_error), h);
	g_signal_connect(vm, "stopped", G_CALLBACK(on_stopped), h);
}

static gboolean too_late(void *what)
{
	give_up("waiting too long", what);
	return G_SOURCE_REMOVE;
}

/* Serve the main context until @count is not 0, or the machine has stopped. */
void wait_for(const int *count, const struct heard *h, char *what)
{
	guint timer = g_timeout_add_seconds(WAIT_SECONDS, too_late, what);

	while (*count == 0 && h->stopped == 0) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_source_remove(timer);
}

void say_heard(const char *name, const struct heard *h)
{
	say(name, "started=%d ready=%d finished=%d exit_code=%d error=%d stopped=%d reason=%d",
	    h->started, h->ready, h->finished, h->exit_code, h->error, h->stopped, h->reason);
}

void run(AvfVm *vm, const char *doing)
{
	GError *error = NULL;

	avf_vm_run(vm, &error);
	must(error, doing);
}

int test_deletion(const struct test *t, const char *name)
{
	GError *error = NULL;

	avf_manager_delete(t->manager, name, &error);
	return code(&error);
}
