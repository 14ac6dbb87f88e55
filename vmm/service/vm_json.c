/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/vm_json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_config_fields.h"

#define NESTING_MAX 8

/* Reading of one text. */
struct reading {
	const struct vm_json_options *options;
	struct vm_raw_config *config;
	struct vm_disk *disk;           /* the one that is read */
	struct vm_partition *partition; /* likewise */
	char *image;                    /* of the disk or partition that is read */
	char *initrd;                   /* paths, opened at the end */
	char *initrd_debuggable;
};

/* A field and how it is read. */
struct json_field {
	const char *key;
	bool (*read)(struct reading *r, const struct json_field *f, JsonNode *node, GError **error);
	size_t offset; /* in the structure that @read writes to */
	gint64 max;    /* of a number */
};

static bool illegal(GError **error, const char *text)
{
	return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "%s", text);
}

static bool is_value(JsonNode *node, GType type)
{
	return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

static bool read_fields(struct reading *r, const struct json_field *fields, JsonNode *node,
			GError **error)
{
	JsonObjectIter iter;
	const char *key;
	JsonNode *value;

	if (!JSON_NODE_HOLDS_OBJECT(node)) {
		return illegal(error, "not an object: '{...}' is expected");
	}
	json_object_iter_init(&iter, json_node_get_object(node));
	while (json_object_iter_next(&iter, &key, &value)) {
		const struct json_field *f = fields;

		while (f->key != NULL && strcmp(f->key, key) != 0) {
			f++;
		}
		if (f->key == NULL) {
			g_autofree char *shown = g_strescape(key, NULL);

			return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
					     "%s: no such field", shown);
		}
		if (!f->read(r, f, value, error)) {
			vm_fields_prefix(key, error);
			return false;
		}
	}
	return true;
}

static bool take_string(char **member, JsonNode *node, GError **error)
{
	if (!is_value(node, G_TYPE_STRING)) {
		return illegal(error, "not a string");
	}
	g_free(*member);
	*member = json_node_dup_string(node);
	return true;
}

static bool take_bool(bool *member, JsonNode *node, GError **error)
{
	if (!is_value(node, G_TYPE_BOOLEAN)) {
		return illegal(error, "neither true nor false");
	}
	*member = json_node_get_boolean(node);
	return true;
}

static bool read_string(struct reading *r, const struct json_field *f, JsonNode *node,
			GError **error)
{
	return take_string((char **)((char *)r->config + f->offset), node, error);
}

static bool read_bool(struct reading *r, const struct json_field *f, JsonNode *node, GError **error)
{
	return take_bool((bool *)((char *)r->config + f->offset), node, error);
}

static bool read_number(struct reading *r, const struct json_field *f, JsonNode *node,
			GError **error)
{
	gint64 number = is_value(node, G_TYPE_INT64) ? json_node_get_int(node) : 0;

	if (number < 1 || number > f->max) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "not a whole number from 1 to %" G_GINT64_FORMAT, f->max);
	}
	*(uint32_t *)((char *)r->config + f->offset) = (uint32_t)number;
	return true;
}

static bool read_topology(struct reading *r, const struct json_field *f, JsonNode *node,
			  GError **error)
{
	const char *word = is_value(node, G_TYPE_STRING) ? json_node_get_string(node) : "";

	(void)f;
	if (strcmp(word, "one_cpu") != 0 && strcmp(word, "match_host") != 0) {
		return illegal(error, "neither \"one_cpu\" nor \"match_host\"");
	}
	r->config->common.cpu_topology = word[0] == 'o' ? AVF_CPU_ONE : AVF_CPU_MATCH_HOST;
	return true;
}

static bool read_devices(struct reading *r, const struct json_field *f, JsonNode *node,
			 GError **error)
{
	(void)r;
	(void)f;
	if (!JSON_NODE_HOLDS_ARRAY(node)) {
		return illegal(error, "not an array");
	}
	return json_array_get_length(json_node_get_array(node)) == 0 ||
	       ipc_error_set(error, AVF_EXCEPTION_UNSUPPORTED_OPERATION, "not supported");
}

