/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/file.h"

/*
 * The command line is read here and not by GOption, for three reasons: a value's
 * message must name the option and what it allows, the configuration file uses
 * the same table, and a file's name must pass in any locale.
 */

G_DEFINE_QUARK(vmm_options_error, options_error)

#define SWIOTLB_MIB_PER_DEVICE 2
#define SWIOTLB_DEVICES_BESIDE_DISKS 4
#define DEFAULT_MEMORY_MIB 128
#define GDB_BYTES_MAX 16
#define CONFIG_BYTES_MAX (64 * 1024)

enum option_kind {
	KIND_SWITCH_ON, /* bool field: true if given */
	KIND_SWITCH_OFF,
	KIND_STRING,      /* char * field */
	KIND_NUMBER,      /* uint64_t field: min..max, even if so said */
	KIND_DESTINATION, /* struct destination field */
	KIND_LOG_LEVEL,   /* enum log_level field */
	KIND_BLOCK,       /* appended to the array; repeatable */
	KIND_COMPOSITE,   /* the same */
};

struct option {
	const char *name;
	const char *placeholder; /* of the value; NULL for a switch */
	const char *help;
	enum option_kind kind;
	size_t field; /* offset in struct options */
	uint64_t min; /* numbers: value; strings: bytes */
	uint64_t max;
	bool even;
	const char *what; /* KIND_NUMBER: the noun counted, for messages */
};

#define FIELD(name) offsetof(struct options, name)

