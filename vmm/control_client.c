/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/error.h"

#define ANSWER_BYTES 1024

static bool send_line(int fd, const char *command)
{
	g_autofree char *line = g_strdup_printf("%s\n", command);
	ssize_t length = (ssize_t)strlen(line);

	return send(fd, line, (size_t)length, MSG_NOSIGNAL) == length;
}

/* Read up to a newline, which is cut off. False with errno if it does not come. */
static bool receive_line(int fd, char *line, size_t bytes)
{
	size_t used = 0;

	while (used < bytes) {
		ssize_t got = recv(fd, line + used, bytes - used, 0);
		char *newline;

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			errno = got == 0 ? ECONNRESET : errno;
			return false;
		}
		newline = memchr(line + used, '\n', (size_t)got);
		if (newline != NULL) {
			*newline = '\0';
			return true;
		}
		used += (size_t)got;
	}
	errno = EMSGSIZE;
	return false;
}

bool control_ask(const char *path, const char *command, char **answer, GError **error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[ANSWER_BYTES];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered;

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	answered = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		   send_line(fd, command) && receive_line(fd, line, sizeof(line));
	if (!answered) {
		error_set_errno(error, "no answer from a VMM at %s", path);
	} else {
		*answer = g_strdup(line);
	}
	if (fd >= 0) {
		close(fd);
	}
	return answered;
}

bool control_answer_is_ok(const char *answer)
{
	return g_str_has_prefix(answer, "{\"ok\":true");
}
