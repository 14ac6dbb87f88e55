/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/vmm_control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#define ANSWER_BYTES_MAX 256
#define QUESTIONS_MAX 16 /* that wait: a client may ask as fast as it likes */
#define ANSWER_DONE "{\"ok\":true"

struct question {
	vmm_control_answered answered;
	void *opaque;
};

struct vmm_control {
	int fd; /* -1: the vmm is not asked any more */
	GSource *watch;
	GQueue questions; /* of struct question */
	size_t used;
	char answer[ANSWER_BYTES_MAX];
};

/* Tells the one that waits longest. */
static void tell(struct vmm_control *c, bool done)
{
	struct question *q = g_queue_pop_head(&c->questions);

	q->answered(q->opaque, done);
	g_free(q);
}

static void give_up(struct vmm_control *c)
{
	if (c->fd >= 0) {
		g_source_destroy(c->watch);
		g_clear_pointer(&c->watch, g_source_unref);
		close(c->fd);
		c->fd = -1;
	}
	while (!g_queue_is_empty(&c->questions)) {
		tell(c, false);
	}
}

/* False for an answer to no question. */
static bool take_answers(struct vmm_control *c)
{
	char *newline;

	while ((newline = memchr(c->answer, '\n', c->used)) != NULL) {
		size_t bytes = (size_t)(newline - c->answer) + 1;
		bool done = bytes > strlen(ANSWER_DONE) &&
			    memcmp(c->answer, ANSWER_DONE, strlen(ANSWER_DONE)) == 0;

		if (g_queue_is_empty(&c->questions)) {
			return false;
		}
		c->used -= bytes;
		memmove(c->answer, newline + 1, c->used);
		tell(c, done);
	}
	return c->used < sizeof(c->answer);
}

static gboolean ready(gint fd, GIOCondition condition, gpointer data)
{
	struct vmm_control *c = data;
	ssize_t got = recv(fd, c->answer + c->used, sizeof(c->answer) - c->used, MSG_DONTWAIT);

	(void)condition;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return G_SOURCE_CONTINUE;
	}
	c->used += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !take_answers(c)) {
		give_up(c);
	}
	return G_SOURCE_CONTINUE;
}

struct vmm_control *vmm_control_new(int fd)
{
	struct vmm_control *c = g_new0(struct vmm_control, 1);

	c->fd = fd;
	g_queue_init(&c->questions);
	c->watch = g_unix_fd_source_new(fd, G_IO_IN);
	g_source_set_callback(c->watch, G_SOURCE_FUNC(ready), c, NULL);
	g_source_attach(c->watch, NULL);
	return c;
}

void vmm_control_ask(struct vmm_control *c, const char *command, vmm_control_answered answered,
		     void *opaque)
{
	g_autofree char *line = g_strconcat(command, "\n", NULL);
	ssize_t bytes = (ssize_t)strlen(line);
	struct question *q;

	if (c->fd < 0 || g_queue_get_length(&c->questions) == QUESTIONS_MAX ||
	    send(c->fd, line, (size_t)bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != bytes) {
		answered(opaque, false);
		return;
	}
	q = g_new(struct question, 1);
	*q = (struct question){ .answered = answered, .opaque = opaque };
	g_queue_push_tail(&c->questions, q);
}

void vmm_control_free(struct vmm_control *c)
{
	if (c != NULL) {
		give_up(c);
		g_free(c);
	}
}
