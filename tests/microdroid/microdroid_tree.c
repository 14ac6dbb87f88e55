/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A zip's entries as folders and files. */
#include <string.h>

#include "tests/apk/support.h"
#include "guest/microdroid/zipfuse/tree.h"

static struct tree *tree_of(const struct zip_recipe *recipes, guint count)
{
	g_autoptr(GByteArray) zip = zip_make(recipes, count, "");
	struct apk_source source = package_source(zip);
	struct zip_sections sections;
	GPtrArray *entries;

	assert_true(zip_sections(&source, &sections, NULL));
	entries = zip_entries(&source, &sections, NULL);
	assert_non_null(entries);
	return tree_new(entries);
}

static void folders_and_files(void **state)
{
	static const struct zip_recipe recipes[] = {
		{ .name = "a/b/c", .content = "c" }, { .name = "a/d", .content = "dd" },
		{ .name = "a/", .content = "" },     { .name = "e/", .content = "" },
		{ .name = "f", .content = "" },
	};
	struct tree *tree = tree_of(recipes, G_N_ELEMENTS(recipes));
	const struct tree_node *root = tree_node(tree, TREE_ROOT);
	const struct tree_node *a, *b, *c;

	(void)state;
	assert_int_equal(root->parent, TREE_ROOT);
	assert_int_equal(root->children->len, 3); /* a, e, f: a once */
	a = tree_lookup(root, "a");
	assert_non_null(a);
	assert_null(a->entry);
	assert_int_equal(a->parent, TREE_ROOT);
	assert_int_equal(a->children->len, 2);
	b = tree_lookup(a, "b");
	c = tree_lookup(b, "c");
	assert_string_equal(c->entry->name, "a/b/c");
	assert_int_equal(c->parent, b->number);
	assert_ptr_equal(tree_node(tree, c->number), c);
	assert_null(tree_lookup(c, "x")); /* a file has no children */
	assert_null(tree_lookup(root, "b"));
	assert_null(tree_lookup(root, ""));
	assert_int_equal(tree_lookup(root, "e")->children->len, 0);
	assert_non_null(tree_lookup(root, "f")->entry);
	assert_true(tree_is_below(tree, a, "a"));
	assert_true(tree_is_below(tree, c, "a"));
	assert_false(tree_is_below(tree, c, "b"));
	assert_false(tree_is_below(tree, root, "a"));
	assert_false(tree_is_below(tree, tree_lookup(root, "f"), "a"));
	assert_null(tree_node(tree, 0));
	assert_null(tree_node(tree, tree->nodes->len + 1));
	tree_free(tree);
}

static void an_empty_zip(void **state)
{
	struct tree *tree = tree_of(NULL, 0);

	(void)state;
	assert_int_equal(tree->nodes->len, 1);
	assert_int_equal(tree_node(tree, TREE_ROOT)->children->len, 0);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_and_files),
		cmocka_unit_test(an_empty_zip),
	};

	return cmocka_run_group_tests_name("microdroid_tree", tests, NULL, NULL);
}
