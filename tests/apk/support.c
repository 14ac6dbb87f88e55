/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/apk/support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <zlib.h>

#include "vmm/apk/digest.h"

#define MIN_SDK 28
#define MAX_SDK 0x7fffffff

static void put(GByteArray *to, guint64 number, gsize bytes)
{
	guint64 little = GUINT64_TO_LE(number);

	g_byte_array_append(to, (const guint8 *)&little, (guint)bytes);
}

static void put_prefixed(GByteArray *to, const guint8 *bytes, gsize count)
{
	put(to, count, 4);
	g_byte_array_append(to, bytes, (guint)count);
}

/* Append @part with its size in front, and free it. */
static void put_part(GByteArray *to, GByteArray *part)
{
	put_prefixed(to, part->data, part->len);
	g_byte_array_unref(part);
}

GByteArray *package_load(const char *name)
{
	g_autofree char *path = g_build_filename(APK_PACKAGES, name, NULL);
	gsize bytes;
	char *text;

	assert_true(g_file_get_contents(path, &text, &bytes, NULL));
	return g_byte_array_new_take((guint8 *)text, bytes);
}

struct apk_source package_source(const GByteArray *bytes)
{
	struct apk_source source;

	apk_source_memory(&source, bytes->data, bytes->len);
	return source;
}

void apk_error_is(GError *error, enum apk_error code)
{
	assert_non_null(error);
	assert_true(error->domain == APK_ERROR);
	if (error->code != (int)code) {
		fail_msg("error %d, not %d: %s", error->code, (int)code, error->message);
	}
	g_error_free(error);
}

/* What a local header and an entry of the directory have alike. */
static void put_header(GByteArray *to, const struct zip_recipe *r)
{
	gsize bytes = strlen(r->content);

	put(to, r->flags, 2);
	put(to, r->method, 2);
	put(to, 0, 4);
	put(to, crc32(0, (const Bytef *)r->content, (uInt)bytes), 4);
	put(to, bytes, 4);
	put(to, bytes, 4);
	put(to, strlen(r->name), 2);
	put(to, 0, 2);
}

GByteArray *zip_make(const struct zip_recipe *entries, guint count, const char *comment)
{
	GByteArray *zip = g_byte_array_new();
	g_autoptr(GByteArray) directory = g_byte_array_new();
	guint at;

	for (guint i = 0; i < count; i++) {
		const struct zip_recipe *r = &entries[i];

		put(directory, 0x02014b50, 4);
		put(directory, 0x00140014, 4);
		put_header(directory, r);
		put(directory, 0, 8);
		put(directory, 0, 2);
		put(directory, zip->len, 4);
		g_byte_array_append(directory, (const guint8 *)r->name, (guint)strlen(r->name));
		put(zip, 0x04034b50, 4);
		put(zip, 20, 2);
		put_header(zip, r);
		g_byte_array_append(zip, (const guint8 *)r->name, (guint)strlen(r->name));
		g_byte_array_append(zip, (const guint8 *)r->content, (guint)strlen(r->content));
	}
	at = zip->len;
	g_byte_array_append(zip, directory->data, directory->len);
	put(zip, 0x06054b50, 4);
	put(zip, 0, 4);
	put(zip, count, 2);
	put(zip, count, 2);
	put(zip, directory->len, 4);
	put(zip, at, 4);
	put(zip, strlen(comment), 2);
	g_byte_array_append(zip, (const guint8 *)comment, (guint)strlen(comment));
	return zip;
}

static EVP_PKEY *load_key(const char *name)
{
	g_autofree char *file = g_strconcat(name, ".pk8", NULL);
	g_autoptr(GByteArray) bytes = package_load(file);
	const guint8 *at = bytes->data;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)bytes->len);

	assert_non_null(key);
	return key;
}

/* The certificate @name, DER, as a sequence of one. */
static GByteArray *certificates(const struct recipe *recipe)
{
	g_autofree char *file = g_strconcat(
		recipe->certified != NULL ? recipe->certified : recipe->key, ".pem", NULL);
	g_autoptr(GByteArray) text = package_load(file);
	BIO *bio = BIO_new_mem_buf(text->data, (int)text->len);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	GByteArray *sequence = g_byte_array_new();
	unsigned char *der = NULL;
	int bytes = i2d_X509(certificate, &der);

	assert_true(bytes > 0);
	if (!recipe->no_certificate) {
		put_prefixed(sequence, der, (gsize)bytes);
	}
	OPENSSL_free(der);
	X509_free(certificate);
	BIO_free(bio);
	return sequence;
}

static void put_value(GByteArray *to, guint32 algorithm, const guint8 *bytes, gsize count)
{
	GByteArray *value = g_byte_array_new();

	put(value, algorithm, 4);
	put_prefixed(value, bytes, count);
	put_part(to, value);
}

