/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that run detached in the host. A job NAME is a folder, HOST_JOB_DIR/NAME:
 *
 *   out, err   what the program wrote
 *   pid        its process, leader of the job's process group
 *   status     appears when it has ended: its exit status, 128 + n for signal n
 *   lock       locked, and open for writing, as long as the job's supervisor lives
 *
 * The supervisor is the program's parent. When the program ends, the supervisor kills what
 * is left of its process group; when the supervisor dies, the kernel kills the program.
 * Who waits does so on inotify events of these files, never by looking again and again.
 *
 * TERRARIUM_JOB_DIR replaces HOST_JOB_DIR.
 */
#include "platform/host/lib/job.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: job start NAME -- COMMAND...\n"
	"       job wait NAME TIMEOUT_S         prints the exit status and exits with it\n"
	"       job await NAME out|err REGEX TIMEOUT_S [--skip N]\n"
	"                                       prints the first line that matches (after N others)\n"
	"       job signal NAME SIGNAL          to the job's process group: TERM, KILL, 9, ...\n"
	"exit: 1 the job ended without such a line, 124 out of time, 125 trouble\n";

/* What `await` reads: a growing file, cut into lines. */
struct lines {
	int fd;
	char *text; /* what is not yet a whole line; owned */
	size_t used;
	size_t capacity;
};

static bool lines_read(struct lines *lines)
{
	if (lines->capacity - lines->used < 4096) {
		size_t capacity = lines->capacity * 2 + 8192;
		char *text = realloc(lines->text, capacity);

		if (text == NULL) {
			return false;
		}
		lines->text = text;
		lines->capacity = capacity;
	}
	/* One byte stays free for the end of the string. */
	ssize_t size =
		read(lines->fd, lines->text + lines->used, lines->capacity - lines->used - 1);

	if (size <= 0) {
		return false;
	}
	lines->used += (size_t)size;
	return true;
}

/* Whether the line, which ends at @end, matches; prints it if it does. */
static bool line_matches(char *line, char *end, const regex_t *regex, unsigned long *skip)
{
	if (end > line && end[-1] == '\r') {
		end--;
	}
	char kept = *end;

	*end = '\0';
	bool matches = regexec(regex, line, 0, NULL, 0) == 0;

	if (matches && *skip > 0) {
		(*skip)--;
		matches = false;
	}
	if (matches) {
		puts(line);
	}
	*end = kept;
	return matches;
}

/* Look at all that has been written; @at_end: also at a last line without a newline. */
static bool lines_match(struct lines *lines, const regex_t *regex, unsigned long *skip, bool at_end)
{
	while (lines_read(lines)) {
		char *line = lines->text;
		char *end;

		while ((end = memchr(line, '\n', lines->used - (size_t)(line - lines->text)))) {
			if (line_matches(line, end, regex, skip)) {
				return true;
			}
			line = end + 1;
		}
		lines->used -= (size_t)(line - lines->text);
		memmove(lines->text, line, lines->used);
	}
	return at_end && lines->used > 0 &&
	       line_matches(lines->text, lines->text + lines->used, regex, skip);
}

static int await_in(struct job_watch *watch, struct lines *lines, const regex_t *regex,
		    unsigned long skip, const char *name)
{
	for (;;) {
		int status = 0;
		/* Before the read: what was written by the end of the job is then all seen. */
		enum job_state state = job_state(name, &status);

		if (lines_match(lines, regex, &skip, state != JOB_RUNNING)) {
			return 0;
		}
		if (state == JOB_ENDED) {
			fprintf(stderr, "job: %s ended (status %d) without such a line\n", name,
				status);
			return 1;
		}
		if (state != JOB_RUNNING) {
			return job_trouble("%s has no supervisor any more", name);
		}
		if (!job_watch_wait(watch)) {
			fprintf(stderr, "job: no such line from %s in time\n", name);
			return JOB_EXIT_TIME;
		}
	}
}

