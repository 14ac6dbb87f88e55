/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the user names: by path, or as "fd:N", a descriptor that was open when the VMM started. */
#ifndef VMM_FILE_H
#define VMM_FILE_H

#include <stdbool.h>

/*
 * Open @path with open()'s @flags, which always hold O_CLOEXEC, and mode 0666 less the umask.
 *
 * "fd:N" duplicates descriptor N instead: its access mode must allow what @flags ask for; the
 * other flags have no effect. A file of such a name is "./fd:N".
 *
 * Returns  a descriptor, owned by the caller; -1 and errno: what open() says, EBADF
 *          for an "fd:N" that is not open, EACCES for one whose access mode does not allow it.
 */
int file_open(const char *path, int flags);

/* Whether @path is "fd:N" with a number; @fd, unless NULL, is set to it then. */
bool file_is_fd(const char *path, int *fd);

#endif /* VMM_FILE_H */
