/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/idsig.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SIZE_BYTES 4

static gboolean broken(GError **error, const char *what)
{
	return apk_fail(error, APK_ERROR_FORMAT, "the idsig: %s", what);
}

/* Read what a u32 at @offset gives the size of, into @bytes (IDSIG_INFO_BYTES_MAX); @offset moves behind it. */
static gboolean read_info(const struct apk_source *source, guint64 *offset, guint8 *bytes,
			  struct apk_cursor *info, GError **error)
{
	guint8 prefix[SIZE_BYTES];
	struct apk_cursor at = { .at = prefix, .left = sizeof(prefix) };
	guint32 size = 0;

	if (!apk_source_read(source, *offset, prefix, sizeof(prefix), error)) {
		return FALSE;
	}
	apk_take_u32(&at, &size);
	if (size > IDSIG_INFO_BYTES_MAX) {
		return broken(error, "an info is too large");
	}
	if (!apk_source_read(source, *offset + sizeof(prefix), bytes, size, error)) {
		return FALSE;
	}
	*offset += sizeof(prefix) + size;
	*info = (struct apk_cursor){ .at = bytes, .left = size };
	return TRUE;
}

static gboolean read_hashing_info(struct apk_cursor at, struct idsig *idsig, GError **error)
{
	struct apk_cursor log2, salt, root;
	guint32 algorithm;

	if (!apk_take_u32(&at, &algorithm) || !apk_take(&at, 1, &log2) ||
	    !apk_take_prefixed(&at, &salt) || !apk_take_prefixed(&at, &root)) {
		return broken(error, "its hashing info");
	}
	if (algorithm != IDSIG_SHA256 || log2.at[0] != IDSIG_LOG2_BLOCK) {
		return broken(error, "not SHA-256 of blocks of 4 KiB");
	}
	if (salt.left > sizeof(idsig->salt) || root.left != sizeof(idsig->root)) {
		return broken(error, "its salt or root digest");
	}
	if (salt.left > 0) {
		memcpy(idsig->salt, salt.at, salt.left);
	}
	idsig->salt_bytes = salt.left;
	memcpy(idsig->root, root.at, root.left);
	return TRUE;
}

static gboolean read_signing_info(struct apk_cursor at, struct idsig *idsig, GError **error)
{
	struct apk_cursor digest;

	if (!apk_take_prefixed(&at, &digest) || digest.left == 0 ||
	    digest.left > sizeof(idsig->digest)) {
		return broken(error, "its package's digest");
	}
	memcpy(idsig->digest, digest.at, digest.left);
	idsig->digest_bytes = digest.left;
	return TRUE;
}

static gboolean read_tree_size(const struct apk_source *source, guint64 offset, struct idsig *idsig,
			       GError **error)
{
	guint8 prefix[SIZE_BYTES];
	struct apk_cursor at = { .at = prefix, .left = sizeof(prefix) };
	guint32 size = 0;

	if (!apk_source_read(source, offset, prefix, sizeof(prefix), error)) {
		return FALSE;
	}
	apk_take_u32(&at, &size);
	idsig->tree_offset = offset + sizeof(prefix);
	idsig->tree_bytes = size;
	return TRUE;
}

gboolean idsig_read(const struct apk_source *source, guint64 package_bytes, struct idsig *idsig,
		    GError **error)
{
	g_autofree guint8 *bytes = g_malloc(IDSIG_INFO_BYTES_MAX);
	guint8 head[SIZE_BYTES];
	struct apk_cursor at = { .at = head, .left = sizeof(head) };
	struct apk_cursor info;
	guint64 offset = sizeof(head);
	guint32 version = 0;

	*idsig = (struct idsig){ 0 };
	if (!apk_source_read(source, 0, head, sizeof(head), error)) {
		return FALSE;
	}
	apk_take_u32(&at, &version);
	if (version != IDSIG_VERSION) {
		return broken(error, "its version is not 2");
	}
	if (!read_info(source, &offset, bytes, &info, error) ||
	    !read_hashing_info(info, idsig, error) ||
	    !read_info(source, &offset, bytes, &info, error) ||
	    !read_signing_info(info, idsig, error) ||
	    !read_tree_size(source, offset, idsig, error)) {
		return FALSE;
	}
	if (package_bytes == 0 || package_bytes > IDSIG_PACKAGE_BYTES_MAX ||
	    idsig->tree_bytes != merkle_tree_bytes(package_bytes)) {
		return broken(error, "its hash tree is not of such a package");
	}
	return (idsig->tree_offset <= source->size &&
		idsig->tree_bytes <= source->size - idsig->tree_offset) ||
	       broken(error, "its hash tree is cut off");
}

static void put_u32(GByteArray *to, guint32 number)
{
	guint32 little = GUINT32_TO_LE(number);

	g_byte_array_append(to, (const guint8 *)&little, sizeof(little));
}