/* clang-format off */
static const struct option option_table[] = {
	{ .name = "kernel", .placeholder = "FILE", .kind = KIND_STRING, .field = FIELD(kernel),
	  .min = 1, .max = PATH_MAX, .help = "arm64 Linux Image to boot (this or --raw)" },
	{ .name = "raw", .placeholder = "FILE", .kind = KIND_STRING, .field = FIELD(raw),
	  .min = 1, .max = PATH_MAX,
	  .help = "raw image, loaded at the start of RAM and entered at its first byte" },
	{ .name = "initrd", .placeholder = "FILE", .kind = KIND_STRING, .field = FIELD(initrd),
	  .min = 1, .max = PATH_MAX, .help = "initial RAM disk for --kernel" },
	{ .name = "params", .placeholder = "STRING", .kind = KIND_STRING, .field = FIELD(params),
	  .min = 0, .max = OPTIONS_PARAMS_BYTES_MAX, .help = "kernel command line for --kernel" },
	{ .name = "device-tree-overlay", .placeholder = "FILE", .kind = KIND_STRING,
	  .field = FIELD(device_tree_overlay), .min = 1, .max = PATH_MAX,
	  .help = "overlay (DTBO) for the guest's device tree; at most 64 KiB" },
	{ .name = "protected", .kind = KIND_SWITCH_ON, .field = FIELD(protected_vm),
	  .help = "protected VM: the host cannot access its memory" },
	{ .name = "rsi", .kind = KIND_SWITCH_ON, .field = FIELD(rsi),
	  .help = "protected VM whose guest speaks Arm CCA's RSI, as Linux does; HYP=terrarium" },
	{ .name = "mem", .placeholder = "MIB", .kind = KIND_NUMBER, .field = FIELD(memory_mib),
	  .min = OPTIONS_MEMORY_MIB_MIN, .max = OPTIONS_MEMORY_MIB_MAX, .even = true,
	  .what = "number of MiB", .help = "RAM; even, 4 to 65536 (default 128)" },
	{ .name = "swiotlb", .placeholder = "MIB", .kind = KIND_NUMBER, .field = FIELD(swiotlb_mib),
	  .min = OPTIONS_SWIOTLB_MIB_MIN, .max = OPTIONS_SWIOTLB_MIB_MAX, .even = true,
	  .what = "number of MiB",
	  .help = "pool of a --protected guest's virtio buffers, on top of --mem; even, 2 to 1024 "
		  "(default 2 * (4 + disks))" },
	{ .name = "hugepages", .kind = KIND_SWITCH_ON, .field = FIELD(huge_pages),
	  .help = "ask the host for huge pages for RAM; not with --protected or --rsi" },
	{ .name = "cpus", .placeholder = "N", .kind = KIND_NUMBER, .field = FIELD(cpus),
	  .min = 1, .max = GUEST_VCPUS_MAX, .what = "number of vCPUs",
	  .help = "vCPUs; 1 to 8 (default 1)" },
	{ .name = "cpu-features", .kind = KIND_SWITCH_ON, .field = FIELD(cpu_features),
	  .help = "vCPUs with pointer authentication, PMU and SVE, each if this host's KVM has it" },
	{ .name = "serial0", .placeholder = "DEST", .kind = KIND_DESTINATION,
	  .field = FIELD(serials[0]),
	  .help = "output of ttyS0: null, stdout, file:PATH or fd:N (default stdout)" },
	{ .name = "serial1", .placeholder = "DEST", .kind = KIND_DESTINATION,
	  .field = FIELD(serials[1]),
	  .help = "output of ttyS1: null, stdout, file:PATH or fd:N (default null)" },
	{ .name = "console", .placeholder = "DEST", .kind = KIND_DESTINATION, .field = FIELD(console),
	  .help = "virtio console hvc0 with output to null, stdout, file:PATH or fd:N" },
	{ .name = "console-input", .placeholder = "FILE", .kind = KIND_STRING,
	  .field = FIELD(console_input), .min = 1, .max = PATH_MAX, .help = "input of --console" },
	{ .name = "log", .placeholder = "DEST", .kind = KIND_DESTINATION, .field = FIELD(log),
	  .help = "virtio console without input for the guest's log: hvc1 beside --console" },
	{ .name = "block", .placeholder = "PATH[,ro]", .kind = KIND_BLOCK, .field = FIELD(blocks),
	  .help = "virtio disk, read-only with ,ro; repeatable" },
	{ .name = "composite", .placeholder = "PATH[,ro]", .kind = KIND_COMPOSITE, .field = FIELD(blocks),
	  .help = "virtio disk made of the parts that the file lists, a line each: OFFSET BYTES r|w FILE" },
	{ .name = "rng", .kind = KIND_SWITCH_ON, .field = FIELD(rng), .help = "virtio entropy source" },
	{ .name = "cid", .placeholder = "N", .kind = KIND_NUMBER, .field = FIELD(cid),
	  .min = OPTIONS_CID_MIN, .max = OPTIONS_CID_MAX, .what = "guest CID",
	  .help = "virtio socket with this guest CID; 3 to 4294967294" },
	{ .name = "no-watchdog", .kind = KIND_SWITCH_OFF, .field = FIELD(watchdog),
	  .help = "no stall detector" },
	{ .name = "parent", .placeholder = "PID", .kind = KIND_NUMBER, .field = FIELD(parent),
	  .min = 1, .max = INT_MAX, .what = "process",
	  .help = "end at once when this process, which started the VMM, is gone" },
	{ .name = "dump-dtb", .placeholder = "FILE", .kind = KIND_STRING, .field = FIELD(dump_dtb),
	  .min = 1, .max = PATH_MAX,
	  .help = "write the guest's device tree and end; needs no /dev/kvm" },
	{ .name = "control", .placeholder = "PATH", .kind = KIND_STRING, .field = FIELD(control),
	  .min = 1, .max = OPTIONS_CONTROL_BYTES_MAX,
	  .help = "UNIX socket that takes the commands stop and status" },
	{ .name = "info-file", .placeholder = "PATH", .kind = KIND_STRING, .field = FIELD(info_file),
	  .min = 1, .max = PATH_MAX, .help = "JSON about the VM, written when it is ready to run" },
	{ .name = "gdb", .placeholder = "PORT|fd:N", .kind = KIND_STRING, .field = FIELD(gdb),
	  .min = 1, .max = GDB_BYTES_MAX,
	  .help = "the guest stands until GDB, on this port of 127.0.0.1 or on that listening socket, lets it run" },
	{ .name = "no-sandbox", .kind = KIND_SWITCH_OFF, .field = FIELD(sandbox),
	  .help = "keep privileges, name spaces and all system calls" },
	{ .name = "log-level", .placeholder = "LEVEL", .kind = KIND_LOG_LEVEL,
	  .field = FIELD(log_level), .help = "error, warn, info or debug (default info)" },
};
/* clang-format on */

