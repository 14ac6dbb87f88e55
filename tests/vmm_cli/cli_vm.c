/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm as a program, against the service with a fake vmm: words, lines, exit status, files, consoles. */
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"

#define WORDS_MAX 24
#define IMAGE_BYTES 1048576
#define IDSIG_BYTES_MIN 4096 /* a level of its hash tree */
#define IDSIG_VERSION 2
#define INSTANCE_MAGIC "Android-VM-instance"

static const char vm_program[] = VM_PROGRAM;

struct world {
	struct test_service service;
	GSubprocessLauncher *launcher;
};

/* A vm that has ended. */
struct result {
	int exit; /* 128 + n: of signal n */
	char *out;
	char *err;
};

static int begin(void **state)
{
	struct world *w = g_new0(struct world, 1);

	test_service_init(&w->service);
	test_service_start(&w->service);
	w->launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE |
						G_SUBPROCESS_FLAGS_STDERR_PIPE |
						G_SUBPROCESS_FLAGS_STDIN_PIPE);
	g_subprocess_launcher_setenv(w->launcher, AVF_SERVICE_SOCKET_ENV, w->service.socket, TRUE);
	g_subprocess_launcher_set_cwd(w->launcher, w->service.folder);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	if (w->service.pid != 0) {
		test_service_stop(&w->service);
	}
	test_service_clear(&w->service);
	g_object_unref(w->launcher);
	g_free(w);
	return 0;
}

static GSubprocess *start_words(struct world *w, va_list words)
{
	const char *argv[WORDS_MAX] = { vm_program };
	g_autoptr(GError) error = NULL;
	GSubprocess *process;
	unsigned count = 1;

	do {
		assert_true(count < WORDS_MAX);
		argv[count] = va_arg(words, const char *);
	} while (argv[count++] != NULL);
	process = g_subprocess_launcher_spawnv(w->launcher, argv, &error);
	assert_non_null(process);
	return process;
}

static GSubprocess *start_vm(struct world *w, ...) G_GNUC_NULL_TERMINATED;

static GSubprocess *start_vm(struct world *w, ...)
{
	GSubprocess *process;
	va_list words;

	va_start(words, w);
	process = start_words(w, words);
	va_end(words);
	return process;
}

/* Its rest, until it ends; @input may be NULL. Unrefs it. */
static struct result finish(GSubprocess *process, const char *input)
{
	struct result r = { 0 };

	assert_true(g_subprocess_communicate_utf8(process, input, NULL, &r.out, &r.err, NULL));
	r.exit = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) :
						       128 + g_subprocess_get_term_sig(process);
	g_object_unref(process);
	return r;
}

static struct result run_vm(struct world *w, ...) G_GNUC_NULL_TERMINATED;

static struct result run_vm(struct world *w, ...)
{
	GSubprocess *process;
	va_list words;

	va_start(words, w);
	process = start_words(w, words);
	va_end(words);
	return finish(process, NULL);
}

static void result_clear(struct result *r)
{
	g_free(r->out);
	g_free(r->err);
}

static void assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("'%s' does not hold '%s'", text, part);
	}
}

/* It must end with @status and say @text on its standard error. */
static void must_fail(struct result r, int status, const char *text)
{
	assert_holds(r.err, text);
	assert_int_equal(r.exit, status);
	result_clear(&r);
}

