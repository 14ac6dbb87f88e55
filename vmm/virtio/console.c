/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console with one port: Virtio 1.2, 5.3, without VIRTIO_CONSOLE_F_MULTIPORT.
 *
 * Output is written in the thread that notified, as long as the destination
 * takes it; when it is full, the rest waits for it in the main loop. Input is
 * read in the main loop, no more than the guest has room for plus one buffer.
 */
#include "vmm/virtio/device.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include <glib-unix.h>
#include <linux/virtio_ids.h>

#include "vmm/error.h"
#include "vmm/log.h"

#define RX_QUEUE 0
#define TX_QUEUE 1

/* A pipe that poll() calls writable takes this much without blocking (pipe(7)). */
#define CHUNK_BYTES PIPE_BUF

/* Bytes between one of the two descriptors and the guest. */
struct buffer {
	uint32_t start; /* next byte to hand on */
	uint32_t end;
	uint8_t bytes[CHUNK_BYTES];
};

struct console {
	struct virtio_device dev;
	int out_fd;                /* lock; -1: output is dropped */
	int in_fd;                 /* lock; -1: no input, or it has ended */
	GSource *out_watch;        /* lock; while output waits for room */
	GSource *in_watch;         /* lock; while input is waited for */
	bool tx_taken;             /* lock; tx holds a chain that is not all written */
	struct virtqueue_chain tx; /* lock */
	struct virtqueue_chain rx; /* lock; only during one buffer */
	struct buffer out;         /* lock; pulled from tx, not yet written */
	struct buffer in;          /* lock; read, not yet pushed; outlives a reset */
};

static struct console *to_console(struct virtio_device *dev)
{
	return (struct console *)((char *)dev - offsetof(struct console, dev));
}

static void unwatch(GSource **watch)
{
	if (*watch != NULL) {
		g_source_destroy(*watch);
		g_clear_pointer(watch, g_source_unref);
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static void watch(struct console *console, GSource **source, int fd, GIOCondition condition,
		  GUnixFDSourceFunc callback)
{
	if (*source == NULL) {
		*source = g_unix_fd_source_new(fd, condition);
		g_source_set_callback(*source, G_SOURCE_FUNC(callback), console, NULL);
		g_source_attach(*source, NULL);
	}
}

static gboolean out_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct console *console = data;

	(void)fd;
	(void)condition; /* an error shows at the write */
	g_mutex_lock(&console->dev.lock);
	if (!g_source_is_destroyed(g_main_current_source())) {
		unwatch(&console->out_watch);
		virtio_device_serve(&console->dev, TX_QUEUE);
	}
	g_mutex_unlock(&console->dev.lock);
	return G_SOURCE_REMOVE;
}

/* Write what is buffered. False if the destination is full: the main loop will go on. */
static bool write_out(struct console *console)
{
	struct buffer *out = &console->out;

	while (out->start < out->end && console->out_fd >= 0) {
		struct pollfd room = { .fd = console->out_fd, .events = POLLOUT };
		ssize_t done;

		if (poll(&room, 1, 0) == 0) {
			watch(console, &console->out_watch, console->out_fd,
			      G_IO_OUT | G_IO_ERR | G_IO_HUP, out_ready);
			return false;
		}
		done = write(console->out_fd, out->bytes + out->start, out->end - out->start);
		if (done >= 0) {
			out->start += (uint32_t)done;
		} else if (errno != EINTR && errno != EAGAIN) {
			log_warn("virtio console: output is lost from here on: %m");
			close_fd(&console->out_fd);
		}
	}
	out->start = 0;
	out->end = 0;
	return true;
}

/* One chunk of the guest's output. */
static enum virtio_served serve_tx(struct console *console)
{
	struct virtqueue *queue = &console->dev.queues[TX_QUEUE];
	struct virtqueue_chain *tx = &console->tx;

	if (!write_out(console)) {
		return VIRTIO_SERVED_NOTHING;
	}
	if (!console->tx_taken) {
		if (virtqueue_take(queue, tx) != VIRTQUEUE_TAKEN) {
			return VIRTIO_SERVED_NOTHING;
		}
		console->tx_taken = true;
	}
	if (tx->read_bytes > 0) {
		uint32_t now = MIN(tx->read_bytes, CHUNK_BYTES);

		if (!virtqueue_pull(queue, tx, console->out.bytes, now)) {
			return VIRTIO_SERVED_NOTHING;
		}
		console->out.end = now;
		if (!write_out(console)) {
			return VIRTIO_SERVED_NOTHING;
		}
	}
	if (tx->read_bytes == 0) {
		console->tx_taken = false;
		if (!virtqueue_return(queue, tx)) {
			return VIRTIO_SERVED_NOTHING;
		}
	}
	return VIRTIO_SERVED_SOME;
}

static gboolean in_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct console *console = data;
	ssize_t got;

	(void)condition; /* an error or end shows at the read */
	g_mutex_lock(&console->dev.lock);
	if (!g_source_is_destroyed(g_main_current_source())) {
		unwatch(&console->in_watch);
		got = read(fd, console->in.bytes, sizeof(console->in.bytes));
		if (got > 0) {
			console->in.start = 0;
			console->in.end = (uint32_t)got;
		} else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
			close_fd(&console->in_fd);
		}
		virtio_device_serve(&console->dev, RX_QUEUE);
	}
	g_mutex_unlock(&console->dev.lock);
	return G_SOURCE_REMOVE;
}