/* A reading of options under way. */
struct parse {
	struct options *options;
	bool seen[G_N_ELEMENTS(option_table)];
};

static bool bad_value(const struct option *row, const char *value, const char *allowed,
		      GError **error)
{
	g_autofree char *shown = g_strescape(value, NULL);

	g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE, "--%s: '%s' is not %s", row->name,
		    shown, allowed);
	return false;
}

static bool set_string(const struct option *row, char **field, const char *value, GError **error)
{
	size_t length = strlen(value);

	if (length < row->min || length > row->max) {
		g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE,
			    "--%s: its value has %zu bytes; %s of %" G_GUINT64_FORMAT
			    " to %" G_GUINT64_FORMAT " bytes is allowed",
			    row->name, length, row->placeholder, (guint64)row->min,
			    (guint64)row->max);
		return false;
	}
	*field = g_strdup(value);
	return true;
}

static bool set_number(const struct option *row, uint64_t *field, const char *value, GError **error)
{
	guint64 number = 0;

	if (!g_ascii_string_to_unsigned(value, 10, row->min, row->max, &number, NULL) ||
	    (row->even && number % 2 != 0)) {
		g_autofree char *allowed = g_strdup_printf("%s %s from %" G_GUINT64_FORMAT
							   " to %" G_GUINT64_FORMAT,
							   row->even ? "an even" : "a", row->what,
							   (guint64)row->min, (guint64)row->max);

		return bad_value(row, value, allowed, error);
	}
	*field = number;
	return true;
}

static bool set_destination(const struct option *row, struct destination *field, const char *value,
			    GError **error)
{
	static const char prefix[] = "file:";

	if (strcmp(value, "null") == 0) {
		field->kind = DESTINATION_NULL;
	} else if (strcmp(value, "stdout") == 0) {
		field->kind = DESTINATION_STDOUT;
	} else if (g_str_has_prefix(value, prefix) && value[strlen(prefix)] != '\0') {
		field->kind = DESTINATION_FILE;
		field->path = g_strdup(value + strlen(prefix));
	} else if (file_is_fd(value, NULL)) {
		field->kind = DESTINATION_FD;
		field->path = g_strdup(value);
	} else {
		return bad_value(row, value, "null, stdout, file:PATH or fd:N", error);
	}
	return true;
}

static bool add_block(const struct option *row, GArray *blocks, const char *value, GError **error)
{
	const char *comma = strchr(value, ',');
	struct block_option block = { 0 };

	if (value[0] == '\0' || comma == value || (comma != NULL && strcmp(comma, ",ro") != 0)) {
		return bad_value(row, value, "PATH or PATH,ro, where PATH has no comma", error);
	}
	block.read_only = comma != NULL;
	block.composite = row->kind == KIND_COMPOSITE;
	block.path = comma != NULL ? g_strndup(value, (gsize)(comma - value)) : g_strdup(value);
	g_array_append_val(blocks, block);
	return true;
}

static bool set_field(struct options *o, const struct option *row, const char *value,
		      GError **error)
{
	void *field = (char *)o + row->field;

	switch (row->kind) {
	case KIND_SWITCH_ON:
	case KIND_SWITCH_OFF:
		*(bool *)field = row->kind == KIND_SWITCH_ON;
		return true;
	case KIND_STRING:
		return set_string(row, field, value, error);
	case KIND_NUMBER:
		return set_number(row, field, value, error);
	case KIND_DESTINATION:
		return set_destination(row, field, value, error);
	case KIND_LOG_LEVEL:
		return log_level_parse(value, field) ||
		       bad_value(row, value, "error, warn, info or debug", error);
	case KIND_BLOCK:
	case KIND_COMPOSITE:
		return add_block(row, *(GArray **)field, value, error);
	}
	g_assert_not_reached();
}

static const struct option *find_row(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(option_table); i++) {
		if (strcmp(option_table[i].name, name) == 0) {
			return &option_table[i];
		}
	}
	return NULL;
}

