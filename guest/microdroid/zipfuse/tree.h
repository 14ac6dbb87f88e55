/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A zip's entries as inodes: folders and files, by number. Built once, then only read, but for unpacked contents. One thread. */
#ifndef GUEST_MICRODROID_ZIPFUSE_TREE_H
#define GUEST_MICRODROID_ZIPFUSE_TREE_H

#include "vmm/apk/zip.h"

#define TREE_ROOT 1 /* the root folder's number, as FUSE has it */

struct tree_node {
	guint64 number;
	guint64 parent;                /* of the root: itself */
	char *name;                    /* in its folder; of the root "" */
	const struct zip_entry *entry; /* NULL: a folder */
	GPtrArray *children;           /* of a folder: struct tree_node, as the zip has them */
	GHashTable *by_name;           /* of a folder: name to node */
	GBytes *content;               /* of a deflated file that is open: all of it */
	guint users;                   /* of @content */
};

struct tree {
	GPtrArray *entries; /* struct zip_entry: the tree's */
	GPtrArray *nodes;   /* number n at n - 1 */
};

/* A tree of @entries, which it owns from here on. */
struct tree *tree_new(GPtrArray *entries);
void tree_free(struct tree *tree);

/* The node @number, or NULL. */
struct tree_node *tree_node(const struct tree *tree, guint64 number);

/* Is @node @name, which lies in the root, or below it? */
gboolean tree_is_below(const struct tree *tree, const struct tree_node *node, const char *name);

/* @folder's child @name, or NULL: also if it is no folder. */
struct tree_node *tree_lookup(const struct tree_node *folder, const char *name);

#endif /* GUEST_MICRODROID_ZIPFUSE_TREE_H */
