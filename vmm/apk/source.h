/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the bytes of a package or an idsig come from, and how their reading fails. What is in them nobody vouches for: every
 * reader here checks each length against what is there.
 */
#ifndef VMM_APK_SOURCE_H
#define VMM_APK_SOURCE_H

#include <glib.h>

#define APK_ERROR (apk_error_quark())
GQuark apk_error_quark(void);

enum apk_error {
	APK_ERROR_READ,   /* the source cannot be read: also a block that dm-verity refuses */
	APK_ERROR_FORMAT, /* not a package, not an idsig, or one of a kind that is not supported */
	APK_ERROR_UNSIGNED, /* no signature of scheme v3 for this platform */
	APK_ERROR_MISMATCH, /* a signature or a digest is wrong */
};

/* A file, a block device or memory. Not changed by reading; any thread. */
struct apk_source {
	guint64 size;         /* bytes */
	int fd;               /* read by offset; -1: memory */
	const guint8 *memory; /* of @size bytes */
};

/*
 * The file or block device behind @fd, which the caller keeps open as long as the source is used.
 *
 * Errors  FALSE: APK_ERROR_READ: it has no size.
 */
gboolean apk_source_fd(struct apk_source *source, int fd, GError **error);

/* @bytes of memory, which the caller keeps. */
void apk_source_memory(struct apk_source *source, const void *memory, gsize bytes);

/*
 * All of [@offset, @offset + @count).
 *
 * Errors  FALSE: APK_ERROR_FORMAT: beyond the end; APK_ERROR_READ.
 */
gboolean apk_source_read(const struct apk_source *source, guint64 offset, void *bytes, gsize count,
			 GError **error);

/* Set @error, printf style. Returns FALSE, so that callers can return it. */
gboolean apk_fail(GError **error, enum apk_error code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The rest of a structure that is read from its start; each taker fails at the end and then changes nothing. */
struct apk_cursor {
	const guint8 *at;
	gsize left; /* bytes */
};

/* Little-endian numbers. */
gboolean apk_take_u16(struct apk_cursor *cursor, guint16 *number);
gboolean apk_take_u32(struct apk_cursor *cursor, guint32 *number);
gboolean apk_take_u64(struct apk_cursor *cursor, guint64 *number);

/* The next @count bytes as @part. */
gboolean apk_take(struct apk_cursor *cursor, guint64 count, struct apk_cursor *part);

/* As many bytes as a u32 in front of them says. */
gboolean apk_take_prefixed(struct apk_cursor *cursor, struct apk_cursor *part);

#endif /* VMM_APK_SOURCE_H */