/* "No", or nothing: false, null, an empty array, an object of such members. */
static bool is_unwanted(JsonNode *node)
{
	g_autoptr(GList) members = NULL;

	if (JSON_NODE_HOLDS_OBJECT(node)) {
		members = json_object_get_values(json_node_get_object(node));
		for (GList *each = members; each != NULL; each = each->next) {
			if (!is_unwanted(each->data)) {
				return false;
			}
		}
		return true;
	}
	if (JSON_NODE_HOLDS_ARRAY(node)) {
		return json_array_get_length(json_node_get_array(node)) == 0;
	}
	return JSON_NODE_HOLDS_NULL(node) ||
	       (is_value(node, G_TYPE_BOOLEAN) && !json_node_get_boolean(node));
}

/* A field of AVF's for something that is not there: it may say that it is not wanted. */
static bool read_unsupported(struct reading *r, const struct json_field *f, JsonNode *node,
			     GError **error)
{
	(void)r;
	(void)f;
	return is_unwanted(node) ||
	       ipc_error_set(error, AVF_EXCEPTION_UNSUPPORTED_OPERATION, "not supported");
}

static bool open_path(const struct reading *r, const char *path, bool writable, int *fd,
		      GError **error)
{
	g_autofree char *full = NULL;
	int saved;

	if (r->options->folder == NULL) {
		return true;
	}
	full = g_canonicalize_filename(path, r->options->folder);
	/* O_NONBLOCK: a FIFO is for the service to refuse, not to wait for. */
	*fd = open(full, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	saved = errno;
	return *fd >= 0 || ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
					 "cannot open %s: %s", full, g_strerror(saved));
}

static bool read_file(struct reading *r, const struct json_field *f, JsonNode *node, GError **error)
{
	g_autofree char *path = NULL;
	int *member = (int *)((char *)r->config + f->offset);

	return take_string(&path, node, error) && open_path(r, path, false, member, error);
}

static bool read_initrd(struct reading *r, const struct json_field *f, JsonNode *node,
			GError **error)
{
	(void)f;
	return take_string(&r->initrd, node, error);
}

static bool read_debuggable(struct reading *r, const struct json_field *f, JsonNode *node,
			    GError **error)
{
	if (!r->options->os) {
		return illegal(error, "only the description of an OS has it");
	}
	return take_string(&r->initrd_debuggable, node, error) && f != NULL;
}

static bool read_image(struct reading *r, const struct json_field *f, JsonNode *node,
		       GError **error)
{
	(void)f;
	return take_string(&r->image, node, error);
}

static bool read_disk_writable(struct reading *r, const struct json_field *f, JsonNode *node,
			       GError **error)
{
	(void)f;
	return take_bool(&r->disk->writable, node, error);
}

static bool read_part_string(struct reading *r, const struct json_field *f, JsonNode *node,
			     GError **error)
{
	return take_string((char **)((char *)r->partition + f->offset), node, error);
}

static bool read_part_writable(struct reading *r, const struct json_field *f, JsonNode *node,
			       GError **error)
{
	(void)f;
	return take_bool(&r->partition->writable, node, error);
}

static const struct json_field partition_fields[] = {
	{ "label", read_part_string, offsetof(struct vm_partition, label), 0 },
	{ "path", read_image, 0, 0 },
	{ "writable", read_part_writable, 0, 0 },
	{ "guid", read_part_string, offsetof(struct vm_partition, guid), 0 },
	{ 0 },
};

static bool read_partition(struct reading *r, JsonNode *node, GError **error)
{
	g_autofree char *path = NULL;

	r->partition = vm_partition_add(r->disk->partitions);
	if (!read_fields(r, partition_fields, node, error)) {
		return false;
	}
	path = g_steal_pointer(&r->image);
	if (path == NULL) {
		return illegal(error, "path: missing");
	}
	if (!open_path(r, path, r->partition->writable, &r->partition->image, error)) {
		vm_fields_prefix("path", error);
		return false;
	}
	return true;
}

