/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zips: what is in them, and those that are refused. */
#include <string.h>

#include "tests/apk/support.h"

#define CONTENT_MAX 100000

static GPtrArray *entries_of(const GByteArray *zip, GError **error)
{
	struct apk_source source = package_source(zip);
	struct zip_sections sections;

	return zip_sections(&source, &sections, error) ? zip_entries(&source, &sections, error) :
							 NULL;
}

static void a_package(void **state)
{
	g_autoptr(GByteArray) package = package_load("rsa.apk");
	g_autoptr(GPtrArray) entries = entries_of(package, NULL);
	struct apk_source source = package_source(package);
	const struct zip_entry *library, *text;
	g_autoptr(GBytes) content = NULL;
	gsize bytes;

	(void)state;
	assert_non_null(entries);
	assert_int_equal(entries->len, 3);
	library = g_ptr_array_index(entries, 1);
	assert_string_equal(library->name, "lib/arm64-v8a/library.so");
	assert_int_equal(library->method, ZIP_STORED);
	assert_int_equal(library->size, 9000);
	assert_int_equal(library->offset % 4096, 0); /* zipalign */
	assert_int_equal(package->data[library->offset], 'L');
	assert_int_equal(package->data[library->offset + 8999], 'L');
	text = g_ptr_array_index(entries, 2);
	assert_string_equal(text->name, "assets/text");
	assert_int_equal(text->method, ZIP_DEFLATED);
	content = zip_content(&source, text, CONTENT_MAX, NULL);
	assert_non_null(content);
	assert_non_null(
		g_strstr_len(g_bytes_get_data(content, &bytes), -1, "GNU GENERAL PUBLIC LICENSE"));
	assert_int_equal(bytes, text->size);
	assert_null(zip_content(&source, text, text->size - 1, NULL));
	package->data[text->offset + 5] ^= 1;
	assert_null(zip_content(&source, text, CONTENT_MAX, NULL));
}

static void folders_and_comment(void **state)
{
	static const struct zip_recipe recipes[] = {
		{ .name = "a/", .content = "" },
		{ .name = "a/b", .content = "in it" },
		{ .name = "c", .content = "" },
	};
	g_autoptr(GByteArray) zip = zip_make(recipes, G_N_ELEMENTS(recipes), "a comment");
	g_autoptr(GPtrArray) entries = entries_of(zip, NULL);
	struct apk_source source = package_source(zip);
	g_autoptr(GBytes) content = NULL;
	const struct zip_entry *entry;

	(void)state;
	assert_non_null(entries);
	entry = g_ptr_array_index(entries, 0);
	assert_true(entry->is_folder);
	assert_string_equal(entry->name, "a");
	entry = g_ptr_array_index(entries, 1);
	assert_false(entry->is_folder);
	content = zip_content(&source, entry, CONTENT_MAX, NULL);
	assert_int_equal(g_bytes_get_size(content), 5);
	assert_memory_equal(g_bytes_get_data(content, NULL), "in it", 5);
}

static void names_that_are_refused(void **state)
{
	static const char *const names[] = { "",     "/a",  "a//b", "../a", "a/../b",
					     "a/..", "./a", "a/.",  "/",    "a//" };

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		const struct zip_recipe recipe = { .name = names[i], .content = "x" };
		g_autoptr(GByteArray) zip = zip_make(&recipe, 1, "");
		GError *error = NULL;

		if (entries_of(zip, &error) != NULL) {
			fail_msg("%s is a name", names[i]);
		}
		apk_error_is(error, APK_ERROR_FORMAT);
	}
}

static void entries_that_are_refused(void **state)
{
	static const struct zip_recipe cases[][2] = {
		{ { "a", "x", 0, 1 }, { "b", "x", 0, 0 } },     /* encrypted */
		{ { "a", "x", 12, 0 }, { "b", "x", 0, 0 } },    /* bzip2 */
		{ { "a", "x", 0, 0 }, { "a", "y", 0, 0 } },     /* twice */
		{ { "a", "x", 0, 0 }, { "a/b", "y", 0, 0 } },   /* file and folder */
		{ { "a/b", "x", 0, 0 }, { "a", "y", 0, 0 } },   /* the other way round */
		{ { "a/b", "x", 0, 0 }, { "a/b/", "", 0, 0 } }, /* by its own name */
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) zip = zip_make(cases[i], 2, "");
		GError *error = NULL;
		GPtrArray *entries = entries_of(zip, &error);

		if (entries != NULL) {
			fail_msg("case %u is a zip", i);
		}
		apk_error_is(error, APK_ERROR_FORMAT);
	}
}

/* @at bytes before the end of a zip with one file another byte: no zip, or not with that file. */
static void end_record_that_is_wrong(void **state)
{
	static const guint before_end[] = { 22, 18, 16, 14, 12, 10, 6, 2 };
	static const struct zip_recipe recipe = { .name = "a", .content = "x" };

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(before_end); i++) {
		g_autoptr(GByteArray) zip = zip_make(&recipe, 1, "");
		GError *error = NULL;

		zip->data[zip->len - before_end[i]] ^= 4;
		assert_null(entries_of(zip, &error));
		apk_error_is(error, APK_ERROR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_package),
		cmocka_unit_test(folders_and_comment),
		cmocka_unit_test(names_that_are_refused),
		cmocka_unit_test(entries_that_are_refused),
		cmocka_unit_test(end_record_that_is_wrong),
	};

	return cmocka_run_group_tests_name("apk_zip", tests, NULL, NULL);
}
