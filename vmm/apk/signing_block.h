/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The APK Signing Block, and in it the signer of signature scheme v3 for this platform (Android's APK Signature Scheme v2 and v3, format
 * and verification). It says what is there; whether it is true is verify.h's question.
 */
#ifndef VMM_APK_SIGNING_BLOCK_H
#define VMM_APK_SIGNING_BLOCK_H

#include "vmm/apk/zip.h"

#define SIGNING_BLOCK_V3_ID 0xf05368c0
#define SIGNING_BLOCK_BYTES_MAX (16 * 1024 * 1024)

/* The API level that a package's signer must be for: that of the AVF whose interfaces these are (Android 15). */
#define APK_PLATFORM_SDK 35

/* Signature algorithms (scheme v2's list) that are understood. DSA is not. */
enum apk_algorithm {
	APK_RSA_PSS_SHA256 = 0x0101,
	APK_RSA_PSS_SHA512 = 0x0102,
	APK_RSA_PKCS1_SHA256 = 0x0103,
	APK_RSA_PKCS1_SHA512 = 0x0104,
	APK_ECDSA_SHA256 = 0x0201,
	APK_ECDSA_SHA512 = 0x0202,
	APK_VERITY_RSA_PKCS1_SHA256 = 0x0421,
	APK_VERITY_ECDSA_SHA256 = 0x0423,
};

/* How an algorithm digests the package (digest.h). */
enum apk_digest {
	APK_DIGEST_NONE, /* no algorithm that is understood */
	APK_DIGEST_CHUNKED_SHA256,
	APK_DIGEST_VERITY_SHA256,
	APK_DIGEST_CHUNKED_SHA512, /* the strongest */
};

enum apk_digest apk_algorithm_digest(guint32 algorithm);

/* Where a signed package's parts are, in bytes. */
struct apk_sections {
	struct zip_sections zip;
	guint64 block; /* of the signing block; the zip's files end here */
};

/* An algorithm, and a signature or a digest by it. */
struct apk_signed_value {
	guint32 algorithm;
	struct apk_cursor value;
};

/* The signer. Cursors point into @block. */
struct apk_signer {
	guint8 *block;
	struct apk_cursor signed_data; /* what the signature covers: from here on, also */
	GArray *digests;               /* struct apk_signed_value */
	struct apk_cursor certificate; /* DER; the first, whose key signs */
	guint32 signed_min_sdk, signed_max_sdk;
	guint32 min_sdk, max_sdk;     /* not covered: these five */
	GArray *signatures;           /* struct apk_signed_value */
	struct apk_cursor public_key; /* SubjectPublicKeyInfo, DER */
};

/*
 * Find the package's sections and its signer for APK_PLATFORM_SDK, of which there must be exactly one.
 *
 * Returns  the caller's, to be freed with apk_signer_free(); NULL: APK_ERROR_FORMAT, _UNSIGNED, _READ.
 */
struct apk_signer *apk_signer_read(const struct apk_source *source, struct apk_sections *sections,
				   GError **error);
void apk_signer_free(struct apk_signer *signer);

/* The strongest digest that it has by an algorithm that is understood; NULL: none. */
const struct apk_signed_value *apk_signer_best_digest(const struct apk_signer *signer);

#endif /* VMM_APK_SIGNING_BLOCK_H */
