/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zip that a package is (PKWARE APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12, 4.3.16): one disk, no ZIP64, no encryption, entries stored
 * or deflated. Pure readers.
 */
#ifndef VMM_APK_ZIP_H
#define VMM_APK_ZIP_H

#include "vmm/apk/source.h"

/* A source may be filled up with zeroes to a whole block: partitions are. */
#define ZIP_PADDING_MAX 4095
#define ZIP_ENTRIES_MAX 16384
#define ZIP_NAME_BYTES_MAX 1023
#define ZIP_DIRECTORY_BYTES_MAX (16 * 1024 * 1024)

#define ZIP_STORED 0
#define ZIP_DEFLATED 8

/* Where the parts are, in bytes. The directory ends where its end record begins. */
struct zip_sections {
	guint64 directory;  /* of the central directory */
	guint64 end_record; /* of its end record */
	guint64 end;        /* of the zip */
	guint entries;
};

/* One file or folder. */
struct zip_entry {
	char *name; /* a path of the zip: relative, no empty, "." or ".." part; a folder's without the last slash */
	gboolean is_folder;
	guint16 method; /* ZIP_STORED or ZIP_DEFLATED */
	guint32 crc32;  /* of its content */
	guint64 offset; /* of its bytes */
	guint64 packed; /* bytes there */
	guint64 size;   /* bytes of its content */
};

/*
 * Find the sections of the zip that @source is.
 *
 * Errors  FALSE: APK_ERROR_FORMAT, _READ.
 */
gboolean zip_sections(const struct apk_source *source, struct zip_sections *sections,
		      GError **error);

/*
 * Its entries (struct zip_entry), in the directory's order; no name is there twice, none is file and folder at once.
 *
 * Returns  the caller's, to be freed with g_ptr_array_unref(); NULL: APK_ERROR_FORMAT, _READ.
 */
GPtrArray *zip_entries(const struct apk_source *source, const struct zip_sections *sections,
		       GError **error);

/*
 * An entry's content, unpacked and checked against its CRC-32.
 *
 * Returns  the caller's; NULL: APK_ERROR_FORMAT: above @bytes_max, or not what the directory says; APK_ERROR_READ.
 */
GBytes *zip_content(const struct apk_source *source, const struct zip_entry *entry,
		    guint64 bytes_max, GError **error);

#endif /* VMM_APK_ZIP_H */