static int await_job(const char *name, const char *stream, const regex_t *regex, double limit_s,
		     unsigned long skip)
{
	struct lines lines = { 0 };
	struct job_watch watch;
	char path[JOB_PATH_MAX];

	if (!job_watch_open(&watch, name, limit_s)) {
		return JOB_EXIT_TROUBLE;
	}
	job_path(path, name, stream);
	lines.fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = lines.fd < 0 ? job_trouble("%s: %s", path, strerror(errno)) :
				    await_in(&watch, &lines, regex, skip, name);

	if (lines.fd >= 0) {
		close(lines.fd);
	}
	free(lines.text);
	job_watch_close(&watch);
	return result;
}

static int command_await(char **argv, int argc)
{
	regex_t regex;
	unsigned long skip = 0;
	double limit_s;

	if (argc == 6 && strcmp(argv[4], "--skip") == 0) {
		skip = strtoul(argv[5], NULL, 10);
	} else if (argc != 4) {
		fputs(usage, stderr);
		return JOB_EXIT_TROUBLE;
	}
	if (strcmp(argv[1], "out") != 0 && strcmp(argv[1], "err") != 0) {
		return job_trouble("%s: the stream is out or err", argv[1]);
	}
	if (!job_parse_seconds(argv[3], &limit_s)) {
		return JOB_EXIT_TROUBLE;
	}
	if (regcomp(&regex, argv[2], REG_EXTENDED | REG_NOSUB) != 0) {
		return job_trouble("%s: not an extended regular expression", argv[2]);
	}
	int result = await_job(argv[0], argv[1], &regex, limit_s, skip);

	regfree(&regex);
	return result;
}

static int command_wait(char **argv, int argc)
{
	struct job_watch watch;
	double limit_s;
	int status = 0;

	if (argc != 2) {
		fputs(usage, stderr);
		return JOB_EXIT_TROUBLE;
	}
	if (!job_parse_seconds(argv[1], &limit_s) || !job_watch_open(&watch, argv[0], limit_s)) {
		return JOB_EXIT_TROUBLE;
	}
	for (;;) {
		enum job_state state = job_state(argv[0], &status);

		if (state == JOB_ENDED) {
			printf("%d\n", status);
			break;
		}
		if (state != JOB_RUNNING) {
			status = job_trouble("%s has no supervisor any more", argv[0]);
			break;
		}
		if (!job_watch_wait(&watch)) {
			fprintf(stderr, "job: %s did not end in time\n", argv[0]);
			status = JOB_EXIT_TIME;
			break;
		}
	}
	job_watch_close(&watch);
	return status;
}

static int signal_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (*name != '\0' && *end == '\0' && number > 0 && number < NSIG) {
		return (int)number;
	}
	for (int signal = 1; signal < NSIG; signal++) {
		const char *known = sigabbrev_np(signal);

		if (known != NULL && strcmp(known, name) == 0) {
			return signal;
		}
	}
	return 0;
}

static int command_signal(char **argv, int argc)
{
	int status;
	int number = argc == 2 ? signal_number(argv[1]) : 0;
	pid_t pid;

	if (argc != 2) {
		fputs(usage, stderr);
		return JOB_EXIT_TROUBLE;
	}
	if (number == 0) {
		return job_trouble("%s: no such signal", argv[1]);
	}
	if (job_state(argv[0], &status) != JOB_RUNNING || !job_pid(argv[0], &pid)) {
		return job_trouble("%s does not run", argv[0]);
	}
	if (kill(-pid, number) < 0) {
		return job_trouble("%s: cannot signal its processes: %s", argv[0], strerror(errno));
	}
	return 0;
}

static int command_start(char **argv, int argc)
{
	if (argc < 3 || strcmp(argv[1], "--") != 0) {
		fputs(usage, stderr);
		return JOB_EXIT_TROUBLE;
	}
	return job_start(argv[0], argv + 2);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "start") == 0) {
		return command_start(argv + 2, argc - 2);
	}
	if (argc >= 4 && strcmp(argv[1], "wait") == 0) {
		return command_wait(argv + 2, argc - 2);
	}
	if (argc >= 4 && strcmp(argv[1], "await") == 0) {
		return command_await(argv + 2, argc - 2);
	}
	if (argc >= 4 && strcmp(argv[1], "signal") == 0) {
		return command_signal(argv + 2, argc - 2);
	}
	fputs(usage, stderr);
	return JOB_EXIT_TROUBLE;
}