static GByteArray *make_digests(const struct recipe *recipe, const GByteArray *zip)
{
	struct apk_source source = package_source(zip);
	GByteArray *digests = g_byte_array_new();
	struct apk_sections sections;

	assert_true(zip_sections(&source, &sections.zip, NULL));
	sections.block = sections.zip.directory;
	for (guint i = 0; i < RECIPE_ALGORITHMS && recipe->digests[i] != 0; i++) {
		enum apk_digest kind = apk_algorithm_digest(recipe->digests[i]);
		guint8 digest[APK_DIGEST_BYTES_MAX] = { 0 };
		gsize bytes = 8;

		assert_true(kind == APK_DIGEST_NONE ||
			    apk_content_digest(&source, &sections, kind, digest, &bytes, NULL));
		put_value(digests, recipe->digests[i], digest, bytes);
	}
	return digests;
}

static gboolean is_pss(guint32 algorithm)
{
	return algorithm == APK_RSA_PSS_SHA256 || algorithm == APK_RSA_PSS_SHA512;
}

static void put_signature(GByteArray *to, guint32 algorithm, EVP_PKEY *key, const GByteArray *data)
{
	const EVP_MD *hash = apk_algorithm_digest(algorithm) == APK_DIGEST_CHUNKED_SHA512 ?
				     EVP_sha512() :
				     EVP_sha256();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	guint8 signature[1024];
	size_t bytes = sizeof(signature);
	EVP_PKEY_CTX *how;

	assert_int_equal(EVP_DigestSignInit(context, &how, hash, NULL, key), 1);
	if (is_pss(algorithm)) {
		EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(context, signature, &bytes, data->data, data->len), 1);
	put_value(to, algorithm, signature, bytes);
	EVP_MD_CTX_free(context);
}

static GByteArray *make_signed_data(const struct recipe *recipe, const GByteArray *zip,
				    guint32 min_sdk, guint32 max_sdk)
{
	GByteArray *data = g_byte_array_new();

	put_part(data, make_digests(recipe, zip));
	put_part(data, certificates(recipe));
	put(data, recipe->signed_min_sdk != 0 ? recipe->signed_min_sdk : min_sdk, 4);
	put(data, max_sdk, 4);
	put_part(data, g_byte_array_new());
	return data;
}

static GByteArray *make_signer(const struct recipe *recipe, const GByteArray *zip)
{
	const guint32 *algorithms = recipe->signatures[0] != 0 ? recipe->signatures :
								 recipe->digests;
	guint32 min_sdk = recipe->min_sdk != 0 ? recipe->min_sdk : MIN_SDK;
	guint32 max_sdk = recipe->max_sdk != 0 ? recipe->max_sdk : MAX_SDK;
	g_autoptr(GByteArray) data = make_signed_data(recipe, zip, min_sdk, max_sdk);
	GByteArray *signatures = g_byte_array_new();
	GByteArray *signer = g_byte_array_new();
	EVP_PKEY *key = load_key(recipe->key);
	unsigned char *der = NULL;
	int bytes = i2d_PUBKEY(key, &der);

	assert_true(bytes > 0);
	for (guint i = 0; i < RECIPE_ALGORITHMS && algorithms[i] != 0; i++) {
		put_signature(signatures, algorithms[i], key, data);
	}
	put_prefixed(signer, data->data, data->len);
	put(signer, min_sdk, 4);
	put(signer, max_sdk, 4);
	put_part(signer, signatures);
	put_prefixed(signer, der, (gsize)bytes);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return signer;
}

static GByteArray *make_block(const struct recipe *recipe, const GByteArray *zip)
{
	g_autoptr(GByteArray) value = g_byte_array_new();
	GByteArray *signers = g_byte_array_new();
	GByteArray *block = g_byte_array_new();
	guint64 size;

	for (guint i = 0; i < MAX(recipe->signers, 1); i++) {
		put_part(signers, make_signer(recipe, zip));
	}
	put_part(value, signers);
	size = 8 + 4 + value->len + 8 + 16;
	put(block, size, 8);
	put(block, 4 + value->len, 8);
	put(block, recipe->pair_id != 0 ? recipe->pair_id : SIGNING_BLOCK_V3_ID, 4);
	g_byte_array_append(block, value->data, value->len);
	put(block, size, 8);
	g_byte_array_append(block, (const guint8 *)"APK Sig Block 42", 16);
	return block;
}

GByteArray *package_make(const struct recipe *recipe)
{
	static const struct zip_recipe file = { .name = "assets/text", .content = "some text" };
	g_autoptr(GByteArray) zip = zip_make(&file, 1, "");
	g_autoptr(GByteArray) block = make_block(recipe, zip);
	struct apk_source source = package_source(zip);
	GByteArray *package = g_byte_array_new();
	struct zip_sections sections;
	guint64 directory;

	assert_true(zip_sections(&source, &sections, NULL));
	g_byte_array_append(package, zip->data, (guint)sections.directory);
	g_byte_array_append(package, block->data, block->len);
	directory = package->len;
	g_byte_array_append(package, zip->data + sections.directory,
			    (guint)(zip->len - sections.directory));
	for (guint i = 0; i < 4; i++) {
		package->data[package->len - 6 + i] = (guint8)(directory >> (8 * i));
	}
	return package;
}
