/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* O_PATH */
#include "vmm/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <glib.h>

#define FILE_MODE 0666
#define FD_PREFIX "fd:"

bool file_is_fd(const char *path, int *fd)
{
	guint64 number = 0;

	if (!g_str_has_prefix(path, FD_PREFIX) ||
	    !g_ascii_string_to_unsigned(path + sizeof(FD_PREFIX) - 1, 10, 0, INT_MAX, &number,
					NULL)) {
		return false;
	}
	if (fd != NULL) {
		*fd = (int)number;
	}
	return true;
}

int file_open(const char *path, int flags)
{
	int wanted = flags & O_ACCMODE;
	int fd = -1;
	int has;

	if (!file_is_fd(path, &fd)) {
		return open(path, flags | O_CLOEXEC, FILE_MODE);
	}
	has = fcntl(fd, F_GETFL);
	if (has < 0) {
		return -1;
	}
	if ((has & O_PATH) != 0 || ((has & O_ACCMODE) != O_RDWR && (has & O_ACCMODE) != wanted)) {
		errno = EACCES;
		return -1;
	}
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}
