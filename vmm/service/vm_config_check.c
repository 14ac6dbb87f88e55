/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which values make a configuration that a VM can have: by field, then together. */
#include <string.h>

#include <netinet/in.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_config.h"
#include "vmm/service/vm_config_fields.h"

void vm_fields_prefix(const char *key, GError **error)
{
	if (error != NULL && *error != NULL) {
		g_prefix_error(error, (*error)->message[0] == '[' ? "%s" : "%s: ", key);
	}
}

static bool check_length(const struct vm_field *f, const char *text, GError **error)
{
	size_t length = text != NULL ? strlen(text) : 0;

	if (text == NULL ||
	    (length >= f->min && length <= f->max && g_utf8_validate(text, (gssize)length, NULL))) {
		return true;
	}
	return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			     "its value is not UTF-8 text of %u to %u bytes", f->min, f->max);
}

static bool check_number(const struct vm_field *f, gint64 value, bool zero_allowed, GError **error)
{
	return (value == 0 && zero_allowed) || (value >= f->min && value <= f->max) ||
	       ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			     "%" G_GINT64_FORMAT " is not a number from %u to %u", value, f->min,
			     f->max);
}

static bool check_count(const struct vm_field *f, guint count, GError **error)
{
	return count <= f->max ||
	       ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			     "there are %u; at most %u are allowed", count, f->max);
}

static bool check_bytes(const struct vm_field *f, GBytes *bytes, GError **error)
{
	return bytes == NULL || g_bytes_get_size(bytes) == f->max ||
	       ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			     "its value has %zu bytes; it must have %u",
			     (size_t)g_bytes_get_size(bytes), f->max);
}

static bool check_array(const struct vm_field *f, const GPtrArray *array, GError **error)
{
	const struct vm_field_table *table = f->kind == VM_FIELD_DISKS ? &vm_fields_disk :
									 &vm_fields_partition;

	if (!check_count(f, array->len, error)) {
		return false;
	}
	for (guint i = 0; i < array->len; i++) {
		if (!vm_fields_check(table, array->pdata[i], error)) {
			g_prefix_error(error, "[%u].", i);
			return false;
		}
	}
	return true;
}

static bool check_member(const struct vm_field *f, const void *member, GError **error)
{
	switch (f->kind) {
	case VM_FIELD_STRING:
		return check_length(f, *(char *const *)member, error);
	case VM_FIELD_STRINGS:
		return check_count(f, g_strv_length(*(char **const *)member), error);
	case VM_FIELD_BYTES:
		return check_bytes(f, *(GBytes *const *)member, error);
	case VM_FIELD_U16:
		return check_number(f, *(const uint16_t *)member, true, error);
	case VM_FIELD_U32:
		return check_number(f, *(const uint32_t *)member, true, error);
	case VM_FIELD_ENUM:
		return check_number(f, *(const int *)member, false, error);
	case VM_FIELD_FDS:
		return check_count(f, (*(GArray *const *)member)->len, error);
	case VM_FIELD_DISKS:
	case VM_FIELD_PARTITIONS:
		return check_array(f, *(GPtrArray *const *)member, error);
	case VM_FIELD_BOOL:
	case VM_FIELD_FD:
		return true;
	}
	g_assert_not_reached();
}

bool vm_fields_check(const struct vm_field_table *table, const void *structure, GError **error)
{
	for (const struct vm_field *f = table->fields; f->key != NULL; f++) {
		if (!check_member(f, (const char *)structure + f->offset, error)) {
			vm_fields_prefix(f->key, error);
			return false;
		}
	}
	return true;
}

static bool illegal(GError **error, const char *text)
{
	return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "%s", text);
}

static bool unsupported(GError **error, const char *field)
{
	return ipc_error_set(error, AVF_EXCEPTION_UNSUPPORTED_OPERATION, "%s: not supported",
			     field);
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
	if (common->gdb_port != 0 && common->protected_vm) {
		return illegal(error, "gdb-port: a protected VM cannot be debugged");
	}
	if (common->gdb_port != 0 && common->gdb_port < IPPORT_RESERVED) {
		return illegal(error, "gdb-port: it is not from 1024 to 65535");
	}
	if (common->huge_pages && common->protected_vm) {
		return unsupported(error, "huge-pages: of a protected VM");
	}
	if (common->boost_uclamp) {
		return unsupported(error, "boost-uclamp");
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
	if (config->common.gdb_port != 0 && config->debug_level == AVF_DEBUG_NONE) {
		return illegal(error, "gdb-port: a VM of debug level NONE cannot be debugged");
	}
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

bool vm_raw_config_check(const struct vm_raw_config *config, GError **error)
{
	return vm_fields_check(&vm_fields_raw, config, error) &&
	       check_common(&config->common, error) && check_raw(config, error);
}

bool vm_app_config_check(const struct vm_app_config *config, GError **error)
{
	return vm_fields_check(&vm_fields_app, config, error) &&
	       check_common(&config->common, error) && check_app(config, error);
}
