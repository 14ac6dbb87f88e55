/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/zip.h"

#include <string.h>

#include <zlib.h>

#define END_RECORD_SIGNATURE 0x06054b50
#define END_RECORD_BYTES 22
#define COMMENT_BYTES_MAX 65535
#define ENTRY_SIGNATURE 0x02014b50
#define ENTRY_BYTES 46
#define LOCAL_SIGNATURE 0x04034b50
#define LOCAL_BYTES 30
#define FLAG_ENCRYPTED 0x0001
#define FLAG_STRONG_ENCRYPTION 0x0040
#define IN_ZIP64 0xffffffff

/* Numbers of the end record, as they are there. */
struct end_record {
	guint32 signature;
	guint16 disk, directory_disk, entries_here, entries;
	guint32 directory_bytes, directory;
	guint16 comment_bytes;
};

static gboolean take_end_record(struct apk_cursor at, struct end_record *r)
{
	return apk_take_u32(&at, &r->signature) && apk_take_u16(&at, &r->disk) &&
	       apk_take_u16(&at, &r->directory_disk) && apk_take_u16(&at, &r->entries_here) &&
	       apk_take_u16(&at, &r->entries) && apk_take_u32(&at, &r->directory_bytes) &&
	       apk_take_u32(&at, &r->directory) && apk_take_u16(&at, &r->comment_bytes) &&
	       r->signature == END_RECORD_SIGNATURE;
}

