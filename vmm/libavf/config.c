/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AvfConfig and its builder. */
#include <avf/config.h>

#include "vmm/libavf/options.h"

struct _AvfConfigBuilder {
	GObject parent;
	struct options options;
	GError *wrong; /* the first option that was set to what it cannot be */
};

G_DEFINE_FINAL_TYPE(AvfConfig, avf_config, G_TYPE_OBJECT)
G_DEFINE_FINAL_TYPE(AvfConfigBuilder, avf_config_builder, G_TYPE_OBJECT)

static void config_finalize(GObject *object)
{
	options_clear(&AVF_CONFIG(object)->options);
	G_OBJECT_CLASS(avf_config_parent_class)->finalize(object);
}

static void avf_config_class_init(AvfConfigClass *class)
{
	G_OBJECT_CLASS(class)->finalize = config_finalize;
}

static void avf_config_init(AvfConfig *config)
{
	options_init(&config->options);
}

AvfConfig *config_new(struct options *options)
{
	AvfConfig *config = g_object_new(AVF_TYPE_CONFIG, NULL);

	options_clear(&config->options);
	config->options = *options;
	return config;
}

static void builder_finalize(GObject *object)
{
	AvfConfigBuilder *builder = AVF_CONFIG_BUILDER(object);

	options_clear(&builder->options);
	g_clear_error(&builder->wrong);
	G_OBJECT_CLASS(avf_config_builder_parent_class)->finalize(object);
}

static void avf_config_builder_class_init(AvfConfigBuilderClass *class)
{
	G_OBJECT_CLASS(class)->finalize = builder_finalize;
}

static void avf_config_builder_init(AvfConfigBuilder *builder)
{
	options_init(&builder->options);
}

AvfConfigBuilder *avf_config_builder_new(void)
{
	return g_object_new(AVF_TYPE_CONFIG_BUILDER, NULL);
}

AvfConfig *avf_config_builder_build(AvfConfigBuilder *builder, GError **error)
{
	struct options options;

	if (builder->wrong != NULL) {
		g_propagate_error(error, g_error_copy(builder->wrong));
		return NULL;
	}
	if (!options_check(&builder->options, error)) {
		return NULL;
	}
	options_copy(&options, &builder->options);
	return config_new(&options);
}

static void not_a_value(AvfConfigBuilder *builder, const char *option, const char *what)
{
	if (builder->wrong == NULL) {
		builder->wrong =
			g_error_new(AVF_ERROR, AVF_ERROR_ILLEGAL_ARGUMENT, "%s: %s", option, what);
	}
}

static bool is_text(AvfConfigBuilder *builder, const char *option, const char *text)
{
	if (text == NULL || !g_utf8_validate(text, -1, NULL)) {
		not_a_value(builder, option, text == NULL ? "it is NULL" : "it is not UTF-8");
		return false;
	}
	return true;
}

static void set_string(AvfConfigBuilder *builder, char **member, const char *option,
		       const char *text)
{
	if (is_text(builder, option, text)) {
		g_free(*member);
		*member = g_strdup(text);
	}
}

/* 0 stands for "not set", so it is told apart here. */
static void set_positive(AvfConfigBuilder *builder, gint64 *member, const char *option,
			 gint64 value)
{
	if (value <= 0) {
		not_a_value(builder, option, "it is not positive");
	}
	*member = value;
}

/* For numbers of which 0 is a value and a default: what is below is no value. */
static void set_enum(AvfConfigBuilder *builder, gint64 *member, const char *option, int value,
		     int max)
{
	if (value < 0 || value > max) {
		not_a_value(builder, option, "there is no such value");
	}
	*member = value;
}

void avf_config_builder_set_apk_path(AvfConfigBuilder *builder, const char *path)
{
	set_string(builder, &builder->options.apk_path, "apk-path", path);
	if (path != NULL && !g_path_is_absolute(path)) {
		not_a_value(builder, "apk-path", "it is not an absolute path");
	}
}

void avf_config_builder_add_extra_apk(AvfConfigBuilder *builder, const char *path)
{
	g_autoptr(GStrvBuilder) all = NULL;

	if (!is_text(builder, "extra-apks", path)) {
		return;
	}
	if (!g_path_is_absolute(path)) {
		not_a_value(builder, "extra-apks", "it is not an absolute path");
	}
	all = g_strv_builder_new();
	g_strv_builder_addv(all, (const char **)builder->options.extra_apks);
	g_strv_builder_add(all, path);
	g_strfreev(builder->options.extra_apks);
	builder->options.extra_apks = g_strv_builder_end(all);
}

void avf_config_builder_set_payload_binary_name(AvfConfigBuilder *builder, const char *name)
{
	set_string(builder, &builder->options.payload_binary_name, "payload-binary-name", name);
}

