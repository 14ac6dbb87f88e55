/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/instance.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guest/microdroid/manager/error.h"

#define UNIT 512 /* bytes: entries' headers and contents start at one */
#define UUID_BYTES 16
#define HEAD_BYTES (UUID_BYTES + 8)
#define ENTRIES_MAX 16 /* looked at: pvmfw has one, the manager one */
#define CONTENT_BYTES_MAX (64 * 1024)
#define RECORD_VERSION 1

/* cf9afe9a-0662-11ec-a329-c32663a09d75, as a number of 128 bits, little-endian. */
static const guint8 own_uuid[UUID_BYTES] = { 0x75, 0x9d, 0xa0, 0x63, 0x26, 0xc3, 0x29, 0xa3,
					     0xec, 0x11, 0x62, 0x06, 0x9a, 0xfe, 0x9a, 0xcf };

static gboolean failed(GError **error, const char *what)
{
	g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_RUNTIME, "the instance image: %s", what);
	return FALSE;
}

struct instance_package instance_package_of(const struct package_identity *identity)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	struct instance_package package;
	gsize bytes = sizeof(package.key);

	g_checksum_update(checksum, identity->signer.public_key,
			  (gssize)identity->signer.public_key_bytes);
	g_checksum_get_digest(checksum, package.key, &bytes);
	memcpy(package.root, identity->root, sizeof(package.root));
	return package;
}

static gboolean read_at(int fd, guint64 at, void *bytes, gsize count, GError **error)
{
	return pread(fd, bytes, count, (off_t)at) == (ssize_t)count ||
	       failed(error, "it ends too early, or cannot be read");
}

static gboolean check_header(int fd, GError **error)
{
	static const char magic[] = AVF_INSTANCE_IMAGE_MAGIC;
	guint8 head[UNIT];
	gsize length = strlen(magic);

	if (!read_at(fd, 0, head, sizeof(head), error)) {
		return FALSE;
	}
	return (memcmp(head, magic, length) == 0 && head[length] == AVF_INSTANCE_IMAGE_VERSION &&
		head[length + 1] == 0) ||
	       failed(error, "it is none of version 1");
}

/* The manager's entry, or the free place behind the last one: *bytes is then 0. */
static gboolean find_entry(int fd, guint64 *at, guint64 *bytes, GError **error)
{
	static const guint8 nobody[UUID_BYTES];
	guint8 head[HEAD_BYTES];

	*at = UNIT;
	for (guint i = 0; i < ENTRIES_MAX; i++) {
		guint64 size = 0;

		if (!read_at(fd, *at, head, sizeof(head), error)) {
			return FALSE;
		}
		for (guint byte = 0; byte < sizeof(size); byte++) {
			size |= (guint64)head[UUID_BYTES + byte] << (8 * byte);
		}
		*bytes = 0;
		if (memcmp(head, nobody, UUID_BYTES) == 0) {
			return TRUE;
		}
		if (size == 0 || size > CONTENT_BYTES_MAX) {
			return failed(error, "an entry's size");
		}
		if (memcmp(head, own_uuid, UUID_BYTES) == 0) {
			*bytes = size;
			return TRUE;
		}
		*at += UNIT + (size + UNIT - 1) / UNIT * UNIT;
	}
	return failed(error, "it has too many entries");
}

/* Version, number of packages (u32 each, little-endian), packages. */
static GByteArray *make_record(const struct instance_package *packages, guint count)
{
	const guint32 head[] = { GUINT32_TO_LE(RECORD_VERSION), GUINT32_TO_LE(count) };
	GByteArray *record = g_byte_array_new();

	g_byte_array_append(record, (const guint8 *)head, sizeof(head));
	g_byte_array_append(record, (const guint8 *)packages, (guint)(count * sizeof(*packages)));
	return record;
}

/* The content first: an entry that is cut off by the VM's end is none. */
static gboolean write_entry(int fd, guint64 at, const GByteArray *record, GError **error)
{
	guint8 head[UNIT] = { 0 };

	memcpy(head, own_uuid, UUID_BYTES);
	for (guint byte = 0; byte < 4; byte++) {
		head[UUID_BYTES + byte] = (guint8)(record->len >> (8 * byte));
	}
	if (pwrite(fd, record->data, record->len, (off_t)(at + UNIT)) != (ssize_t)record->len ||
	    fsync(fd) != 0 || pwrite(fd, head, sizeof(head), (off_t)at) != (ssize_t)sizeof(head) ||
	    fsync(fd) != 0) {
		return failed(error, g_strerror(errno));
	}
	return TRUE;
}

static gboolean compare(int fd, guint64 at, guint64 bytes, const GByteArray *record, GError **error)
{
	g_autofree guint8 *there = g_malloc(bytes);

	if (!read_at(fd, at + UNIT, there, bytes, error)) {
		return FALSE;
	}
	if (bytes != record->len || memcmp(there, record->data, bytes) != 0) {
		g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_PAYLOAD_CHANGED,
			    "this instance ran other packages before");
		return FALSE;
	}
	return TRUE;
}

gboolean instance_check(int fd, const struct instance_package *packages, guint count,
			GError **error)
{
	g_autoptr(GByteArray) record = make_record(packages, count);
	guint64 at, bytes;

	if (!check_header(fd, error) || !find_entry(fd, &at, &bytes, error)) {
		return FALSE;
	}
	return bytes > 0 ? compare(fd, at, bytes, record, error) :
			   write_entry(fd, at, record, error);
}