/* One option; @value is NULL if none was given. */
static bool apply(struct parse *parse, const struct option *row, const char *value, GError **error)
{
	bool *seen = &parse->seen[row - option_table];

	if (row->placeholder == NULL && value != NULL) {
		g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE, "--%s: takes no value",
			    row->name);
		return false;
	}
	if (row->placeholder != NULL && value == NULL) {
		g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE,
			    "--%s: its value %s is missing", row->name, row->placeholder);
		return false;
	}
	if (*seen && row->kind != KIND_BLOCK && row->kind != KIND_COMPOSITE) {
		g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_REPEATED,
			    "--%s: given twice; once is allowed", row->name);
		return false;
	}
	*seen = true;
	return set_field(parse->options, row, value, error);
}

static bool unknown_option(const char *name, GError **error)
{
	g_autofree char *shown = g_strescape(name, NULL);

	g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_UNKNOWN,
		    "%s: no such option; 'vmm --help' lists them", shown);
	return false;
}

/* One line of a configuration file. Changes @line. */
static bool apply_line(struct parse *parse, char *line, GError **error)
{
	char *value = NULL;
	char *equals;
	const struct option *row;

	g_strstrip(line);
	if (line[0] == '\0' || line[0] == '#') {
		return true;
	}
	equals = strchr(line, '=');
	if (equals != NULL) {
		*equals = '\0';
		value = g_strstrip(equals + 1);
		g_strchomp(line);
	}
	row = find_row(line);
	return row != NULL ? apply(parse, row, value, error) : unknown_option(line, error);
}

static bool apply_config(struct parse *parse, const char *text, size_t bytes, GError **error)
{
	g_autofree char *copy = NULL;
	g_auto(GStrv) lines = NULL;

	if (memchr(text, '\0', bytes) != NULL) {
		g_set_error_literal(error, OPTIONS_ERROR, OPTIONS_ERROR_CONFIG,
				    "a zero byte: this is not a text file");
		return false;
	}
	copy = g_strndup(text, bytes);
	lines = g_strsplit(copy, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		if (!apply_line(parse, lines[i], error)) {
			g_prefix_error(error, "line %u: ", i + 1);
			return false;
		}
	}
	return true;
}

/*
 * The text of a configuration file of at most CONFIG_BYTES_MAX bytes; NULL with
 * errno set if it is not a regular file, longer, or not readable.
 */
static char *read_config(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	ssize_t got = -1;

	if (fd < 0) {
		return NULL;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= CONFIG_BYTES_MAX) {
		text = g_malloc(CONFIG_BYTES_MAX);
		got = read(fd, text, CONFIG_BYTES_MAX);
	} else {
		errno = EINVAL;
	}
	close(fd);
	if (got < 0) {
		g_clear_pointer(&text, g_free);
	}
	*bytes = (size_t)MAX(got, 0);
	return text;
}

static bool apply_config_file(struct parse *parse, const char *path, GError **error)
{
	size_t bytes = 0;
	g_autofree char *text = read_config(path, &bytes);

	if (text == NULL) {
		int saved = errno;

		g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_CONFIG,
			    "--config: %s is not a readable text file of at most %d KiB: %s", path,
			    CONFIG_BYTES_MAX / 1024, g_strerror(saved));
		return false;
	}
	if (!apply_config(parse, text, bytes, error)) {
		g_prefix_error(error, "--config: %s: ", path);
		return false;
	}
	return true;
}

/* Values that are allowed each, but not together. */
static bool check_together(const struct options *o, GError **error)
{
	const char *wrong = NULL;

	if (o->kernel == NULL && o->raw == NULL) {
		wrong = "--kernel or --raw is missing: give the guest's image by one of them";
	} else if (o->kernel != NULL && o->raw != NULL) {
		wrong = "--kernel and --raw exclude each other";
	} else if (o->raw != NULL && o->initrd != NULL) {
		wrong = "--initrd needs --kernel; a raw image has none";
	} else if (o->raw != NULL && o->params != NULL) {
		wrong = "--params needs --kernel; a raw image has none";
	} else if (o->swiotlb_mib != 0 && o->rsi) {
		wrong = "--swiotlb excludes --rsi, whose guests share buffers of their own choice";
	} else if (o->swiotlb_mib != 0 && !o->protected_vm) {
		wrong = "--swiotlb needs --protected; other VMs have no such pool";
	} else if (o->huge_pages && (o->protected_vm || o->rsi)) {
		wrong = "--hugepages excludes --protected and --rsi, whose memory is given page by page";
	} else if (o->gdb != NULL && (o->protected_vm || o->rsi)) {
		wrong = "--gdb excludes --protected and --rsi: nobody looks into such a VM";
	} else if (o->console_input != NULL && o->console.kind == DESTINATION_ABSENT) {
		wrong = "--console-input needs --console";
	}
	if (wrong != NULL) {
		g_set_error_literal(error, OPTIONS_ERROR, OPTIONS_ERROR_CONFLICT, wrong);
		return false;
	}
	if (options_virtio_count(o) > GUEST_VIRTIO_SLOTS) {
		g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_CONFLICT,
			    "--block: %u virtio devices are asked for; at most %d are allowed",
			    options_virtio_count(o), GUEST_VIRTIO_SLOTS);
		return false;
	}
	return true;
}

