/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sandbox from inside, each attempt in a child of its own; RLIMIT_MEMLOCK. */
#define _GNU_SOURCE /* setresuid */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vmm/support.h"
#include "vmm/log.h"
#include "vmm/memlock.h"
#include "vmm/sandbox.h"

#define NOBODY 65534
#define DONE 0
#define REFUSED 7
#define NOT_ENTERED 8
#define PAGE 4096

/*
 * End this process by the bare system call: before a function that does not
 * return, the address sanitizer looks into /proc, which the sandbox forbids.
 */
static void leave(int code)
{
	syscall(SYS_exit_group, code);
}

/* Run @attempt in a child, in the sandbox if asked; its wait status. */
static int in_child(int (*attempt)(void), bool sandboxed)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		log_set_level(LOG_LEVEL_ERROR);
		if (sandboxed && !sandbox_enter(false, NULL)) {
			leave(NOT_ENTERED);
		}
		leave(attempt());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static int open_file(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) >= 0 ? DONE : REFUSED;
}

static int make_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0 ? DONE : REFUSED;
}

static int make_process(void)
{
	long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (child == 0) {
		syscall(SYS_exit_group, 0);
	}
	return child > 0 ? DONE : REFUSED;
}

static int make_process_by_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0) < 0 ? REFUSED : DONE;
}

static int execute(void)
{
	char *argv[] = { "true", NULL };

	syscall(SYS_execve, "/bin/true", argv, NULL);
	return REFUSED;
}

static int map_code(void)
{
	long at = syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	return at != -1 ? DONE : REFUSED;
}

static int make_code(void)
{
	static char page[2 * PAGE];
	uintptr_t at = ((uintptr_t)page + PAGE - 1) / PAGE * PAGE;

	return syscall(SYS_mprotect, at, PAGE, PROT_READ | PROT_EXEC) == 0 ? DONE : REFUSED;
}

static int ask_terminal(void)
{
	char attributes[64];

	syscall(SYS_ioctl, 0, TCGETS, attributes);
	return DONE;
}

static int trace_parent(void)
{
	syscall(SYS_ptrace, 0, 0, 0, 0);
	return DONE;
}

static void test_forbidden(void **state)
{
	/* clang-format off */
	int (*const attempts[])(void) = {
		open_file, make_socket, make_process, execute, map_code, make_code, ask_terminal,
		trace_parent,
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
		int status = in_child(attempts[i], true);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
			fail_msg("attempt %zu: wait status 0x%x, not SIGSYS", i, status);
		}
	}
}

/* The attempts work outside, so what the test above sees is the sandbox. */
static void test_forbidden_works_outside(void **state)
{
	/* clang-format off */
	int (*const attempts[])(void) = {
		open_file, make_socket, make_process, map_code, make_code, ask_terminal,
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
		assert_int_equal(in_child(attempts[i], false), DONE);
	}
}

static void test_clone3_is_refused_politely(void **state)
{
	int status = in_child(make_process_by_clone3, true);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), REFUSED);
}

/* What devices, main loop and malloc need. */
static int do_allowed(void)
{
	static const struct timespec soon = { .tv_nsec = 1 };
	int fds[2] = { STDERR_FILENO, STDIN_FILENO };
	long at = syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char byte;

	if (at == -1 || syscall(SYS_munmap, at, PAGE) != 0 ||
	    syscall(SYS_write, fds[0], "", 0) != 0 ||
	    syscall(SYS_ppoll, NULL, 0, &soon, NULL, 0) != 0 ||
	    syscall(SYS_getrandom, &byte, 1, 0) != 1) {
		return REFUSED;
	}
	return DONE;
}

static void test_allowed(void **state)
{
	(void)state;
	assert_int_equal(in_child(do_allowed, true), DONE);
}

/* The sandboxed child cannot ask: its parent reads it in /proc. */
static void test_privileges_are_gone(void **state)
{
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;
	int ready[2], end[2];
	char byte;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	child = fork();
	if (child == 0) {
		log_set_level(LOG_LEVEL_ERROR);
		if (sandbox_enter(false, NULL) && write(ready[1], "", 1) == 1) {
			leave(read(end[0], &byte, 1) == 1 ? DONE : REFUSED);
		}
		leave(NOT_ENTERED);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	path = g_strdup_printf("/proc/%d/status", child);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_int_equal(write(end[1], "", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, DONE);
	assert_non_null(strstr(text, "CapInh:\t0000000000000000"));
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(text, "CapAmb:\t0000000000000000"));
	assert_non_null(strstr(text, "NoNewPrivs:\t1"));
	assert_non_null(strstr(text, "Seccomp:\t2"));
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(end[i]);
	}
}

static void limit(rlim_t soft, rlim_t hard)
{
	const struct rlimit wanted = { .rlim_cur = soft, .rlim_max = hard };

	if (setrlimit(RLIMIT_MEMLOCK, &wanted) != 0 ||
	    (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0)) {
		leave(NOT_ENTERED);
	}
}

static int lock_above_hard_limit(void)
{
	GError *error = NULL;

	limit(8192, 16384);
	if (memlock_allow(1 << 20, &error)) {
		return DONE;
	}
	return strstr(error->message, "RLIMIT_MEMLOCK is 8 KiB") != NULL &&
			       strstr(error->message, "locks 1024 KiB") != NULL ?
		       REFUSED :
		       NOT_ENTERED;
}

static int lock_up_to_hard_limit(void)
{
	struct rlimit now;

	limit(8192, 16384);
	if (!memlock_allow(16384, NULL) || getrlimit(RLIMIT_MEMLOCK, &now) != 0) {
		return REFUSED;
	}
	return now.rlim_cur == 16384 && memlock_allow(16384, NULL) ? DONE : REFUSED;
}

static void test_memlock(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(in_child(lock_above_hard_limit, false)), REFUSED);
	assert_int_equal(in_child(lock_up_to_hard_limit, false), DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_forbidden_works_outside),
		cmocka_unit_test(test_clone3_is_refused_politely),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_privileges_are_gone),
		cmocka_unit_test(test_memlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
