/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/libavf/options.h"

#include <string.h>

#include "vmm/service/vm_config.h"

#define FILE_GROUP "config"
#define FILE_VERSION "version"
#define FILE_VERSION_NOW 1

enum option_kind {
	OPTION_STRING,
	OPTION_STRINGS,
	OPTION_NUMBER,
};

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset;
	bool identity; /* another value: another machine */
	gint64 min;    /* of a number that is set */
	gint64 max;
};

#define OPTION(name, kind, member, identity, min, max)                                     \
	{                                                                                  \
		name, OPTION_##kind, offsetof(struct options, member), identity, min, max, \
	}

/*
 * Which change makes another machine: VirtualMachineConfig.isCompatibleWith() of AVF. There the packages' names count, not
 * their paths; extra packages are known by their paths alone.
 */
static const struct option table[] = {
	OPTION("apk-path", STRING, apk_path, false, 0, 0),
	OPTION("extra-apks", STRINGS, extra_apks, true, 0, 0),
	OPTION("payload-binary-name", STRING, payload_binary_name, true, 0, 0),
	OPTION("payload-config-path", STRING, payload_config_path, true, 0, 0),
	OPTION("os", STRING, os, true, 0, 0),
	OPTION("vendor-disk-image", STRING, vendor_disk_image, true, 0, 0),
	OPTION("protected-vm", NUMBER, protected_vm, true, 0, 1),
	OPTION("debug-level", NUMBER, debug_level, true, 0, AVF_DEBUG_LEVEL_FULL),
	OPTION("memory-bytes", NUMBER, memory_bytes, false, 1, G_MAXINT64),
	OPTION("cpu-topology", NUMBER, cpu_topology, false, 0, AVF_CPU_TOPOLOGY_MATCH_HOST),
	OPTION("cpu-count", NUMBER, cpu_count, false, 1, VM_CONFIG_CPUS_MAX),
	OPTION("encrypted-storage-bytes", NUMBER, encrypted_storage_bytes, true, 1, G_MAXINT64),
	OPTION("vm-output-captured", NUMBER, vm_output_captured, true, 0, 1),
	OPTION("vm-console-input-supported", NUMBER, vm_console_input_supported, true, 0, 1),
	OPTION("should-use-hugepages", NUMBER, should_use_hugepages, false, 0, 1),
	OPTION("should-boost-uclamp", NUMBER, should_boost_uclamp, false, 0, 1),
};

static char **string_of(const struct options *o, const struct option *option)
{
	return (char **)((char *)o + option->offset);
}

static char ***strings_of(const struct options *o, const struct option *option)
{
	return (char ***)((char *)o + option->offset);
}

static gint64 *number_of(const struct options *o, const struct option *option)
{
	return (gint64 *)((char *)o + option->offset);
}

void options_init(struct options *options)
{
	*options = (struct options){
		.extra_apks = g_new0(char *, 1),
		.os = g_strdup(AVF_OS_DEFAULT),
		.protected_vm = OPTION_UNSET,
	};
}

void options_clear(struct options *options)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].kind == OPTION_STRING) {
			g_free(*string_of(options, &table[i]));
		} else if (table[i].kind == OPTION_STRINGS) {
			g_strfreev(*strings_of(options, &table[i]));
		}
	}
	memset(options, 0, sizeof(*options));
}

void options_copy(struct options *to, const struct options *from)
{
	*to = *from;
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].kind == OPTION_STRING) {
			*string_of(to, &table[i]) = g_strdup(*string_of(from, &table[i]));
		} else if (table[i].kind == OPTION_STRINGS) {
			*strings_of(to, &table[i]) = g_strdupv(*strings_of(from, &table[i]));
		}
	}
}

static bool same_value(const struct options *a, const struct options *b,
		       const struct option *option)
{
	switch (option->kind) {
	case OPTION_STRING:
		return g_strcmp0(*string_of(a, option), *string_of(b, option)) == 0;
	case OPTION_STRINGS:
		return g_strv_equal((const char *const *)*strings_of(a, option),
				    (const char *const *)*strings_of(b, option));
	case OPTION_NUMBER:
		return *number_of(a, option) == *number_of(b, option);
	}
	g_assert_not_reached();
}

