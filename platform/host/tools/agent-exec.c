/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent-exec ID COMMAND...: what the runner starts through the guest agent.
 *
 * Becomes COMMAND, so that the agent sees its output and exit status, and
 * leaves a watcher behind, which writes the line "exit ID" to the events port
 * once the agent has collected the command's exit status. So the runner needs
 * to ask the agent for the result only then.
 *
 * TERRARIUM_EVENTS replaces the FIFO that init forwards to the events port.
 */
#include "platform/host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_TROUBLE 125   /* agent-exec's own failure */
#define EXIT_NOT_FOUND 127 /* as a shell's */
#define ID_MAX 64

static void wait_until_collected(int pid_fd)
{
	/* POLLHUP: the process is gone, its parent has its status (Linux 6.9). */
	struct pollfd poll_fd = { .fd = pid_fd };

	while ((poll_fd.revents & POLLHUP) == 0) {
		if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR) {
			_exit(EXIT_TROUBLE);
		}
	}
}

static void watch(int pid_fd, int events_fd, const char *id)
{
	char line[ID_MAX + 16];
	int size = snprintf(line, sizeof(line), "exit %s\n", id);

	setsid();
	wait_until_collected(pid_fd);
	/* Shorter than PIPE_BUF: never mixed with another's line. */
	if (write(events_fd, line, (size_t)size) != size) {
		_exit(EXIT_TROUBLE);
	}
	_exit(0);
}

/* The watcher is a grandchild: the command finds no child that it did not make. */
static bool leave_watcher(int pid_fd, int events_fd, const char *id)
{
	int status = 0;
	pid_t between = fork();

	if (between == 0) {
		pid_t watcher = fork();

		if (watcher != 0) {
			_exit(watcher < 0 ? EXIT_TROUBLE : 0);
		}
		/* The agent waits for the end of its pipes: hold none of them. */
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		watch(pid_fd, events_fd, id);
	}
	return between > 0 && waitpid(between, &status, 0) == between && status == 0;
}

static int give_up(const char *what)
{
	fprintf(stderr, "agent-exec: %s: %s\n", what, strerror(errno));
	return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	const char *events = getenv("TERRARIUM_EVENTS");

	if (argc < 3 || strlen(argv[1]) > ID_MAX || strpbrk(argv[1], " \n") != NULL) {
		fprintf(stderr, "usage: agent-exec ID COMMAND...\n");
		return EXIT_TROUBLE;
	}
	if (events == NULL) {
		events = HOST_EVENTS_FIFO;
	}
	int events_fd = open(events, O_WRONLY | O_CLOEXEC);

	if (events_fd < 0) {
		return give_up(events);
	}
	int pid_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (pid_fd < 0) {
		return give_up("pidfd_open");
	}
	if (!leave_watcher(pid_fd, events_fd, argv[1])) {
		return give_up("fork");
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "agent-exec: cannot run %s: %s\n", argv[2], strerror(errno));
	return EXIT_NOT_FOUND;
}
