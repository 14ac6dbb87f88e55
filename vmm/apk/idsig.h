/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The .idsig of a package: APK Signature Scheme v4 (Android's document of that name): version, hashing info, signing info, hash tree, each with its
 * size in front. Little-endian.
 */
#ifndef VMM_APK_IDSIG_H
#define VMM_APK_IDSIG_H

#include "vmm/apk/digest.h"

#define IDSIG_VERSION 2
#define IDSIG_SHA256 1
#define IDSIG_LOG2_BLOCK 12
#define IDSIG_INFO_BYTES_MAX 8192 /* of either info */
#define IDSIG_SALT_BYTES_MAX 32
#define IDSIG_PACKAGE_BYTES_MAX (G_GUINT64_CONSTANT(1) << 40)

struct idsig {
	guint8 root[MERKLE_DIGEST_BYTES]; /* of the tree */
	guint8 salt[IDSIG_SALT_BYTES_MAX];
	gsize salt_bytes;
	guint8 digest[APK_DIGEST_BYTES_MAX]; /* the package's, as its v3 signer says */
	gsize digest_bytes;
	guint64 tree_offset; /* in the idsig, bytes; not at a whole block */
	guint64 tree_bytes;
};

/*
 * Read an idsig of a package of @package_bytes. Its own signature is not looked at: a guest verifies the package's (v3).
 *
 * Errors  FALSE: APK_ERROR_FORMAT: also a tree of another size than such a package has; APK_ERROR_READ.
 */
gboolean idsig_read(const struct apk_source *source, guint64 package_bytes, struct idsig *idsig,
		    GError **error);

/*
 * Make the idsig of @package, without a signature of its own, as AVF's service does. The package's digest is its signer's
 * strongest; nothing is verified.
 *
 * Returns  the caller's; NULL: APK_ERROR_FORMAT, _UNSIGNED, _READ.
 */
GByteArray *idsig_create(const struct apk_source *package, GError **error);

/*
 * Write the idsig of the package behind @apk into @idsig; one that is there is kept if its tree and digests are this
 * package's: it may have a signature.
 *
 * @apk    readable; @idsig  readable and writable file. Both are the caller's.
 * Errors  FALSE: as idsig_create(); G_FILE_ERROR: it cannot be written; what @idsig held is then lost.
 */
gboolean idsig_create_or_update(int apk, int idsig, GError **error);

#endif /* VMM_APK_IDSIG_H */
