/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool text_value(const char *text, const char *name, char *value, size_t size)
{
	size_t name_length = strlen(name);

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (length > name_length && text[name_length] == '=' &&
		    memcmp(text, name, name_length) == 0) {
			size_t bytes = length - name_length - 1;

			if (bytes >= size) {
				return false;
			}
			memcpy(value, text + name_length + 1, bytes);
			value[bytes] = '\0';
			return true;
		}
		text += length;
		text += *text == '\n';
	}
	return false;
}

/* All of @fd; at most @size - 1 bytes. Returns bytes, or -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t total = 0;

	while (total < size) {
		ssize_t got = read(fd, text + total, size - total);

		if (got == 0) {
			return (ssize_t)total;
		}
		if (got < 0 && errno != EINTR) {
			return -1;
		}
		total += got > 0 ? (size_t)got : 0;
	}
	errno = EFBIG;
	return -1;
}

ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = -1;
	int error;

	if (fd >= 0) {
		bytes = read_all(fd, text, size);
		error = errno;
		close(fd);
		errno = error;
	}
	text[bytes > 0 ? bytes : 0] = '\0';
	return bytes;
}