bool options_same_machine(const struct options *a, const struct options *b)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].identity && !same_value(a, b, &table[i])) {
			return false;
		}
	}
	return true;
}

static bool wrong(GError **error, int code, const char *text)
{
	g_set_error_literal(error, AVF_ERROR, code, text);
	return false;
}

static bool illegal(GError **error, const char *text)
{
	return wrong(error, AVF_ERROR_ILLEGAL_ARGUMENT, text);
}

static bool check_numbers(const struct options *o, GError **error)
{
	struct options unset;
	bool good = true;

	options_init(&unset);
	for (size_t i = 0; i < G_N_ELEMENTS(table) && good; i++) {
		const struct option *option = &table[i];
		gint64 value;

		if (option->kind != OPTION_NUMBER || same_value(o, &unset, option)) {
			continue;
		}
		value = *number_of(o, option);
		good = value >= option->min && value <= option->max;
		if (!good && option->max == G_MAXINT64) {
			g_set_error(error, AVF_ERROR, AVF_ERROR_ILLEGAL_ARGUMENT,
				    "%s: %" G_GINT64_FORMAT " is not positive", option->name,
				    value);
		} else if (!good) {
			g_set_error(error, AVF_ERROR, AVF_ERROR_ILLEGAL_ARGUMENT,
				    "%s: %" G_GINT64_FORMAT " is not a number from %d to %d",
				    option->name, value, (int)option->min, (int)option->max);
		}
	}
	options_clear(&unset);
	return good;
}

static bool check_paths(const struct options *o, GError **error)
{
	for (char **path = o->extra_apks; *path != NULL; path++) {
		if (!g_path_is_absolute(*path)) {
			return illegal(error, "extra-apks: it is not an absolute path");
		}
	}
	if (g_strv_length(o->extra_apks) > VM_CONFIG_EXTRA_APKS_MAX) {
		return illegal(error, "extra-apks: at most 8 are allowed");
	}
	if (o->apk_path != NULL && !g_path_is_absolute(o->apk_path)) {
		return illegal(error, "apk-path: it is not an absolute path");
	}
	if (o->vendor_disk_image != NULL && !g_path_is_absolute(o->vendor_disk_image)) {
		return illegal(error, "vendor-disk-image: it is not an absolute path");
	}
	return true;
}

static bool check_names(const struct options *o, GError **error)
{
	const char *binary = o->payload_binary_name;

	if (binary != NULL && (binary[0] == '\0' || strchr(binary, '/') != NULL)) {
		return illegal(error,
			       "payload-binary-name: it is the name of a library, not a path");
	}
	if (o->payload_config_path != NULL && o->payload_config_path[0] == '\0') {
		return illegal(error, "payload-config-path: it is empty");
	}
	if (o->os[0] == '\0' || o->os[0] == '.' || strchr(o->os, '/') != NULL) {
		return illegal(error, "os: it is a name, not a path");
	}
	return true;
}

/* By the order of VirtualMachineConfig.Builder.build(). */
static bool check_together(const struct options *o, GError **error)
{
	const char *text = NULL;

	if (o->apk_path == NULL) {
		text = "apk-path: it must be set";
	} else if (o->payload_binary_name == NULL && o->payload_config_path == NULL) {
		text = "payload-binary-name: it must be set";
	} else if (o->payload_binary_name != NULL && o->payload_config_path != NULL) {
		text = "payload-binary-name: not together with payload-config-path";
	} else if (o->payload_config_path != NULL && *o->extra_apks != NULL) {
		text = "extra-apks: not together with payload-config-path";
	} else if (o->protected_vm == OPTION_UNSET) {
		text = "protected-vm: it must be set";
	} else if (o->cpu_count != 0 && o->cpu_topology != AVF_CPU_TOPOLOGY_ONE_CPU) {
		text = "cpu-count: not together with cpu-topology MATCH_HOST";
	} else if (o->vm_output_captured && o->debug_level != AVF_DEBUG_LEVEL_FULL) {
		text = "vm-output-captured: the debug level must be FULL";
	} else if (o->vm_console_input_supported && o->debug_level != AVF_DEBUG_LEVEL_FULL) {
		text = "vm-console-input-supported: the debug level must be FULL";
	}
	return text == NULL || wrong(error, AVF_ERROR_ILLEGAL_STATE, text);
}

