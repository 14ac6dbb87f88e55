/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtualizationservice, started when its first client connects: init holds the listening socket and hands it over,
 * as sd_listen_fds(3) says. Nothing runs, and nothing costs, until a client comes; a service that
 * has ended is started again by the next one.
 */
#include "platform/host/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vmm/service/avf.h"

#define PROGRAM "/usr/bin/virtualizationservice"
#define LISTEN_FD 3 /* the first that is handed over: sd_listen_fds(3) */
#define BACKLOG 64
#define SHORT_LIFE_S 2    /* a service that ends sooner did not serve */
#define SHORT_LIVES_MAX 5 /* in a row; then clients are refused */

void service_listen(struct service_socket *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = AVF_SERVICE_SOCKET };
	char folder[] = AVF_SERVICE_SOCKET;

	*strrchr(folder, '/') = '\0';
	if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
		give_up("cannot make %s: %s", folder, strerror(errno));
	}
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Anybody may connect: the service asks the kernel who it is. */
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(AVF_SERVICE_SOCKET, 0666) < 0 || listen(s->fd, BACKLOG) < 0) {
		give_up("cannot listen on " AVF_SERVICE_SOCKET ": %s", strerror(errno));
	}
}

int service_poll_fd(const struct service_socket *s)
{
	return s->pid == 0 ? s->fd : -1;
}

static void run(const struct service_socket *s)
{
	char *argv[] = { PROGRAM, "--log-to-kernel", NULL };
	char pid[16];
	sigset_t none;
	int null = open("/dev/null", O_RDWR);
	int log = open("/dev/kmsg", O_WRONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	/* Out of the way first, so that it is no close-on-exec descriptor onto itself. */
	dup2(fcntl(s->fd, F_DUPFD, LISTEN_FD + 1), LISTEN_FD);
	close_range(LISTEN_FD + 1, ~0U, 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	execv(argv[0], argv);
	_exit(127);
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void service_wanted(struct service_socket *s)
{
	s->pid = fork();
	if (s->pid < 0) {
		give_up("cannot fork for " PROGRAM ": %s", strerror(errno));
	}
	if (s->pid == 0) {
		run(s);
	}
	s->started_s = now_s();
}

void service_ended(struct service_socket *s, int status)
{
	s->pid = 0;
	say("virtualizationservice ended with wait status %#x", (unsigned int)status);
	s->short_lives = now_s() - s->started_s < SHORT_LIFE_S ? s->short_lives + 1 : 0;
	if (s->short_lives == SHORT_LIVES_MAX) {
		say("virtualizationservice does not live: its clients are refused from here on");
		close(s->fd);
		s->fd = -1;
	}
}
