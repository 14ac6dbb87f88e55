/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/signing_block.h"

#include <string.h>

#define MAGIC "APK Sig Block 42"
#define MAGIC_BYTES 16
#define SIZE_BYTES 8
#define FOOTER_BYTES (SIZE_BYTES + MAGIC_BYTES)

enum apk_digest apk_algorithm_digest(guint32 algorithm)
{
	switch (algorithm) {
	case APK_RSA_PSS_SHA256:
	case APK_RSA_PKCS1_SHA256:
	case APK_ECDSA_SHA256:
		return APK_DIGEST_CHUNKED_SHA256;
	case APK_RSA_PSS_SHA512:
	case APK_RSA_PKCS1_SHA512:
	case APK_ECDSA_SHA512:
		return APK_DIGEST_CHUNKED_SHA512;
	case APK_VERITY_RSA_PKCS1_SHA256:
	case APK_VERITY_ECDSA_SHA256:
		return APK_DIGEST_VERITY_SHA256;
	default:
		return APK_DIGEST_NONE;
	}
}

static gboolean broken(GError **error, const char *what)
{
	return apk_fail(error, APK_ERROR_FORMAT, "the signing block: %s", what);
}

/* The block's pairs, between its two sizes; @bytes is freed by the caller. */
static gboolean read_block(const struct apk_source *source, struct apk_sections *sections,
			   guint8 **bytes, struct apk_cursor *pairs, GError **error)
{
	guint64 end = sections->zip.directory;
	guint8 footer[FOOTER_BYTES];
	struct apk_cursor at = { .at = footer, .left = sizeof(footer) };
	guint64 size = 0, first_size = 0;

	if (end < sizeof(footer) + SIZE_BYTES) {
		return apk_fail(error, APK_ERROR_UNSIGNED, "it has no signing block");
	}
	if (!apk_source_read(source, end - sizeof(footer), footer, sizeof(footer), error)) {
		return FALSE;
	}
	if (!apk_take_u64(&at, &size) || memcmp(at.at, MAGIC, MAGIC_BYTES) != 0) {
		return apk_fail(error, APK_ERROR_UNSIGNED, "it has no signing block");
	}
	if (size < FOOTER_BYTES || size > SIGNING_BLOCK_BYTES_MAX || size > end - SIZE_BYTES) {
		return broken(error, "its size");
	}
	sections->block = end - size - SIZE_BYTES;
	*bytes = g_malloc((gsize)size + SIZE_BYTES);
	if (!apk_source_read(source, sections->block, *bytes, (gsize)size + SIZE_BYTES, error)) {
		return FALSE;
	}
	at = (struct apk_cursor){ .at = *bytes, .left = (gsize)size + SIZE_BYTES };
	if (!apk_take_u64(&at, &first_size) || first_size != size) {
		return broken(error, "its two sizes differ");
	}
	return apk_take(&at, size - FOOTER_BYTES, pairs);
}

/* The value of the one pair with the ID of scheme v3. */
static gboolean find_v3(struct apk_cursor pairs, struct apk_cursor *value, GError **error)
{
	gboolean found = FALSE;

	while (pairs.left > 0) {
		struct apk_cursor pair;
		guint64 bytes;
		guint32 id;

		if (!apk_take_u64(&pairs, &bytes) || !apk_take(&pairs, bytes, &pair) ||
		    !apk_take_u32(&pair, &id)) {
			return broken(error, "a pair");
		}
		if (id == SIGNING_BLOCK_V3_ID) {
			if (found) {
				return broken(error, "two signatures of scheme v3");
			}
			found = TRUE;
			*value = pair;
		}
	}
	return found || apk_fail(error, APK_ERROR_UNSIGNED, "it has no signature of scheme v3");
}

/* A sequence of pairs of algorithm and value. */
static GArray *take_values(struct apk_cursor sequence)
{
	GArray *values = g_array_new(FALSE, FALSE, sizeof(struct apk_signed_value));

	while (sequence.left > 0) {
		struct apk_signed_value value;
		struct apk_cursor item;

		if (!apk_take_prefixed(&sequence, &item) ||
		    !apk_take_u32(&item, &value.algorithm) ||
		    !apk_take_prefixed(&item, &value.value)) {
			g_array_unref(values);
			return NULL;
		}
		g_array_append_val(values, value);
	}
	return values;
}