static bool check_gdb(const struct options *o, GError **error)
{
	g_autofree char *shown = NULL;

	if (o->gdb == NULL || file_is_fd(o->gdb, NULL) ||
	    g_ascii_string_to_unsigned(o->gdb, 10, 1, UINT16_MAX, NULL, NULL)) {
		return true;
	}
	shown = g_strescape(o->gdb, NULL);
	g_set_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE,
		    "--gdb: '%s' is not a port from 1 to 65535 or fd:N", shown);
	return false;
}

/* Fill in what depends on other options, then check; consumes the options on failure. */
static struct options *finish(struct options *o, GError **error)
{
	if (!check_together(o, error) || !check_gdb(o, error)) {
		options_free(o);
		return NULL;
	}
	o->watchdog = o->watchdog && o->gdb == NULL; /* a guest that stands is not stalled */
	o->protected_vm = o->protected_vm || o->rsi;
	if (o->protected_vm && !o->rsi && o->swiotlb_mib == 0) {
		o->swiotlb_mib = SWIOTLB_MIB_PER_DEVICE *
				 (uint64_t)(SWIOTLB_DEVICES_BESIDE_DISKS + o->blocks->len);
	}
	return o;
}

static void block_clear(void *block)
{
	g_free(((struct block_option *)block)->path);
}

static struct options *options_new(void)
{
	struct options *o = g_new0(struct options, 1);

	o->memory_mib = DEFAULT_MEMORY_MIB;
	o->cpus = 1;
	o->serials[0].kind = DESTINATION_STDOUT;
	o->serials[1].kind = DESTINATION_NULL;
	o->watchdog = true;
	o->sandbox = true;
	o->log_level = LOG_LEVEL_INFO;
	o->blocks = g_array_new(FALSE, FALSE, sizeof(struct block_option));
	g_array_set_clear_func(o->blocks, block_clear);
	return o;
}

/* The word @argv[*i] and, if it needs one, its value in the next; *i goes past both. */
static bool apply_word(struct parse *parse, int argc, char *const *argv, int *i, GError **error)
{
	const char *word = argv[(*i)++];
	const char *equals = strchr(word, '=');
	g_autofree char *name = NULL;
	const char *value = NULL;
	const struct option *row;
	bool is_config;

	if (!g_str_has_prefix(word, "--")) {
		return unknown_option(word, error);
	}
	name = equals != NULL ? g_strndup(word + 2, (gsize)(equals - word - 2)) :
				g_strdup(word + 2);
	is_config = strcmp(name, "config") == 0;
	row = find_row(name);
	if (row == NULL && !is_config) {
		return unknown_option(word, error);
	}
	if (equals != NULL) {
		value = equals + 1;
	} else if ((is_config || row->placeholder != NULL) && *i < argc) {
		value = argv[(*i)++];
	}
	if (!is_config) {
		return apply(parse, row, value, error);
	}
	if (value == NULL) {
		g_set_error_literal(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE,
				    "--config: its value FILE is missing");
		return false;
	}
	return apply_config_file(parse, value, error);
}

