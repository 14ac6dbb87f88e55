/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AvfConfig: what a machine shall be. It does not change; an AvfConfigBuilder makes it. Both are GObjects.
 *
 * A setter takes any value and remembers the first that is none; avf_config_builder_build() says which option it was. Options
 * keep the names that the messages have: "apk-path", "memory-bytes", ...
 */
#ifndef AVF_CONFIG_H
#define AVF_CONFIG_H

#include <avf/types.h>
#include <glib-object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A builder with all defaults, owned by the caller. It can build any number of configs. */
AvfConfigBuilder *avf_config_builder_new(void);

/*
 * A config of what was set so far.
 *
 * Returns  a config, owned by the caller.
 * Errors   NULL; ILLEGAL_ARGUMENT: an option was set to a value that is none; ILLEGAL_STATE: apk-path, protected-vm, or one of
 *          payload-binary-name and payload-config-path was not set, or both were; an option needs another one.
 */
AvfConfig *avf_config_builder_build(AvfConfigBuilder *builder, GError **error);

/* apk-path: the package with the payload, an absolute path. Required. */
void avf_config_builder_set_apk_path(AvfConfigBuilder *builder, const char *path);

/* extra-apks: another package, an absolute path; may be called again for more, 8 in all. Not with payload-config-path. */
void avf_config_builder_add_extra_apk(AvfConfigBuilder *builder, const char *path);

/* payload-binary-name: the payload's library in lib/arm64-v8a of the package, NAME.so, not a path. */
void avf_config_builder_set_payload_binary_name(AvfConfigBuilder *builder, const char *name);

/* payload-config-path: a configuration in the package instead; the service must allow it to this user. */
void avf_config_builder_set_payload_config_path(AvfConfigBuilder *builder, const char *path);

/* protected-vm: protected from the host? Required: there is no default. */
void avf_config_builder_set_protected_vm(AvfConfigBuilder *builder, gboolean protected_vm);

/* debug-level: default NONE. */
void avf_config_builder_set_debug_level(AvfConfigBuilder *builder, AvfDebugLevel level);

/* memory-bytes: the machine's memory in bytes, above 0, rounded up to 2 MiB when it runs. Default: the OS's (256 MiB). */
void avf_config_builder_set_memory_bytes(AvfConfigBuilder *builder, gint64 bytes);

/* cpu-topology: default ONE_CPU. */
void avf_config_builder_set_cpu_topology(AvfConfigBuilder *builder, AvfCpuTopology topology);

/* cpu-count: so many virtual CPUs, 1 to 8, instead of cpu-topology's (A16's cpuOptions). */
void avf_config_builder_set_cpu_count(AvfConfigBuilder *builder, guint count);

/* encrypted-storage-bytes: size of the machine's own storage, above 0. Not there yet: such a machine cannot be made. */
void avf_config_builder_set_encrypted_storage_bytes(AvfConfigBuilder *builder, gint64 bytes);

/* vm-output-captured: avf_vm_get_console_output() and avf_vm_get_log_output() give streams? Needs debug level FULL. */
void avf_config_builder_set_vm_output_captured(AvfConfigBuilder *builder, gboolean captured);

/* vm-console-input-supported: avf_vm_get_console_input() gives a stream? Needs debug level FULL. */
void avf_config_builder_set_vm_console_input_supported(AvfConfigBuilder *builder,
						       gboolean supported);

/* os: which of the host's operating systems; default "microdroid". Another one: the service must allow it to this user. */
void avf_config_builder_set_os(AvfConfigBuilder *builder, const char *name);

/* vendor-disk-image: an absolute path. Not there yet: such a machine cannot be made. */
void avf_config_builder_set_vendor_disk_image(AvfConfigBuilder *builder, const char *path);

/* should-use-hugepages: back the machine's memory with huge pages where the host can. */
void avf_config_builder_set_should_use_hugepages(AvfConfigBuilder *builder, gboolean use);

/* should-boost-uclamp: ask the host's scheduler for speed. */
void avf_config_builder_set_should_boost_uclamp(AvfConfigBuilder *builder, gboolean boost);

/* The options, as they were set. Strings belong to the config; NULL: not set. */
const char *avf_config_get_apk_path(AvfConfig *config);
/* NULL-terminated, of the config; never NULL. */
const char *const *avf_config_get_extra_apks(AvfConfig *config);
/* NULL: payload-config-path instead. */
const char *avf_config_get_payload_binary_name(AvfConfig *config);
/* NULL: payload-binary-name instead. */
const char *avf_config_get_payload_config_path(AvfConfig *config);
/* protected-vm */
gboolean avf_config_is_protected_vm(AvfConfig *config);
/* debug-level */
AvfDebugLevel avf_config_get_debug_level(AvfConfig *config);
/* memory-bytes; 0: the OS's default. */
gint64 avf_config_get_memory_bytes(AvfConfig *config);
/* cpu-topology */
AvfCpuTopology avf_config_get_cpu_topology(AvfConfig *config);
/* cpu-count; 0: by cpu-topology. */
guint avf_config_get_cpu_count(AvfConfig *config);
/* Was encrypted-storage-bytes set? */
gboolean avf_config_is_encrypted_storage_enabled(AvfConfig *config);
/* encrypted-storage-bytes; 0: not set. */
gint64 avf_config_get_encrypted_storage_bytes(AvfConfig *config);
/* vm-output-captured */
gboolean avf_config_is_vm_output_captured(AvfConfig *config);
/* vm-console-input-supported */
gboolean avf_config_is_vm_console_input_supported(AvfConfig *config);
/* os; never NULL. */
const char *avf_config_get_os(AvfConfig *config);
/* vendor-disk-image */
const char *avf_config_get_vendor_disk_image(AvfConfig *config);
/* should-use-hugepages */
gboolean avf_config_should_use_hugepages(AvfConfig *config);
/* should-boost-uclamp */
gboolean avf_config_should_boost_uclamp(AvfConfig *config);

/*
 * Can one and the same machine be run with either? True if they differ in memory, CPUs, paths of the same packages and
 * the host's scheduling at most: the payload, debug level, protection, OS, storage and streams make another machine. Symmetric.
 */
gboolean avf_config_is_compatible_with(AvfConfig *config, AvfConfig *other);

#ifdef __cplusplus
}
#endif

#endif /* AVF_CONFIG_H */
