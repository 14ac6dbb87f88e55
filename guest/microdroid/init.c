/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system's first process: what programs need to be mounted, where the log goes, and
 * microdroid_manager, whose end is the VM's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/microdroid/init.h"
#include "guest/microdroid/lib/failure.h"
#include "guest/microdroid/lib/log.h"
#include "platform/abi/mark.h"

#define MANAGER "/usr/bin/microdroid_manager"
#define SYSLOG_CONSOLE_OFF 6
#define CONSOLE_MODE 0604 /* at debug level FULL a payload may read what its user types */

/* A mount; @options as mount(2) has them. */
struct place {
	const char *type;
	const char *path;
	unsigned long flags;
	const char *options;
};

/* /data is what a payload may write: memory, of which it can have half of the VM's at most. */
static const struct place places[] = {
	{ "proc", "/proc", MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=2" },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m" },
	{ "tmpfs", "/mnt", MS_NOSUID | MS_NODEV, "mode=0755,size=1m" },
	{ "tmpfs", "/data", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=50%" },
};

/* Where programs' lines go: at debug level FULL to the log's console, the second if there is one; at NONE nowhere. */
static const char *const log_consoles[] = { "/dev/hvc1", "/dev/console" };

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void __attribute__((noreturn)) fail(const char *doing)
{
	char context[LOG_LINE_MAX];

	log_line("%s: %s", doing, strerror(errno));
	snprintf(context, sizeof(context), "init: %s: %s", doing, strerror(errno));
	failure_report(FAILURE_UNKNOWN, context);
	power_off();
}

static void mount_places(void)
{
	mkdir("/dev/pts", 0755);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *p = &places[i];

		if (mount(p->type, p->path, p->type, p->flags, p->options) != 0) {
			fail(p->path);
		}
	}
}

static void open_log(bool debuggable)
{
	int null_fd = open("/dev/null", O_RDWR | O_NOCTTY);
	int fd = null_fd;

	if (null_fd < 0) {
		fail("/dev/null");
	}
	for (size_t i = 0; debuggable && i < sizeof(log_consoles) / sizeof(log_consoles[0]); i++) {
		int console = open(log_consoles[i], O_WRONLY | O_NOCTTY);

		if (console >= 0) {
			fd = console;
			break;
		}
	}
	dup2(null_fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO && fd != null_fd) {
		close(fd);
	}
	if (null_fd > STDERR_FILENO) {
		close(null_fd);
	}
}

static pid_t start(const char *path, bool debuggable)
{
	char *argv[] = { (char *)path, debuggable ? INIT_DEBUGGABLE : NULL, NULL };
	char *envp[] = { "PATH=/usr/bin", "TMPDIR=/data", "HOME=/data", NULL };
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		execve(path, argv, envp);
		log_line("cannot start %s: %s", path, strerror(errno));
		_exit(127);
	}
	return pid;
}

/* The status of @child's end; orphans are collected on the way. */
static int await(pid_t child)
{
	int status = 0;

	for (;;) {
		pid_t ended = wait(&status);

		if (ended == child) {
			return status;
		}
		if (ended < 0 && errno != EINTR) {
			fail("waiting for microdroid_manager");
		}
	}
}

/* A manager that did not end as it should has not said why. */
static void judge(int status)
{
	char context[LOG_LINE_MAX];

	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == INIT_MANAGER_REPORTED)) {
		return;
	}
	if (WIFSIGNALED(status)) {
		snprintf(context, sizeof(context), "microdroid_manager was killed by signal %d",
			 WTERMSIG(status));
	} else {
		snprintf(context, sizeof(context), "microdroid_manager ended with status %d",
			 WEXITSTATUS(status));
	}
	log_line("%s", context);
	failure_report(FAILURE_UNKNOWN, context);
}

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	bool debuggable = argc > 1 && strcmp(argv[1], INIT_DEBUGGABLE) == 0;
	pid_t manager;

	mark("md-init", 0, 0);
	log_begin("init");
	mount_places();
	open_log(debuggable);
	if (!debuggable) {
		klogctl(SYSLOG_CONSOLE_OFF, NULL, 0);
	} else if (chmod("/dev/console", CONSOLE_MODE) != 0) {
		fail("/dev/console");
	}
	setrlimit(RLIMIT_CORE, &no_core);
	umask(022);
	if (sethostname("microdroid", strlen("microdroid")) != 0) {
		fail("sethostname");
	}
	log_line("started, debug level %s", debuggable ? "FULL" : "NONE");
	manager = start(MANAGER, debuggable);
	if (manager < 0) {
		fail("fork");
	}
	judge(await(manager));
	log_line("powering off");
	power_off();
}
