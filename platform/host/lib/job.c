/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/lib/job.h"
#include "platform/host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_FOUND 127

/* How far a start came; the supervisor tells it through a pipe. */
struct start_result {
	int error;    /* errno, 0: the program runs */
	bool in_exec; /* it was the program that could not be started */
};

int job_trouble(const char *format, ...)
{
	va_list args;

	fputs("job: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return JOB_EXIT_TROUBLE;
}

static const char *job_dir(void)
{
	const char *dir = getenv("TERRARIUM_JOB_DIR");

	return dir != NULL ? dir : HOST_JOB_DIR;
}

void job_path(char *path, const char *name, const char *file)
{
	snprintf(path, JOB_PATH_MAX, "%s/%s/%s", job_dir(), name, file);
}

static bool read_number(const char *name, const char *file, int *number)
{
	char path[JOB_PATH_MAX];
	char text[32];

	job_path(path, name, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	ssize_t size = read(fd, text, sizeof(text) - 1);

	close(fd);
	if (size <= 0) {
		return false;
	}
	text[size] = '\0';
	*number = (int)strtol(text, NULL, 10);
	return true;
}

/* Write @number so that a reader finds either no file or all of it. */
static bool write_number(const char *name, const char *file, int number)
{
	char path[JOB_PATH_MAX];
	char part[JOB_PATH_MAX + 8];

	job_path(path, name, file);
	snprintf(part, sizeof(part), "%s.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0) {
		return false;
	}
	bool written = dprintf(fd, "%d\n", number) > 0;

	close(fd);
	return written && rename(part, path) == 0;
}

static bool supervisor_lives(const char *name)
{
	char path[JOB_PATH_MAX];

	job_path(path, name, "lock");
	/* Not for writing: the end of a file open for writing is what others wait for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	bool lives = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	close(fd);
	return lives;
}

enum job_state job_state(const char *name, int *status)
{
	bool lives = supervisor_lives(name);

	if (read_number(name, "status", status)) {
		return JOB_ENDED;
	}
	return lives ? JOB_RUNNING : JOB_LOST;
}

bool job_pid(const char *name, pid_t *pid)
{
	return read_number(name, "pid", pid) && *pid > 1;
}

static bool name_is_good(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	return name[0] != '\0' && name[0] != '.' && strlen(name) <= 64 &&
	       strspn(name, allowed) == strlen(name);
}

/* All but the lock. */
static void remove_files(const char *name)
{
	static const char *const files[] = { "status", "pid", "out", "err" };
	char path[JOB_PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		job_path(path, name, files[i]);
		unlink(path);
	}
}

/* Make the folder, empty. False, said why. */
static bool make_folder(const char *name)
{
	char path[JOB_PATH_MAX];
	int status;

	if (mkdir(job_dir(), 0755) < 0 && errno != EEXIST) {
		job_trouble("%s: %s", job_dir(), strerror(errno));
		return false;
	}
	job_path(path, name, "");
	if (mkdir(path, 0755) == 0) {
		return true;
	}
	if (errno != EEXIST) {
		job_trouble("%s: %s", path, strerror(errno));
		return false;
	}
	if (job_state(name, &status) == JOB_RUNNING) {
		job_trouble("%s runs already", name);
		return false;
	}
	remove_files(name);
	return true;
}

static void remove_folder(const char *name)
{
	char path[JOB_PATH_MAX];

	remove_files(name);
	job_path(path, name, "lock");
	unlink(path);
	job_path(path, name, "");
	rmdir(path);
}

static void report(int fd, int error, bool in_exec)
{
	struct start_result result = { .error = error, .in_exec = in_exec };

	(void)!write(fd, &result, sizeof(result));
}

static int open_output(const char *name, const char *file)
{
	char path[JOB_PATH_MAX];

	job_path(path, name, file);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void become_program(const char *name, char *const argv[], pid_t supervisor, int result_fd)
{
	int out = open_output(name, "out");
	int err = open_output(name, "err");

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor) {
		_exit(JOB_EXIT_TROUBLE);
	}
	if (out < 0 || err < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
		report(result_fd, errno, false);
		_exit(JOB_EXIT_TROUBLE);
	}
	execvp(argv[0], argv);
	report(result_fd, errno, true);
	_exit(EXIT_NOT_FOUND);
}

static int lock_folder(const char *name)
{
	char path[JOB_PATH_MAX];

	job_path(path, name, "lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd >= 0 && flock(fd, LOCK_EX) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool detach(void)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
	       dup2(null, STDERR_FILENO) >= 0 && (null <= STDERR_FILENO || close(null) == 0);
}

static void supervise(const char *name, char *const argv[], int result_fd)
{
	siginfo_t ended;
	pid_t self = getpid();
	int status;

	if (!detach() || lock_folder(name) < 0) {
		report(result_fd, errno, false);
		_exit(JOB_EXIT_TROUBLE);
	}
	pid_t pid = fork();

	if (pid == 0) {
		become_program(name, argv, self, result_fd);
	}
	if (pid > 0) {
		setpgid(pid, pid);
	}
	if (pid < 0 || !write_number(name, "pid", pid)) {
		report(result_fd, errno, false);
		_exit(JOB_EXIT_TROUBLE);
	}
	close(result_fd);
	/* Not collected yet: its number, and the group's, cannot be anyone else's. */
	while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	write_number(name, "status",
		     WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	_exit(0);
}

int job_start(const char *name, char *const argv[])
{
	struct start_result result = { 0 };
	int pipe_fds[2];

	if (!name_is_good(name)) {
		return job_trouble("%s: a name has letters, digits, - _ . and up to 64 of them",
				   name);
	}
	if (!make_folder(name)) {
		return JOB_EXIT_TROUBLE;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		return job_trouble("pipe: %s", strerror(errno));
	}
	pid_t supervisor = fork();

	if (supervisor == 0) {
		close(pipe_fds[0]);
		supervise(name, argv, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	if (supervisor < 0) {
		return job_trouble("fork: %s", strerror(errno));
	}
	/* Ends without a word once the program has been started: the pipe closes then. */
	ssize_t size = read(pipe_fds[0], &result, sizeof(result));

	close(pipe_fds[0]);
	if (size != (ssize_t)sizeof(result)) {
		return 0;
	}
	waitpid(supervisor, NULL, 0);
	remove_folder(name);
	if (!result.in_exec) {
		return job_trouble("%s: cannot start: %s", name, strerror(result.error));
	}
	fprintf(stderr, "job: cannot run %s: %s\n", argv[0], strerror(result.error));
	return EXIT_NOT_FOUND;
}

bool job_watch_open(struct job_watch *watch, const char *name, double limit_s)
{
	char path[JOB_PATH_MAX];

	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	job_path(path, name, "");
	/* Writes to out and err, "status" moved into place, "lock" closed by the supervisor's end. */
	if (watch->fd < 0 ||
	    inotify_add_watch(watch->fd, path, IN_MODIFY | IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
		job_trouble("no job %s: %s", name, strerror(errno));
		if (watch->fd >= 0) {
			close(watch->fd);
		}
		return false;
	}
	clock_gettime(CLOCK_MONOTONIC, &watch->deadline);
	watch->deadline.tv_sec += (time_t)limit_s;
	watch->deadline.tv_nsec += (long)((limit_s - (double)(time_t)limit_s) * 1e9);
	if (watch->deadline.tv_nsec >= 1000000000L) {
		watch->deadline.tv_sec++;
		watch->deadline.tv_nsec -= 1000000000L;
	}
	return true;
}

bool job_watch_wait(struct job_watch *watch)
{
	struct pollfd poll_fd = { .fd = watch->fd, .events = POLLIN };
	struct timespec now;
	struct timespec left;
	char events[4096];

	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = watch->deadline.tv_sec - now.tv_sec;
	left.tv_nsec = watch->deadline.tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_nsec += 1000000000L;
		left.tv_sec--;
	}
	if (left.tv_sec < 0) {
		return false;
	}
	int count = ppoll(&poll_fd, 1, &left, NULL);

	if (count == 0) {
		return false;
	}
	while (read(watch->fd, events, sizeof(events)) > 0) {
	}
	return true;
}

void job_watch_close(struct job_watch *watch)
{
	close(watch->fd);
}

bool job_parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(*seconds >= 0 && *seconds < 1e6)) {
		job_trouble("%s: not a number of seconds", text);
		return false;
	}
	return true;
}