/* Call @read for each element; messages get its number in front. */
static bool read_elements(struct reading *r, JsonNode *node, guint max,
			  bool (*read)(struct reading *r, JsonNode *node, GError **error),
			  GError **error)
{
	JsonArray *array;

	if (!JSON_NODE_HOLDS_ARRAY(node)) {
		return illegal(error, "not an array");
	}
	array = json_node_get_array(node);
	if (json_array_get_length(array) > max) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "there are %u; at most %u are allowed",
				     json_array_get_length(array), max);
	}
	for (guint i = 0; i < json_array_get_length(array); i++) {
		if (!read(r, json_array_get_element(array, i), error)) {
			g_prefix_error(error, "[%u].", i);
			return false;
		}
	}
	return true;
}

static bool read_partitions(struct reading *r, const struct json_field *f, JsonNode *node,
			    GError **error)
{
	g_autofree char *outer = g_steal_pointer(&r->image); /* the disk's own */
	bool done;

	(void)f;
	done = read_elements(r, node, VM_CONFIG_PARTITIONS_MAX, read_partition, error);
	g_free(r->image);
	r->image = g_steal_pointer(&outer);
	return done;
}

static const struct json_field disk_fields[] = {
	{ "image", read_image, 0, 0 },
	{ "partitions", read_partitions, 0, 0 },
	{ "writable", read_disk_writable, 0, 0 },
	{ 0 },
};

static bool read_disk(struct reading *r, JsonNode *node, GError **error)
{
	g_autofree char *image = NULL;

	r->disk = vm_disk_add(r->config->disks);
	if (!read_fields(r, disk_fields, node, error)) {
		return false;
	}
	image = g_steal_pointer(&r->image);
	if ((image != NULL) == (r->disk->partitions->len > 0)) {
		return illegal(error, "image: exactly one of image and partitions is needed");
	}
	if (image != NULL && !open_path(r, image, r->disk->writable, &r->disk->image, error)) {
		vm_fields_prefix("image", error);
		return false;
	}
	return true;
}

static bool read_disks(struct reading *r, const struct json_field *f, JsonNode *node,
		       GError **error)
{
	(void)f;
	return read_elements(r, node, VM_CONFIG_DISKS_MAX, read_disk, error);
}

#define OF(member) offsetof(struct vm_raw_config, member)

static const struct json_field fields[] = {
	{ "name", read_string, OF(common.name), 0 },
	{ "kernel", read_file, OF(kernel), 0 },
	{ "initrd", read_initrd, 0, 0 },
	{ "initrd_debuggable", read_debuggable, 0, 0 },
	{ "params", read_string, OF(params), 0 },
	{ "bootloader", read_file, OF(bootloader), 0 },
	{ "disks", read_disks, 0, 0 },
	{ "protected", read_bool, OF(common.protected_vm), 0 },
	{ "rsi", read_bool, OF(common.rsi), 0 },
	{ "memory_mib", read_number, OF(common.memory_mib), VM_CONFIG_MEMORY_MIB_MAX },
	{ "swiotlb_mib", read_number, OF(common.swiotlb_mib), 1024 },
	{ "cpu_count", read_number, OF(common.cpu_count), VM_CONFIG_CPUS_MAX },
	{ "cpu_topology", read_topology, 0, 0 },
	{ "platform_version", read_string, OF(platform_version), 0 },
	{ "devices", read_devices, 0, 0 },
	{ "console_input_device", read_string, OF(console_input_device), 0 },
	{ "usb_config", read_unsupported, 0, 0 },
	{ "network", read_unsupported, 0, 0 },
	{ "balloon", read_unsupported, 0, 0 },
	{ "gpu", read_unsupported, 0, 0 },
	{ "display", read_unsupported, 0, 0 },
	{ "input", read_unsupported, 0, 0 },
	{ "audio", read_unsupported, 0, 0 },
	{ "sharedPath", read_unsupported, 0, 0 },
	{ 0 },
};

