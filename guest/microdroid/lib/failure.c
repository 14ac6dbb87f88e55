/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/failure.h"

#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define SEPARATOR '|'

size_t failure_record(char *record, const char *reason, const char *context)
{
	size_t length = (size_t)snprintf(record, FAILURE_RECORD_MAX - 1, "%s%c", reason, SEPARATOR);

	for (; *context != '\0' && length < FAILURE_RECORD_MAX - 2; context++) {
		unsigned char c = (unsigned char)*context;

		record[length++] = c < ' ' || c == 0x7f || c == SEPARATOR ? ' ' : *context;
	}
	record[length++] = '\n';
	record[length] = '\0';
	return length;
}

void failure_report(const char *reason, const char *context)
{
	char record[FAILURE_RECORD_MAX];
	size_t length = failure_record(record, reason, context);
	int fd = open(FAILURE_PORT, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	struct termios mode;
	size_t done = 0;

	if (fd >= 0 && tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode); /* no carriage return before the newline */
		tcsetattr(fd, TCSANOW, &mode);
	}
	while (fd >= 0 && done < length) {
		ssize_t wrote = write(fd, record + done, length - done);

		if (wrote <= 0) {
			break;
		}
		done += (size_t)wrote;
	}
	if (fd >= 0) {
		tcdrain(fd);
		close(fd);
	}
}
