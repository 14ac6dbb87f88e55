/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* accept4 */
#include "vmm/control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>

#include "vmm/error.h"
#include "vmm/file.h"
#include "vmm/janitor.h"
#include "vmm/log.h"

#define BACKLOG 8

struct client {
	struct control *control;
	int fd; /* -1: this place is free */
	guint source;
	size_t used;
	char line[CONTROL_LINE_BYTES];
};

struct control {
	const struct control_ops *ops;
	void *opaque;
	int fd;
	guint source;
	struct janitor janitor;
	struct client clients[CONTROL_CLIENTS_MAX];
};

static bool line_is(const char *line, size_t bytes, const char *word)
{
	return bytes == strlen(word) && memcmp(line, word, bytes) == 0;
}

static const struct {
	const char *word;
	enum control_request request;
} requests[] = {
	{ "stop", CONTROL_STOP },
	{ "suspend", CONTROL_SUSPEND },
	{ "resume", CONTROL_RESUME },
};

enum control_request control_answer(const char *line, size_t bytes,
				    const struct control_status *status, char **answer)
{
	if (bytes > 0 && line[bytes - 1] == '\r') {
		bytes--;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
		if (line_is(line, bytes, requests[i].word)) {
			*answer = g_strdup("{\"ok\":true}\n");
			return requests[i].request;
		}
	}
	if (line_is(line, bytes, "status")) {
		*answer = g_strdup_printf("{\"ok\":true,\"pid\":%d,\"protected\":%s,"
					  "\"memory_mib\":%" G_GUINT64_FORMAT ",\"cpus\":%u,"
					  "\"exits\":%" G_GUINT64_FORMAT ",\"suspended\":%s}\n",
					  status->pid, status->protected_vm ? "true" : "false",
					  (guint64)status->memory_mib, status->cpus,
					  (guint64)status->exits,
					  status->suspended ? "true" : "false");
		return CONTROL_NOTHING;
	}
	*answer = g_strdup("{\"ok\":false,\"error\":\"no such command: stop, status, suspend or "
			   "resume is allowed\"}\n");
	return CONTROL_NOTHING;
}

static void drop(struct client *client)
{
	g_source_remove(client->source);
	close(client->fd);
	client->fd = -1;
}

/* Answer one line. Returns false if the client does not take the answer. */
static bool serve_line(struct client *client, size_t bytes)
{
	struct control *control = client->control;
	struct control_status status = { 0 };
	g_autofree char *answer = NULL;
	enum control_request request;
	size_t length;
	bool sent;

	control->ops->status(control->opaque, &status);
	request = control_answer(client->line, bytes, &status, &answer);
	if (request == CONTROL_SUSPEND) {
		control->ops->suspend(control->opaque);
	} else if (request == CONTROL_RESUME) {
		control->ops->resume(control->opaque);
	}
	length = strlen(answer);
	sent = send(client->fd, answer, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
	if (request == CONTROL_STOP) {
		control->ops->stop(control->opaque);
	}
	return sent;
}

/* Answer all whole lines. Returns false if the client is to be dropped. */
static bool serve_lines(struct client *client)
{
	char *newline;

	while ((newline = memchr(client->line, '\n', client->used)) != NULL) {
		size_t bytes = (size_t)(newline - client->line);

		if (!serve_line(client, bytes)) {
			return false;
		}
		client->used -= bytes + 1;
		memmove(client->line, newline + 1, client->used);
	}
	return client->used < sizeof(client->line);
}

static gboolean client_ready(gint fd, GIOCondition condition, gpointer opaque)
{
	struct client *client = opaque;
	ssize_t got = recv(fd, client->line + client->used, sizeof(client->line) - client->used,
			   MSG_DONTWAIT);

	(void)condition;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return G_SOURCE_CONTINUE;
	}
	if (got > 0) {
		client->used += (size_t)got;
	}
	if (got <= 0 || !serve_lines(client)) {
		drop(client);
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

/* Takes @fd over. Returns false if there is no place left. */
static bool add_client(struct control *control, int fd)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

		if (client->fd < 0) {
			client->control = control;
			client->fd = fd;
			client->used = 0;
			client->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
						       client_ready, client);
			return true;
		}
	}
	return false;
}

static gboolean connection_ready(gint fd, GIOCondition condition, gpointer opaque)
{
	struct control *control = opaque;
	int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)condition;
	if (client_fd >= 0 && !add_client(control, client_fd)) {
		log_warn("control: %d clients are connected, one more is refused",
			 CONTROL_CLIENTS_MAX);
		close(client_fd);
	}
	return G_SOURCE_CONTINUE;
}

/* Remove a socket file that nobody listens on. Returns false if it is in use. */
static bool remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd;
	bool refused;

	if (stat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return false;
	}
	refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused && unlink(address->sun_path) == 0;
}

static bool bind_path(int fd, const char *path, GError **error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	bool bound;

	g_assert(strlen(path) < sizeof(address.sun_path));
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	if (!bound && errno == EADDRINUSE) {
		if (!remove_stale(&address)) {
			errno = EADDRINUSE;
		} else {
			bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
		}
	}
	if (!bound) {
		error_set_errno(error, "--control: cannot make the socket %s", path);
	}
	return bound;
}

static struct control *control_new(const struct control_ops *ops, void *opaque)
{
	struct control *control = g_new0(struct control, 1);

	control->ops = ops;
	control->opaque = opaque;
	control->fd = -1;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		control->clients[i].fd = -1;
	}
	return control;
}

/* "fd:N": the one client is there already. */
static struct control *control_adopt(const char *name, const struct control_ops *ops, void *opaque,
				     GError **error)
{
	int fd = file_open(name, O_RDWR);
	struct control *control;
	int type = 0;
	socklen_t bytes = sizeof(type);

	if (fd >= 0 &&
	    (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 || type != SOCK_STREAM)) {
		close(fd);
		errno = ENOTSOCK;
		fd = -1;
	}
	if (fd < 0) {
		error_set_errno(error, "--control: no stream socket: %s", name);
		return NULL;
	}
	control = control_new(ops, opaque);
	add_client(control, fd);
	return control;
}

struct control *control_listen(const char *path, const struct control_ops *ops, void *opaque,
			       GError **error)
{
	struct control *control;
	struct janitor janitor;
	int fd;

	if (file_is_fd(path, NULL)) {
		return control_adopt(path, ops, opaque, error);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		error_set_errno(error, "--control: no socket");
		return NULL;
	}
	if (!bind_path(fd, path, error)) {
		close(fd);
		return NULL;
	}
	if (!janitor_start(&janitor, path, error)) {
		unlink(path);
		close(fd);
		return NULL;
	}
	if (listen(fd, BACKLOG) != 0) {
		error_set_errno(error, "--control: cannot listen on %s", path);
		janitor_finish(&janitor);
		close(fd);
		return NULL;
	}
	control = control_new(ops, opaque);
	control->fd = fd;
	control->janitor = janitor;
	control->source = g_unix_fd_add(fd, G_IO_IN, connection_ready, control);
	return control;
}

void control_free(struct control *control)
{
	if (control == NULL) {
		return;
	}
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].fd >= 0) {
			drop(&control->clients[i]);
		}
	}
	if (control->fd >= 0) {
		g_source_remove(control->source);
		close(control->fd);
		janitor_finish(&control->janitor);
	}
	g_free(control);
}