/* One buffer of input; asks for more when none is left. */
static enum virtio_served serve_rx(struct console *console)
{
	struct virtqueue *queue = &console->dev.queues[RX_QUEUE];
	struct buffer *in = &console->in;
	uint32_t now;

	if (in->start == in->end) {
		if (console->in_fd >= 0) {
			watch(console, &console->in_watch, console->in_fd,
			      G_IO_IN | G_IO_ERR | G_IO_HUP, in_ready);
		}
		return VIRTIO_SERVED_NOTHING;
	}
	if (virtqueue_take(queue, &console->rx) != VIRTQUEUE_TAKEN) {
		return VIRTIO_SERVED_NOTHING;
	}
	now = MIN(console->rx.write_bytes, in->end - in->start);
	if (!virtqueue_push(queue, &console->rx, in->bytes + in->start, now) ||
	    !virtqueue_return(queue, &console->rx)) {
		return VIRTIO_SERVED_NOTHING;
	}
	in->start += now;
	return VIRTIO_SERVED_SOME;
}

static enum virtio_served console_serve(struct virtio_device *dev, unsigned index)
{
	struct console *console = to_console(dev);

	return index == TX_QUEUE ? serve_tx(console) : serve_rx(console);
}

static void console_stop(struct virtio_device *dev)
{
	struct console *console = to_console(dev);

	unwatch(&console->out_watch);
	unwatch(&console->in_watch);
	console->tx_taken = false;
	console->out.start = 0;
	console->out.end = 0;
}

static void console_free(struct virtio_device *dev)
{
	struct console *console = to_console(dev);

	close_fd(&console->out_fd);
	close_fd(&console->in_fd);
	g_free(console);
}

static const struct virtio_device_ops console_ops = {
	.name = "console",
	.device_id = VIRTIO_ID_CONSOLE,
	.queue_count = 2,
	.stop = console_stop,
	.serve = console_serve,
	.free = console_free,
};

/* A duplicate of @fd, or -1 of -1. False and @error if there is none. */
static bool duplicate(int fd, int *copy, GError **error)
{
	*copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && *copy < 0) {
		error_set_errno(error, "virtio console: descriptor %d", fd);
		return false;
	}
	return true;
}

struct virtio_device *virtio_console_new(int out_fd, int in_fd, GError **error)
{
	struct console *console = g_new0(struct console, 1);

	console->in_fd = -1;
	if (!duplicate(out_fd, &console->out_fd, error) ||
	    !duplicate(in_fd, &console->in_fd, error)) {
		close_fd(&console->out_fd);
		g_free(console);
		return NULL;
	}
	virtio_device_init(&console->dev, &console_ops, 0, NULL, 0);
	return &console->dev;
}
