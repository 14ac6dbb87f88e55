/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of packages and idsigs, which the host gives and nobody vouches for: the rest of the input is, by its first byte, a zip, a
 * package with the signing block that the input is, or an idsig. What is taken keeps what the headers promise.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vmm/apk/idsig.h"
#include "vmm/apk/verify.h"

#define CONTENT_MAX (1024 * 1024)
#define PACKAGE_BYTES (100 * MERKLE_BLOCK_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(GError *error)
{
	g_assert_true(error != NULL && error->domain == APK_ERROR);
	g_assert_true(error->message[0] != '\0');
	g_error_free(error);
}

static void check_entry(const struct apk_source *source, const struct zip_sections *sections,
			const struct zip_entry *entry)
{
	g_autoptr(GBytes) content = zip_content(source, entry, CONTENT_MAX, NULL);

	g_assert_true(entry->name[0] != '\0' && entry->name[0] != '/');
	g_assert_true(strstr(entry->name, "//") == NULL && !g_str_has_suffix(entry->name, "/"));
	g_assert_true(!g_str_has_prefix(entry->name, "../") && strcmp(entry->name, "..") != 0);
	g_assert_true(strstr(entry->name, "/../") == NULL && !g_str_has_suffix(entry->name, "/.."));
	g_assert_true(entry->offset + entry->packed <= sections->directory);
	g_assert_true(content == NULL || g_bytes_get_size(content) == entry->size);
}

static void try_zip(const struct apk_source *source)
{
	struct zip_sections sections;
	GError *error = NULL;
	GPtrArray *entries;

	if (!zip_sections(source, &sections, &error)) {
		check_error(error);
		return;
	}
	g_assert_true(sections.directory <= sections.end_record &&
		      sections.end_record < sections.end && sections.end <= source->size);
	entries = zip_entries(source, &sections, &error);
	if (entries == NULL) {
		check_error(error);
		return;
	}
	g_assert_true(entries->len == sections.entries);
	for (guint i = 0; i < entries->len; i++) {
		check_entry(source, &sections, g_ptr_array_index(entries, i));
	}
	g_ptr_array_unref(entries);
}

/* An empty zip behind a signing block whose inside is the input. */
static void try_signer(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) package = g_byte_array_new();
	guint64 block_bytes = size + 24;
	guint32 directory = (guint32)size + 32;
	guint8 end_record[22] = { 0x50, 0x4b, 5, 6 };
	struct apk_identity identity = { 0 };
	struct apk_source source;
	GError *error = NULL;
	GByteArray *made;

	g_byte_array_append(package, (const guint8 *)&block_bytes, sizeof(block_bytes));
	g_byte_array_append(package, data, (guint)size);
	g_byte_array_append(package, (const guint8 *)&block_bytes, sizeof(block_bytes));
	g_byte_array_append(package, (const guint8 *)"APK Sig Block 42", 16);
	memcpy(end_record + 16, &directory, sizeof(directory));
	g_byte_array_append(package, end_record, sizeof(end_record));
	apk_source_memory(&source, package->data, package->len);
	if (!apk_verify(&source, &identity, &error)) {
		check_error(error);
	}
	g_free(identity.public_key);
	made = idsig_create(&source, NULL);
	if (made != NULL) {
		g_byte_array_unref(made);
	}
}

/* Behind the input zeroes enough for a tree. */
static void try_idsig(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct apk_source padded;
	const struct apk_source *source = &padded;
	struct idsig idsig;
	GError *error = NULL;

	g_byte_array_append(bytes, data, (guint)size);
	g_byte_array_set_size(bytes, (guint)size + MERKLE_BLOCK_BYTES);
	memset(bytes->data + size, 0, MERKLE_BLOCK_BYTES);
	apk_source_memory(&padded, bytes->data, bytes->len);
	if (!idsig_read(source, PACKAGE_BYTES, &idsig, &error)) {
		check_error(error);
		return;
	}
	g_assert_true(idsig.tree_offset + idsig.tree_bytes <= source->size);
	g_assert_true(idsig.salt_bytes <= sizeof(idsig.salt));
	g_assert_true(idsig.digest_bytes > 0 && idsig.digest_bytes <= sizeof(idsig.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct apk_source source;

	if (size == 0) {
		return 0;
	}
	apk_source_memory(&source, data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		try_zip(&source);
		break;
	case 1:
		try_signer(data + 1, size - 1);
		break;
	default:
		try_idsig(data + 1, size - 1);
		break;
	}
	return 0;
}
