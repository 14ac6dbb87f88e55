/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job's folder, its supervisor and the wait for its changes; tools/job.c says what a job is.
 * Errors are said on stderr, "job: sentence".
 */
#ifndef HOST_LIB_JOB_H
#define HOST_LIB_JOB_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#define JOB_PATH_MAX 256
#define JOB_EXIT_TIME 124    /* out of time */
#define JOB_EXIT_TROUBLE 125 /* no such job, bad arguments, the system refused */

enum job_state {
	JOB_LOST = 0, /* no folder, or the supervisor died without leaving a status */
	JOB_RUNNING,
	JOB_ENDED,
};

/* The wait for changes of one job. */
struct job_watch {
	int fd;                   /* inotify; owned */
	struct timespec deadline; /* CLOCK_MONOTONIC */
};

/*
 * Start @argv as the job @name, in place of an earlier one that has ended.
 *
 * @argv  ends with NULL; looked up in PATH.
 * Returns 0 once the program runs; 127 (nothing left behind) if there is no such program;
 *         JOB_EXIT_TROUBLE otherwise.
 */
int job_start(const char *name, char *const argv[]);

/* State of @name; @status is set for JOB_ENDED. */
enum job_state job_state(const char *name, int *status);

/* The process that leads @name's group. False if the job has none. */
bool job_pid(const char *name, pid_t *pid);

/* @path (JOB_PATH_MAX bytes) of @file in the folder of @name. */
void job_path(char *path, const char *name, const char *file);

/* Watch @name until job_watch_close(); at most @limit_s seconds from now. False, said why: no such job. */
bool job_watch_open(struct job_watch *watch, const char *name, double limit_s);

/* Block until something has changed since the last wait (or since open). False: out of time. */
bool job_watch_wait(struct job_watch *watch);

void job_watch_close(struct job_watch *watch);

/* A number of seconds, 0 or more. False, said why, if @text is none. */
bool job_parse_seconds(const char *text, double *seconds);

/* Say "job: ..." on stderr; returns JOB_EXIT_TROUBLE. @format as printf's, without a newline. */
int job_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* HOST_LIB_JOB_H */
