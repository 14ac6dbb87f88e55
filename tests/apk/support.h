/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packages for the tests: those that apksigner made, and small ones signed here in ways that it has not. A helper that fails fails the test. */
#ifndef TESTS_APK_SUPPORT_H
#define TESTS_APK_SUPPORT_H

#include "tests/plugins/cmocka_all.h"
#include "vmm/apk/signing_block.h"

#define RECIPE_ALGORITHMS 2

/* How a package is signed. */
struct recipe {
	const char *key;                       /* of APK_PACKAGES: "rsa", "ec" */
	const char *certified;                 /* whose certificate; NULL: the key's */
	guint32 digests[RECIPE_ALGORITHMS];    /* algorithms; 0: one less */
	guint32 signatures[RECIPE_ALGORITHMS]; /* likewise; the first 0: those of the digests */
	guint32 min_sdk, max_sdk;              /* both 0: 28 to 2^31 - 1 */
	guint32 signed_min_sdk;                /* 0: the same */
	guint32 pair_id;                       /* 0: that of scheme v3 */
	guint signers;                         /* 0: one */
	gboolean no_certificate;
};

/* A file of APK_PACKAGES; the caller's. */
GByteArray *package_load(const char *name);

/* A package with one file, signed as @recipe says; the caller's. */
GByteArray *package_make(const struct recipe *recipe);

/* A source that is @bytes. */
struct apk_source package_source(const GByteArray *bytes);

/* Is it APK_ERROR with this code? Frees @error. */
void apk_error_is(GError *error, enum apk_error code);

/* One entry of a zip made by zip_make(). */
struct zip_recipe {
	const char *name;
	const char *content;
	guint16 method;
	guint16 flags;
};

/* A zip of stored entries, whatever @method says; @comment behind its end record. The caller's. */
GByteArray *zip_make(const struct zip_recipe *entries, guint count, const char *comment);

#endif /* TESTS_APK_SUPPORT_H */
