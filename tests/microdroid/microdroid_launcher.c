/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload's system calls: in a child each, since the filter is for good. */
#include "guest/microdroid/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CHILD_NO_FILTER 100
#define CHILD_DONE 99

/* The errno of @attempt, which returns -1 when it fails, behind the filter; CHILD_DONE if it did not fail. */
static int behind_the_filter(int (*attempt)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		if (!launcher_filter()) {
			_exit(CHILD_NO_FILTER);
		}
		_exit(attempt() < 0 ? errno : CHILD_DONE);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int files(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int internet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static int a_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		_exit(0);
	}
	return child < 0 ? -1 : waitpid(child, NULL, 0);
}

static int a_name_space(void)
{
	return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
}

static int unsharing(void)
{
	return unshare(CLONE_NEWUSER);
}

static int tracing(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int mounting(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static void what_a_program_needs(void **state)
{
	int (*const all[])(void) = { files, unix_socket, a_child };
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(behind_the_filter(all[i]), CHILD_DONE);
	}
}

static void what_is_not_there(void **state)
{
	int (*const all[])(void) = { internet_socket, netlink_socket, a_name_space, unsharing,
				     tracing,         mounting,       io_uring,     bpf };
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(behind_the_filter(all[i]), ENOSYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_a_program_needs),
					    cmocka_unit_test(what_is_not_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
