/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* memfd_create */
#include "vmm/service/app_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_json.h"

#define METADATA_VERSION 1

static char *description_path(const char *os_directory, const char *os)
{
	g_autofree char *file = g_strconcat(os, ".json", NULL);

	return g_build_filename(os_directory, os, file, NULL);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **app_vm_os_list(const char *os_directory)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GDir) folder = g_dir_open(os_directory, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *path = description_path(os_directory, name);

		if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

char *app_vm_metadata(const struct vm_app_config *app)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = NULL;

	json_builder_begin_object(b);
	json_builder_set_member_name(b, "version");
	json_builder_add_int_value(b, METADATA_VERSION);
	json_builder_set_member_name(b, "apk");
	json_builder_begin_object(b);
	json_builder_set_member_name(b, "name");
	json_builder_add_string_value(b, "apk");
	json_builder_set_member_name(b, "payload_partition_name");
	json_builder_add_string_value(b, AVF_LABEL_APK);
	json_builder_set_member_name(b, "idsig_partition_name");
	json_builder_add_string_value(b, AVF_LABEL_IDSIG);
	json_builder_end_object(b);
	if (app->config_path != NULL) {
		json_builder_set_member_name(b, "config_path");
		json_builder_add_string_value(b, app->config_path);
	} else {
		json_builder_set_member_name(b, "config");
		json_builder_begin_object(b);
		json_builder_set_member_name(b, "payload_binary_name");
		json_builder_add_string_value(b, app->payload_binary_name);
		json_builder_set_member_name(b, "extra_apk_count");
		json_builder_add_int_value(b, app->extra_apks->len);
		json_builder_end_object(b);
	}
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	json_generator_set_root(generator, root);
	return json_generator_to_data(generator, NULL);
}

static bool duplicate(int fd, int *copy, GError **error)
{
	int saved;

	*copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	saved = errno;
	return *copy >= 0 || ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC,
					   "no descriptor left: %s", g_strerror(saved));
}

static bool add_partition(struct vm_disk *disk, const char *label, int fd, GError **error)
{
	struct vm_partition *p = vm_partition_add(disk->partitions);

	p->label = g_strdup(label);
	p->writable = disk->writable;
	return duplicate(fd, &p->image, error);
}

static bool add_numbered(struct vm_disk *disk, const char *format, guint number, int fd,
			 GError **error)
{
	/* The formats are AVF_LABEL_EXTRA_*: one %u. */
	g_auto(GStrv) halves = g_strsplit(format, "%u", 2);
	g_autofree char *label = g_strdup_printf("%s%u", halves[0], number);

	return add_partition(disk, label, fd, error);
}

static bool add_metadata(struct vm_disk *disk, const struct vm_app_config *app, GError **error)
{
	g_autofree char *text = app_vm_metadata(app);
	int fd = memfd_create(AVF_LABEL_METADATA, MFD_CLOEXEC);
	bool added = false;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC,
			      "no memory for the payload's metadata");
	} else {
		added = add_partition(disk, AVF_LABEL_METADATA, fd, error);
	}
	if (fd >= 0) {
		close(fd);
	}
	return added;
}

static bool add_payload_disk(struct vm_raw_config *raw, const struct vm_app_config *app,
			     GError **error)
{
	struct vm_disk *disk = vm_disk_add(raw->disks);

	if (!add_metadata(disk, app, error) ||
	    !add_partition(disk, AVF_LABEL_APK, app->apk, error) ||
	    !add_partition(disk, AVF_LABEL_IDSIG, app->idsig, error)) {
		return false;
	}
	for (guint i = 0; i < app->extra_apks->len; i++) {
		if (!add_numbered(disk, AVF_LABEL_EXTRA_APK, i,
				  g_array_index(app->extra_apks, int, i), error) ||
		    !add_numbered(disk, AVF_LABEL_EXTRA_IDSIG, i,
				  g_array_index(app->extra_idsigs, int, i), error)) {
			return false;
		}
	}
	return true;
}

static bool add_writable_disk(struct vm_raw_config *raw, const struct vm_app_config *app,
			      GError **error)
{
	struct vm_disk *disk;

	if (app->instance_image < 0 && app->encrypted_storage < 0) {
		return true;
	}
	disk = vm_disk_add(raw->disks);
	disk->writable = true;
	return (app->instance_image < 0 ||
		add_partition(disk, AVF_LABEL_INSTANCE, app->instance_image, error)) &&
	       (app->encrypted_storage < 0 ||
		add_partition(disk, AVF_LABEL_ENCRYPTEDSTORE, app->encrypted_storage, error));
}

static void add_params(struct vm_raw_config *raw, const struct vm_app_config *app)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	if (raw->params != NULL && raw->params[0] != '\0') {
		g_ptr_array_add(words, raw->params);
	}
	if (app->debug_level == AVF_DEBUG_FULL) {
		g_ptr_array_add(words, (gpointer)AVF_PARAM_DEBUGGABLE);
	}
	for (char **extra = app->extra_params; *extra != NULL; extra++) {
		g_ptr_array_add(words, *extra);
	}
	g_ptr_array_add(words, NULL);
	if (words->len > 1) {
		char *all = g_strjoinv(" ", (char **)words->pdata);

		g_free(raw->params);
		raw->params = all;
	}
}

/* What the app says of the machine goes before what its OS says. */
static bool merge(struct vm_raw_config *raw, const struct vm_app_config *app, GError **error)
{
	uint32_t memory_mib = raw->common.memory_mib;
	bool rsi = raw->common.rsi;

	g_free(raw->common.name);
	g_clear_pointer(&raw->common.instance_id, g_bytes_unref);
	raw->common = app->common;
	raw->common.name = g_strdup(app->common.name);
	raw->common.instance_id =
		app->common.instance_id != NULL ? g_bytes_ref(app->common.instance_id) : NULL;
	if (raw->common.memory_mib == 0) {
		raw->common.memory_mib = memory_mib;
	}
	raw->common.rsi = app->common.rsi || (rsi && app->common.protected_vm);
	if (app->custom_kernel >= 0) {
		if (raw->kernel >= 0) {
			close(raw->kernel);
		}
		return duplicate(app->custom_kernel, &raw->kernel, error);
	}
	return true;
}

static struct vm_raw_config *load_os(const struct vm_app_config *app, const char *os_directory,
				     GError **error)
{
	const struct vm_json_options options = {
		.os = true,
		.debuggable = app->debug_level == AVF_DEBUG_FULL,
	};
	g_autofree char *path = description_path(os_directory, app->os_name);
	struct vm_raw_config *raw;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "os-name: no OS %s is there",
			      app->os_name);
		return NULL;
	}
	raw = vm_json_load(path, &options, error);
	if (raw == NULL && error != NULL) {
		(*error)->code = AVF_EXCEPTION_SERVICE_SPECIFIC;
	}
	return raw;
}

struct vm_raw_config *app_vm_to_raw(const struct vm_app_config *app, const char *os_directory,
				    GError **error)
{
	struct vm_raw_config *raw = load_os(app, os_directory, error);

	if (raw == NULL) {
		return NULL;
	}
	add_params(raw, app);
	if (!merge(raw, app, error) || !add_payload_disk(raw, app, error) ||
	    !add_writable_disk(raw, app, error) || !vm_raw_config_check(raw, error)) {
		vm_raw_config_free(raw);
		return NULL;
	}
	return raw;
}
