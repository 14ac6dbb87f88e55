/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/devtree.h"

#include "guest/bare/lib/string.h"

#define TREE_MAGIC 0xd00dfeed
#define HEADER_BYTES 40
#define VERSION_FIRST 16 /* the last compatible version that is read */
#define VERSION_MIN 17   /* has size_dt_struct */

/* Offsets of header fields, section 5.2. */
#define HEADER_MAGIC 0
#define HEADER_TOTAL 4
#define HEADER_STRUCTURE 8
#define HEADER_STRINGS 12
#define HEADER_VERSION 20
#define HEADER_LAST_COMPATIBLE 24
#define HEADER_STRINGS_BYTES 32
#define HEADER_STRUCTURE_BYTES 36

/* Tokens, section 5.4.1. */
#define TOKEN_BEGIN_NODE 1
#define TOKEN_END_NODE 2
#define TOKEN_PROPERTY 3
#define TOKEN_NOP 4
#define TOKEN_END 9

#define CELL_BYTES 4

/* Section 2.3.5: what a node without these properties means. */
#define ADDRESS_CELLS_DEFAULT 2
#define SIZE_CELLS_DEFAULT 1
#define CELLS_MAX 2

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool is_range(size_t total, size_t offset, size_t bytes)
{
	return offset <= total && bytes <= total - offset;
}

bool devtree_open(struct devtree *tree, const void *blob, size_t limit)
{
	const uint8_t *header = blob;
	size_t total;

	if (limit < HEADER_BYTES || be32(header + HEADER_MAGIC) != TREE_MAGIC) {
		return false;
	}
	total = be32(header + HEADER_TOTAL);
	if (total < HEADER_BYTES || total > limit || be32(header + HEADER_VERSION) < VERSION_MIN ||
	    be32(header + HEADER_LAST_COMPATIBLE) > VERSION_MIN ||
	    be32(header + HEADER_LAST_COMPATIBLE) < VERSION_FIRST) {
		return false;
	}
	tree->structure_bytes = be32(header + HEADER_STRUCTURE_BYTES);
	tree->strings_bytes = be32(header + HEADER_STRINGS_BYTES);
	if (!is_range(total, be32(header + HEADER_STRUCTURE), tree->structure_bytes) ||
	    !is_range(total, be32(header + HEADER_STRINGS), tree->strings_bytes)) {
		return false;
	}
	tree->structure = header + be32(header + HEADER_STRUCTURE);
	tree->strings = blob;
	tree->strings += be32(header + HEADER_STRINGS);
	return true;
}

/* The token at *@at, which moves behind it; TOKEN_END where there is none. */
static uint32_t token_next(const struct devtree *tree, size_t *at)
{
	uint32_t token;

	do {
		if (!is_range(tree->structure_bytes, *at, CELL_BYTES)) {
			return TOKEN_END;
		}
		token = be32(tree->structure + *at);
		*at += CELL_BYTES;
	} while (token == TOKEN_NOP);
	return token;
}

static size_t cells_align(size_t offset)
{
	return (offset + CELL_BYTES - 1) & ~(size_t)(CELL_BYTES - 1);
}

/* The zero-ended text at @at of @block, or NULL if it has no end there. */
static const char *text_at(const char *block, size_t block_bytes, size_t at)
{
	for (size_t i = at; i < block_bytes; i++) {
		if (!block[i]) {
			return block + at;
		}
	}
	return NULL;
}

/* Read the property behind its token; *@at moves behind it. */
static bool property_read(const struct devtree *tree, size_t *at, struct devtree_property *property)
{
	size_t bytes;

	if (!is_range(tree->structure_bytes, *at, 2 * CELL_BYTES)) {
		return false;
	}
	bytes = be32(tree->structure + *at);
	property->name = text_at(tree->strings, tree->strings_bytes,
				 be32(tree->structure + *at + CELL_BYTES));
	*at += 2 * CELL_BYTES;
	if (!property->name || !is_range(tree->structure_bytes, *at, bytes)) {
		return false;
	}
	property->value = tree->structure + *at;
	property->bytes = bytes;
	*at = cells_align(*at + bytes);
	return true;
}

