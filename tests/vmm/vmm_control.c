/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control protocol, its socket with several clients, and the janitor. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vmm/support.h"
#include "vmm/control.h"

#define SOCKET "ctl"

static const struct control_status some_status = {
	.pid = 42,
	.protected_vm = true,
	.memory_mib = 136,
	.cpus = 2,
	.exits = 1000,
};
static unsigned stops;
static GString *told; /* of suspend and resume, a letter each; NULL: nobody asks */

static void fill_status(void *opaque, struct control_status *status)
{
	(void)opaque;
	*status = some_status;
}

static void count_stop(void *opaque)
{
	(void)opaque;
	stops++;
}

static void note_suspend(void *opaque)
{
	(void)opaque;
	g_string_append_c(told, 's');
}

static void note_resume(void *opaque)
{
	(void)opaque;
	g_string_append_c(told, 'r');
}

static const struct control_ops ops = {
	.status = fill_status,
	.stop = count_stop,
	.suspend = note_suspend,
	.resume = note_resume,
};

static enum control_request answer(const char *line, size_t bytes, char **text)
{
	return control_answer(line, bytes, &some_status, text);
}

static void test_protocol(void **state)
{
	g_autofree char *stop = NULL;
	g_autofree char *status = NULL;
	g_autofree char *carriage = NULL;
	g_autofree char *suspend = NULL;
	g_autofree char *resume = NULL;

	(void)state;
	assert_int_equal(answer("stop", 4, &stop), CONTROL_STOP);
	assert_string_equal(stop, "{\"ok\":true}\n");
	assert_int_equal(answer("status", 6, &status), CONTROL_NOTHING);
	assert_string_equal(status, "{\"ok\":true,\"pid\":42,\"protected\":true,\"memory_mib\":136,"
				    "\"cpus\":2,\"exits\":1000,\"suspended\":false}\n");
	assert_int_equal(answer("stop\r", 5, &carriage), CONTROL_STOP);
	assert_true(control_answer_is_ok(status));
	assert_int_equal(answer("suspend", 7, &suspend), CONTROL_SUSPEND);
	assert_int_equal(answer("resume", 6, &resume), CONTROL_RESUME);
	assert_true(control_answer_is_ok(suspend) && control_answer_is_ok(resume));
}

