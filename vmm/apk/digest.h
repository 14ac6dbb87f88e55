/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests of a package's content: all of it but the signing block, with the end record as if the directory lay where the
 * signing block does.
 */
#ifndef VMM_APK_DIGEST_H
#define VMM_APK_DIGEST_H

#include "vmm/apk/merkle.h"
#include "vmm/apk/signing_block.h"

#define APK_DIGEST_BYTES_MAX 64 /* SHA-512 */

/*
 * The digest of @kind, not APK_DIGEST_NONE: of chunks of 1 MiB, or the root of a hash tree and the content's size (u64).
 *
 * @digest  APK_DIGEST_BYTES_MAX; @bytes is how many it has.
 * Errors   FALSE: APK_ERROR_READ; APK_ERROR_FORMAT: a signing block that starts at no whole block, with a hash tree.
 */
gboolean apk_content_digest(const struct apk_source *source, const struct apk_sections *sections,
			    enum apk_digest kind, guint8 *digest, gsize *bytes, GError **error);

/*
 * The hash tree over all of @source, as the idsig has it: no salt.
 *
 * @root    MERKLE_DIGEST_BYTES.
 * Returns  the tree, the caller's; NULL: APK_ERROR_READ.
 */
GByteArray *apk_file_tree(const struct apk_source *source, guint8 *root, GError **error);

#endif /* VMM_APK_DIGEST_H */
