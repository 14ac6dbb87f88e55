/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first process of the Linux host: prepares the system, then either
 *
 *   - serves the runner: starts qemu-guest-agent on its virtio-serial port and
 *     writes "ready" to the events port, where it also forwards every line that
 *     the host's tools write to HOST_EVENTS_FIFO, and starts virtualizationservice
 *     for its first client; or
 *   - runs the closed plan that the machine's shared memory holds (plan.c).
 *
 * "terrarium.shell=1" on the kernel's command line puts a shell on the console.
 * What is missing is said in one sentence, then the kernel panics.
 */
#include "platform/host/init.h"
#include "platform/host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT_PORT "org.qemu.guest_agent.0"
#define EVENTS_PORT "org.terrarium.events"
#define START_LIMIT_S 60 /* how long the ports may take to appear */
#define PORT_PATH_MAX 64

struct init {
	struct uevents uevents;
	char agent_port[PORT_PATH_MAX];  /* set once agent is */
	char events_port[PORT_PATH_MAX]; /* set once events_fd is */
	int events_fd;                   /* the events port, -1 until open */
	int fifo_fd;                     /* HOST_EVENTS_FIFO */
	int opened_fd;                   /* inotify: the agent has opened its port */
	int signal_fd;
	int limit_fd; /* timer that ends the wait for the ports */
	pid_t agent;  /* 0: not started */
	pid_t shell;  /* 0: none */
	struct service_socket service;
	bool with_shell;
	bool ready;
};

static int kmsg_fd = -1;

/* "<level>terrarium-host: text\n" in @line; its length. The newline makes the record whole. */
static size_t compose(char *line, size_t size, int level, const char *format, va_list args)
{
	size_t used = (size_t)snprintf(line, size, "<%d>terrarium-host: ", level);
	int length = vsnprintf(line + used, size - used - 1, format, args);

	used = length < 0 ? used : used + (size_t)length;
	used = used < size - 1 ? used : size - 2;
	line[used] = '\n';
	return used + 1;
}

void say(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	size_t size = compose(line, sizeof(line), 5, format, args);

	va_end(args);
	(void)!write(kmsg_fd, line, size);
}

void give_up(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	size_t size = compose(line, sizeof(line), 0, format, args);

	va_end(args);
	if (kmsg_fd < 0 || write(kmsg_fd, line, size) < 0) {
		(void)!write(STDERR_FILENO, line, size);
	}
	/* The end of the first process is a panic of the kernel. */
	_exit(1);
}

pid_t start(char *const argv[], bool on_console)
{
	pid_t pid = fork();

	if (pid < 0) {
		give_up("cannot fork for %s: %s", argv[0], strerror(errno));
	}
	if (pid > 0) {
		return pid;
	}
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (on_console) {
		system_take_console();
	}
	execv(argv[0], argv);
	say("cannot run %s: %s", argv[0], strerror(errno));
	_exit(127);
}

void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	give_up("cannot power off: %s", strerror(errno));
}

static void start_agent(struct init *init)
{
	char *argv[] = { "/usr/sbin/qemu-ga", "-m", "virtio-serial", "-p",
			 init->agent_port,    "-t", "/run",          NULL };

	init->opened_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (init->opened_fd < 0 ||
	    inotify_add_watch(init->opened_fd, init->agent_port, IN_OPEN) < 0) {
		give_up("cannot watch %s: %s", init->agent_port, strerror(errno));
	}
	init->agent = start(argv, false);
}

static void look_for_ports(struct init *init)
{
	if (init->agent == 0 && port_find(AGENT_PORT, init->agent_port, PORT_PATH_MAX)) {
		start_agent(init);
	}
	if (init->events_fd < 0 && port_find(EVENTS_PORT, init->events_port, PORT_PATH_MAX)) {
		init->events_fd = open(init->events_port, O_WRONLY | O_CLOEXEC);
		if (init->events_fd < 0) {
			give_up("cannot open the events port %s: %s", init->events_port,
				strerror(errno));
		}
	}
}

static void send_event(struct init *init, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t sent = write(init->events_fd, text, size);

		if (sent < 0 && errno != EINTR) {
			give_up("cannot write to the events port: %s", strerror(errno));
		}
		if (sent > 0) {
			text += sent;
			size -= (size_t)sent;
		}
	}
}

static void forward_events(struct init *init)
{
	char text[PIPE_BUF];
	ssize_t size = read(init->fifo_fd, text, sizeof(text));

	if (size > 0) {
		send_event(init, text, (size_t)size);
	}
}