/* The record is the last thing of the zip but its comment, and behind both there are only zeroes. */
static gboolean is_last(const struct end_record *r, struct apk_cursor tail)
{
	gsize bytes = END_RECORD_BYTES + (gsize)r->comment_bytes;

	if (bytes > tail.left || tail.left - bytes > ZIP_PADDING_MAX) {
		return FALSE;
	}
	for (gsize i = bytes; i < tail.left; i++) {
		if (tail.at[i] != 0) {
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean read_end_record(const struct apk_source *source, struct end_record *r,
				guint64 *offset, GError **error)
{
	gsize bytes = (gsize)MIN(source->size,
				 (guint64)END_RECORD_BYTES + COMMENT_BYTES_MAX + ZIP_PADDING_MAX);
	g_autofree guint8 *tail = g_malloc(bytes + 1);

	if (!apk_source_read(source, source->size - bytes, tail, bytes, error)) {
		return FALSE;
	}
	for (gsize left = END_RECORD_BYTES; left <= bytes; left++) {
		struct apk_cursor at = { .at = tail + bytes - left, .left = left };

		if (take_end_record(at, r) && is_last(r, at)) {
			*offset = source->size - left;
			return TRUE;
		}
	}
	return apk_fail(error, APK_ERROR_FORMAT, "not a zip: it has no end record");
}

gboolean zip_sections(const struct apk_source *source, struct zip_sections *sections,
		      GError **error)
{
	struct end_record r = { 0 };
	guint64 offset = 0;

	if (!read_end_record(source, &r, &offset, error)) {
		return FALSE;
	}
	if (r.disk != 0 || r.directory_disk != 0 || r.entries_here != r.entries) {
		return apk_fail(error, APK_ERROR_FORMAT, "a zip of several disks");
	}
	if (r.directory == IN_ZIP64 || r.directory_bytes == IN_ZIP64 ||
	    r.entries > ZIP_ENTRIES_MAX || r.directory_bytes > ZIP_DIRECTORY_BYTES_MAX) {
		return apk_fail(error, APK_ERROR_FORMAT, "a zip of too many files, or ZIP64");
	}
	if ((guint64)r.directory + r.directory_bytes != offset) {
		return apk_fail(error, APK_ERROR_FORMAT,
				"the zip's directory does not end at its end record");
	}
	*sections = (struct zip_sections){
		.directory = r.directory,
		.end_record = offset,
		.end = offset + END_RECORD_BYTES + r.comment_bytes,
		.entries = r.entries,
	};
	return TRUE;
}

static void entry_free(gpointer data)
{
	struct zip_entry *entry = data;

	g_free(entry->name);
	g_free(entry);
}

static gboolean is_path(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, "/", -1);

	for (char **part = parts; *part != NULL; part++) {
		if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0) {
			return FALSE;
		}
	}
	return parts[0] != NULL;
}

/* Numbers of an entry of the directory that are used. */
struct entry_record {
	guint32 signature;
	guint16 flags, method;
	guint32 crc32, packed, size;
	guint16 name_bytes, extra_bytes, comment_bytes, disk;
	guint32 local;
	struct apk_cursor name;
};

static gboolean take_entry(struct apk_cursor *at, struct entry_record *r)
{
	struct apk_cursor skipped;

	return apk_take_u32(at, &r->signature) && r->signature == ENTRY_SIGNATURE &&
	       apk_take(at, 4, &skipped) /* versions */ && apk_take_u16(at, &r->flags) &&
	       apk_take_u16(at, &r->method) && apk_take(at, 4, &skipped) /* time */ &&
	       apk_take_u32(at, &r->crc32) && apk_take_u32(at, &r->packed) &&
	       apk_take_u32(at, &r->size) && apk_take_u16(at, &r->name_bytes) &&
	       apk_take_u16(at, &r->extra_bytes) && apk_take_u16(at, &r->comment_bytes) &&
	       apk_take_u16(at, &r->disk) && apk_take(at, 6, &skipped) /* attributes */ &&
	       apk_take_u32(at, &r->local) && apk_take(at, r->name_bytes, &r->name) &&
	       apk_take(at, (guint64)r->extra_bytes + r->comment_bytes, &skipped);
}

/* The bytes of the entry start behind its local header, whose name and extra field have lengths of their own. */
static gboolean find_bytes(const struct apk_source *source, const struct zip_sections *sections,
			   const struct entry_record *r, struct zip_entry *entry, GError **error)
{
	guint8 local[LOCAL_BYTES];
	struct apk_cursor at = { .at = local, .left = sizeof(local) };
	struct apk_cursor skipped;
	guint16 name_bytes, extra_bytes;
	guint32 signature;

	if (!apk_source_read(source, r->local, local, sizeof(local), error)) {
		return FALSE;
	}
	if (!apk_take_u32(&at, &signature) || signature != LOCAL_SIGNATURE ||
	    !apk_take(&at, 22, &skipped) || !apk_take_u16(&at, &name_bytes) ||
	    !apk_take_u16(&at, &extra_bytes)) {
		return apk_fail(error, APK_ERROR_FORMAT, "%s: its header is missing", entry->name);
	}
	entry->offset = (guint64)r->local + LOCAL_BYTES + name_bytes + extra_bytes;
	if (entry->offset > sections->directory ||
	    entry->packed > sections->directory - entry->offset) {
		return apk_fail(error, APK_ERROR_FORMAT, "%s: beyond the zip's files", entry->name);
	}
	return TRUE;
}

static struct zip_entry *read_entry(const struct apk_source *source,
				    const struct zip_sections *sections, struct apk_cursor *at,
				    GError **error)
{
	struct zip_entry *entry;
	struct entry_record r;

	if (!take_entry(at, &r)) {
		apk_fail(error, APK_ERROR_FORMAT, "the zip's directory is broken");
		return NULL;
	}
	entry = g_new0(struct zip_entry, 1);
	entry->name = g_strndup((const char *)r.name.at, r.name.left);
	entry->is_folder = g_str_has_suffix(entry->name, "/");
	entry->method = r.method;
	entry->crc32 = r.crc32;
	entry->packed = r.packed;
	entry->size = r.size;
	if (entry->is_folder) {
		entry->name[strlen(entry->name) - 1] = '\0';
	}
	if (strlen(entry->name) + (gsize)entry->is_folder != r.name.left ||
	    r.name.left > ZIP_NAME_BYTES_MAX || !is_path(entry->name)) {
		apk_fail(error, APK_ERROR_FORMAT, "the zip's directory: a name is no path");
	} else if ((r.flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION)) != 0 ||
		   (r.method != ZIP_STORED && r.method != ZIP_DEFLATED)) {
		apk_fail(error, APK_ERROR_FORMAT, "%s: neither stored nor deflated", entry->name);
	} else if (r.packed == IN_ZIP64 || r.size == IN_ZIP64 || r.local == IN_ZIP64 ||
		   r.disk != 0 || (r.method == ZIP_STORED && r.packed != r.size)) {
		apk_fail(error, APK_ERROR_FORMAT, "%s: its size or place", entry->name);
	} else if (find_bytes(source, sections, &r, entry, error)) {
		return entry;
	}
	entry_free(entry);
	return NULL;
}