static gboolean read_signed_data(struct apk_signer *signer, GError **error)
{
	struct apk_cursor at = signer->signed_data;
	struct apk_cursor digests, certificates, attributes;

	if (!apk_take_prefixed(&at, &digests) || !apk_take_prefixed(&at, &certificates) ||
	    !apk_take_u32(&at, &signer->signed_min_sdk) ||
	    !apk_take_u32(&at, &signer->signed_max_sdk) || !apk_take_prefixed(&at, &attributes)) {
		return broken(error, "the signed data");
	}
	signer->digests = take_values(digests);
	if (signer->digests == NULL) {
		return broken(error, "the digests");
	}
	return apk_take_prefixed(&certificates, &signer->certificate) ||
	       broken(error, "it has no certificate");
}

/* All of a signer but its signed data's parts. */
static gboolean take_signer(struct apk_cursor at, struct apk_signer *signer, GError **error)
{
	struct apk_cursor signatures;

	if (!apk_take_prefixed(&at, &signer->signed_data) || !apk_take_u32(&at, &signer->min_sdk) ||
	    !apk_take_u32(&at, &signer->max_sdk) || !apk_take_prefixed(&at, &signatures) ||
	    !apk_take_prefixed(&at, &signer->public_key)) {
		return broken(error, "a signer");
	}
	if (signer->min_sdk > APK_PLATFORM_SDK || signer->max_sdk < APK_PLATFORM_SDK) {
		return TRUE;
	}
	signer->signatures = take_values(signatures);
	if (signer->signatures == NULL) {
		return broken(error, "the signatures");
	}
	return read_signed_data(signer, error);
}

static gboolean find_signer(struct apk_cursor block, struct apk_signer *signer, GError **error)
{
	struct apk_cursor signers, item;

	if (!apk_take_prefixed(&block, &signers)) {
		return broken(error, "the signers");
	}
	while (signers.left > 0) {
		if (!apk_take_prefixed(&signers, &item)) {
			return broken(error, "a signer");
		}
		if (signer->signatures != NULL) {
			struct apk_signer other = { 0 };
			gboolean done = take_signer(item, &other, error);
			gboolean second = other.signatures != NULL;

			g_clear_pointer(&other.signatures, g_array_unref);
			g_clear_pointer(&other.digests, g_array_unref);
			if (!done || second) {
				return done ? broken(error, "two signers for this platform") :
					      FALSE;
			}
		} else if (!take_signer(item, signer, error)) {
			return FALSE;
		}
	}
	return signer->signatures != NULL ||
	       apk_fail(error, APK_ERROR_UNSIGNED, "it has no signer for API level %d",
			APK_PLATFORM_SDK);
}

struct apk_signer *apk_signer_read(const struct apk_source *source, struct apk_sections *sections,
				   GError **error)
{
	struct apk_signer *signer = g_new0(struct apk_signer, 1);
	struct apk_cursor pairs = { 0 }, v3 = { 0 };
	gboolean done;

	done = zip_sections(source, &sections->zip, error) &&
	       read_block(source, sections, &signer->block, &pairs, error) &&
	       find_v3(pairs, &v3, error) && find_signer(v3, signer, error);
	if (!done) {
		apk_signer_free(signer);
		return NULL;
	}
	return signer;
}

void apk_signer_free(struct apk_signer *signer)
{
	if (signer != NULL) {
		g_clear_pointer(&signer->digests, g_array_unref);
		g_clear_pointer(&signer->signatures, g_array_unref);
		g_free(signer->block);
		g_free(signer);
	}
}

const struct apk_signed_value *apk_signer_best_digest(const struct apk_signer *signer)
{
	const struct apk_signed_value *best = NULL;
	enum apk_digest best_kind = APK_DIGEST_NONE;

	for (guint i = 0; i < signer->digests->len; i++) {
		const struct apk_signed_value *value =
			&g_array_index(signer->digests, struct apk_signed_value, i);

		if (apk_algorithm_digest(value->algorithm) > best_kind) {
			best = value;
			best_kind = apk_algorithm_digest(value->algorithm);
		}
	}
	return best;
}