/* json-glib's parser calls itself for each level; outside of strings, count them. */
static bool nesting_is_sane(const char *text, size_t bytes)
{
	unsigned depth = 0;
	bool string = false;

	for (size_t i = 0; i < bytes; i++) {
		if (string) {
			if (text[i] == '\\') {
				i++;
			} else if (text[i] == '"') {
				string = false;
			}
		} else if (text[i] == '"') {
			string = true;
		} else if (text[i] == '[' || text[i] == '{') {
			if (++depth > NESTING_MAX) {
				return false;
			}
		} else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
			depth--;
		}
	}
	return true;
}

/* Fields are called as JSON has them: "memory_mib: ..." for "memory-mib: ...". */
static void rename_fields(GError *error)
{
	for (char *c = error->message; *c != '\0' && *c != ':'; c++) {
		*c = *c == '-' ? '_' : *c;
	}
}

static bool finish(struct reading *r, GError **error)
{
	bool debuggable = r->options->debuggable && r->initrd_debuggable != NULL;
	const char *initrd = debuggable ? r->initrd_debuggable : r->initrd;
	g_autoptr(GError) wrong = NULL;

	if (initrd != NULL && !open_path(r, initrd, false, &r->config->initrd, error)) {
		vm_fields_prefix(debuggable ? "initrd_debuggable" : "initrd", error);
		return false;
	}
	if (r->options->folder != NULL && !vm_raw_config_check(r->config, &wrong)) {
		rename_fields(wrong);
		g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	return true;
}

static JsonNode *parse_text(const char *text, size_t bytes, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	g_autoptr(GError) failure = NULL;

	if (bytes > VM_JSON_BYTES_MAX || !nesting_is_sane(text, bytes)) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "longer than %d bytes, or nested deeper than %d", VM_JSON_BYTES_MAX,
			      NESTING_MAX);
		return NULL;
	}
	if (!g_utf8_validate(text, (gssize)bytes, NULL)) {
		illegal(error, "not UTF-8 text");
		return NULL;
	}
	if (!json_parser_load_from_data(parser, text, (gssize)bytes, &failure)) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "not JSON: %s",
			      failure->message);
		return NULL;
	}
	if (json_parser_get_root(parser) == NULL) {
		illegal(error, "not JSON: it is empty");
		return NULL;
	}
	return json_node_ref(json_parser_get_root(parser));
}

struct vm_raw_config *vm_json_parse(const char *text, size_t bytes,
				    const struct vm_json_options *options, GError **error)
{
	g_autoptr(JsonNode) root = parse_text(text, bytes, error);
	struct reading r = { .options = options };
	bool done;

	if (root == NULL) {
		return NULL;
	}
	r.config = vm_raw_config_new();
	done = read_fields(&r, fields, root, error) && finish(&r, error);
	g_free(r.image);
	g_free(r.initrd);
	g_free(r.initrd_debuggable);
	if (!done) {
		vm_raw_config_free(r.config);
		return NULL;
	}
	return r.config;
}

struct vm_raw_config *vm_json_load(const char *path, const struct vm_json_options *options,
				   GError **error)
{
	struct vm_json_options relative = *options;
	struct vm_raw_config *config;
	g_autofree char *folder = NULL;
	g_autofree char *text = NULL;
	g_autofree char *whole = g_canonicalize_filename(path, NULL);
	g_autoptr(GError) failure = NULL;
	gsize bytes = 0;

	if (!g_file_get_contents(whole, &text, &bytes, &failure)) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "%s", failure->message);
		return NULL;
	}
	folder = g_path_get_dirname(whole);
	relative.folder = folder;
	config = vm_json_parse(text, bytes, &relative, error);
	if (config == NULL) {
		g_prefix_error(error, "%s: ", path);
	}
	return config;
}
