/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations from their D-Bus form, which anybody may have made. */
#include <string.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_config.h"
#include "vmm/service/vm_config_fields.h"

static bool read_structure(const struct vm_field_table *table, void *structure, GVariant *variant,
			   GUnixFDList *fds, GError **error);

static bool refuse(GError **error, enum avf_exception code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool refuse(GError **error, enum avf_exception code, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, IPC_ERROR, (int)code, text);
	return false;
}

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

static bool read_string(const struct vm_field *f, char **member, GVariant *value, GError **error)
{
	gsize length = 0;
	const char *text = g_variant_get_string(value, &length);

	if (length < f->min || length > f->max) {
		return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "its value has %zu bytes; %u to %u are allowed", (size_t)length,
			      f->min, f->max);
	}
	g_free(*member);
	*member = g_strdup(text);
	return true;
}

static bool read_number(const struct vm_field *f, gint64 value, bool zero_allowed, GError **error)
{
	if ((value != 0 || !zero_allowed) && (value < f->min || value > f->max)) {
		return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "%" G_GINT64_FORMAT " is not a number from %u to %u", value, f->min,
			      f->max);
	}
	return true;
}

static bool read_bytes(const struct vm_field *f, GBytes **member, GVariant *value, GError **error)
{
	gsize count = g_variant_get_size(value);

	if (count != f->max) {
		return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "its value has %zu bytes; it must have %u", (size_t)count, f->max);
	}
	*member = g_variant_get_data_as_bytes(value);
	return true;
}

static bool read_fd(int *member, gint32 index, GUnixFDList *fds, GError **error)
{
	int count = fds != NULL ? g_unix_fd_list_get_length(fds) : 0;
	g_autoptr(GError) failure = NULL;

	if (index < 0 || index >= count) {
		return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "it is descriptor %d of a message with %d", index, count);
	}
	*member = g_unix_fd_list_get(fds, index, &failure);
	return *member >= 0 ||
	       refuse(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "%s", failure->message);
}

static bool check_count(const struct vm_field *f, gsize count, GError **error)
{
	return count <= f->max ||
	       refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
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
		return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "its type is '%s'; '%s' is expected",
			      g_variant_get_type_string(value), dbus_type(f->kind));
	}
	switch (f->kind) {
	case VM_FIELD_STRING:
		return read_string(f, member, value, error);
	case VM_FIELD_STRINGS:
		return read_strings(f, member, value, error);
	case VM_FIELD_BYTES:
		return read_bytes(f, member, value, error);
	case VM_FIELD_BOOL:
		*(bool *)member = g_variant_get_boolean(value);
		return true;
	case VM_FIELD_U16:
		*(uint16_t *)member = g_variant_get_uint16(value);
		return read_number(f, *(uint16_t *)member, true, error);
	case VM_FIELD_U32:
		*(uint32_t *)member = g_variant_get_uint32(value);
		return read_number(f, *(uint32_t *)member, true, error);
	case VM_FIELD_ENUM:
		*(int *)member = g_variant_get_int32(value);
		return read_number(f, *(int *)member, false, error);
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

/* "disks" before "[1].image: ...", "name: " before "its value ...". */
static void prefix_key(const char *key, GError **error)
{
	if (error != NULL && *error != NULL) {
		g_prefix_error(error, (*error)->message[0] == '[' ? "%s" : "%s: ", key);
	}
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

			return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "%s: no such field",
				      shown);
		}
		if (!g_hash_table_add(seen, (gpointer)f)) {
			return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "%s: given twice",
				      key);
		}
		if (!read_member(f, (char *)structure + f->offset, value, fds, error)) {
			prefix_key(key, error);
			return false;
		}
	}
	return true;
}

static bool illegal(GError **error, const char *text)
{
	return refuse(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "%s", text);
}

static bool unsupported(GError **error, const char *field)
{
	return refuse(error, AVF_EXCEPTION_UNSUPPORTED_OPERATION, "%s: not supported", field);
}

static bool check_common(const struct vm_common *common, GError **error)
{
	if (common->memory_mib % 2 != 0) {
		return illegal(error, "memory-mib: it must be even");
	}
	if (common->swiotlb_mib % 2 != 0) {
		return illegal(error, "swiotlb-mib: it must be even");
	}
	if (common->rsi && !common->protected_vm) {
		return illegal(error, "rsi: only a protected VM's guest speaks RSI");
	}
	if (common->swiotlb_mib != 0 && (!common->protected_vm || common->rsi)) {
		return illegal(error,
			       "swiotlb-mib: only a protected VM without RSI has such a pool");
	}
	if (common->gdb_port != 0) {
		return common->protected_vm ?
			       illegal(error, "gdb-port: a protected VM cannot be debugged") :
			       unsupported(error, "gdb-port");
	}
	return !common->network || unsupported(error, "network-supported");
}