bool options_check(const struct options *options, GError **error)
{
	return check_numbers(options, error) && check_paths(options, error) &&
	       check_names(options, error) && check_together(options, error);
}

char *options_to_text(const struct options *options)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	struct options unset;

	options_init(&unset);
	g_key_file_set_integer(file, FILE_GROUP, FILE_VERSION, FILE_VERSION_NOW);
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		const struct option *option = &table[i];

		if (same_value(options, &unset, option)) {
			continue;
		}
		if (option->kind == OPTION_STRING) {
			g_key_file_set_string(file, FILE_GROUP, option->name,
					      *string_of(options, option));
		} else if (option->kind == OPTION_STRINGS) {
			char **strings = *strings_of(options, option);

			g_key_file_set_string_list(file, FILE_GROUP, option->name,
						   (const char *const *)strings,
						   g_strv_length(strings));
		} else {
			g_key_file_set_int64(file, FILE_GROUP, option->name,
					     *number_of(options, option));
		}
	}
	options_clear(&unset);
	return g_key_file_to_data(file, NULL, NULL);
}

static bool read_option(struct options *o, GKeyFile *file, const char *key, GError **error)
{
	GError *failed = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		const struct option *option = &table[i];

		if (strcmp(option->name, key) != 0) {
			continue;
		}
		if (option->kind == OPTION_STRING) {
			g_free(*string_of(o, option));
			*string_of(o, option) =
				g_key_file_get_string(file, FILE_GROUP, key, &failed);
		} else if (option->kind == OPTION_STRINGS) {
			g_strfreev(*strings_of(o, option));
			*strings_of(o, option) =
				g_key_file_get_string_list(file, FILE_GROUP, key, NULL, &failed);
		} else {
			g_autofree char *text =
				g_key_file_get_string(file, FILE_GROUP, key, &failed);

			if (text != NULL) { /* GKeyFile's own reader does not see an overflow */
				g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64,
							 number_of(o, option), &failed);
			}
		}
		if (failed != NULL) {
			g_propagate_prefixed_error(error, failed, "%s: ", key);
			return false;
		}
		return true;
	}
	g_set_error(error, AVF_ERROR, AVF_ERROR_FAILED, "%s: unknown option", key);
	return false;
}

static bool read_options(struct options *o, GKeyFile *file, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, FILE_GROUP, NULL, error);
	int version = keys != NULL ? g_key_file_get_integer(file, FILE_GROUP, FILE_VERSION, NULL) :
				     0;

	if (keys == NULL) {
		return false;
	}
	if (version != FILE_VERSION_NOW) {
		g_set_error(error, AVF_ERROR, AVF_ERROR_FAILED,
			    "its version is %d; this library reads %d", version, FILE_VERSION_NOW);
		return false;
	}
	for (char **key = keys; *key != NULL; key++) {
		if (strcmp(*key, FILE_VERSION) != 0 && !read_option(o, file, *key, error)) {
			return false;
		}
	}
	return options_check(o, error);
}

bool options_from_text(struct options *options, const char *text, size_t bytes, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	GError *failed = NULL;

	options_init(options);
	if (g_key_file_load_from_data(file, text, bytes, G_KEY_FILE_NONE, &failed) &&
	    read_options(options, file, &failed)) {
		return true;
	}
	options_clear(options);
	g_set_error_literal(error, AVF_ERROR, AVF_ERROR_FAILED, failed->message);
	g_error_free(failed);
	return false;
}
