/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/vm_config.h"

#include <unistd.h>

#include "vmm/service/vm_config_fields.h"

/* clang-format off */
#define FIELD(type, member, key_, kind_, min_, max_) \
	{ .key = (key_), .kind = (kind_), .offset = offsetof(type, member), .min = (min_), .max = (max_) }
#define PRESET(type, member, key_, max_, preset_) \
	{ .key = (key_), .kind = VM_FIELD_STRING, .offset = offsetof(type, member), .max = (max_), .preset = (preset_) }
#define COMMON(type) \
	PRESET(type, common.name, "name", VM_CONFIG_NAME_BYTES_MAX, ""), \
	FIELD(type, common.instance_id, "instance-id", VM_FIELD_BYTES, 0, AVF_INSTANCE_ID_BYTES), \
	FIELD(type, common.protected_vm, "protected", VM_FIELD_BOOL, 0, 1), \
	FIELD(type, common.rsi, "rsi", VM_FIELD_BOOL, 0, 1), \
	FIELD(type, common.memory_mib, "memory-mib", VM_FIELD_U32, VM_CONFIG_MEMORY_MIB_MIN, VM_CONFIG_MEMORY_MIB_MAX), \
	FIELD(type, common.swiotlb_mib, "swiotlb-mib", VM_FIELD_U32, 2, 1024), \
	FIELD(type, common.cpu_count, "cpu-count", VM_FIELD_U32, 1, VM_CONFIG_CPUS_MAX), \
	FIELD(type, common.cpu_topology, "cpu-topology", VM_FIELD_ENUM, AVF_CPU_ONE, AVF_CPU_MATCH_HOST), \
	FIELD(type, common.huge_pages, "huge-pages", VM_FIELD_BOOL, 0, 1), \
	FIELD(type, common.boost_uclamp, "boost-uclamp", VM_FIELD_BOOL, 0, 1), \
	FIELD(type, common.network, "network-supported", VM_FIELD_BOOL, 0, 1), \
	FIELD(type, common.gdb_port, "gdb-port", VM_FIELD_U16, 0, UINT16_MAX)

static const struct vm_field raw_fields[] = {
	COMMON(struct vm_raw_config),
	FIELD(struct vm_raw_config, kernel, "kernel", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_raw_config, initrd, "initrd", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_raw_config, params, "params", VM_FIELD_STRING, 0, VM_CONFIG_PARAMS_BYTES_MAX),
	FIELD(struct vm_raw_config, bootloader, "bootloader", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_raw_config, disks, "disks", VM_FIELD_DISKS, 0, VM_CONFIG_DISKS_MAX),
	FIELD(struct vm_raw_config, platform_version, "platform-version", VM_FIELD_STRING, 1, 64),
	FIELD(struct vm_raw_config, console_input_device, "console-input-device", VM_FIELD_STRING, 1, 16),
	FIELD(struct vm_raw_config, device_tree_overlay, "device-tree-overlay", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_raw_config, devices, "devices", VM_FIELD_STRINGS, 0, 16),
	FIELD(struct vm_raw_config, balloon, "balloon", VM_FIELD_BOOL, 0, 1),
	{ 0 },
};

static const struct vm_field app_fields[] = {
	COMMON(struct vm_app_config),
	FIELD(struct vm_app_config, apk, "apk", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_app_config, idsig, "idsig", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_app_config, extra_apks, "extra-apks", VM_FIELD_FDS, 0, VM_CONFIG_EXTRA_APKS_MAX),
	FIELD(struct vm_app_config, extra_idsigs, "extra-idsigs", VM_FIELD_FDS, 0, VM_CONFIG_EXTRA_APKS_MAX),
	FIELD(struct vm_app_config, instance_image, "instance-image", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_app_config, encrypted_storage, "encrypted-storage-image", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_app_config, config_path, "config-path", VM_FIELD_STRING, 1, 4095),
	FIELD(struct vm_app_config, payload_binary_name, "payload-binary-name", VM_FIELD_STRING, 1, 255),
	PRESET(struct vm_app_config, os_name, "os-name", 64, AVF_OS_DEFAULT),
	FIELD(struct vm_app_config, debug_level, "debug-level", VM_FIELD_ENUM, AVF_DEBUG_NONE, AVF_DEBUG_FULL),
	FIELD(struct vm_app_config, custom_kernel, "custom-kernel-image", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_app_config, vendor_image, "vendor-image", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_app_config, devices, "devices", VM_FIELD_STRINGS, 0, 16),
	{ .key = "want-updatable", .kind = VM_FIELD_BOOL,
	  .offset = offsetof(struct vm_app_config, want_updatable), .number = 1 },
	FIELD(struct vm_app_config, extra_params, "extra-kernel-cmdline-params", VM_FIELD_STRINGS, 0, 32),
	{ 0 },
};

