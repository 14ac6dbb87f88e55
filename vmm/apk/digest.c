/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/digest.h"

#include <string.h>

#define CHUNK_BYTES (1024 * 1024)
#define READ_BYTES (64 * 1024)
#define CHUNK_PREFIX 0xa5
#define TOP_PREFIX 0x5a
#define END_DIRECTORY_AT 16 /* of the end record: the directory's offset, u32 */
#define TREE_SALT_BYTES 8   /* of zeroes: in the tree of a signature, not in that of an idsig */
#define PARTS 3

/* One of the content's parts: a range of the source, or bytes of memory. */
struct part {
	guint64 offset;
	guint64 bytes;
	const guint8 *memory; /* NULL: in the source */
};

struct content {
	const struct apk_source *source;
	struct part parts[PARTS];
	guint8 *end_record;
};

static void put_number(guint8 *to, guint64 number, gsize bytes)
{
	for (gsize i = 0; i < bytes; i++) {
		to[i] = (guint8)(number >> (8 * i));
	}
}

static gboolean content_open(struct content *content, const struct apk_source *source,
			     const struct apk_sections *sections, GError **error)
{
	guint64 end = sections->zip.end_record;
	gsize end_bytes = (gsize)(sections->zip.end - end);

	content->source = source;
	content->end_record = g_malloc(end_bytes);
	content->parts[0] = (struct part){ .bytes = sections->block };
	content->parts[1] = (struct part){ .offset = sections->zip.directory,
					   .bytes = end - sections->zip.directory };
	content->parts[2] = (struct part){ .bytes = end_bytes, .memory = content->end_record };
	if (!apk_source_read(source, end, content->end_record, end_bytes, error)) {
		return FALSE;
	}
	put_number(content->end_record + END_DIRECTORY_AT, sections->block, sizeof(guint32));
	return TRUE;
}

static gboolean part_read(const struct content *content, const struct part *part, guint64 at,
			  guint8 *bytes, gsize count, GError **error)
{
	if (part->memory != NULL) {
		memcpy(bytes, part->memory + at, count);
		return TRUE;
	}
	return apk_source_read(content->source, part->offset + at, bytes, count, error);
}

/* The digest of [at, at + bytes) of @part, appended to @digests. */
static gboolean add_chunk(const struct content *content, const struct part *part, guint64 at,
			  gsize bytes, GChecksum *checksum, guint8 *buffer, GByteArray *digests,
			  GError **error)
{
	guint8 prefix[5] = { CHUNK_PREFIX };
	guint8 digest[APK_DIGEST_BYTES_MAX];
	gsize digest_bytes = sizeof(digest);

	put_number(prefix + 1, bytes, sizeof(guint32));
	g_checksum_reset(checksum);
	g_checksum_update(checksum, prefix, sizeof(prefix));
	while (bytes > 0) {
		gsize count = MIN(bytes, READ_BYTES);

		if (!part_read(content, part, at, buffer, count, error)) {
			return FALSE;
		}
		g_checksum_update(checksum, buffer, (gssize)count);
		at += count;
		bytes -= count;
	}
	g_checksum_get_digest(checksum, digest, &digest_bytes);
	g_byte_array_append(digests, digest, (guint)digest_bytes);
	return TRUE;
}

static gboolean chunked(const struct content *content, GChecksumType type, guint8 *digest,
			gsize *digest_bytes, GError **error)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(type);
	g_autoptr(GByteArray) digests = g_byte_array_new();
	g_autofree guint8 *buffer = g_malloc(READ_BYTES);
	guint8 prefix[5] = { TOP_PREFIX };
	guint32 chunks = 0;

	for (guint i = 0; i < PARTS; i++) {
		const struct part *part = &content->parts[i];

		for (guint64 at = 0; at < part->bytes; at += CHUNK_BYTES) {
			gsize bytes = (gsize)MIN(part->bytes - at, CHUNK_BYTES);

			if (!add_chunk(content, part, at, bytes, checksum, buffer, digests,
				       error)) {
				return FALSE;
			}
			chunks++;
		}
	}
	put_number(prefix + 1, chunks, sizeof(guint32));
	g_checksum_reset(checksum);
	g_checksum_update(checksum, prefix, sizeof(prefix));
	g_checksum_update(checksum, digests->data, (gssize)digests->len);
	*digest_bytes = APK_DIGEST_BYTES_MAX;
	g_checksum_get_digest(checksum, digest, digest_bytes);
	return TRUE;
}

/* Add all of @part to @merkle. */
static gboolean add_part(const struct content *content, const struct part *part,
			 struct merkle *merkle, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(READ_BYTES);
	gsize count;

	for (guint64 at = 0; at < part->bytes; at += count) {
		count = (gsize)MIN(part->bytes - at, READ_BYTES);
		if (!part_read(content, part, at, buffer, count, error)) {
			return FALSE;
		}
		merkle_update(merkle, buffer, count);
	}
	return TRUE;
}

static gboolean verity(const struct content *content, guint8 *digest, gsize *digest_bytes,
		       GError **error)
{
	static const guint8 salt[TREE_SALT_BYTES];
	struct merkle *merkle;
	guint64 bytes = 0;
	gboolean done = TRUE;

	if (content->parts[0].bytes % MERKLE_BLOCK_BYTES != 0) {
		return apk_fail(error, APK_ERROR_FORMAT,
				"the signing block: it starts at no whole block");
	}
	merkle = merkle_new(salt, sizeof(salt));
	for (guint i = 0; done && i < PARTS; i++) {
		done = add_part(content, &content->parts[i], merkle, error);
		bytes += content->parts[i].bytes;
	}
	g_byte_array_unref(merkle_finish(merkle, digest));
	put_number(digest + MERKLE_DIGEST_BYTES, bytes, sizeof(bytes));
	*digest_bytes = MERKLE_DIGEST_BYTES + sizeof(bytes);
	return done;
}

gboolean apk_content_digest(const struct apk_source *source, const struct apk_sections *sections,
			    enum apk_digest kind, guint8 *digest, gsize *bytes, GError **error)
{
	struct content content = { 0 };
	gboolean done = content_open(&content, source, sections, error);

	if (done && kind == APK_DIGEST_VERITY_SHA256) {
		done = verity(&content, digest, bytes, error);
	} else if (done) {
		GChecksumType type = kind == APK_DIGEST_CHUNKED_SHA512 ? G_CHECKSUM_SHA512 :
									 G_CHECKSUM_SHA256;

		done = chunked(&content, type, digest, bytes, error);
	}
	g_free(content.end_record);
	return done;
}

GByteArray *apk_file_tree(const struct apk_source *source, guint8 *root, GError **error)
{
	struct content content = { .source = source };
	struct part all = { .bytes = source->size };
	struct merkle *merkle = merkle_new(NULL, 0);
	gboolean done = add_part(&content, &all, merkle, error);
	GByteArray *tree = merkle_finish(merkle, root);

	if (!done) {
		g_byte_array_unref(tree);
		return NULL;
	}
	return tree;
}
