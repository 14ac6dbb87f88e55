/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* close_range, pipe2 */
#include "vmm/janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/error.h"

/* The child: wait for the pipe's end, remove the file, end. Calls async-signal-safe code only. */
static void clean_up(int pipe_fd, const char *path, const struct stat *expected)
{
	struct stat now;
	char byte;

	while (read(pipe_fd, &byte, sizeof(byte)) < 0 && errno == EINTR) {
	}
	if (stat(path, &now) == 0 && now.st_dev == expected->st_dev &&
	    now.st_ino == expected->st_ino) {
		unlink(path);
	}
	_exit(0);
}

bool janitor_start(struct janitor *janitor, const char *path, GError **error)
{
	struct stat st;
	int ends[2];
	pid_t pid;

	if (stat(path, &st) != 0 || pipe2(ends, O_CLOEXEC) != 0) {
		error_set_errno(error, "cannot watch over %s", path);
		return false;
	}
	pid = fork();
	if (pid < 0) {
		error_set_errno(error, "cannot start the process that removes %s", path);
		close(ends[0]);
		close(ends[1]);
		return false;
	}
	if (pid == 0) {
		/* A session of its own: Ctrl-C ends the parent, which is what it waits for. */
		setsid();
		prctl(PR_SET_NAME, "vmm-janitor");
		dup2(ends[0], STDIN_FILENO);
		close_range(STDIN_FILENO + 1, ~0U, 0);
		clean_up(STDIN_FILENO, path, &st);
	}
	close(ends[0]);
	janitor->pid = pid;
	janitor->fd = ends[1];
	return true;
}

void janitor_finish(struct janitor *janitor)
{
	close(janitor->fd);
	while (waitpid(janitor->pid, NULL, 0) < 0 && errno == EINTR) {
	}
}
