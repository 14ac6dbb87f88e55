/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations into their D-Bus form. */
#include "vmm/service/vm_config.h"
#include "vmm/service/vm_config_fields.h"

static GVariant *write_structure(const struct vm_field_table *table, const void *structure,
				 GUnixFDList *fds, GError **error);

/* NULL and @error on failure. */
static GVariant *write_fd(int fd, GUnixFDList *fds, GError **error)
{
	int index = g_unix_fd_list_append(fds, fd, error);

	return index >= 0 ? g_variant_new_handle(index) : NULL;
}

static GVariant *write_fds(const GArray *array, GUnixFDList *fds, GError **error)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("ah"));

	for (guint i = 0; i < array->len; i++) {
		GVariant *handle = write_fd(g_array_index(array, int, i), fds, error);

		if (handle == NULL) {
			return NULL;
		}
		g_variant_builder_add_value(&builder, handle);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *write_array(const struct vm_field_table *table, const GPtrArray *array,
			     GUnixFDList *fds, GError **error)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

	for (guint i = 0; i < array->len; i++) {
		GVariant *element = write_structure(table, array->pdata[i], fds, error);

		if (element == NULL) {
			return NULL;
		}
		g_variant_builder_add_value(&builder, element);
	}
	return g_variant_builder_end(&builder);
}

static bool has_default(const struct vm_field *f, const void *member)
{
	switch (f->kind) {
	case VM_FIELD_STRING:
		return g_strcmp0(*(char *const *)member, f->preset) == 0;
	case VM_FIELD_STRINGS:
		return *(char **const *)member == NULL || **(char **const *)member == NULL;
	case VM_FIELD_BYTES:
		return *(GBytes *const *)member == NULL;
	case VM_FIELD_BOOL:
		return *(const bool *)member == (f->number != 0);
	case VM_FIELD_U16:
		return *(const uint16_t *)member == 0;
	case VM_FIELD_U32:
		return *(const uint32_t *)member == 0;
	case VM_FIELD_ENUM:
		return *(const int *)member == f->number;
	case VM_FIELD_FD:
		return *(const int *)member < 0;
	case VM_FIELD_FDS:
		return (*(GArray *const *)member)->len == 0;
	case VM_FIELD_DISKS:
	case VM_FIELD_PARTITIONS:
		return (*(GPtrArray *const *)member)->len == 0;
	}
	g_assert_not_reached();
}

static GVariant *write_member(const struct vm_field *f, const void *member, GUnixFDList *fds,
			      GError **error)
{
	switch (f->kind) {
	case VM_FIELD_STRING:
		return g_variant_new_string(*(char *const *)member);
	case VM_FIELD_STRINGS:
		return g_variant_new_strv((const char *const *)*(char **const *)member, -1);
	case VM_FIELD_BYTES:
		return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, *(GBytes *const *)member,
						TRUE);
	case VM_FIELD_BOOL:
		return g_variant_new_boolean(*(const bool *)member);
	case VM_FIELD_U16:
		return g_variant_new_uint16(*(const uint16_t *)member);
	case VM_FIELD_U32:
		return g_variant_new_uint32(*(const uint32_t *)member);
	case VM_FIELD_ENUM:
		return g_variant_new_int32(*(const int *)member);
	case VM_FIELD_FD:
		return write_fd(*(const int *)member, fds, error);
	case VM_FIELD_FDS:
		return write_fds(*(GArray *const *)member, fds, error);
	case VM_FIELD_DISKS:
		return write_array(&vm_fields_disk, *(GPtrArray *const *)member, fds, error);
	case VM_FIELD_PARTITIONS:
		return write_array(&vm_fields_partition, *(GPtrArray *const *)member, fds, error);
	}
	g_assert_not_reached();
}

static GVariant *write_structure(const struct vm_field_table *table, const void *structure,
				 GUnixFDList *fds, GError **error)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	for (const struct vm_field *f = table->fields; f->key != NULL; f++) {
		const void *member = (const char *)structure + f->offset;
		GVariant *value;

		if (has_default(f, member)) {
			continue;
		}
		value = write_member(f, member, fds, error);
		if (value == NULL) {
			g_prefix_error(error, "%s: ", f->key);
			return NULL;
		}
		g_variant_builder_add(&builder, "{sv}", f->key, value);
	}
	return g_variant_builder_end(&builder);
}

GVariant *vm_raw_config_to_variant(const struct vm_raw_config *config, GUnixFDList *fds,
				   GError **error)
{
	return write_structure(&vm_fields_raw, config, fds, error);
}

GVariant *vm_app_config_to_variant(const struct vm_app_config *config, GUnixFDList *fds,
				   GError **error)
{
	return write_structure(&vm_fields_app, config, fds, error);
}
