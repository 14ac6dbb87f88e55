/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures of packages: apksigner's, ours, and each way in which they are wrong. */
#include <string.h>

#include "tests/apk/support.h"
#include "vmm/apk/verify.h"

static gboolean verify(const GByteArray *package, GError **error)
{
	struct apk_source source = package_source(package);
	struct apk_identity identity = { 0 };
	gboolean done = apk_verify(&source, &identity, error);

	assert_true(done == (identity.public_key != NULL));
	g_free(identity.public_key);
	return done;
}

static void apksigners_packages(void **state)
{
	static const char *const names[] = { "rsa.apk", "ec.apk", "verity.apk", "rsa4096.apk" };

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GByteArray) package = package_load(names[i]);
		GError *error = NULL;

		if (!verify(package, &error)) {
			fail_msg("%s: %s", names[i], error->message);
		}
	}
}

static void a_partition_is_filled_up(void **state)
{
	g_autoptr(GByteArray) package = package_load("rsa.apk");
	guint end = package->len;
	GError *error = NULL;

	(void)state;
	g_byte_array_set_size(package, (end + 4096) / 4096 * 4096);
	memset(package->data + end, 0, package->len - end);
	assert_true(verify(package, NULL));
	package->data[package->len - 1] = 1;
	assert_false(verify(package, &error));
	apk_error_is(error, APK_ERROR_FORMAT);
}

static void each_algorithm(void **state)
{
	static const struct {
		const char *key;
		guint32 algorithm;
	} cases[] = {
		{ "rsa", APK_RSA_PSS_SHA256 },   { "rsa", APK_RSA_PSS_SHA512 },
		{ "rsa", APK_RSA_PKCS1_SHA256 }, { "rsa", APK_RSA_PKCS1_SHA512 },
		{ "ec", APK_ECDSA_SHA256 },      { "ec", APK_ECDSA_SHA512 },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct recipe recipe = { .key = cases[i].key,
					       .digests = { cases[i].algorithm } };
		g_autoptr(GByteArray) package = package_make(&recipe);
		GError *error = NULL;

		if (!verify(package, &error)) {
			fail_msg("algorithm %x: %s", cases[i].algorithm, error->message);
		}
		/* The file's content: behind its header and name. */
		package->data[30 + strlen("assets/text")] ^= 1;
		assert_false(verify(package, &error));
		apk_error_is(error, APK_ERROR_MISMATCH);
	}
}

static void two_algorithms(void **state)
{
	const struct recipe both = { .key = "rsa",
				     .digests = { APK_RSA_PKCS1_SHA256, APK_RSA_PSS_SHA512 } };
	const struct recipe unknown = { .key = "rsa", .digests = { 0x0999, APK_RSA_PKCS1_SHA256 } };
	g_autoptr(GByteArray) package = package_make(&both);
	g_autoptr(GByteArray) odd = package_make(&unknown);

	(void)state;
	assert_true(verify(package, NULL));
	assert_true(verify(odd, NULL));
}

static void signers_that_are_wrong(void **state)
{
	static const struct {
		struct recipe recipe;
		enum apk_error code;
	} cases[] = {
		{ { .key = "rsa", .digests = { 0x0301 } }, APK_ERROR_UNSIGNED },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .certified = "ec" },
		  APK_ERROR_MISMATCH },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .no_certificate = TRUE },
		  APK_ERROR_FORMAT },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .signed_min_sdk = 29 },
		  APK_ERROR_MISMATCH },
		{ { .key = "rsa",
		    .digests = { APK_RSA_PKCS1_SHA256, APK_RSA_PKCS1_SHA512 },
		    .signatures = { APK_RSA_PKCS1_SHA256 } },
		  APK_ERROR_MISMATCH },
		{ { .key = "rsa",
		    .digests = { APK_RSA_PKCS1_SHA256 },
		    .signatures = { APK_RSA_PSS_SHA256 } },
		  APK_ERROR_MISMATCH },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .signers = 2 },
		  APK_ERROR_FORMAT },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .min_sdk = 36 },
		  APK_ERROR_UNSIGNED },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .max_sdk = 34 },
		  APK_ERROR_UNSIGNED },
		{ { .key = "rsa", .digests = { APK_RSA_PKCS1_SHA256 }, .pair_id = 0x7109871a },
		  APK_ERROR_UNSIGNED }, /* scheme v2 */
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) package = package_make(&cases[i].recipe);
		GError *error = NULL;

		if (verify(package, &error)) {
			fail_msg("case %u is verified", i);
		}
		apk_error_is(error, cases[i].code);
	}
}

/* A key of the other kind in the place of the signer's. */
static void a_key_of_another_kind(void **state)
{
	const struct recipe recipe = { .key = "ec", .digests = { APK_ECDSA_SHA256 } };
	g_autoptr(GByteArray) package = package_make(&recipe);
	GError *error = NULL;

	(void)state;
	for (guint i = 0; i + 4 < package->len; i++) {
		guint32 value;

		memcpy(&value, package->data + i, sizeof(value));
		if (value == APK_ECDSA_SHA256) {
			package->data[i + 1] = APK_RSA_PKCS1_SHA256 >> 8;
			package->data[i] = APK_RSA_PKCS1_SHA256 & 0xff;
		}
	}
	assert_false(verify(package, &error));
	apk_error_is(error, APK_ERROR_MISMATCH);
}

/*
 * Any byte of the package that is changed is noticed, but in pairs of the signing block that are not the signer's: of
 * those bytes only dm-verity knows. The step is prime, so the fields of all structures are met; the signer's pair is walked byte by byte.
 */
static void each_byte(const char *name, guint step)
{
	g_autoptr(GByteArray) package = package_load(name);
	struct apk_source source = package_source(package);
	struct apk_sections sections;
	struct apk_signer *signer = apk_signer_read(&source, &sections, NULL);
	guint64 signer_bytes = signer->signed_data.left + signer->public_key.left;
	guint64 other_from = sections.block, other_to = sections.zip.directory;
	guint missed = 0;

	/* The signer's pair is the first: 8 bytes of the block's size, 12 of the pair's; then lengths. */
	assert_true(signer_bytes > 0);
	other_from += 8 + 12 + 8 + (guint64)signer->signed_data.left;
	apk_signer_free(signer);
	for (guint i = 0; i < package->len; i += i >= sections.block && i < other_from ? 1 : step) {
		package->data[i] ^= 0x10;
		if (verify(package, NULL) && !(i >= other_from && i < other_to)) {
			missed++;
		}
		package->data[i] ^= 0x10;
	}
	assert_int_equal(missed, 0);
	assert_true(verify(package, NULL));
}

static void each_byte_of_a_package(void **state)
{
	(void)state;
	each_byte("ec.apk", 37);
	each_byte("verity.apk", 101);
}

static void cut_off(void **state)
{
	g_autoptr(GByteArray) package = package_load("rsa.apk");

	(void)state;
	for (guint bytes = 0; bytes < package->len; bytes += bytes < 64 ? 1 : 61) {
		struct apk_source source;
		struct apk_identity identity;

		apk_source_memory(&source, package->data, bytes);
		assert_false(apk_verify(&source, &identity, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apksigners_packages),
		cmocka_unit_test(a_partition_is_filled_up),
		cmocka_unit_test(each_algorithm),
		cmocka_unit_test(two_algorithms),
		cmocka_unit_test(signers_that_are_wrong),
		cmocka_unit_test(a_key_of_another_kind),
		cmocka_unit_test(each_byte_of_a_package),
		cmocka_unit_test(cut_off),
	};

	return cmocka_run_group_tests_name("apk_verify", tests, NULL, NULL);
}