/* "vmm control PATH COMMAND"; consumes the options on failure. */
static struct options *parse_control(struct options *o, int argc, char *const *argv, GError **error)
{
	if (argc != 4 || argv[2][0] == '\0' || strlen(argv[2]) > OPTIONS_CONTROL_BYTES_MAX) {
		g_set_error(
			error, OPTIONS_ERROR, OPTIONS_ERROR_COMMAND,
			"'vmm control' takes two words: the PATH of a --control socket (at most "
			"%d bytes) and a command: stop, status, suspend or resume",
			OPTIONS_CONTROL_BYTES_MAX);
		options_free(o);
		return NULL;
	}
	o->action = OPTIONS_CONTROL;
	o->control = g_strdup(argv[2]);
	o->command = g_strdup(argv[3]);
	return o;
}

struct options *options_parse(int argc, char *const *argv, GError **error)
{
	struct parse parse = { .options = options_new() };
	const char *command = argc > 1 ? argv[1] : "";

	for (int i = 1; i < argc; i++) {
		bool help = strcmp(argv[i], "--help") == 0;

		if (help || strcmp(argv[i], "--version") == 0) {
			parse.options->action = help ? OPTIONS_HELP : OPTIONS_VERSION;
			return parse.options;
		}
	}
	if (strcmp(command, "control") == 0) {
		return parse_control(parse.options, argc, argv, error);
	}
	if (strcmp(command, "run") != 0) {
		g_set_error_literal(error, OPTIONS_ERROR, OPTIONS_ERROR_COMMAND,
				    "the command is missing: 'vmm run', 'vmm control', "
				    "'vmm --help' or 'vmm --version' is allowed");
		options_free(parse.options);
		return NULL;
	}
	for (int i = 2; i < argc;) {
		if (!apply_word(&parse, argc, argv, &i, error)) {
			options_free(parse.options);
			return NULL;
		}
	}
	return finish(parse.options, error);
}

struct options *options_parse_config(const char *text, size_t bytes, GError **error)
{
	struct parse parse = { .options = options_new() };

	if (!apply_config(&parse, text, bytes, error)) {
		options_free(parse.options);
		return NULL;
	}
	return finish(parse.options, error);
}

unsigned options_virtio_count(const struct options *o)
{
	return (o->console.kind != DESTINATION_ABSENT) + (o->log.kind != DESTINATION_ABSENT) +
	       o->rng + o->blocks->len + (o->cid != 0);
}

void options_free(struct options *o)
{
	if (o == NULL) {
		return;
	}
	for (int i = 0; i < OPTIONS_SERIALS; i++) {
		g_free(o->serials[i].path);
	}
	g_free(o->console.path);
	g_free(o->log.path);
	g_array_unref(o->blocks);
	g_free(o->kernel);
	g_free(o->raw);
	g_free(o->initrd);
	g_free(o->params);
	g_free(o->device_tree_overlay);
	g_free(o->console_input);
	g_free(o->dump_dtb);
	g_free(o->control);
	g_free(o->command);
	g_free(o->info_file);
	g_free(o->gdb);
	g_free(o);
}

static void help_line(GString *text, const char *name, const char *placeholder, const char *help)
{
	g_autofree char *left = g_strdup_printf("--%s%s%s", name, placeholder != NULL ? " " : "",
						placeholder != NULL ? placeholder : "");

	g_string_append_printf(text, "  %-22s %s\n", left, help);
}

char *options_help(void)
{
	GString *text = g_string_new(
		"usage: vmm run [option]...\n"
		"         Run one virtual machine on /dev/kvm until it ends or is stopped.\n"
		"       vmm control PATH stop|status|suspend|resume\n"
		"         Ask the VM whose --control is PATH; prints its answer, one line of JSON.\n\n");

	for (size_t i = 0; i < G_N_ELEMENTS(option_table); i++) {
		help_line(text, option_table[i].name, option_table[i].placeholder,
			  option_table[i].help);
	}
	help_line(text, "config", "FILE", "read more options from a file: lines 'option = value'");
	help_line(text, "help", NULL, "print this and end");
	help_line(text, "version", NULL, "print the version and end");
	g_string_append(text, "\nexit status: 0 stopped, 1 start failed, 32 guest reset, 33 crash, "
			      "34 guest panic,\n35 bad arguments, 36 watchdog\n");
	return g_string_free(text, FALSE);
}
