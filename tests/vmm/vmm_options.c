/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: every option, every default, every bad value with its sentence. */
#include <string.h>

#include "tests/vmm/support.h"
#include "vmm/options.h"

#define WORDS_MAX 64

/* Parse a command line given as one text, split at spaces. */
static struct options *parse(const char *line, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", WORDS_MAX);

	return options_parse((int)g_strv_length(words), words, error);
}

static struct options *parse_well(const char *line)
{
	GError *error = NULL;
	struct options *o = parse(line, &error);

	if (o == NULL) {
		print_error("'%s': %s\n", line, error->message);
	}
	assert_non_null(o);
	return o;
}

static void test_defaults(void **state)
{
	struct options *o = parse_well("vmm run --raw image");

	(void)state;
	assert_int_equal(o->action, OPTIONS_RUN);
	assert_string_equal(o->raw, "image");
	assert_null(o->kernel);
	assert_false(o->protected_vm);
	assert_int_equal(o->memory_mib, 128);
	assert_int_equal(o->swiotlb_mib, 0);
	assert_int_equal(o->cpus, 1);
	assert_false(o->cpu_features);
	assert_int_equal(o->serials[0].kind, DESTINATION_STDOUT);
	assert_int_equal(o->serials[1].kind, DESTINATION_NULL);
	assert_int_equal(o->console.kind, DESTINATION_ABSENT);
	assert_int_equal(o->blocks->len, 0);
	assert_int_equal(o->cid, 0);
	assert_false(o->rng);
	assert_true(o->watchdog);
	assert_true(o->sandbox);
	assert_int_equal(o->log_level, LOG_LEVEL_INFO);
	assert_int_equal(options_virtio_count(o), 0);
	options_free(o);
}

