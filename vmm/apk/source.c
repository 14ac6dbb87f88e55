/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK(apk_error, apk_error)

gboolean apk_fail(GError **error, enum apk_error code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error != NULL && *error == NULL) {
		*error = g_error_new_valist(APK_ERROR, (int)code, format, args);
	}
	va_end(args);
	return FALSE;
}

gboolean apk_source_fd(struct apk_source *source, int fd, GError **error)
{
	off_t size = lseek(fd, 0, SEEK_END);

	*source = (struct apk_source){ .fd = fd };
	if (size < 0) {
		return apk_fail(error, APK_ERROR_READ, "it has no size: %s", g_strerror(errno));
	}
	source->size = (guint64)size;
	return TRUE;
}

void apk_source_memory(struct apk_source *source, const void *memory, gsize bytes)
{
	*source = (struct apk_source){ .fd = -1, .memory = memory, .size = bytes };
}

gboolean apk_source_read(const struct apk_source *source, guint64 offset, void *bytes, gsize count,
			 GError **error)
{
	guint8 *to = bytes;

	if (offset > source->size || count > source->size - offset) {
		return apk_fail(error, APK_ERROR_FORMAT, "it ends before byte %" G_GUINT64_FORMAT,
				offset + count);
	}
	if (source->fd < 0) {
		if (count > 0) {
			memcpy(to, source->memory + offset, count);
		}
		return TRUE;
	}
	while (count > 0) {
		ssize_t got = pread(source->fd, to, count, (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return apk_fail(error, APK_ERROR_READ,
					"byte %" G_GUINT64_FORMAT " cannot be read: %s", offset,
					got == 0 ? "it became shorter" : g_strerror(errno));
		}
		to += got;
		offset += (guint64)got;
		count -= (gsize)got;
	}
	return TRUE;
}

gboolean apk_take(struct apk_cursor *cursor, guint64 count, struct apk_cursor *part)
{
	if (count > cursor->left) {
		return FALSE;
	}
	*part = (struct apk_cursor){ .at = cursor->at, .left = (gsize)count };
	cursor->at += count;
	cursor->left -= (gsize)count;
	return TRUE;
}

/* A little-endian number of @bytes. */
static gboolean take_number(struct apk_cursor *cursor, gsize bytes, guint64 *number)
{
	struct apk_cursor part;

	if (!apk_take(cursor, bytes, &part)) {
		return FALSE;
	}
	*number = 0;
	for (gsize i = 0; i < bytes; i++) {
		*number |= (guint64)part.at[i] << (8 * i);
	}
	return TRUE;
}

gboolean apk_take_u16(struct apk_cursor *cursor, guint16 *number)
{
	guint64 value;

	if (!take_number(cursor, sizeof(*number), &value)) {
		return FALSE;
	}
	*number = (guint16)value;
	return TRUE;
}

gboolean apk_take_u32(struct apk_cursor *cursor, guint32 *number)
{
	guint64 value;

	if (!take_number(cursor, sizeof(*number), &value)) {
		return FALSE;
	}
	*number = (guint32)value;
	return TRUE;
}

gboolean apk_take_u64(struct apk_cursor *cursor, guint64 *number)
{
	return take_number(cursor, sizeof(*number), number);
}

gboolean apk_take_prefixed(struct apk_cursor *cursor, struct apk_cursor *part)
{
	struct apk_cursor rest = *cursor;
	guint32 bytes;

	if (!apk_take_u32(&rest, &bytes) || !apk_take(&rest, bytes, part)) {
		return FALSE;
	}
	*cursor = rest;
	return TRUE;
}
