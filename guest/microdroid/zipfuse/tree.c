/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/zipfuse/tree.h"

#include <string.h>

static void node_free(gpointer data)
{
	struct tree_node *node = data;

	g_clear_pointer(&node->children, g_ptr_array_unref);
	g_clear_pointer(&node->by_name, g_hash_table_unref);
	g_clear_pointer(&node->content, g_bytes_unref);
	g_free(node->name);
	g_free(node);
}

static struct tree_node *add_node(struct tree *tree, struct tree_node *parent, char *name,
				  const struct zip_entry *entry)
{
	struct tree_node *node = g_new0(struct tree_node, 1);

	g_ptr_array_add(tree->nodes, node);
	node->number = tree->nodes->len;
	node->parent = parent != NULL ? parent->number : node->number;
	node->name = name;
	node->entry = entry;
	if (entry == NULL) {
		node->children = g_ptr_array_new();
		node->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	}
	if (parent != NULL) {
		g_ptr_array_add(parent->children, node);
		g_hash_table_insert(parent->by_name, node->name, node);
	}
	return node;
}

/* The zip's reader has made sure that no name is there twice or goes through a file. */
static void add_entry(struct tree *tree, const struct zip_entry *entry)
{
	g_auto(GStrv) parts = g_strsplit(entry->name, "/", -1);
	struct tree_node *at = tree_node(tree, TREE_ROOT);

	for (char **part = parts; *part != NULL; part++) {
		gboolean is_file = part[1] == NULL && !entry->is_folder;
		struct tree_node *child = tree_lookup(at, *part);

		if (child == NULL) {
			child = add_node(tree, at, g_strdup(*part), is_file ? entry : NULL);
		}
		at = child;
	}
}

struct tree *tree_new(GPtrArray *entries)
{
	struct tree *tree = g_new0(struct tree, 1);

	tree->entries = entries;
	tree->nodes = g_ptr_array_new_with_free_func(node_free);
	add_node(tree, NULL, g_strdup(""), NULL);
	for (guint i = 0; i < entries->len; i++) {
		add_entry(tree, g_ptr_array_index(entries, i));
	}
	return tree;
}

void tree_free(struct tree *tree)
{
	g_ptr_array_unref(tree->nodes);
	g_ptr_array_unref(tree->entries);
	g_free(tree);
}

struct tree_node *tree_node(const struct tree *tree, guint64 number)
{
	return number >= 1 && number <= tree->nodes->len ?
		       g_ptr_array_index(tree->nodes, number - 1) :
		       NULL;
}

struct tree_node *tree_lookup(const struct tree_node *folder, const char *name)
{
	return folder->by_name != NULL ? g_hash_table_lookup(folder->by_name, name) : NULL;
}

gboolean tree_is_below(const struct tree *tree, const struct tree_node *node, const char *name)
{
	while (node->parent != TREE_ROOT) {
		node = tree_node(tree, node->parent);
	}
	return strcmp(node->name, name) == 0;
}
