/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of flattened device trees (Devicetree Specification 0.4, chapter 5)
 * that trusts no byte of them: the tree comes from the VMM, which a protected guest
 * does not trust. Every offset is checked before it is used; a malformed tree
 * ends a walk early, as if nothing more were there. It allocates nothing, keeps
 * pointers into the tree only, and is pure (compiled for unit tests as well).
 */
#ifndef GUEST_DEVTREE_H
#define GUEST_DEVTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVTREE_DEPTH_MAX 8 /* the root has depth 0; a deeper node ends the walk */

struct devtree {
	const uint8_t *structure; /* the structure block */
	size_t structure_bytes;
	const char *strings; /* the strings block */
	size_t strings_bytes;
};

struct devtree_property {
	const char *name;
	const uint8_t *value; /* NULL: there is no such property */
	size_t bytes;
};

/* A node and the place of a walk; zero-initialise it to begin with the root. */
struct devtree_node {
	const char *name; /* with its unit address; "" for the root */
	unsigned int depth;
	size_t properties; /* offset in the structure block */
	/* #address-cells and #size-cells by which this node's "reg" is to be read. */
	unsigned int address_cells;
	unsigned int size_cells;
	/* The walk's own: next offset, nodes open, and cells of the open nodes. */
	size_t next;
	unsigned int open;
	uint8_t cells[DEVTREE_DEPTH_MAX + 1][2];
};

/*
 * Begin to read the tree of at most @limit bytes at @blob. @blob may have any
 * alignment. Returns false if it is no tree of version 16 or 17 that lies wholly
 * within @limit.
 */
bool devtree_open(struct devtree *tree, const void *blob, size_t limit);

/* Go to the next node in the tree's order. Returns false when there is none. */
bool devtree_node_next(const struct devtree *tree, struct devtree_node *node);

/* The property @name of @node; .value is NULL if there is none. */
struct devtree_property devtree_property(const struct devtree *tree,
					 const struct devtree_node *node, const char *name);

/* Whether the string list @name of @node holds @text. */
bool devtree_has_string(const struct devtree *tree, const struct devtree_node *node,
			const char *name, const char *text);

/* Element @index of a property of 32-bit cells; false if it has no such one. */
bool devtree_cell(const struct devtree_property *property, size_t index, uint32_t *value);

/*
 * Element @index of @node's "reg". @bytes may be NULL. Returns false if there is
 * none or the cells are not 1 or 2 (0 to 2 for the size, which is then 0).
 */
bool devtree_reg(const struct devtree *tree, const struct devtree_node *node, size_t index,
		 uint64_t *base, uint64_t *bytes);

#endif /* GUEST_DEVTREE_H */