static void test_protocol_refuses(void **state)
{
	static const struct {
		const char *line;
		size_t bytes;
	} cases[] = { { "", 0 },     { "\r", 1 },       { "sto", 3 },    { "stopp", 5 },
		      { "STOP", 4 }, { "stop now", 8 }, { "stop\0", 5 }, { "\"}", 2 } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = NULL;

		assert_int_equal(answer(cases[i].line, cases[i].bytes, &text), CONTROL_NOTHING);
		assert_false(control_answer_is_ok(text));
		assert_string_equal(text, "{\"ok\":false,\"error\":\"no such command: stop, "
					  "status, suspend or resume is allowed\"}\n");
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void serve_all(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static void assert_received(int fd, const char *expected)
{
	char text[512];
	ssize_t got;

	serve_all();
	got = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(got > 0);
	text[got] = '\0';
	assert_string_equal(text, expected);
}

static void assert_dropped(int fd)
{
	char byte;

	serve_all();
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void test_socket(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	struct control *control = control_listen(path, &ops, NULL, NULL);
	int first, second;

	assert_non_null(control);
	stops = 0;
	first = connect_to(path);
	second = connect_to(path);
	assert_int_equal(send(first, "st", 2, 0), 2);
	serve_all();
	assert_int_equal(send(second, "stop\nnonsense\n", 14, 0), 14);
	assert_received(second, "{\"ok\":true}\n{\"ok\":false,\"error\":\"no such command: stop, "
				"status, suspend or resume is allowed\"}\n");
	assert_int_equal(stops, 1);
	assert_int_equal(send(first, "op\n", 3, 0), 3);
	assert_received(first, "{\"ok\":true}\n");
	assert_int_equal(stops, 2);
	close(first);
	serve_all();
	control_free(control);
	assert_int_not_equal(access(path, F_OK), 0);
	close(second);
	control_free(NULL);
}

/* A descriptor of the caller's instead of a path; what is asked for is done before the answer comes. */
static void test_descriptor(void **state)
{
	g_autofree char *name = NULL;
	g_autofree char *file = NULL;
	struct control *control;
	GError *error = NULL;
	int pipe_ends[2];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	name = g_strdup_printf("fd:%d", ends[1]);
	control = control_listen(name, &ops, NULL, NULL);
	assert_non_null(control);
	close(ends[1]);
	told = g_string_new(NULL);
	assert_int_equal(send(ends[0], "suspend\nresume\n", 15, 0), 15);
	assert_received(ends[0], "{\"ok\":true}\n{\"ok\":true}\n");
	assert_string_equal(told->str, "sr");
	control_free(control);
	assert_dropped(ends[0]);
	g_string_free(g_steal_pointer(&told), TRUE);
	/* Neither what is no socket nor what is not open. */
	assert_int_equal(pipe(pipe_ends), 0);
	file = g_strdup_printf("fd:%d", pipe_ends[0]);
	assert_null(control_listen(file, &ops, NULL, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "--control: no stream socket: fd:");
	error = NULL;
	assert_null(control_listen("fd:999", &ops, NULL, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_BADF, "--control: no stream socket: fd:999");
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static void test_bad_clients(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	g_autofree char *line = g_strnfill(CONTROL_LINE_BYTES, 'x');
	struct control *control = control_listen(path, &ops, NULL, NULL);
	int clients[CONTROL_CLIENTS_MAX];
	int fd = connect_to(path);

	send(fd, line, CONTROL_LINE_BYTES, 0);
	assert_dropped(fd);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		clients[i] = connect_to(path);
		serve_all();
	}
	assert_dropped(connect_to(path));
	/* A place becomes free. */
	close(clients[0]);
	serve_all();
	clients[0] = connect_to(path);
	send(clients[0], "stop\n", 5, 0);
	assert_received(clients[0], "{\"ok\":true}\n");
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		close(clients[i]);
	}
	control_free(control);
}

/* The client's side, in a child since it waits for its answer. */
static void test_client(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	struct control *control = control_listen(path, &ops, NULL, NULL);
	GError *error = NULL;
	char *text = NULL;
	int status = 1;
	pid_t child = fork();

	if (child == 0) {
		g_autofree char *got = NULL;
		bool asked = control_ask(path, "stop", &got, NULL) && control_answer_is_ok(got);

		_exit(asked ? 0 : 1);
	}
	stops = 0;
	while (stops == 0) {
		g_main_context_iteration(NULL, TRUE);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	control_free(control);
	assert_false(control_ask(path, "stop", &text, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no answer from a VMM");
}

static void test_path_in_use(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	g_autofree char *file = folder_path(state, "file");
	g_autofree char *nowhere = folder_path(state, "none/ctl");
	struct control *control = control_listen(path, &ops, NULL, NULL);
	GError *error = NULL;

	assert_null(control_listen(path, &ops, NULL, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "Address already in use");
	assert_int_equal(access(path, F_OK), 0);
	control_free(control);
	/* What is no socket is not removed. */
	error = NULL;
	assert_true(g_file_set_contents(file, "x", 1, NULL));
	assert_null(control_listen(file, &ops, NULL, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "Address already in use");
	assert_int_equal(access(file, F_OK), 0);
	error = NULL;
	assert_null(control_listen(nowhere, &ops, NULL, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "--control: cannot make the socket");
}

static void test_stale_socket_is_replaced(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct control *control;

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	control = control_listen(path, &ops, NULL, NULL);
	assert_non_null(control);
	control_free(control);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* A process that listens is killed: its socket's file goes all the same. */
static void test_killed(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	int status;
	pid_t child;

	/* The janitor becomes our child when its parent dies, so its end can be waited for. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	child = fork();
	if (child == 0) {
		control_listen(path, &ops, NULL, NULL);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(waitpid(-1, &status, 0), -1);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* A file that took the socket's name meanwhile is not the janitor's to remove. */
static void test_janitor_spares_others(void **state)
{
	g_autofree char *path = folder_path(state, SOCKET);
	struct control *control = control_listen(path, &ops, NULL, NULL);

	assert_int_equal(unlink(path), 0);
	assert_true(g_file_set_contents(path, "new", 3, NULL));
	control_free(control);
	assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocol),
		cmocka_unit_test(test_protocol_refuses),
		cmocka_unit_test_setup_teardown(test_socket, folder_setup, folder_teardown),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test_setup_teardown(test_bad_clients, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_client, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_path_in_use, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_stale_socket_is_replaced, folder_setup,
						folder_teardown),
		cmocka_unit_test_setup_teardown(test_killed, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_janitor_spares_others, folder_setup,
						folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