static void write_file(struct world *w, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(w->service.folder, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *read_file(struct world *w, const char *name, gsize *bytes)
{
	g_autofree char *path = g_build_filename(w->service.folder, name, NULL);
	char *text = NULL;

	assert_true(g_file_get_contents(path, &text, bytes, NULL));
	return text;
}

static bool is_there(struct world *w, const char *name)
{
	g_autofree char *path = g_build_filename(w->service.folder, name, NULL);

	return access(path, F_OK) == 0;
}

/* A raw VM whose fake vmm does @params. */
static void write_config(struct world *w, const char *params)
{
	g_autofree char *text =
		g_strdup_printf("{\"kernel\":\"kernel\",\"params\":\"%s\"}", params);

	write_file(w, "kernel", "k");
	write_file(w, "vm.json", text);
}

/* An OS likewise, and a package. */
static void write_os(struct world *w, const char *params)
{
	g_autofree char *package = NULL;
	g_autofree char *apk = g_build_filename(w->service.folder, "hello.apk", NULL);
	gsize bytes = 0;
	g_autofree char *text = g_strdup_printf(
		"{\"kernel\":\"kernel\",\"params\":\"%s\",\"memory_mib\":128,\"disks\":[]}",
		params);

	write_file(w, "os/microdroid/microdroid.json", text);
	write_file(w, "os/microdroid/kernel", "k");
	assert_true(g_file_get_contents(APK_PACKAGE, &package, &bytes, NULL));
	assert_true(g_file_set_contents(apk, package, (gssize)bytes, NULL));
}

static void a_vm_from_json(void **state)
{
	struct world *w = *state;
	struct result r;

	write_config(w, "console hello;log a line;exit 0");
	r = run_vm(w, "run", "vm.json", NULL);
	assert_int_equal(r.exit, 0);
	assert_holds(r.out,
		     "Created debuggable VM from vm.json with CID 2048, state is STARTING.\n");
	assert_holds(r.out, "hello\n");
	assert_true(g_str_has_suffix(r.out, "VM ended: SHUTDOWN\n"));
	assert_string_equal(r.err, "a line\n");
	result_clear(&r);
}

static void what_the_payload_says(void **state)
{
	struct world *w = *state;
	struct result r;

	write_os(w, "started;ready;finished 7;exit 0");
	r = run_vm(w, "run-app", "hello.apk", "hello.apk.idsig", "instance.img",
		   "--payload-binary-name", "hello.so", NULL);
	assert_int_equal(r.exit, 0);
	assert_string_equal(
		r.err, "payload started\npayload is ready\npayload finished with exit code 7\n");
	assert_holds(r.out, "Created debuggable VM from hello.apk!hello.so with CID 2048");
	assert_holds(r.out, "VM ended: SHUTDOWN\n");
	result_clear(&r);
	assert_true(is_there(w, "instance.img"));
}

/* The service refuses it: so does vm, also where an idsig lies beside it, which stays as it is. */
static void a_package_that_is_none(void **state)
{
	struct world *w = *state;
	g_autofree char *idsig = NULL;

	write_os(w, "started;exit 0");
	write_file(w, "odd.apk", "no zip");
	write_file(w, "odd.apk.idsig", "its tree");
	must_fail(run_vm(w, "run-app", "odd.apk", "odd.apk.idsig", "instance.img",
			 "--payload-binary-name", "hello.so", NULL),
		  1, "odd.apk: apk: not a zip");
	idsig = read_file(w, "odd.apk.idsig", NULL);
	assert_string_equal(idsig, "its tree");
	must_fail(run_vm(w, "run-app", "hello.apk", "hello.apk.idsig", "instance.img",
			 "--payload-binary-name", "hello.so", "--extra-apk", "odd.apk",
			 "--extra-idsig", "odd.apk.idsig", NULL),
		  1, "odd.apk: apk: not a zip");
	assert_false(is_there(w, "instance.img"));
}

/* What a guest says is not trusted with the user's terminal. */
static void what_goes_wrong_in_the_guest(void **state)
{
	struct world *w = *state;
	struct result r;

	write_os(w, "error 2 odd\\u001b[2Jtext;port MICRODROID_PAYLOAD_HAS_CHANGED|apk;exit 0");
	r = run_vm(w, "run-app", "--config-path=assets/vm_config.json", "hello.apk",
		   "hello.apk.idsig", "instance.img", NULL);
	assert_int_equal(r.exit, 0);
	assert_string_equal(r.err,
			    "VM encountered an error: code=PAYLOAD_CHANGED, message=odd?[2Jtext\n");
	assert_holds(r.out, "VM ended: MICRODROID_PAYLOAD_HAS_CHANGED\n");
	result_clear(&r);
}

static void debug_none_says_nothing(void **state)
{
	struct world *w = *state;
	struct result r;

	write_os(w, "console secret;log secret;started;exit 0");
	r = run_vm(w, "run-app", "--debug", "none", "hello.apk", "hello.apk.idsig", "instance.img",
		   "--payload-binary-name=hello.so", NULL);
	assert_int_equal(r.exit, 0);
	assert_holds(r.out, "Created VM from ");
	assert_null(strstr(r.out, "secret"));
	assert_string_equal(r.err, "payload started\n");
	result_clear(&r);
}

static void console_and_log_to_files(void **state)
{
	struct world *w = *state;
	g_autofree char *console = NULL;
	g_autofree char *log = NULL;
	struct result r;

	write_config(w, "type;log a line;exit 0");
	write_file(w, "console", "before\n");
	write_file(w, "typed", "typed line\nmore\n");
	r = run_vm(w, "run", "--console", "console", "--log", "log", "--console-in", "typed",
		   "vm.json", NULL);
	assert_int_equal(r.exit, 0);
	assert_string_equal(r.err, "");
	console = read_file(w, "console", NULL);
	log = read_file(w, "log", NULL);
	assert_string_equal(console, "before\ntyped line\n");
	assert_string_equal(log, "a line\n");
	result_clear(&r);
}

/* The first line of its standard output. */
static char *first_line(GSubprocess *process)
{
	GInputStream *out = g_subprocess_get_stdout_pipe(process);
	GString *line = g_string_new(NULL);
	char byte = 0;

	while (byte != '\n' && g_input_stream_read(out, &byte, 1, NULL, NULL) == 1) {
		g_string_append_c(line, byte);
	}
	return g_string_free(line, FALSE);
}

static void a_console_for_another(void **state)
{
	struct world *w = *state;
	GSubprocess *runner;
	g_autofree char *line = NULL;
	struct result console;
	struct result r;

	write_config(w, "type;type;exit 0");
	runner = start_vm(w, "run", "--name", "talker", "vm.json", NULL);
	line = first_line(runner);
	assert_holds(line, "with CID 2048");
	must_fail(run_vm(w, "console", "2049", NULL), 2, "no VM with CID 2049 has a console");
	r = run_vm(w, "list", NULL);
	assert_holds(r.out,
		     "Running VMs: 1\ncid=2048 name=talker state=STARTING protected=no uid=");
	assert_holds(r.out, " console=/dev/pts/");
	result_clear(&r);
	console = finish(start_vm(w, "console", NULL), "one\ntwo\n");
	assert_int_equal(console.exit, 0);
	assert_string_equal(console.out, "one\ntwo\n");
	result_clear(&console);
	r = finish(runner, NULL);
	assert_int_equal(r.exit, 0);
	assert_string_equal(r.out, "one\ntwo\nVM ended: SHUTDOWN\n");
	result_clear(&r);
	must_fail(run_vm(w, "console", NULL), 2, "0 VMs have a console");
}

static void signals_stop_the_vm(void **state)
{
	struct world *w = *state;
	const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

	write_config(w, "wait");
	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		GSubprocess *runner = start_vm(w, "run", "vm.json", NULL);
		g_autofree char *line = first_line(runner);
		struct result r;

		assert_holds(line, "state is STARTING");
		g_subprocess_send_signal(runner, numbers[i]);
		r = finish(runner, NULL);
		assert_int_equal(r.exit, 128 + numbers[i]);
		assert_string_equal(r.out, "VM ended: KILLED\n");
		result_clear(&r);
	}
}

static void the_services_death(void **state)
{
	struct world *w = *state;
	GSubprocess *runner;
	g_autofree char *line = NULL;
	struct result r;

	write_config(w, "wait");
	runner = start_vm(w, "run", "vm.json", NULL);
	line = first_line(runner);
	assert_holds(line, "state is STARTING");
	test_service_kill(&w->service);
	w->service.pid = 0;
	r = finish(runner, NULL);
	assert_int_equal(r.exit, 0);
	assert_string_equal(r.out, "VM ended: VIRTUALIZATION_SERVICE_DIED\n");
	result_clear(&r);
	must_fail(run_vm(w, "list", NULL), 1, "virtualizationservice at ");
}

static void partitions(void **state)
{
	struct world *w = *state;
	g_autofree char *image = NULL;
	gsize bytes = 0;
	struct result r = run_vm(w, "create-partition", "-t", "instance", "image", "1048576", NULL);

	assert_int_equal(r.exit, 0);
	result_clear(&r);
	image = read_file(w, "image", &bytes);
	assert_int_equal(bytes, IMAGE_BYTES);
	assert_memory_equal(image, INSTANCE_MAGIC, strlen(INSTANCE_MAGIC));
	must_fail(run_vm(w, "create-partition", "image", "1048576", NULL), 1, "File exists");
	must_fail(run_vm(w, "create-partition", "odd", "100", NULL), 1, "odd: size");
	assert_false(is_there(w, "odd"));
	must_fail(run_vm(w, "create-partition", "odd", "-t", "what", "4096", NULL), 2, "--type");
	must_fail(run_vm(w, "create-partition", "odd", "4k", NULL), 2, "4k: not a number");
	assert_false(is_there(w, "odd"));
}

static void idsigs(void **state)
{
	struct world *w = *state;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	gsize bytes = 0;

	for (int i = 0; i < 2; i++) { /* the second time it is there and stays */
		struct result r = run_vm(w, "create-idsig", APK_PACKAGE, "made.idsig", NULL);

		assert_string_equal(r.err, "");
		assert_int_equal(r.exit, 0);
		result_clear(&r);
		first = first != NULL ? first : read_file(w, "made.idsig", &bytes);
	}
	assert_true(bytes > IDSIG_BYTES_MIN);
	assert_int_equal(first[0], IDSIG_VERSION);
	second = read_file(w, "made.idsig", &bytes);
	assert_memory_equal(first, second, bytes);
	write_file(w, "no.apk", "no zip");
	must_fail(run_vm(w, "create-idsig", "no.apk", "no.idsig", NULL), 1,
		  "no.apk: apk: not a zip");
	assert_false(is_there(w, "no.idsig"));
}

static void an_identity_is_kept(void **state)
{
	struct world *w = *state;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	gsize bytes = 0;

	write_os(w, "exit 0");
	for (int i = 0; i < 2; i++) {
		struct result r = run_vm(w, "run-app", "--instance-id-file", "id", "hello.apk",
					 "hello.apk.idsig", "instance.img", "--payload-binary-name",
					 "hello.so", NULL);

		assert_int_equal(r.exit, 0);
		result_clear(&r);
		first = first != NULL ? first : read_file(w, "id", &bytes);
		assert_int_equal(bytes, AVF_INSTANCE_ID_BYTES);
	}
	second = read_file(w, "id", &bytes);
	assert_memory_equal(first, second, AVF_INSTANCE_ID_BYTES);
	write_file(w, "id", "short");
	must_fail(run_vm(w, "run-app", "--instance-id-file", "id", "hello.apk", "hello.apk.idsig",
			 "instance.img", "--payload-binary-name", "hello.so", NULL),
		  1, "an instance id has 64 bytes");
}

static void what_there_is(void **state)
{
	struct world *w = *state;
	struct result r;

	write_os(w, "exit 0");
	r = run_vm(w, "info", NULL);
	assert_int_equal(r.exit, 0);
	assert_holds(r.out, "Both protected and non-protected VMs are supported.\n");
	assert_holds(r.out, "/dev/kvm ");
	assert_holds(r.out, "Assignable devices: []\n");
	assert_holds(r.out, "Available OS list: [microdroid]\n");
	result_clear(&r);
	r = run_vm(w, "list", NULL);
	assert_string_equal(r.out, "Running VMs: 0\n");
	result_clear(&r);
	r = run_vm(w, "check-feature-enabled", AVF_FEATURE_NETWORK, NULL);
	assert_int_equal(r.exit, 0);
	assert_string_equal(r.out, "Feature " AVF_FEATURE_NETWORK " is disabled\n");
	result_clear(&r);
}

static void a_port_for_a_debugger(void **state)
{
	struct world *w = *state;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_autofree char *port = NULL, *line = NULL;
	struct result r;

	write_config(w, "exit 0");
	assert_int_equal(bind(fd, (const void *)&address, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (void *)&address, &size), 0);
	port = g_strdup_printf("%d", ntohs(address.sin_port));
	must_fail(run_vm(w, "run", "--gdb", port, "vm.json", NULL), 1,
		  "of 127.0.0.1: Address already in use");
	close(fd);
	r = run_vm(w, "run", "--gdb", port, "vm.json", NULL);
	line = g_strdup_printf("VM waits for GDB: target remote localhost:%s\n", port);
	assert_int_equal(r.exit, 0);
	assert_holds(r.out, line);
	result_clear(&r);
}

static void flags_reach_the_configuration(void **state)
{
	struct world *w = *state;

	write_config(w, "exit 0");
	must_fail(run_vm(w, "run", "--mem", "5", "vm.json", NULL), 1,
		  "memory-mib: it must be even");
	must_fail(run_vm(w, "run", "-m", "-1", "vm.json", NULL), 2, "--mem");
	must_fail(run_vm(w, "run", "--cpu-topology", "cpu_count=9", "vm.json", NULL), 2,
		  "--cpu-topology");
	must_fail(run_vm(w, "run", "--gdb", "22", "vm.json", NULL), 1,
		  "gdb-port: it is not from 1024 to 65535");
	must_fail(run_vm(w, "run", "-p", "--gdb", "1234", "vm.json", NULL), 1,
		  "a protected VM cannot be debugged");
	must_fail(run_vm(w, "run", "-n", "vm.json", NULL), 1, "network-supported: not supported");
	must_fail(run_vm(w, "run", "-b", "vm.json", NULL), 1, "boost-uclamp: not supported");
	must_fail(run_vm(w, "run", "-h", "-p", "vm.json", NULL), 1,
		  "huge-pages: of a protected VM: not supported");
	must_fail(run_vm(w, "run", "--tee-services", "x", "vm.json", NULL), 1,
		  "--tee-services: not supported");
	must_fail(run_vm(w, "run", "--dump-device-tree", "x", "vm.json", NULL), 1,
		  "--dump-device-tree: not supported");
	must_fail(run_vm(w, "run", "--debug", "some", "vm.json", NULL), 2, "--debug");
	must_fail(run_vm(w, "run", "nothing.json", NULL), 1, "nothing.json");
	assert_false(is_there(w, "x"));
}

static void flags_of_apps(void **state)
{
	struct world *w = *state;

	write_os(w, "exit 0");
#define RUN_APP "run-app", "hello.apk", "hello.apk.idsig", "instance.img"
#define HELLO "--payload-binary-name", "hello.so"
	must_fail(run_vm(w, RUN_APP, NULL), 2, "exactly one of --payload-binary-name");
	must_fail(run_vm(w, RUN_APP, HELLO, "--config-path", "c", NULL), 2, "exactly one of");
	must_fail(run_vm(w, RUN_APP, HELLO, "--extra-apk", "a", NULL), 2,
		  "1 of --extra-apk and 0 of --extra-idsig");
	must_fail(run_vm(w, RUN_APP, HELLO, "--os", "other", NULL), 1, "other");
	must_fail(run_vm(w, RUN_APP, HELLO, "--storage", "s", NULL), 1, "--storage: not supported");
	must_fail(run_vm(w, RUN_APP, HELLO, "--devices", "/sys/d", NULL), 1,
		  "devices: not supported");
	must_fail(run_vm(w, RUN_APP, HELLO, "--debug=none", "--enable-earlycon", NULL), 2,
		  "only with --debug full");
	must_fail(run_vm(w, "run-app", "none.apk", "idsig", "instance.img", HELLO, NULL), 1,
		  "none.apk");
	must_fail(run_vm(w, "create-idsig", "none.apk", "idsig", NULL), 1, "none.apk");
	assert_false(is_there(w, "idsig"));
#undef HELLO
#undef RUN_APP
}

static void wrong_words(void **state)
{
	struct world *w = *state;
	struct result r;

	must_fail(run_vm(w, NULL), 2, "Usage: vm COMMAND");
	must_fail(run_vm(w, "fly", NULL), 2, "fly: no such command");
	must_fail(run_vm(w, "run", NULL), 2, "usage: vm run CONFIG.json");
	must_fail(run_vm(w, "list", "all", NULL), 2, "usage: vm list");
	must_fail(run_vm(w, "list", "--protected", NULL), 2, "--protected");
	r = run_vm(w, "--help", NULL);
	assert_int_equal(r.exit, 0);
	assert_holds(r.out, "create-partition FILE BYTES");
	result_clear(&r);
	r = run_vm(w, "run-app", "--help", NULL);
	assert_int_equal(r.exit, 0);
	assert_holds(r.out, "--payload-binary-name");
	result_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_vm_from_json, begin, end),
		cmocka_unit_test_setup_teardown(what_the_payload_says, begin, end),
		cmocka_unit_test_setup_teardown(a_package_that_is_none, begin, end),
		cmocka_unit_test_setup_teardown(what_goes_wrong_in_the_guest, begin, end),
		cmocka_unit_test_setup_teardown(debug_none_says_nothing, begin, end),
		cmocka_unit_test_setup_teardown(console_and_log_to_files, begin, end),
		cmocka_unit_test_setup_teardown(a_console_for_another, begin, end),
		cmocka_unit_test_setup_teardown(signals_stop_the_vm, begin, end),
		cmocka_unit_test_setup_teardown(the_services_death, begin, end),
		cmocka_unit_test_setup_teardown(partitions, begin, end),
		cmocka_unit_test_setup_teardown(idsigs, begin, end),
		cmocka_unit_test_setup_teardown(an_identity_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(what_there_is, begin, end),
		cmocka_unit_test_setup_teardown(a_port_for_a_debugger, begin, end),
		cmocka_unit_test_setup_teardown(flags_reach_the_configuration, begin, end),
		cmocka_unit_test_setup_teardown(flags_of_apps, begin, end),
		cmocka_unit_test_setup_teardown(wrong_words, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