static void put_prefixed(GByteArray *to, const guint8 *bytes, gsize count)
{
	put_u32(to, (guint32)count);
	g_byte_array_append(to, bytes, (guint)count);
}

/* Both infos and what is in front of them. */
static GByteArray *make_head(const struct apk_signed_value *digest, const guint8 *root)
{
	const guint8 log2 = IDSIG_LOG2_BLOCK;
	g_autoptr(GByteArray) hashing = g_byte_array_new();
	g_autoptr(GByteArray) signing = g_byte_array_new();
	GByteArray *head = g_byte_array_new();

	put_u32(hashing, IDSIG_SHA256);
	g_byte_array_append(hashing, &log2, sizeof(log2));
	put_u32(hashing, 0); /* no salt */
	put_prefixed(hashing, root, MERKLE_DIGEST_BYTES);
	put_prefixed(signing, digest->value.at, digest->value.left);
	put_u32(signing, 0); /* certificate */
	put_u32(signing, 0); /* additional data */
	put_u32(signing, 0); /* public key */
	put_u32(signing, digest->algorithm);
	put_u32(signing, 0); /* signature */
	put_u32(head, IDSIG_VERSION);
	put_prefixed(head, hashing->data, hashing->len);
	put_prefixed(head, signing->data, signing->len);
	return head;
}

/* The signer and the digest that an idsig names; both are @signer's. */
static const struct apk_signed_value *package_digest(const struct apk_source *package,
						     struct apk_signer **signer, GError **error)
{
	struct apk_sections sections;
	const struct apk_signed_value *digest;

	*signer = apk_signer_read(package, &sections, error);
	if (*signer == NULL) {
		return NULL;
	}
	digest = apk_signer_best_digest(*signer);
	if (digest == NULL || digest->value.left == 0 ||
	    digest->value.left > APK_DIGEST_BYTES_MAX) {
		apk_fail(error, APK_ERROR_UNSIGNED, "it has no digest of a known kind");
		return NULL;
	}
	return digest;
}

GByteArray *idsig_create(const struct apk_source *package, GError **error)
{
	guint8 root[MERKLE_DIGEST_BYTES];
	struct apk_signer *signer;
	const struct apk_signed_value *digest = package_digest(package, &signer, error);
	g_autoptr(GByteArray) tree = digest != NULL ? apk_file_tree(package, root, error) : NULL;
	GByteArray *bytes = NULL;

	if (tree != NULL) {
		bytes = make_head(digest, root);
		put_prefixed(bytes, tree->data, tree->len);
	}
	apk_signer_free(signer);
	return bytes;
}

/* Whether the idsig behind @fd has the digests and the tree of @fresh, a new one; its signature is its own. */
static gboolean is_current(int fd, guint64 package_bytes, const GByteArray *fresh)
{
	struct apk_source source, fresh_source;
	struct idsig there, expected;
	g_autofree guint8 *tree = NULL;

	apk_source_memory(&fresh_source, fresh->data, fresh->len);
	if (!apk_source_fd(&source, fd, NULL) ||
	    !idsig_read(&source, package_bytes, &there, NULL) ||
	    !idsig_read(&fresh_source, package_bytes, &expected, NULL) || there.salt_bytes != 0 ||
	    memcmp(there.root, expected.root, sizeof(there.root)) != 0 ||
	    there.digest_bytes != expected.digest_bytes ||
	    memcmp(there.digest, expected.digest, there.digest_bytes) != 0) {
		return FALSE;
	}
	tree = g_malloc((gsize)there.tree_bytes);
	return apk_source_read(&source, there.tree_offset, tree, (gsize)there.tree_bytes, NULL) &&
	       memcmp(tree, fresh->data + expected.tree_offset, (gsize)there.tree_bytes) == 0;
}

static gboolean write_all(int fd, const guint8 *bytes, gsize count, GError **error)
{
	gsize done = 0;

	if (ftruncate(fd, 0) == 0) {
		while (done < count) {
			ssize_t wrote = pwrite(fd, bytes + done, count - done, (off_t)done);

			if (wrote < 0 && errno == EINTR) {
				continue;
			}
			if (wrote <= 0) {
				break;
			}
			done += (gsize)wrote;
		}
	}
	if (done < count) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved),
			    "the idsig cannot be written: %s", g_strerror(saved));
		return FALSE;
	}
	return TRUE;
}

gboolean idsig_create_or_update(int apk, int idsig, GError **error)
{
	g_autoptr(GByteArray) fresh = NULL;
	struct apk_source package;

	if (!apk_source_fd(&package, apk, error)) {
		return FALSE;
	}
	fresh = idsig_create(&package, error);
	return fresh != NULL && (is_current(idsig, package.size, fresh) ||
				 write_all(idsig, fresh->data, fresh->len, error));
}
