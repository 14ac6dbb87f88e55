/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "guest/microdroid/manager/error.h"

#define METADATA_VERSION 1
#define OS_NAME "microdroid"
#define TASK_TYPE "microdroid_launcher"

static void G_GNUC_PRINTF(2, 3) invalid(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error != NULL && *error == NULL) {
		*error = g_error_new_valist(MANAGER_ERROR, MANAGER_ERROR_INVALID_CONFIG, format,
					    args);
	}
	va_end(args);
}

/* The object that @text is; the caller keeps @parser as long as it uses it. */
static JsonObject *parse_object(JsonParser *parser, const char *what, const char *text, gsize bytes,
				GError **error)
{
	g_autoptr(GError) json_error = NULL;
	JsonNode *root;

	if (bytes > CONFIG_BYTES_MAX) {
		invalid(error, "%s: more than %d bytes", what, CONFIG_BYTES_MAX);
		return NULL;
	}
	if (!g_utf8_validate(text, (gssize)bytes, NULL)) {
		invalid(error, "%s: not UTF-8", what);
		return NULL;
	}
	if (!json_parser_load_from_data(parser, text, (gssize)bytes, &json_error)) {
		invalid(error, "%s: not JSON: %s", what, json_error->message);
		return NULL;
	}
	root = json_parser_get_root(parser);
	if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
		invalid(error, "%s: not an object", what);
		return NULL;
	}
	return json_node_get_object(root);
}

static JsonObject *object_member(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* A non-empty string, or NULL: there is no such member, or it is something else. */
static const char *string_member(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);
	const char *text = NULL;

	if (node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_STRING) {
		text = json_node_get_string(node);
	}
	return text != NULL && text[0] != '\0' && strlen(text) <= CONFIG_NAME_BYTES_MAX ? text :
											  NULL;
}

/* A whole number of 0 to @max; absent is 0. */
static gboolean number_member(JsonObject *object, const char *name, unsigned max, unsigned *number)
{
	JsonNode *node = json_object_get_member(object, name);
	gint64 value;

	*number = 0;
	if (node == NULL) {
		return TRUE;
	}
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64) {
		return FALSE;
	}
	value = json_node_get_int(node);
	if (value < 0 || value > max) {
		return FALSE;
	}
	*number = (unsigned)value;
	return TRUE;
}

/* A library's name is a file of the package's folder for libraries: no path. */
static gboolean is_library_name(const char *name)
{
	return name != NULL && strchr(name, '/') == NULL && name[0] != '.';
}

static gboolean read_payload(struct payload_metadata *metadata, JsonObject *object, GError **error)
{
	JsonObject *config = object_member(object, "config");
	gboolean by_path = json_object_has_member(object, "config_path");

	if (by_path == (config != NULL)) {
		invalid(error, "payload-metadata: one of config_path and config is needed");
		return FALSE;
	}
	if (by_path) {
		metadata->config_path = g_strdup(string_member(object, "config_path"));
		if (metadata->config_path == NULL) {
			invalid(error, "payload-metadata: config_path: not a path");
			return FALSE;
		}
		return TRUE;
	}
	metadata->binary_name = g_strdup(string_member(config, "payload_binary_name"));
	if (!is_library_name(metadata->binary_name)) {
		invalid(error,
			"payload-metadata: config.payload_binary_name: not a library's name");
		return FALSE;
	}
	if (!number_member(config, "extra_apk_count", CONFIG_EXTRA_APKS_MAX,
			   &metadata->extra_apks)) {
		invalid(error, "payload-metadata: config.extra_apk_count: not a number up to %d",
			CONFIG_EXTRA_APKS_MAX);
		return FALSE;
	}
	return TRUE;
}

static gboolean read_metadata(struct payload_metadata *metadata, JsonObject *object, GError **error)
{
	JsonObject *apk = object_member(object, "apk");
	unsigned version;

	if (!number_member(object, "version", METADATA_VERSION, &version) ||
	    version != METADATA_VERSION) {
		invalid(error, "payload-metadata: version: not %d", METADATA_VERSION);
		return FALSE;
	}
	if (apk == NULL) {
		invalid(error, "payload-metadata: apk: not an object");
		return FALSE;
	}
	metadata->apk_partition = g_strdup(string_member(apk, "payload_partition_name"));
	metadata->idsig_partition = g_strdup(string_member(apk, "idsig_partition_name"));
	if (metadata->apk_partition == NULL || metadata->idsig_partition == NULL) {
		invalid(error, "payload-metadata: apk: a partition's name is missing");
		return FALSE;
	}
	return read_payload(metadata, object, error);
}

struct payload_metadata *payload_metadata_parse(const char *text, gsize bytes, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	struct payload_metadata *metadata;
	JsonObject *object;

	while (bytes > 0 && text[bytes - 1] == '\0') {
		bytes--;
	}
	object = parse_object(parser, "payload-metadata", text, bytes, error);
	if (object == NULL) {
		return NULL;
	}
	metadata = g_new0(struct payload_metadata, 1);
	if (!read_metadata(metadata, object, error)) {
		payload_metadata_free(metadata);
		return NULL;
	}
	return metadata;
}

void payload_metadata_free(struct payload_metadata *metadata)
{
	if (metadata != NULL) {
		g_free(metadata->apk_partition);
		g_free(metadata->idsig_partition);
		g_free(metadata->config_path);
		g_free(metadata->binary_name);
		g_free(metadata);
	}
}

static gboolean read_config(struct payload_config *config, JsonObject *object, GError **error)
{
	JsonObject *os = object_member(object, "os");
	JsonObject *task = object_member(object, "task");
	JsonNode *extra = json_object_get_member(object, "extra_apks");

	if (json_object_has_member(object, "os") &&
	    (os == NULL || g_strcmp0(string_member(os, "name"), OS_NAME) != 0)) {
		invalid(error, "vm config: os.name: not " OS_NAME);
		return FALSE;
	}
	if (task == NULL) {
		invalid(error, "vm config: task: not an object");
		return FALSE;
	}
	if (g_strcmp0(string_member(task, "type"), TASK_TYPE) != 0) {
		invalid(error, "vm config: task.type: not " TASK_TYPE);
		return FALSE;
	}
	config->binary_name = g_strdup(string_member(task, "command"));
	if (!is_library_name(config->binary_name)) {
		invalid(error, "vm config: task.command: not a library's name");
		return FALSE;
	}
	if (extra != NULL && !JSON_NODE_HOLDS_ARRAY(extra)) {
		invalid(error, "vm config: extra_apks: not an array");
		return FALSE;
	}
	config->extra_apks = extra == NULL ? 0 : json_array_get_length(json_node_get_array(extra));
	if (config->extra_apks > CONFIG_EXTRA_APKS_MAX) {
		invalid(error, "vm config: extra_apks: more than %d", CONFIG_EXTRA_APKS_MAX);
		return FALSE;
	}
	return TRUE;
}

struct payload_config *payload_config_parse(const char *text, gsize bytes, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonObject *object = parse_object(parser, "vm config", text, bytes, error);
	struct payload_config *config;

	if (object == NULL) {
		return NULL;
	}
	config = g_new0(struct payload_config, 1);
	if (!read_config(config, object, error)) {
		payload_config_free(config);
		return NULL;
	}
	return config;
}

void payload_config_free(struct payload_config *config)
{
	if (config != NULL) {
		g_free(config->binary_name);
		g_free(config);
	}
}
