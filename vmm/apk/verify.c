/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/verify.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "vmm/apk/digest.h"

/* How libcrypto verifies an algorithm's signature. */
struct method {
	guint32 algorithm;
	int key_type;     /* EVP_PKEY_* */
	const char *hash; /* of the signed data */
	int padding;      /* of RSA; 0: it is none */
};

/* A PSS salt has as many bytes as the hash. */
static const struct method methods[] = {
	{ APK_RSA_PSS_SHA256, EVP_PKEY_RSA, "SHA256", RSA_PKCS1_PSS_PADDING },
	{ APK_RSA_PSS_SHA512, EVP_PKEY_RSA, "SHA512", RSA_PKCS1_PSS_PADDING },
	{ APK_RSA_PKCS1_SHA256, EVP_PKEY_RSA, "SHA256", RSA_PKCS1_PADDING },
	{ APK_RSA_PKCS1_SHA512, EVP_PKEY_RSA, "SHA512", RSA_PKCS1_PADDING },
	{ APK_ECDSA_SHA256, EVP_PKEY_EC, "SHA256", 0 },
	{ APK_ECDSA_SHA512, EVP_PKEY_EC, "SHA512", 0 },
	{ APK_VERITY_RSA_PKCS1_SHA256, EVP_PKEY_RSA, "SHA256", RSA_PKCS1_PADDING },
	{ APK_VERITY_ECDSA_SHA256, EVP_PKEY_EC, "SHA256", 0 },
};

static const struct method *find_method(guint32 algorithm)
{
	for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
		if (methods[i].algorithm == algorithm) {
			return &methods[i];
		}
	}
	return NULL;
}

static gboolean wrong(GError **error, const char *what)
{
	return apk_fail(error, APK_ERROR_MISMATCH, "the package's signature: %s", what);
}

/* The signature to verify: one of the strongest digest. */
static const struct apk_signed_value *best_signature(const struct apk_signer *signer)
{
	const struct apk_signed_value *best = NULL;
	enum apk_digest best_kind = APK_DIGEST_NONE;

	for (guint i = 0; i < signer->signatures->len; i++) {
		const struct apk_signed_value *value =
			&g_array_index(signer->signatures, struct apk_signed_value, i);

		if (apk_algorithm_digest(value->algorithm) > best_kind) {
			best = value;
			best_kind = apk_algorithm_digest(value->algorithm);
		}
	}
	return best;
}

static gboolean check_signature(EVP_PKEY *key, const struct method *method,
				const struct apk_signed_value *signature,
				const struct apk_cursor *data)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context = NULL;
	gboolean done;

	done = context != NULL && EVP_DigestVerifyInit_ex(context, &key_context, method->hash, NULL,
							  NULL, key, NULL) == 1;
	if (done && method->padding != 0) {
		done = EVP_PKEY_CTX_set_rsa_padding(key_context, method->padding) == 1;
	}
	if (done && method->padding == RSA_PKCS1_PSS_PADDING) {
		done = EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1;
	}
	done = done && EVP_DigestVerify(context, signature->value.at, signature->value.left,
					data->at, data->left) == 1;
	EVP_MD_CTX_free(context);
	return done;
}

static gboolean verify_signed_data(const struct apk_signer *signer,
				   const struct apk_signed_value *signature, GError **error)
{
	const struct method *method = find_method(signature->algorithm);
	const guint8 *at = signer->public_key.at;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)signer->public_key.left);
	gboolean done = FALSE;

	if (key == NULL || at != signer->public_key.at + signer->public_key.left) {
		wrong(error, "its public key cannot be read");
	} else if (method == NULL || EVP_PKEY_get_base_id(key) != method->key_type) {
		wrong(error, "its public key is of another kind");
	} else if (!check_signature(key, method, signature, &signer->signed_data)) {
		wrong(error, "it is not by its public key");
	} else {
		done = TRUE;
	}
	EVP_PKEY_free(key);
	return done;
}

/* The certificate is there to name the key: whose it is, nobody here asks. */
static gboolean check_certificate(const struct apk_signer *signer, GError **error)
{
	const guint8 *at = signer->certificate.at;
	X509 *certificate = d2i_X509(NULL, &at, (long)signer->certificate.left);
	unsigned char *key = NULL;
	int bytes = -1;
	gboolean same;

	if (certificate != NULL) {
		bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
	}
	same = bytes > 0 && (gsize)bytes == signer->public_key.left &&
	       memcmp(key, signer->public_key.at, signer->public_key.left) == 0;
	OPENSSL_free(key);
	X509_free(certificate);
	return same || wrong(error, "its certificate is not of its public key");
}

/* The signer must not have been given other algorithms, or another platform, than it signed. */
static gboolean check_signer(const struct apk_signer *signer, GError **error)
{
	if (signer->min_sdk != signer->signed_min_sdk ||
	    signer->max_sdk != signer->signed_max_sdk) {
		return wrong(error, "its API levels are not those that were signed");
	}
	if (signer->digests->len != signer->signatures->len) {
		return wrong(error, "it has not one signature for each digest");
	}
	for (guint i = 0; i < signer->digests->len; i++) {
		if (g_array_index(signer->digests, struct apk_signed_value, i).algorithm !=
		    g_array_index(signer->signatures, struct apk_signed_value, i).algorithm) {
			return wrong(error, "digests and signatures are of other algorithms");
		}
	}
	return TRUE;
}

static gboolean check_content(const struct apk_source *source, const struct apk_sections *sections,
			      const struct apk_signed_value *expected, GError **error)
{
	guint8 digest[APK_DIGEST_BYTES_MAX];
	gsize bytes = 0;

	if (!apk_content_digest(source, sections, apk_algorithm_digest(expected->algorithm), digest,
				&bytes, error)) {
		return FALSE;
	}
	return (bytes == expected->value.left && memcmp(digest, expected->value.at, bytes) == 0) ||
	       wrong(error, "the content is not what was signed");
}

static gboolean verify(const struct apk_source *source, const struct apk_sections *sections,
		       const struct apk_signer *signer, GError **error)
{
	const struct apk_signed_value *signature = best_signature(signer);

	if (signature == NULL) {
		return apk_fail(error, APK_ERROR_UNSIGNED,
				"the package's signature: of no algorithm that is known");
	}
	if (!verify_signed_data(signer, signature, error) || !check_signer(signer, error) ||
	    !check_certificate(signer, error)) {
		return FALSE;
	}
	/* The same algorithms in the same order: so the best digest is the one that this signature is for. */
	return check_content(source, sections, apk_signer_best_digest(signer), error);
}

gboolean apk_verify(const struct apk_source *source, struct apk_identity *identity, GError **error)
{
	struct apk_sections sections;
	struct apk_signer *signer = apk_signer_read(source, &sections, error);
	const struct apk_signed_value *digest;
	gboolean done;

	if (signer == NULL) {
		return FALSE;
	}
	done = verify(source, &sections, signer, error);
	if (done) {
		digest = apk_signer_best_digest(signer);
		identity->public_key = g_memdup2(signer->public_key.at, signer->public_key.left);
		identity->public_key_bytes = signer->public_key.left;
		memcpy(identity->digest, digest->value.at, digest->value.left);
		identity->digest_bytes = digest->value.left;
	}
	apk_signer_free(signer);
	return done;
}