static unsigned int cells_of(const struct devtree *tree, const struct devtree_node *node,
			     const char *name, unsigned int standard)
{
	struct devtree_property property = devtree_property(tree, node, name);
	uint32_t cells;

	if (!property.value) {
		return standard;
	}
	/* A count that cannot be read becomes one that devtree_reg() refuses. */
	return devtree_cell(&property, 0, &cells) && cells <= CELLS_MAX ? cells : CELLS_MAX + 1;
}

static bool node_begin(const struct devtree *tree, struct devtree_node *node)
{
	const char *structure = (const char *)tree->structure;
	uint8_t *cells;

	node->name = text_at(structure, tree->structure_bytes, node->next);
	if (!node->name || node->open > DEVTREE_DEPTH_MAX) {
		return false;
	}
	node->next = cells_align(node->next + strlen(node->name) + 1);
	node->properties = node->next;
	node->depth = node->open;
	if (node->depth) {
		node->address_cells = node->cells[node->depth - 1][0];
		node->size_cells = node->cells[node->depth - 1][1];
	} else {
		node->address_cells = ADDRESS_CELLS_DEFAULT;
		node->size_cells = SIZE_CELLS_DEFAULT;
	}
	cells = node->cells[node->depth];
	cells[0] = (uint8_t)cells_of(tree, node, "#address-cells", ADDRESS_CELLS_DEFAULT);
	cells[1] = (uint8_t)cells_of(tree, node, "#size-cells", SIZE_CELLS_DEFAULT);
	node->open++;
	return true;
}

bool devtree_node_next(const struct devtree *tree, struct devtree_node *node)
{
	struct devtree_property property;

	for (;;) {
		switch (token_next(tree, &node->next)) {
		case TOKEN_BEGIN_NODE:
			return node_begin(tree, node);
		case TOKEN_END_NODE:
			if (!node->open || !--node->open) {
				return false;
			}
			break;
		case TOKEN_PROPERTY:
			if (!property_read(tree, &node->next, &property)) {
				return false;
			}
			break;
		default:
			return false;
		}
	}
}

struct devtree_property devtree_property(const struct devtree *tree,
					 const struct devtree_node *node, const char *name)
{
	struct devtree_property property;
	size_t at = node->properties;

	while (token_next(tree, &at) == TOKEN_PROPERTY && property_read(tree, &at, &property)) {
		if (!strcmp(property.name, name)) {
			return property;
		}
	}
	return (struct devtree_property){ 0 };
}

bool devtree_has_string(const struct devtree *tree, const struct devtree_node *node,
			const char *name, const char *text)
{
	struct devtree_property property = devtree_property(tree, node, name);
	const char *list = (const char *)property.value;
	size_t at = 0;

	while (at < property.bytes) {
		const char *entry = text_at(list, property.bytes, at);

		if (!entry) {
			return false;
		}
		if (!strcmp(entry, text)) {
			return true;
		}
		at += strlen(entry) + 1;
	}
	return false;
}

bool devtree_cell(const struct devtree_property *property, size_t index, uint32_t *value)
{
	if (!property->value || index >= property->bytes / CELL_BYTES) {
		return false;
	}
	*value = be32(property->value + index * CELL_BYTES);
	return true;
}

static uint64_t cells_value(const uint8_t *at, unsigned int cells)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < cells; i++) {
		value = value << 32 | be32(at + i * CELL_BYTES);
	}
	return value;
}

bool devtree_reg(const struct devtree *tree, const struct devtree_node *node, size_t index,
		 uint64_t *base, uint64_t *bytes)
{
	struct devtree_property reg = devtree_property(tree, node, "reg");
	size_t stride = (size_t)(node->address_cells + node->size_cells) * CELL_BYTES;
	const uint8_t *at;

	if (!node->address_cells || node->address_cells > CELLS_MAX ||
	    node->size_cells > CELLS_MAX || !reg.value || index >= reg.bytes / stride) {
		return false;
	}
	at = reg.value + index * stride;
	*base = cells_value(at, node->address_cells);
	if (bytes) {
		*bytes = cells_value(at + node->address_cells * CELL_BYTES, node->size_cells);
	}
	return true;
}
