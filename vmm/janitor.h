/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child process that removes one file when its parent ends, even by SIGKILL.
 *
 * It is forked before the guest's memory exists, has no file open but its end
 * of a pipe, ignores the signals of a terminal, and is gone when the parent is.
 */
#ifndef VMM_JANITOR_H
#define VMM_JANITOR_H

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

struct janitor {
	pid_t pid;
	int fd; /* the pipe's end whose closing wakes the child; never written */
};

/*
 * Start the child.
 *
 * @path   exists now; only this very file is removed, not another one that
 *         took its name later.
 * Needs   the process to have one thread.
 * Errors  G_FILE_ERROR; nothing was started and the file is as it was.
 */
bool janitor_start(struct janitor *janitor, const char *path, GError **error);

/* Let the child remove the file now, and wait until it did. */
void janitor_finish(struct janitor *janitor);

#endif /* VMM_JANITOR_H */
