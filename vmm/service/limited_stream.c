/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/limited_stream.h"

#include <gio/gunixinputstream.h>

struct limited_stream {
	GUnixInputStream parent;
	const struct stream_limits *limits;
	struct stream_follow follow;
};

struct limited_stream_class {
	GUnixInputStreamClass parent;
};

/* GObject's names; used by its macros only. */
typedef struct limited_stream LimitedStream;
typedef struct limited_stream_class LimitedStreamClass;
static GType limited_stream_get_type(void);

G_DEFINE_TYPE(LimitedStream, limited_stream, G_TYPE_UNIX_INPUT_STREAM)

static const char begin_line[] = "BEGIN\r\n";
#define BEGIN_BYTES (sizeof(begin_line) - 1)

static bool too_large(GError **error, const char *what)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
		    "the other end sends more than it may: %s", what);
	return false;
}

static bool follow_auth_byte(struct stream_follow *f, uint8_t byte, GError **error)
{
	size_t at = f->line_bytes;

	if (++f->auth_bytes > LIMITED_STREAM_AUTH_BYTES_MAX) {
		return too_large(error, "authentication");
	}
	if (at < BEGIN_BYTES && byte == (uint8_t)begin_line[at]) {
		f->line_bytes = at + 1;
		f->messages = f->line_bytes == BEGIN_BYTES;
	} else {
		f->line_bytes = byte == '\n' ? 0 : sizeof(begin_line);
	}
	return true;
}

/* A header is whole: how much comes after it? */
static bool follow_header(struct stream_follow *f, const struct stream_limits *limits,
			  GError **error)
{
	gssize needed = g_dbus_message_bytes_needed(f->header, sizeof(f->header), error);

	if (needed < 0) {
		return false;
	}
	if (limits->message_bytes != 0 && (uint64_t)needed > limits->message_bytes) {
		return too_large(error, "size of a message");
	}
	if (limits->messages != 0 && f->message_count == limits->messages) {
		return too_large(error, "number of messages");
	}
	f->message_count++;
	f->header_bytes = 0;
	f->left = (uint64_t)needed > sizeof(f->header) ? (uint64_t)needed - sizeof(f->header) : 0;
	return true;
}

bool stream_follow_bytes(struct stream_follow *f, const struct stream_limits *limits,
			 const uint8_t *bytes, size_t count, GError **error)
{
	while (count > 0) {
		size_t step = 1;

		if (!f->messages) {
			if (!follow_auth_byte(f, bytes[0], error)) {
				return false;
			}
		} else if (f->left > 0) {
			step = f->left < count ? (size_t)f->left : count;
			f->left -= step;
		} else {
			f->header[f->header_bytes++] = bytes[0];
			if (f->header_bytes == sizeof(f->header) &&
			    !follow_header(f, limits, error)) {
				return false;
			}
		}
		bytes += step;
		count -= step;
	}
	return true;
}

static gssize limited_stream_read(GInputStream *stream, void *buffer, gsize count,
				  GCancellable *cancellable, GError **error)
{
	struct limited_stream *s = (struct limited_stream *)stream;
	gssize got = G_INPUT_STREAM_CLASS(limited_stream_parent_class)
			     ->read_fn(stream, buffer, count, cancellable, error);

	if (got > 0 && !stream_follow_bytes(&s->follow, s->limits, buffer, (size_t)got, error)) {
		return -1;
	}
	return got;
}

static void limited_stream_class_init(LimitedStreamClass *class)
{
	G_INPUT_STREAM_CLASS(class)->read_fn = limited_stream_read;
}

static void limited_stream_init(LimitedStream *stream)
{
	(void)stream;
}

GInputStream *limited_stream_new(int fd, const struct stream_limits *limits)
{
	struct limited_stream *s =
		g_object_new(limited_stream_get_type(), "fd", fd, "close-fd", TRUE, NULL);

	s->limits = limits;
	return (GInputStream *)s;
}