void avf_config_builder_set_payload_config_path(AvfConfigBuilder *builder, const char *path)
{
	set_string(builder, &builder->options.payload_config_path, "payload-config-path", path);
}

void avf_config_builder_set_protected_vm(AvfConfigBuilder *builder, gboolean protected_vm)
{
	builder->options.protected_vm = protected_vm != FALSE;
}

void avf_config_builder_set_debug_level(AvfConfigBuilder *builder, AvfDebugLevel level)
{
	set_enum(builder, &builder->options.debug_level, "debug-level", (int)level,
		 AVF_DEBUG_LEVEL_FULL);
}

void avf_config_builder_set_memory_bytes(AvfConfigBuilder *builder, gint64 bytes)
{
	set_positive(builder, &builder->options.memory_bytes, "memory-bytes", bytes);
}

void avf_config_builder_set_cpu_topology(AvfConfigBuilder *builder, AvfCpuTopology topology)
{
	set_enum(builder, &builder->options.cpu_topology, "cpu-topology", (int)topology,
		 AVF_CPU_TOPOLOGY_MATCH_HOST);
}

void avf_config_builder_set_cpu_count(AvfConfigBuilder *builder, guint count)
{
	set_positive(builder, &builder->options.cpu_count, "cpu-count", count);
}

void avf_config_builder_set_encrypted_storage_bytes(AvfConfigBuilder *builder, gint64 bytes)
{
	set_positive(builder, &builder->options.encrypted_storage_bytes, "encrypted-storage-bytes",
		     bytes);
}

void avf_config_builder_set_vm_output_captured(AvfConfigBuilder *builder, gboolean captured)
{
	builder->options.vm_output_captured = captured != FALSE;
}

void avf_config_builder_set_vm_console_input_supported(AvfConfigBuilder *builder,
						       gboolean supported)
{
	builder->options.vm_console_input_supported = supported != FALSE;
}

void avf_config_builder_set_os(AvfConfigBuilder *builder, const char *name)
{
	set_string(builder, &builder->options.os, "os", name);
}

void avf_config_builder_set_vendor_disk_image(AvfConfigBuilder *builder, const char *path)
{
	set_string(builder, &builder->options.vendor_disk_image, "vendor-disk-image", path);
}

void avf_config_builder_set_should_use_hugepages(AvfConfigBuilder *builder, gboolean use)
{
	builder->options.should_use_hugepages = use != FALSE;
}

void avf_config_builder_set_should_boost_uclamp(AvfConfigBuilder *builder, gboolean boost)
{
	builder->options.should_boost_uclamp = boost != FALSE;
}

const char *avf_config_get_apk_path(AvfConfig *config)
{
	return config->options.apk_path;
}

const char *const *avf_config_get_extra_apks(AvfConfig *config)
{
	return (const char *const *)config->options.extra_apks;
}

const char *avf_config_get_payload_binary_name(AvfConfig *config)
{
	return config->options.payload_binary_name;
}

const char *avf_config_get_payload_config_path(AvfConfig *config)
{
	return config->options.payload_config_path;
}

gboolean avf_config_is_protected_vm(AvfConfig *config)
{
	return config->options.protected_vm == 1;
}

AvfDebugLevel avf_config_get_debug_level(AvfConfig *config)
{
	return (AvfDebugLevel)config->options.debug_level;
}

gint64 avf_config_get_memory_bytes(AvfConfig *config)
{
	return config->options.memory_bytes;
}

AvfCpuTopology avf_config_get_cpu_topology(AvfConfig *config)
{
	return (AvfCpuTopology)config->options.cpu_topology;
}

guint avf_config_get_cpu_count(AvfConfig *config)
{
	return (guint)config->options.cpu_count;
}

gboolean avf_config_is_encrypted_storage_enabled(AvfConfig *config)
{
	return config->options.encrypted_storage_bytes != 0;
}

gint64 avf_config_get_encrypted_storage_bytes(AvfConfig *config)
{
	return config->options.encrypted_storage_bytes;
}

gboolean avf_config_is_vm_output_captured(AvfConfig *config)
{
	return config->options.vm_output_captured != 0;
}

gboolean avf_config_is_vm_console_input_supported(AvfConfig *config)
{
	return config->options.vm_console_input_supported != 0;
}

const char *avf_config_get_os(AvfConfig *config)
{
	return config->options.os;
}

const char *avf_config_get_vendor_disk_image(AvfConfig *config)
{
	return config->options.vendor_disk_image;
}

gboolean avf_config_should_use_hugepages(AvfConfig *config)
{
	return config->options.should_use_hugepages != 0;
}

gboolean avf_config_should_boost_uclamp(AvfConfig *config)
{
	return config->options.should_boost_uclamp != 0;
}

gboolean avf_config_is_compatible_with(AvfConfig *config, AvfConfig *other)
{
	return options_same_machine(&config->options, &other->options);
}