static void test_all_options(void **state)
{
	struct options *o = parse_well(
		"vmm run --kernel=Image --initrd i --params a=b --protected --mem 64 --cpus 8 --cpu-features "
		"--swiotlb 10 --serial0 null --serial1 file:s1 --console stdout "
		"--console-input in --block d1 --block=d2,ro --rng --cid 3 --no-watchdog "
		"--dump-dtb t --control c --info-file f --device-tree-overlay o --no-sandbox --log-level debug");
	const struct block_option *blocks = (const struct block_option *)(void *)o->blocks->data;

	(void)state;
	assert_string_equal(o->kernel, "Image");
	assert_string_equal(o->initrd, "i");
	assert_string_equal(o->params, "a=b");
	assert_true(o->protected_vm);
	assert_int_equal(o->memory_mib, 64);
	assert_int_equal(o->swiotlb_mib, 10);
	assert_int_equal(o->cpus, 8);
	assert_true(o->cpu_features);
	assert_int_equal(o->serials[0].kind, DESTINATION_NULL);
	assert_int_equal(o->serials[1].kind, DESTINATION_FILE);
	assert_string_equal(o->serials[1].path, "s1");
	assert_int_equal(o->console.kind, DESTINATION_STDOUT);
	assert_string_equal(o->console_input, "in");
	assert_int_equal(o->blocks->len, 2);
	assert_string_equal(blocks[0].path, "d1");
	assert_false(blocks[0].read_only);
	assert_string_equal(blocks[1].path, "d2");
	assert_true(blocks[1].read_only);
	assert_true(o->rng);
	assert_int_equal(o->cid, 3);
	assert_false(o->watchdog);
	assert_string_equal(o->dump_dtb, "t");
	assert_string_equal(o->device_tree_overlay, "o");
	assert_string_equal(o->control, "c");
	assert_string_equal(o->info_file, "f");
	assert_false(o->sandbox);
	assert_int_equal(o->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(options_virtio_count(o), 5);
	options_free(o);
}

/* What a service passes: descriptors, disks of parts, a log, and itself. */
static void test_service_options(void **state)
{
	struct options *o =
		parse_well("vmm run --raw fd:3 --serial0 fd:4 --serial1 null --console null "
			   "--log fd:5 --composite fd:6,ro --block d --composite l "
			   "--parent 77");
	const struct block_option *blocks = (const struct block_option *)(void *)o->blocks->data;

	(void)state;
	assert_string_equal(o->raw, "fd:3");
	assert_int_equal(o->serials[0].kind, DESTINATION_FD);
	assert_string_equal(o->serials[0].path, "fd:4");
	assert_int_equal(o->console.kind, DESTINATION_NULL);
	assert_int_equal(o->log.kind, DESTINATION_FD);
	assert_string_equal(o->log.path, "fd:5");
	assert_int_equal(o->blocks->len, 3);
	assert_true(blocks[0].composite);
	assert_true(blocks[0].read_only);
	assert_string_equal(blocks[0].path, "fd:6");
	assert_false(blocks[1].composite);
	assert_true(blocks[2].composite);
	assert_false(blocks[2].read_only);
	assert_int_equal(o->parent, 77);
	assert_int_equal(options_virtio_count(o), 5);
	options_free(o);
}

/* The pool grows with the disks, as crosvm's does. */
static void test_swiotlb_default(void **state)
{
	struct options *o = parse_well("vmm run --raw r --protected");

	(void)state;
	assert_int_equal(o->swiotlb_mib, 8);
	assert_false(o->huge_pages);
	options_free(o);
	o = parse_well("vmm run --raw r --gdb 1234");
	assert_string_equal(o->gdb, "1234");
	assert_false(o->watchdog);
	options_free(o);
	o = parse_well("vmm run --raw r --hugepages");
	assert_true(o->huge_pages);
	options_free(o);
	o = parse_well("vmm run --raw r --rsi --block a");
	assert_true(o->rsi);
	assert_true(o->protected_vm);
	assert_int_equal(o->swiotlb_mib, 0);
	options_free(o);
	o = parse_well("vmm run --raw r --protected --block a --block b,ro");
	assert_false(o->rsi);
	assert_int_equal(o->swiotlb_mib, 12);
	options_free(o);
}

static void test_limits_are_allowed(void **state)
{
	static const char *const lines[] = {
		"vmm run --raw r --mem 4",
		"vmm run --raw r --mem 65536",
		"vmm run --raw r --cpus 1",
		"vmm run --raw r --cpus 8",
		"vmm run --raw r --cid 3",
		"vmm run --raw r --cid 4294967294",
		"vmm run --raw r --protected --swiotlb 2",
		"vmm run --raw r --protected --swiotlb 1024",
		"vmm run --kernel k --params ",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		options_free(parse_well(lines[i]));
	}
}

struct bad_case {
	const char *line;
	enum options_error code;
	const char *message; /* a part of it */
};

/* clang-format off */
static const struct bad_case bad_cases[] = {
	{ "vmm", OPTIONS_ERROR_COMMAND, "the command is missing" },
	{ "vmm walk", OPTIONS_ERROR_COMMAND, "'vmm run'" },
	{ "vmm control", OPTIONS_ERROR_COMMAND, "two words" },
	{ "vmm control  stop", OPTIONS_ERROR_COMMAND, "two words" },
	{ "vmm control a stop now", OPTIONS_ERROR_COMMAND, "two words" },
	{ "vmm run", OPTIONS_ERROR_CONFLICT, "--kernel or --raw is missing" },
	{ "vmm run --raw r --kernel k", OPTIONS_ERROR_CONFLICT, "exclude each other" },
	{ "vmm run --raw r --initrd i", OPTIONS_ERROR_CONFLICT, "--initrd needs --kernel" },
	{ "vmm run --raw r --params p", OPTIONS_ERROR_CONFLICT, "--params needs --kernel" },
	{ "vmm run --raw r --rsi --swiotlb 8", OPTIONS_ERROR_CONFLICT, "--swiotlb excludes --rsi" },
	{ "vmm run --raw r --rsi=1", OPTIONS_ERROR_VALUE, "--rsi: takes no value" },
	{ "vmm run --raw r --swiotlb 8", OPTIONS_ERROR_CONFLICT, "--swiotlb needs --protected" },
	{ "vmm run --raw r --protected --hugepages", OPTIONS_ERROR_CONFLICT, "--hugepages excludes --protected" },
	{ "vmm run --raw r --protected --gdb 1234", OPTIONS_ERROR_CONFLICT, "--gdb excludes --protected and --rsi" },
	{ "vmm run --raw r --gdb 1234 --rsi", OPTIONS_ERROR_CONFLICT, "--gdb excludes" },
	{ "vmm run --raw r --gdb 0", OPTIONS_ERROR_VALUE, "--gdb: '0' is not a port from 1 to 65535 or fd:N" },
	{ "vmm run --raw r --gdb 65536", OPTIONS_ERROR_VALUE, "--gdb: '65536' is not a port" },
	{ "vmm run --raw r --gdb localhost:1", OPTIONS_ERROR_VALUE, "--gdb: 'localhost:1' is not a port" },
	{ "vmm run --raw r --hugepages --rsi", OPTIONS_ERROR_CONFLICT, "--hugepages excludes" },
	{ "vmm run --raw r --console-input f", OPTIONS_ERROR_CONFLICT, "--console-input needs --console" },
	{ "vmm run image", OPTIONS_ERROR_UNKNOWN, "image: no such option" },
	{ "vmm run --raw r --foo", OPTIONS_ERROR_UNKNOWN, "--foo: no such option" },
	{ "vmm run --raw r -m 4", OPTIONS_ERROR_UNKNOWN, "-m: no such option" },
	{ "vmm run --raw r --", OPTIONS_ERROR_UNKNOWN, "--: no such option" },
	{ "vmm run --raw", OPTIONS_ERROR_VALUE, "--raw: its value FILE is missing" },
	{ "vmm run --raw=", OPTIONS_ERROR_VALUE, "--raw: its value has 0 bytes" },
	{ "vmm run --kernel=", OPTIONS_ERROR_VALUE, "--kernel: its value has 0 bytes" },
	{ "vmm run --kernel k --initrd=", OPTIONS_ERROR_VALUE, "--initrd: its value has 0 bytes" },
	{ "vmm run --raw r --raw s", OPTIONS_ERROR_REPEATED, "--raw: given twice" },
	{ "vmm run --raw r --rng --rng", OPTIONS_ERROR_REPEATED, "--rng: given twice" },
	{ "vmm run --raw r --protected=yes", OPTIONS_ERROR_VALUE, "--protected: takes no value" },
	{ "vmm run --raw r --mem", OPTIONS_ERROR_VALUE, "--mem: its value MIB is missing" },
	{ "vmm run --raw r --mem=", OPTIONS_ERROR_VALUE, "--mem: '' is not an even number of MiB from 4 to 65536" },
	{ "vmm run --raw r --mem 2", OPTIONS_ERROR_VALUE, "--mem: '2' is not" },
	{ "vmm run --raw r --mem 5", OPTIONS_ERROR_VALUE, "--mem: '5' is not an even" },
	{ "vmm run --raw r --mem 65538", OPTIONS_ERROR_VALUE, "--mem: '65538' is not" },
	{ "vmm run --raw r --mem -4", OPTIONS_ERROR_VALUE, "--mem: '-4' is not" },
	{ "vmm run --raw r --mem 4k", OPTIONS_ERROR_VALUE, "--mem: '4k' is not" },
	{ "vmm run --raw r --mem 0x10", OPTIONS_ERROR_VALUE, "--mem: '0x10' is not" },
	{ "vmm run --raw r --mem 18446744073709551620", OPTIONS_ERROR_VALUE, "--mem: '18446744073709551620' is not" },
	{ "vmm run --raw r --protected --swiotlb 0", OPTIONS_ERROR_VALUE, "--swiotlb: '0' is not an even number of MiB from 2 to 1024" },
	{ "vmm run --raw r --protected --swiotlb 3", OPTIONS_ERROR_VALUE, "--swiotlb: '3' is not" },
	{ "vmm run --raw r --cpus 0", OPTIONS_ERROR_VALUE, "--cpus: '0' is not a number of vCPUs from 1 to 8" },
	{ "vmm run --raw r --cpus 9", OPTIONS_ERROR_VALUE, "--cpus: '9' is not" },
	{ "vmm run --raw r --cid 2", OPTIONS_ERROR_VALUE, "--cid: '2' is not a guest CID from 3 to 4294967294" },
	{ "vmm run --raw r --cid 4294967295", OPTIONS_ERROR_VALUE, "--cid: '4294967295' is not" },
	{ "vmm run --raw r --serial0 tty", OPTIONS_ERROR_VALUE, "--serial0: 'tty' is not null, stdout, file:PATH or fd:N" },
	{ "vmm run --raw r --serial1 file:", OPTIONS_ERROR_VALUE, "--serial1: 'file:' is not" },
	{ "vmm run --raw r --console Stdout", OPTIONS_ERROR_VALUE, "--console: 'Stdout' is not" },
	{ "vmm run --raw r --block ,ro", OPTIONS_ERROR_VALUE, "--block: ',ro' is not PATH or PATH,ro" },
	{ "vmm run --raw r --block a,rw", OPTIONS_ERROR_VALUE, "--block: 'a,rw' is not" },
	{ "vmm run --raw r --block a,ro,ro", OPTIONS_ERROR_VALUE, "--block: 'a,ro,ro' is not" },
	{ "vmm run --raw r --serial0 fd:", OPTIONS_ERROR_VALUE, "--serial0: 'fd:' is not" },
	{ "vmm run --raw r --serial0 fd:-1", OPTIONS_ERROR_VALUE, "--serial0: 'fd:-1' is not" },
	{ "vmm run --raw r --log", OPTIONS_ERROR_VALUE, "--log: its value DEST is missing" },
	{ "vmm run --raw r --composite a,rw", OPTIONS_ERROR_VALUE, "--composite: 'a,rw' is not" },
	{ "vmm run --raw r --parent 0", OPTIONS_ERROR_VALUE, "--parent: '0' is not a process" },
	{ "vmm run --raw r --block=", OPTIONS_ERROR_VALUE, "--block: '' is not" },
	{ "vmm run --raw r --log-level loud", OPTIONS_ERROR_VALUE, "--log-level: 'loud' is not error, warn, info or debug" },
	{ "vmm run --raw r --dump-dtb=", OPTIONS_ERROR_VALUE, "--dump-dtb: its value has 0 bytes" },
	{ "vmm run --raw r --control=", OPTIONS_ERROR_VALUE, "--control: its value has 0 bytes" },
	{ "vmm run --raw r --info-file=", OPTIONS_ERROR_VALUE, "--info-file: its value has 0 bytes" },
	{ "vmm run --raw r --mem \n", OPTIONS_ERROR_VALUE, "--mem: '\\n' is not" },
	{ "vmm run --raw r --config", OPTIONS_ERROR_VALUE, "--config: its value FILE is missing" },
	{ "vmm run --config /nonexistent", OPTIONS_ERROR_CONFIG, "--config: /nonexistent is not a readable text file" },
	{ "vmm run --config /dev/zero", OPTIONS_ERROR_CONFIG, "--config: /dev/zero is not" },
};
/* clang-format on */

static void test_bad_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
		GError *error = NULL;

		if (parse(bad_cases[i].line, &error) != NULL) {
			fail_msg("'%s' was taken", bad_cases[i].line);
		}
		assert_error(error, OPTIONS_ERROR, (int)bad_cases[i].code, bad_cases[i].message);
	}
}

