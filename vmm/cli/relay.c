/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* pipe2, ptsname_r, cfmakeraw */
#include "vmm/cli/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#define CHUNK_BYTES 4096
#define EVENTS_BYTES 1024
#define READER_MS 1000 /* that one who is attached gets to read, before words are dropped for it */

struct relay {
	int output;
	int from_vm; /* read end of the VM's console */
	int to_vm;   /* write end of its input */
	int vm_out;  /* the VM's ends of both, until the start */
	int vm_in;
	int master;   /* of the terminal */
	int slave;    /* kept open: the terminal lives, whoever comes and goes */
	int notes;    /* inotify: who opens and closes it */
	int attached; /* how many have it open */
	char name[PATH_MAX];
	char typed[CHUNK_BYTES]; /* not yet with the VM */
	size_t typed_bytes;
	GThread *thread;
};

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static void relay_free(struct relay *r)
{
	close_fd(&r->from_vm);
	close_fd(&r->to_vm);
	close_fd(&r->vm_out);
	close_fd(&r->vm_in);
	close_fd(&r->slave);
	close_fd(&r->notes);
	close_fd(&r->master);
	g_free(r);
}

static bool open_terminal(struct relay *r)
{
	struct termios raw;

	r->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (r->master < 0 || grantpt(r->master) != 0 || unlockpt(r->master) != 0 ||
	    ptsname_r(r->master, r->name, sizeof(r->name)) != 0) {
		return false;
	}
	r->slave = open(r->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (r->slave < 0 || tcgetattr(r->slave, &raw) != 0) {
		return false;
	}
	cfmakeraw(&raw);
	r->notes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return tcsetattr(r->slave, TCSANOW, &raw) == 0 && r->notes >= 0 &&
	       inotify_add_watch(r->notes, r->name, IN_OPEN | IN_CLOSE) >= 0;
}

static bool open_pipes(struct relay *r)
{
	int out[2];
	int in[2];

	if (pipe2(out, O_CLOEXEC) != 0) {
		return false;
	}
	r->from_vm = out[0];
	r->vm_out = out[1];
	if (pipe2(in, O_CLOEXEC) != 0) {
		return false;
	}
	r->vm_in = in[0];
	r->to_vm = in[1];
	return fcntl(r->to_vm, F_SETFL, O_NONBLOCK) == 0;
}

struct relay *relay_new(int output, GError **error)
{
	struct relay *r = g_new0(struct relay, 1);

	r->output = output;
	r->from_vm = r->to_vm = r->vm_out = r->vm_in = r->master = r->slave = r->notes = -1;
	if (!open_pipes(r) || !open_terminal(r)) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved),
			    "no terminal for the console: %s", g_strerror(saved));
		relay_free(r);
		return NULL;
	}
	return r;
}

int relay_console_out(const struct relay *relay)
{
	return relay->vm_out;
}

int relay_console_in(const struct relay *relay)
{
	return relay->vm_in;
}

const char *relay_terminal(const struct relay *relay)
{
	return relay->name;
}

static void count_attached(struct relay *r)
{
	union {
		struct inotify_event event;
		char bytes[EVENTS_BYTES];
	} buffer;
	ssize_t got = read(r->notes, &buffer, sizeof(buffer));

	for (ssize_t at = 0; at < got;) {
		const struct inotify_event *event = (const void *)(buffer.bytes + at);

		r->attached += (event->mask & IN_OPEN) != 0 ? 1 : -1;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

/* All of it, unless the file fails; then what follows is dropped too: the VM goes on. */
static void write_output(struct relay *r, const char *text, size_t bytes)
{
	while (bytes > 0 && r->output >= 0) {
		ssize_t done = write(r->output, text, bytes);
		struct pollfd full = { .fd = r->output, .events = POLLOUT };

		if (done < 0 && errno == EAGAIN) {
			poll(&full, 1, -1);
		} else if (done < 0 && errno != EINTR) {
			r->output = -1;
		} else if (done > 0) {
			text += done;
			bytes -= (size_t)done;
		}
	}
}

/* The terminal holds the newest words for one who comes; one who is there and does not read loses some. */
static void write_terminal(struct relay *r, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t done = write(r->master, text, bytes);
		struct pollfd full = { .fd = r->master, .events = POLLOUT };

		if (done > 0) {
			text += done;
			bytes -= (size_t)done;
			continue;
		}
		count_attached(r);
		if (r->attached <= 0 || poll(&full, 1, READER_MS) <= 0) {
			tcflush(r->slave, TCIFLUSH);
			(void)!write(r->master, text, bytes);
			return;
		}
	}
}

static void pass_typed(struct relay *r)
{
	ssize_t done = r->typed_bytes > 0 ? write(r->to_vm, r->typed, r->typed_bytes) : 0;

	if (done < 0 && errno != EAGAIN && errno != EINTR) {
		r->typed_bytes = 0; /* the VM has no input */
		close_fd(&r->to_vm);
	} else if (done > 0) {
		r->typed_bytes -= (size_t)done;
		memmove(r->typed, r->typed + done, r->typed_bytes);
	}
}

static void read_typed(struct relay *r)
{
	ssize_t got = read(r->master, r->typed + r->typed_bytes, sizeof(r->typed) - r->typed_bytes);

	if (got > 0) {
		r->typed_bytes = r->to_vm >= 0 ? r->typed_bytes + (size_t)got : 0;
	}
	pass_typed(r);
}

static gpointer run(gpointer data)
{
	struct relay *r = data;
	char text[CHUNK_BYTES];
	bool ended = false;

	while (!ended) {
		struct pollfd ready[] = {
			{ .fd = r->from_vm, .events = POLLIN },
			{ .fd = r->typed_bytes < sizeof(r->typed) ? r->master : -1,
			  .events = POLLIN },
			{ .fd = r->notes, .events = POLLIN },
			{ .fd = r->typed_bytes > 0 ? r->to_vm : -1, .events = POLLOUT },
		};
		ssize_t got;

		if (poll(ready, G_N_ELEMENTS(ready), -1) < 0) {
			continue; /* EINTR */
		}
		if (ready[2].revents != 0) {
			count_attached(r);
		}
		if (ready[1].revents != 0) {
			read_typed(r);
		}
		if (ready[3].revents != 0) {
			pass_typed(r);
		}
		if (ready[0].revents != 0) {
			got = read(r->from_vm, text, sizeof(text));
			ended = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
			if (got > 0) {
				write_output(r, text, (size_t)got);
				write_terminal(r, text, (size_t)got);
			}
		}
	}
	return NULL;
}

void relay_start(struct relay *relay)
{
	close_fd(&relay->vm_out);
	close_fd(&relay->vm_in);
	relay->thread = g_thread_new("console", run, relay);
}

void relay_finish(struct relay *relay)
{
	if (relay == NULL) {
		return;
	}
	if (relay->thread != NULL) {
		g_thread_join(relay->thread);
	}
	relay_free(relay);
}
