/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/loop.h>

#define LOOP_CONTROL "/dev/loop-control"

static int close_failed(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

/* A device that nobody uses; devtmpfs makes its node at once. */
static int free_number(void)
{
	int control = open(LOOP_CONTROL, O_RDWR | O_CLOEXEC);
	int number;

	if (control < 0) {
		return -1;
	}
	number = ioctl(control, LOOP_CTL_GET_FREE);
	close_failed(control);
	return number;
}

int loop_attach(int fd, uint64_t offset, uint64_t bytes, char *node, size_t size)
{
	struct loop_config config = {
		.fd = (uint32_t)fd,
		.info = {
			.lo_offset = offset,
			.lo_sizelimit = bytes,
			.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
		},
	};
	int number = free_number();
	int loop;

	if (number < 0) {
		return -1;
	}
	snprintf(node, size, "/dev/loop%d", number);
	loop = open(node, O_RDONLY | O_CLOEXEC);
	if (loop >= 0 && ioctl(loop, LOOP_CONFIGURE, &config) != 0) {
		return close_failed(loop);
	}
	return loop;
}
