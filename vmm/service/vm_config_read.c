/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations from their D-Bus form, which anybody may have made. */
#include <string.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_config.h"
#include "vmm/service/vm_config_fields.h"

static bool read_structure(const struct vm_field_table *table, void *structure, GVariant *variant,
			   GUnixFDList *fds, GError **error);

static const char *dbus_type(enum vm_field_kind kind)
{
	switch (kind) {
	case VM_FIELD_STRING:
		return "s";
	case VM_FIELD_STRINGS:
		return "as";
	case VM_FIELD_BYTES:
		return "ay";
	case VM_FIELD_BOOL:
		return "b";
	case VM_FIELD_U16:
		return "q";
	case VM_FIELD_U32:
		return "u";
	case VM_FIELD_ENUM:
		return "i";
	case VM_FIELD_FD:
		return "h";
	case VM_FIELD_FDS:
		return "ah";
	case VM_FIELD_DISKS:
	case VM_FIELD_PARTITIONS:
		return "aa{sv}";
	}
	g_assert_not_reached();
}

static bool read_fd(int *member, gint32 index, GUnixFDList *fds, GError **error)
{
	int count = fds != NULL ? g_unix_fd_list_get_length(fds) : 0;
	g_autoptr(GError) failure = NULL;

	if (index < 0 || index >= count) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "it is descriptor %d of a message with %d", index, count);
	}
	*member = g_unix_fd_list_get(fds, index, &failure);
	return *member >= 0 ||
	       ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "%s", failure->message);
}

static bool check_count(const struct vm_field *f, gsize count, GError **error)
{
	return count <= f->max ||
	       ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			     "there are %zu; at most %u are allowed", (size_t)count, f->max);
}

static bool read_strings(const struct vm_field *f, char ***member, GVariant *value, GError **error)
{
	if (!check_count(f, g_variant_n_children(value), error)) {
		return false;
	}
	g_strfreev(*member);
	*member = g_variant_dup_strv(value, NULL);
	return true;
}

static bool read_fds(const struct vm_field *f, GArray *array, GVariant *value, GUnixFDList *fds,
		     GError **error)
{
	gsize count = g_variant_n_children(value);

	if (!check_count(f, count, error)) {
		return false;
	}
	for (gsize i = 0; i < count; i++) {
		gint32 index = -1;
		int fd = -1;

		g_variant_get_child(value, i, "h", &index);
		if (!read_fd(&fd, index, fds, error)) {
			g_prefix_error(error, "[%zu]: ", (size_t)i);
			return false;
		}
		g_array_append_val(array, fd);
	}
	return true;
}

static bool read_array(const struct vm_field *f, GPtrArray *array, GVariant *value,
		       GUnixFDList *fds, GError **error)
{
	bool disks = f->kind == VM_FIELD_DISKS;
	gsize count = g_variant_n_children(value);

	if (!check_count(f, count, error)) {
		return false;
	}
	for (gsize i = 0; i < count; i++) {
		g_autoptr(GVariant) element = g_variant_get_child_value(value, i);
		void *structure = disks ? (void *)vm_disk_add(array) : vm_partition_add(array);

		if (!read_structure(disks ? &vm_fields_disk : &vm_fields_partition, structure,
				    element, fds, error)) {
			g_prefix_error(error, "[%zu].", (size_t)i);
			return false;
		}
	}
	return true;
}

static bool read_member(const struct vm_field *f, void *member, GVariant *value, GUnixFDList *fds,
			GError **error)
{
	if (!g_variant_is_of_type(value, G_VARIANT_TYPE(dbus_type(f->kind)))) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "its type is '%s'; '%s' is expected",
				     g_variant_get_type_string(value), dbus_type(f->kind));
	}
	switch (f->kind) {
	case VM_FIELD_STRING:
		g_free(*(char **)member);
		*(char **)member = g_variant_dup_string(value, NULL);
		return true;
	case VM_FIELD_STRINGS:
		return read_strings(f, member, value, error);
	case VM_FIELD_BYTES:
		*(GBytes **)member = g_variant_get_data_as_bytes(value);
		return true;
	case VM_FIELD_BOOL:
		*(bool *)member = g_variant_get_boolean(value);
		return true;
	case VM_FIELD_U16:
		*(uint16_t *)member = g_variant_get_uint16(value);
		return true;
	case VM_FIELD_U32:
		*(uint32_t *)member = g_variant_get_uint32(value);
		return true;
	case VM_FIELD_ENUM:
		*(int *)member = g_variant_get_int32(value);
		return true;
	case VM_FIELD_FD:
		return read_fd(member, g_variant_get_handle(value), fds, error);
	case VM_FIELD_FDS:
		return read_fds(f, *(GArray **)member, value, fds, error);
	case VM_FIELD_DISKS:
	case VM_FIELD_PARTITIONS:
		return read_array(f, *(GPtrArray **)member, value, fds, error);
	}
	g_assert_not_reached();
}

static const struct vm_field *find_field(const struct vm_field_table *table, const char *key)
{
	for (const struct vm_field *f = table->fields; f->key != NULL; f++) {
		if (strcmp(f->key, key) == 0) {
			return f;
		}
	}
	return NULL;
}

static bool read_structure(const struct vm_field_table *table, void *structure, GVariant *variant,
			   GUnixFDList *fds, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
	gsize count = g_variant_n_children(variant);

	for (gsize i = 0; i < count; i++) {
		g_autofree char *key = NULL;
		g_autoptr(GVariant) value = NULL;
		const struct vm_field *f;

		g_variant_get_child(variant, i, "{sv}", &key, &value);
		f = find_field(table, key);
		if (f == NULL) {
			g_autofree char *shown = g_strescape(key, NULL);

			return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
					     "%s: no such field", shown);
		}
		if (!g_hash_table_add(seen, (gpointer)f)) {
			return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
					     "%s: given twice", key);
		}
		if (!read_member(f, (char *)structure + f->offset, value, fds, error)) {
			vm_fields_prefix(key, error);
			return false;
		}
	}
	return true;
}

struct vm_raw_config *vm_raw_config_from_variant(GVariant *variant, GUnixFDList *fds,
						 GError **error)
{
	struct vm_raw_config *config = vm_raw_config_new();

	if (read_structure(&vm_fields_raw, config, variant, fds, error) &&
	    vm_raw_config_check(config, error)) {
		return config;
	}
	vm_raw_config_free(config);
	return NULL;
}

struct vm_app_config *vm_app_config_from_variant(GVariant *variant, GUnixFDList *fds,
						 GError **error)
{
	struct vm_app_config *config = vm_app_config_new();

	if (read_structure(&vm_fields_app, config, variant, fds, error) &&
	    vm_app_config_check(config, error)) {
		return config;
	}
	vm_app_config_free(config);
	return NULL;
}
