/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "vmm/error.h"
#include "vmm/file.h"

#define FILE_MODE 0666

bool output_open(const struct destination *destination, int *fd, GError **error)
{
	*fd = -1;
	switch (destination->kind) {
	case DESTINATION_ABSENT:
	case DESTINATION_NULL:
		return true;
	case DESTINATION_STDOUT:
		*fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		break;
	case DESTINATION_FD:
		*fd = file_open(destination->path, O_WRONLY);
		break;
	case DESTINATION_FILE:
		/* O_NONBLOCK: a FIFO without a reader is an error, not waited for. */
		*fd = open(destination->path,
			   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			   FILE_MODE);
		break;
	}
	if (*fd < 0) {
		error_set_errno(error, "cannot write to %s",
				destination->path != NULL ? destination->path : "standard output");
		return false;
	}
	return true;
}

/* Wait until @fd takes bytes again or a signal arrives. */
static void wait_writable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	poll(&pollfd, 1, -1);
}

bool output_write(int fd, const void *bytes, size_t count, const gint *stopping)
{
	const char *next = bytes;

	while (fd >= 0 && count > 0) {
		ssize_t done = write(fd, next, count);

		if (done >= 0) {
			next += done;
			count -= (size_t)done;
			continue;
		}
		if (errno == EAGAIN) {
			wait_writable(fd);
		} else if (errno != EINTR) {
			return false;
		}
		if (stopping != NULL && g_atomic_int_get(stopping)) {
			return false;
		}
	}
	return true;
}