static bool check_partition(const struct vm_partition *p, GError **error)
{
	if (p->label == NULL) {
		return illegal(error, "label: missing");
	}
	if (p->image < 0) {
		return illegal(error, "image: missing");
	}
	return p->guid == NULL || g_uuid_string_is_valid(p->guid) ||
	       illegal(error, "guid: not of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool check_disk(const struct vm_disk *disk, GError **error)
{
	if ((disk->image >= 0) == (disk->partitions->len > 0)) {
		return illegal(error, disk->image >= 0 ?
					      "image: not together with partitions" :
					      "image: neither image nor partitions are given");
	}
	for (guint i = 0; i < disk->partitions->len; i++) {
		if (!check_partition(disk->partitions->pdata[i], error)) {
			g_prefix_error(error, "partitions[%u].", i);
			return false;
		}
	}
	return true;
}

/* AVF's requirement on the platform; this is crosvm's "1.0.0" of AVF, and takes what names 1.0. */
static bool platform_is_ours(const char *version)
{
	static const char *const ours[] = {
		"~1.0", "^1.0", "1.0", "1.0.0", "~1.0.0", "~1", "1", "*"
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ours); i++) {
		if (version == NULL || strcmp(version, ours[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool check_raw(const struct vm_raw_config *config, GError **error)
{
	const char *input = config->console_input_device;

	if ((config->kernel >= 0) == (config->bootloader >= 0)) {
		return illegal(error, config->kernel >= 0 ?
					      "bootloader: not together with kernel" :
					      "kernel: neither kernel nor bootloader is given");
	}
	if (config->bootloader >= 0 && (config->initrd >= 0 || config->params != NULL)) {
		return illegal(error, "bootloader: not together with initrd or params");
	}
	if (!platform_is_ours(config->platform_version)) {
		return illegal(error, "platform-version: this platform is 1.0.0");
	}
	if (input != NULL && strcmp(input, "ttyS0") == 0) {
		return unsupported(error, "console-input-device: ttyS0");
	}
	if (input != NULL && strcmp(input, "hvc0") != 0) {
		return illegal(error, "console-input-device: it is hvc0 or ttyS0");
	}
	if (config->device_tree_overlay >= 0) {
		return unsupported(error, "device-tree-overlay");
	}
	if (config->balloon) {
		return unsupported(error, "balloon");
	}
	for (guint i = 0; i < config->disks->len; i++) {
		if (!check_disk(config->disks->pdata[i], error)) {
			g_prefix_error(error, "disks[%u].", i);
			return false;
		}
	}
	return *config->devices == NULL || unsupported(error, "devices");
}

static bool check_app(const struct vm_app_config *config, GError **error)
{
	if (config->apk < 0) {
		return illegal(error, "apk: missing");
	}
	if (config->idsig < 0) {
		return illegal(error, "idsig: missing");
	}
	if (config->extra_apks->len != config->extra_idsigs->len) {
		return illegal(error, "extra-idsigs: there must be one for each of extra-apks");
	}
	if ((config->config_path != NULL) == (config->payload_binary_name != NULL)) {
		return illegal(error,
			       config->config_path != NULL ?
				       "payload-binary-name: not together with config-path" :
				       "payload-binary-name: neither it nor config-path is given");
	}
	if (config->payload_binary_name != NULL &&
	    strchr(config->payload_binary_name, '/') != NULL) {
		return illegal(error,
			       "payload-binary-name: it is the name of a library, not a path");
	}
	if (config->os_name[0] == '\0' || config->os_name[0] == '.' ||
	    strchr(config->os_name, '/') != NULL) {
		return illegal(error, "os-name: it is a name, not a path");
	}
	if (config->vendor_image >= 0) {
		return unsupported(error, "vendor-image");
	}
	return *config->devices == NULL || unsupported(error, "devices");
}

struct vm_raw_config *vm_raw_config_from_variant(GVariant *variant, GUnixFDList *fds,
						 GError **error)
{
	struct vm_raw_config *config = vm_raw_config_new();

	if (read_structure(&vm_fields_raw, config, variant, fds, error) &&
	    check_common(&config->common, error) && check_raw(config, error)) {
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
	    check_common(&config->common, error) && check_app(config, error)) {
		return config;
	}
	vm_app_config_free(config);
	return NULL;
}