static void agent_has_opened(struct init *init)
{
	close(init->opened_fd);
	init->opened_fd = -1;
	init->ready = true;
	say("ready");
	if (init->events_fd >= 0) {
		send_event(init, "ready\n", strlen("ready\n"));
	}
	close(init->limit_fd);
	init->limit_fd = -1;
}

static void reap(struct init *init)
{
	struct signalfd_siginfo signal;
	int status;
	pid_t pid;

	if (read(init->signal_fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal) &&
	    signal.ssi_signo != SIGCHLD) {
		say("power off, asked by signal %u", signal.ssi_signo);
		power_off();
	}
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == init->agent) {
			give_up("qemu-guest-agent ended with wait status %#x",
				(unsigned int)status);
		}
		if (pid == init->shell) {
			power_off();
		}
		if (pid == init->service.pid) {
			service_ended(&init->service, status);
		}
	}
}

static void watch_signals(struct init *init)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM); /* what busybox's reboot sends to its init */
	sigaddset(&set, SIGUSR1); /* halt */
	sigaddset(&set, SIGUSR2); /* poweroff */
	sigprocmask(SIG_BLOCK, &set, NULL);
	init->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init->signal_fd < 0) {
		give_up("cannot watch signals: %s", strerror(errno));
	}
}

static void set_limit(struct init *init)
{
	struct itimerspec limit = { .it_value = { .tv_sec = START_LIMIT_S } };

	init->limit_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (init->limit_fd < 0 || timerfd_settime(init->limit_fd, 0, &limit, NULL) < 0) {
		give_up("cannot set a timer: %s", strerror(errno));
	}
}

static void open_fifo(struct init *init)
{
	if (mkfifo(HOST_EVENTS_FIFO, 0600) < 0) {
		give_up("cannot make %s: %s", HOST_EVENTS_FIFO, strerror(errno));
	}
	/* Open for writing too: readers must not see the end when a writer leaves. */
	init->fifo_fd = open(HOST_EVENTS_FIFO, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (init->fifo_fd < 0) {
		give_up("cannot open %s: %s", HOST_EVENTS_FIFO, strerror(errno));
	}
}

static void out_of_time(const struct init *init)
{
	if (init->agent == 0) {
		give_up("no virtio-serial port has the name " AGENT_PORT);
	}
	if (init->events_fd < 0) {
		give_up("no virtio-serial port has the name " EVENTS_PORT);
	}
	give_up("qemu-guest-agent did not open %s", init->agent_port);
}

static void serve(struct init *init)
{
	for (;;) {
		bool has_ports = init->agent > 0 && init->events_fd >= 0;
		struct pollfd polls[] = {
			{ .fd = init->signal_fd, .events = POLLIN },
			{ .fd = has_ports ? -1 : init->uevents.fd, .events = POLLIN },
			{ .fd = has_ports ? init->opened_fd : -1, .events = POLLIN },
			{ .fd = init->events_fd >= 0 ? init->fifo_fd : -1, .events = POLLIN },
			{ .fd = init->with_shell ? -1 : init->limit_fd, .events = POLLIN },
			{ .fd = service_poll_fd(&init->service), .events = POLLIN },
		};

		if (poll(polls, sizeof(polls) / sizeof(polls[0]), -1) < 0) {
			continue;
		}
		if (polls[0].revents != 0) {
			reap(init);
		}
		if (polls[1].revents != 0) {
			uevents_drain(&init->uevents);
			look_for_ports(init);
		}
		if (polls[2].revents != 0) {
			agent_has_opened(init);
		}
		if (polls[3].revents != 0) {
			forward_events(init);
		}
		if (polls[4].revents != 0) {
			out_of_time(init);
		}
		if (polls[5].revents != 0) {
			service_wanted(&init->service);
		}
	}
}

int main(void)
{
	struct init init = { .events_fd = -1, .opened_fd = -1, .service = { .fd = -1 } };

	if (getpid() != 1) {
		fprintf(stderr, "init: is the host's first process, not to be run by hand\n");
		return 2;
	}
	umask(022);
	kmsg_fd = system_prepare();
	uevents_open(&init.uevents);
	plan_run(&init.uevents);
	init.with_shell = system_has_parameter("terrarium.shell=1");
	watch_signals(&init);
	set_limit(&init);
	open_fifo(&init);
	service_listen(&init.service);
	if (init.with_shell) {
		char *argv[] = { "/bin/sh", "-l", NULL };

		init.shell = start(argv, true);
	}
	look_for_ports(&init);
	serve(&init);
}
