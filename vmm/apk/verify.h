/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a package is what its signer signed: APK Signature Scheme v3. Needs libcrypto; any thread. */
#ifndef VMM_APK_VERIFY_H
#define VMM_APK_VERIFY_H

#include "vmm/apk/signing_block.h"

/* Who signed, and what: enough to know the package again. */
struct apk_identity {
	guint8 *public_key; /* SubjectPublicKeyInfo, DER; freed with g_free() */
	gsize public_key_bytes;
	guint8 digest[64]; /* the package's strongest, as apk_signer_best_digest() has it */
	gsize digest_bytes;
};

/*
 * Read all of @source and verify its signature by the strongest algorithm that it has and that is understood: the signature
 * over the signed data, the certificate's key, the same algorithms for digests and signatures, the SDK range, and the content's digest.
 *
 * @identity  filled on success.
 * Errors     FALSE: APK_ERROR_FORMAT, _UNSIGNED, _MISMATCH, _READ.
 */
gboolean apk_verify(const struct apk_source *source, struct apk_identity *identity, GError **error);

#endif /* VMM_APK_VERIFY_H */