static const struct vm_field disk_fields[] = {
	FIELD(struct vm_disk, image, "image", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_disk, partitions, "partitions", VM_FIELD_PARTITIONS, 0, VM_CONFIG_PARTITIONS_MAX),
	FIELD(struct vm_disk, writable, "writable", VM_FIELD_BOOL, 0, 1),
	{ 0 },
};

static const struct vm_field partition_fields[] = {
	FIELD(struct vm_partition, label, "label", VM_FIELD_STRING, 1, VM_CONFIG_LABEL_CHARS_MAX),
	FIELD(struct vm_partition, image, "image", VM_FIELD_FD, 0, 0),
	FIELD(struct vm_partition, writable, "writable", VM_FIELD_BOOL, 0, 1),
	FIELD(struct vm_partition, guid, "guid", VM_FIELD_STRING, 36, 36),
	{ 0 },
};
/* clang-format on */

const struct vm_field_table vm_fields_raw = { raw_fields, sizeof(struct vm_raw_config) };
const struct vm_field_table vm_fields_app = { app_fields, sizeof(struct vm_app_config) };
const struct vm_field_table vm_fields_disk = { disk_fields, sizeof(struct vm_disk) };
const struct vm_field_table vm_fields_partition = { partition_fields, sizeof(struct vm_partition) };

static void disk_free(void *disk)
{
	vm_fields_free(&vm_fields_disk, disk);
}

static void partition_free(void *partition)
{
	vm_fields_free(&vm_fields_partition, partition);
}

static void fd_clear(void *fd)
{
	close(*(int *)fd);
}

static GArray *fds_new(void)
{
	GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(fds, fd_clear);
	return fds;
}

void *vm_fields_new(const struct vm_field_table *table)
{
	char *structure = g_malloc0(table->bytes);

	for (const struct vm_field *f = table->fields; f->key != NULL; f++) {
		void *member = structure + f->offset;

		switch (f->kind) {
		case VM_FIELD_STRING:
			*(char **)member = g_strdup(f->preset);
			break;
		case VM_FIELD_STRINGS:
			*(char ***)member = g_new0(char *, 1);
			break;
		case VM_FIELD_BOOL:
			*(bool *)member = f->number != 0;
			break;
		case VM_FIELD_ENUM:
			*(int *)member = f->number;
			break;
		case VM_FIELD_FD:
			*(int *)member = -1;
			break;
		case VM_FIELD_FDS:
			*(GArray **)member = fds_new();
			break;
		case VM_FIELD_DISKS:
			*(GPtrArray **)member = g_ptr_array_new_with_free_func(disk_free);
			break;
		case VM_FIELD_PARTITIONS:
			*(GPtrArray **)member = g_ptr_array_new_with_free_func(partition_free);
			break;
		case VM_FIELD_BYTES:
		case VM_FIELD_U16:
		case VM_FIELD_U32:
			break; /* zero */
		}
	}
	return structure;
}

void vm_fields_free(const struct vm_field_table *table, void *structure)
{
	if (structure == NULL) {
		return;
	}
	for (const struct vm_field *f = table->fields; f->key != NULL; f++) {
		void *member = (char *)structure + f->offset;

		switch (f->kind) {
		case VM_FIELD_STRING:
			g_free(*(char **)member);
			break;
		case VM_FIELD_STRINGS:
			g_strfreev(*(char ***)member);
			break;
		case VM_FIELD_BYTES:
			g_bytes_unref(*(GBytes **)member);
			break;
		case VM_FIELD_FD:
			if (*(int *)member >= 0) {
				close(*(int *)member);
			}
			break;
		case VM_FIELD_FDS:
			g_array_unref(*(GArray **)member);
			break;
		case VM_FIELD_DISKS:
		case VM_FIELD_PARTITIONS:
			g_ptr_array_unref(*(GPtrArray **)member);
			break;
		case VM_FIELD_BOOL:
		case VM_FIELD_U16:
		case VM_FIELD_U32:
		case VM_FIELD_ENUM:
			break;
		}
	}
	g_free(structure);
}

struct vm_raw_config *vm_raw_config_new(void)
{
	return vm_fields_new(&vm_fields_raw);
}

struct vm_app_config *vm_app_config_new(void)
{
	return vm_fields_new(&vm_fields_app);
}

void vm_raw_config_free(struct vm_raw_config *config)
{
	vm_fields_free(&vm_fields_raw, config);
}

void vm_app_config_free(struct vm_app_config *config)
{
	vm_fields_free(&vm_fields_app, config);
}

struct vm_disk *vm_disk_add(GPtrArray *disks)
{
	struct vm_disk *disk = vm_fields_new(&vm_fields_disk);

	g_ptr_array_add(disks, disk);
	return disk;
}

struct vm_partition *vm_partition_add(GPtrArray *partitions)
{
	struct vm_partition *partition = vm_fields_new(&vm_fields_partition);

	g_ptr_array_add(partitions, partition);
	return partition;
}