/* @seen: names; of folders also those that only files' names show. TRUE as value: a file. */
static gboolean add_name(GHashTable *seen, const struct zip_entry *entry, GError **error)
{
	gpointer is_file;

	for (const char *slash = strchr(entry->name, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		char *folder = g_strndup(entry->name, (gsize)(slash - entry->name));

		if (!g_hash_table_lookup_extended(seen, folder, NULL, &is_file)) {
			g_hash_table_insert(seen, folder, NULL);
			continue;
		}
		g_free(folder);
		if (is_file != NULL) {
			return apk_fail(error, APK_ERROR_FORMAT, "%s: below a file", entry->name);
		}
	}
	if (g_hash_table_lookup_extended(seen, entry->name, NULL, &is_file) &&
	    (is_file != NULL || !entry->is_folder)) {
		return apk_fail(error, APK_ERROR_FORMAT, "%s: there twice", entry->name);
	}
	g_hash_table_insert(seen, g_strdup(entry->name), entry->is_folder ? NULL : seen);
	return TRUE;
}

static gboolean add_entries(const struct apk_source *source, const struct zip_sections *sections,
			    struct apk_cursor at, GPtrArray *entries, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < sections->entries; i++) {
		struct zip_entry *entry = read_entry(source, sections, &at, error);

		if (entry == NULL) {
			return FALSE;
		}
		g_ptr_array_add(entries, entry);
		if (!add_name(seen, entry, error)) {
			return FALSE;
		}
	}
	return at.left == 0 || apk_fail(error, APK_ERROR_FORMAT,
					"the zip's directory has more than its end record says");
}

GPtrArray *zip_entries(const struct apk_source *source, const struct zip_sections *sections,
		       GError **error)
{
	gsize bytes = (gsize)(sections->end_record - sections->directory);
	g_autofree guint8 *directory = g_malloc(bytes + 1);
	struct apk_cursor at = { .at = directory, .left = bytes };
	GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);

	if (!apk_source_read(source, sections->directory, directory, bytes, error) ||
	    !add_entries(source, sections, at, entries, error)) {
		g_ptr_array_unref(entries);
		return NULL;
	}
	return entries;
}

/* Raw deflate, all of @packed into all of @content. */
static gboolean unpack(const guint8 *packed, const struct zip_entry *entry, guint8 *content)
{
	z_stream stream = {
		.next_in = (z_const Bytef *)packed,
		.avail_in = (uInt)entry->packed,
		.next_out = content,
		.avail_out = (uInt)entry->size,
	};
	int rc;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
		return FALSE;
	}
	rc = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return rc == Z_STREAM_END && stream.avail_out == 0;
}

GBytes *zip_content(const struct apk_source *source, const struct zip_entry *entry,
		    guint64 bytes_max, GError **error)
{
	g_autofree guint8 *packed = NULL;
	g_autofree guint8 *content = NULL;

	if (entry->size > bytes_max || entry->packed > source->size) {
		apk_fail(error, APK_ERROR_FORMAT, "%s: too large", entry->name);
		return NULL;
	}
	packed = g_malloc((gsize)entry->packed + 1);
	if (!apk_source_read(source, entry->offset, packed, (gsize)entry->packed, error)) {
		return NULL;
	}
	if (entry->method == ZIP_STORED) {
		content = g_steal_pointer(&packed);
	} else {
		content = g_malloc((gsize)entry->size + 1);
		if (!unpack(packed, entry, content)) {
			apk_fail(error, APK_ERROR_FORMAT, "%s: cannot be unpacked", entry->name);
			return NULL;
		}
	}
	if (crc32(0, content, (uInt)entry->size) != entry->crc32) {
		apk_fail(error, APK_ERROR_FORMAT, "%s: its checksum is wrong", entry->name);
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&content), (gsize)entry->size);
}