static void test_long_values(void **state)
{
	g_autofree char *params = g_strnfill(OPTIONS_PARAMS_BYTES_MAX + 1, 'p');
	char *argv[] = { "vmm", "run", "--kernel", "k", "--params", params };
	char *control[] = { "vmm", "run", "--raw", "r", "--control", params };
	GError *error = NULL;
	struct options *o;

	(void)state;
	assert_null(options_parse(G_N_ELEMENTS(argv), argv, &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE, "--params: its value has 2048");
	params[OPTIONS_PARAMS_BYTES_MAX] = '\0';
	o = options_parse(G_N_ELEMENTS(argv), argv, NULL);
	assert_non_null(o);
	options_free(o);
	error = NULL;
	assert_null(options_parse(G_N_ELEMENTS(control), control, &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE, "--control: its value has 2047");
}

static void test_too_many_devices(void **state)
{
	GString *line = g_string_new("vmm run --raw r --rng --cid 3 --console null");
	GError *error = NULL;

	(void)state;
	for (int i = 0; i < GUEST_VIRTIO_SLOTS - 3; i++) {
		g_string_append_printf(line, " --block d%d", i);
	}
	options_free(parse_well(line->str));
	g_string_append(line, " --block one_more");
	assert_null(parse(line->str, &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_CONFLICT, "17 virtio devices");
	g_string_free(line, TRUE);
}

static void test_help_and_version(void **state)
{
	g_autofree char *help = options_help();
	struct options *o = parse_well("vmm run --mem 1 --help");

	(void)state;
	assert_int_equal(o->action, OPTIONS_HELP);
	options_free(o);
	o = parse_well("vmm --version");
	assert_int_equal(o->action, OPTIONS_VERSION);
	options_free(o);
	/* Each option has one line. */
	for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
		const char *name = strstr(bad_cases[i].message, "--");

		if (name == bad_cases[i].message && bad_cases[i].code == OPTIONS_ERROR_VALUE) {
			g_autofree char *word = g_strndup(name, strcspn(name, ":"));

			assert_non_null(strstr(help, word));
		}
	}
}

static void test_control_command(void **state)
{
	struct options *o = parse_well("vmm control /run/vm status");

	(void)state;
	assert_int_equal(o->action, OPTIONS_CONTROL);
	assert_string_equal(o->control, "/run/vm");
	assert_string_equal(o->command, "status");
	options_free(o);
}

static void test_config(void **state)
{
	static const char text[] = "# a VM\n\nraw = an image\nprotected\n  mem=64  \r\n"
				   "block = a\nblock = b,ro\nparams2=\n";
	GError *error = NULL;
	struct options *o = options_parse_config(text, strlen(text) - strlen("params2=\n"), &error);

	(void)state;
	assert_non_null(o);
	assert_string_equal(o->raw, "an image");
	assert_true(o->protected_vm);
	assert_int_equal(o->memory_mib, 64);
	assert_int_equal(o->blocks->len, 2);
	options_free(o);
	assert_null(options_parse_config(text, strlen(text), &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_UNKNOWN, "line 8: params2: no such");
	error = NULL;
	assert_null(options_parse_config("config = x", strlen("config = x"), &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_UNKNOWN, "line 1: config");
	error = NULL;
	assert_null(options_parse_config("raw\0x", sizeof("raw\0x"), &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_CONFIG, "zero byte");
}

static void test_config_file(void **state)
{
	g_autofree char *path = folder_path(state, "vm.conf");
	g_autofree char *line = g_strdup_printf("vmm run --config %s --cpus 2", path);
	g_autofree char *twice = g_strdup_printf("vmm run --config=%s --raw other", path);
	GError *error = NULL;
	struct options *o;

	assert_true(g_file_set_contents(path, "raw = r\nmem = 8\n", -1, NULL));
	o = parse_well(line);
	assert_string_equal(o->raw, "r");
	assert_int_equal(o->memory_mib, 8);
	assert_int_equal(o->cpus, 2);
	options_free(o);
	assert_null(parse(twice, &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_REPEATED, "--raw: given twice");
	error = NULL;
	assert_true(g_file_set_contents(path, "mem = 7\n", -1, NULL));
	assert_null(parse(line, &error));
	assert_error(error, OPTIONS_ERROR, OPTIONS_ERROR_VALUE, "vm.conf: line 1: --mem: '7'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_options),
		cmocka_unit_test(test_service_options),
		cmocka_unit_test(test_swiotlb_default),
		cmocka_unit_test(test_limits_are_allowed),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_too_many_devices),
		cmocka_unit_test(test_help_and_version),
		cmocka_unit_test(test_control_command),
		cmocka_unit_test(test_config),
		cmocka_unit_test_setup_teardown(test_config_file, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
