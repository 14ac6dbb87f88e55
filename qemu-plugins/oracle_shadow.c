/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/oracle_shadow.h"

#include <string.h>

#include <glib.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES (UINT64_C(1) << PAGE_SHIFT)
#define LEVEL_LAST 3u

/* Entries (D8.3.1): valid, table or page, output address. */
#define ENTRY_VALID UINT64_C(1)
#define ENTRY_TABLE UINT64_C(2)
#define ENTRY_ADDRESS UINT64_C(0x0000fffffffff000)

/* Stage 2 (D8.3.1.2): S2AP, XN[1:0]. */
#define S2_READ (UINT64_C(1) << 6)
#define S2_WRITE (UINT64_C(1) << 7)
#define S2_XN_SHIFT 53
#define S2_XN_NOWHERE 2u
/* Stage 1: AP[2] read-only, UXN or XN, PXN. */
#define S1_READ_ONLY (UINT64_C(1) << 7)
#define S1_PXN (UINT64_C(1) << 53)
#define S1_XN (UINT64_C(1) << 54)

/* VTCR_EL2, TCR_EL2 (D24.2). */
#define TCR_T0SZ(tcr) (0x3f & (unsigned int)(tcr))
#define VTCR_SL0(vtcr) ((unsigned int)((vtcr) >> 6) & 3)
#define BITS_MIN 16u /* of input addresses, with FEAT_TTST */
#define TTBR_BADDR UINT64_C(0x0000fffffffffffe)

/* A table of a tree. One page can be a table at several places. */
struct table {
	struct table *next; /* of the same page */
	struct shadow_root *root;
	uint64_t input; /* first address that it translates */
	unsigned int level;
	uint64_t pa;
	uint64_t entries[SHADOW_ENTRIES];
};

struct shadow {
	struct shadow_memory memory;
	struct table **tables; /* for each page of RAM */
	GPtrArray *roots;      /* every tree that ever was: their addresses are not used again */
};

/* What one entry, or a part of what it covers, says. */
struct node {
	struct shadow_leaf leaf; /* if it leads to no table */
	struct table *table;
};

static uint64_t level_bytes(unsigned int level)
{
	return UINT64_C(1) << (PAGE_SHIFT + 9 * (LEVEL_LAST - level));
}

struct shadow *shadow_new(const struct shadow_memory *memory)
{
	struct shadow *shadow = g_new0(struct shadow, 1);

	shadow->memory = *memory;
	shadow->tables = g_new0(struct table *, memory->ram_pages);
	shadow->roots = g_ptr_array_new();
	return shadow;
}

void shadow_free(struct shadow *shadow)
{
	guint i;

	for (i = 0; i < shadow->roots->len; i++) {
		struct shadow_root *root = g_ptr_array_index(shadow->roots, i);

		shadow_forget(shadow, root);
		g_free(root->input_of);
		g_free(root->maps);
		g_free(root->writes);
		g_free(root->execs);
		g_free(root);
	}
	g_ptr_array_free(shadow->roots, TRUE);
	g_free(shadow->tables);
	g_free(shadow);
}

bool shadow_shape_stage2(struct shadow_shape *shape, uint64_t base, uint64_t vtcr)
{
	unsigned int bits = 64 - TCR_T0SZ(vtcr);
	/* FEAT_TTST: SL0 3 begins at the last level. */
	unsigned int level = VTCR_SL0(vtcr) == 3 ? LEVEL_LAST : 2 - VTCR_SL0(vtcr);
	unsigned int one_table = PAGE_SHIFT + 9 * (4 - level);

	if (SHADOW_TCR_GRANULE(vtcr) != 0) {
		return false;
	}
	/* At most 16 tables in a row stand for the first level (D8.2.2). */
	if (bits > one_table + 4 || bits + 9 <= one_table || bits > 48 || bits < BITS_MIN) {
		bits = 0;
	}
	*shape = (struct shadow_shape){ SHADOW_STAGE2, base & TTBR_BADDR, bits, level };
	return true;
}

bool shadow_shape_el2(struct shadow_shape *shape, uint64_t ttbr, uint64_t tcr, bool e2h)
{
	unsigned int bits = 64 - TCR_T0SZ(tcr);

	if (SHADOW_TCR_GRANULE(tcr) != 0) {
		return false;
	}
	if (bits > 48 || bits < BITS_MIN) {
		*shape = (struct shadow_shape){ e2h ? SHADOW_EL2_E2H : SHADOW_EL2,
						ttbr & TTBR_BADDR, 0, LEVEL_LAST };
		return true;
	}
	*shape = (struct shadow_shape){ e2h ? SHADOW_EL2_E2H : SHADOW_EL2, ttbr & TTBR_BADDR, bits,
					LEVEL_LAST - (bits - PAGE_SHIFT - 1) / 9 };
	return true;
}

static bool in_ram(const struct shadow *shadow, uint64_t pa)
{
	return pa - shadow->memory.ram_base < shadow->memory.ram_pages << PAGE_SHIFT;
}

static struct table **slot_of(const struct shadow *shadow, uint64_t pa)
{
	return &shadow->tables[(pa - shadow->memory.ram_base) >> PAGE_SHIFT];
}

bool shadow_is_table(const struct shadow *shadow, uint64_t pa)
{
	return in_ram(shadow, pa) && __atomic_load_n(slot_of(shadow, pa), __ATOMIC_RELAXED) != NULL;
}

static unsigned int rights_of(enum shadow_format format, uint64_t entry)
{
	uint64_t not_executable = format == SHADOW_EL2 ? S1_XN : S1_PXN;

	if (format == SHADOW_STAGE2) {
		return ((entry & S2_READ) != 0 ? LEAF_READ : 0u) |
		       ((entry & S2_WRITE) != 0 ? LEAF_WRITE : 0u) |
		       ((entry >> S2_XN_SHIFT & 3) != S2_XN_NOWHERE ? LEAF_EXEC : 0u);
	}
	return LEAF_READ | ((entry & S1_READ_ONLY) == 0 ? LEAF_WRITE : 0u) |
	       ((entry & not_executable) == 0 ? LEAF_EXEC : 0u);
}

static bool is_table_entry(unsigned int level, uint64_t entry)
{
	return level < LEVEL_LAST &&
	       (entry & (ENTRY_VALID | ENTRY_TABLE)) == (ENTRY_VALID | ENTRY_TABLE);
}

static struct table *find_table(const struct shadow *shadow, const struct shadow_root *root,
				uint64_t pa, uint64_t input, unsigned int level)
{
	struct table *table = in_ram(shadow, pa) ? *slot_of(shadow, pa) : NULL;

	while (table != NULL &&
	       (table->root != root || table->input != input || table->level != level)) {
		table = table->next;
	}
	return table;
}

/* The page becomes a table of the tree; its entries are read, not yet what they lead to. */
static struct table *attach(struct shadow *shadow, struct shadow_root *root, uint64_t pa,
			    uint64_t input, unsigned int level)
{
	struct table *table;

	if (!in_ram(shadow, pa)) {
		return NULL;
	}
	table = g_new0(struct table, 1);
	table->root = root;
	table->input = input;
	table->level = level;
	table->pa = pa;
	if (!shadow->memory.read(pa, table->entries, sizeof(table->entries))) {
		memset(table->entries, 0, sizeof(table->entries));
	}
	table->next = *slot_of(shadow, pa);
	__atomic_store_n(slot_of(shadow, pa), table, __ATOMIC_RELEASE);
	return table;
}

static void detach(struct shadow *shadow, struct table *table)
{
	struct table **link = slot_of(shadow, table->pa);

	while (*link != table) {
		link = &(*link)->next;
	}
	__atomic_store_n(link, table->next, __ATOMIC_RELEASE);
	g_free(table);
}

/* What @entry of a table of @level says for @input on. */
static struct node node_of(const struct shadow *shadow, struct shadow_root *root, uint64_t entry,
			   uint64_t input, unsigned int level)
{
	struct node node = { 0 };

	if (is_table_entry(level, entry)) {
		node.table = find_table(shadow, root, entry & ENTRY_ADDRESS, input, level + 1);
	} else if ((entry & ENTRY_VALID) != 0 &&
		   (level == LEVEL_LAST) == ((entry & ENTRY_TABLE) != 0)) {
		node.leaf.rights = rights_of(root->shape.format, entry);
		node.leaf.pa = entry & ENTRY_ADDRESS & ~(level_bytes(level) - 1);
	}
	return node;
}

static void add_count(uint8_t *count, int step)
{
	/* What reached the top stays there: it is not known how often it was more. */
	if (*count != UINT8_MAX && (step > 0 || *count > 0)) {
		*count = (uint8_t)(*count + step);
	}
}

static void count_pages(const struct shadow *shadow, struct shadow_root *root, uint64_t input,
			uint64_t bytes, struct shadow_leaf leaf, int step)
{
	uint64_t base = shadow->memory.ram_base;
	uint64_t end = MIN(leaf.pa + bytes, base + (shadow->memory.ram_pages << PAGE_SHIFT));
	uint64_t pa;

	/* A block of devices may be a terabyte. */
	for (pa = MAX(leaf.pa, base); leaf.rights != 0 && pa < end; pa += PAGE_BYTES) {
		uint64_t page = (pa - base) >> PAGE_SHIFT;

		add_count(&root->maps[page], step);
		if ((leaf.rights & LEAF_WRITE) != 0) {
			add_count(&root->writes[page], step);
		}
		if ((leaf.rights & LEAF_EXEC) != 0) {
			add_count(&root->execs[page], step);
		}
		if (step > 0) {
			root->input_of[page] = ((input + pa - leaf.pa) >> PAGE_SHIFT) + 1;
		} else if (root->maps[page] == 0) {
			root->input_of[page] = 0;
		}
	}
}

static bool same_leaf(struct shadow_leaf a, struct shadow_leaf b)
{
	return a.rights == b.rights && (a.rights == 0 || a.pa == b.pa);
}

static void tell(struct shadow *shadow, struct shadow_root *root, uint64_t input, uint64_t bytes,
		 struct shadow_leaf before, struct shadow_leaf after)
{
	if (same_leaf(before, after)) {
		return;
	}
	count_pages(shadow, root, input, bytes, after, 1);
	count_pages(shadow, root, input, bytes, before, -1);
	shadow->memory.changed(root, input, bytes, before, after);
}

static struct shadow_leaf part_of(struct shadow_leaf leaf, uint64_t offset)
{
	return (struct shadow_leaf){ leaf.rights != 0 ? leaf.pa + offset : 0, leaf.rights };
}

/* What is below an entry of @level at @input was @before and is @after. */
static void compare(struct shadow *shadow, struct shadow_root *root, unsigned int level,
		    uint64_t input, struct node before, struct node after)
{
	uint64_t step;
	unsigned int i;

	if (before.table == NULL && after.table == NULL) {
		tell(shadow, root, input, level_bytes(level), before.leaf, after.leaf);
		return;
	}
	if (before.table == after.table) {
		return;
	}
	level++;
	step = level_bytes(level);
	for (i = 0; i < SHADOW_ENTRIES; i++) {
		uint64_t at = input + i * step;
		struct node old = { .leaf = part_of(before.leaf, i * step) };
		struct node new = { .leaf = part_of(after.leaf, i * step) };

		if (before.table != NULL) {
			old = node_of(shadow, root, before.table->entries[i], at, level);
		}
		if (after.table != NULL) {
			uint64_t entry = after.table->entries[i];

			if (is_table_entry(level, entry) &&
			    find_table(shadow, root, entry & ENTRY_ADDRESS, at, level + 1) ==
				    NULL) {
				attach(shadow, root, entry & ENTRY_ADDRESS, at, level + 1);
			}
			new = node_of(shadow, root, entry, at, level);
		}
		compare(shadow, root, level, at, old, new);
	}
	if (before.table != NULL) {
		detach(shadow, before.table);
	}
}

static void update(struct shadow *shadow, struct table *table, unsigned int index, uint64_t entry)
{
	struct shadow_root *root = table->root;
	unsigned int level = table->level;
	uint64_t input = table->input + index * level_bytes(level);
	struct node before = node_of(shadow, root, table->entries[index], input, level);
	struct node after;

	table->entries[index] = entry;
	if (is_table_entry(level, entry) &&
	    find_table(shadow, root, entry & ENTRY_ADDRESS, input, level + 1) == NULL) {
		attach(shadow, root, entry & ENTRY_ADDRESS, input, level + 1);
	}
	after = node_of(shadow, root, entry, input, level);
	compare(shadow, root, level, input, before, after);
}

static uint64_t first_tables(const struct shadow_shape *shape)
{
	unsigned int one_table = PAGE_SHIFT + 9 * (4 - shape->level);

	if (shape->bits == 0) {
		return 0;
	}
	return shape->bits > one_table ? UINT64_C(1) << (shape->bits - one_table) : 1;
}

/* Table @i of the first level, NULL if it is not in RAM. */
static struct table *first_table(const struct shadow *shadow, const struct shadow_root *root,
				 uint64_t i)
{
	const struct shadow_shape *shape = &root->shape;

	return find_table(shadow, root, (shape->base & ENTRY_ADDRESS) + i * PAGE_BYTES,
			  i * level_bytes(shape->level) * SHADOW_ENTRIES, shape->level);
}

struct shadow_root *shadow_follow(struct shadow *shadow, const struct shadow_shape *shape,
				  void *user)
{
	struct shadow_root *root = g_new0(struct shadow_root, 1);
	uint64_t i;
	unsigned int j;

	root->shape = *shape;
	root->user = user;
	root->alive = true;
	g_ptr_array_add(shadow->roots, root);
	/* Mostly untouched: the system gives zeroed pages as they are used. */
	root->input_of = g_new0(uint64_t, shadow->memory.ram_pages);
	root->maps = g_new0(uint8_t, shadow->memory.ram_pages);
	root->writes = g_new0(uint8_t, shadow->memory.ram_pages);
	root->execs = g_new0(uint8_t, shadow->memory.ram_pages);
	for (i = 0; i < first_tables(shape); i++) {
		uint64_t entries[SHADOW_ENTRIES];
		struct table *table =
			attach(shadow, root, (shape->base & ENTRY_ADDRESS) + i * PAGE_BYTES,
			       i * level_bytes(shape->level) * SHADOW_ENTRIES, shape->level);

		if (table == NULL) {
			continue;
		}
		memcpy(entries, table->entries, sizeof(entries));
		memset(table->entries, 0, sizeof(table->entries));
		for (j = 0; j < SHADOW_ENTRIES; j++) {
			update(shadow, table, j, entries[j]);
		}
	}
	return root;
}

void shadow_forget(struct shadow *shadow, struct shadow_root *root)
{
	uint64_t page;

	for (page = 0; page < shadow->memory.ram_pages; page++) {
		struct table *table = shadow->tables[page];

		while (table != NULL) {
			struct table *next = table->next;

			if (table->root == root) {
				detach(shadow, table);
			}
			table = next;
		}
	}
	memset(root->input_of, 0, shadow->memory.ram_pages * sizeof(*root->input_of));
	memset(root->maps, 0, shadow->memory.ram_pages);
	memset(root->writes, 0, shadow->memory.ram_pages);
	memset(root->execs, 0, shadow->memory.ram_pages);
	root->alive = false;
}

static void stored_to_page(struct shadow *shadow, uint64_t pa, uint64_t bytes)
{
	uint64_t first = pa % PAGE_BYTES / 8;
	uint64_t end = (pa % PAGE_BYTES + bytes + 7) / 8;
	uint64_t entries[SHADOW_ENTRIES];
	struct table *table = *slot_of(shadow, pa);
	uint64_t page = pa & ~(PAGE_BYTES - 1);
	uint64_t i;

	if (table == NULL ||
	    !shadow->memory.read(page + first * 8, entries + first, (end - first) * 8)) {
		return;
	}
	for (i = first; i < end; i++) {
		/* An update may take tables away: each time from the start. */
		for (table = *slot_of(shadow, pa); table != NULL;) {
			if (table->entries[i] != entries[i]) {
				update(shadow, table, (unsigned int)i, entries[i]);
				table = *slot_of(shadow, pa);
			} else {
				table = table->next;
			}
		}
	}
}

void shadow_stored(struct shadow *shadow, uint64_t pa, uint64_t bytes)
{
	while (bytes > 0) {
		uint64_t here = MIN(bytes, PAGE_BYTES - pa % PAGE_BYTES);

		if (in_ram(shadow, pa)) {
			stored_to_page(shadow, pa, here);
		}
		pa += here;
		bytes -= here;
	}
}

void shadow_reread(struct shadow *shadow)
{
	uint64_t page;

	for (page = 0; page < shadow->memory.ram_pages; page++) {
		if (shadow->tables[page] != NULL) {
			stored_to_page(shadow, shadow->memory.ram_base + (page << PAGE_SHIFT),
				       PAGE_BYTES);
		}
	}
}

struct shadow_leaf shadow_look(struct shadow *shadow, const struct shadow_root *root,
			       uint64_t input)
{
	unsigned int level = root->shape.level;
	uint64_t span = level_bytes(level) * SHADOW_ENTRIES;
	struct table *table =
		input >> root->shape.bits == 0 ? first_table(shadow, root, input / span) : NULL;
	struct node node = { .table = table };

	for (; node.table != NULL; level++) {
		uint64_t bytes = level_bytes(level);

		table = node.table;
		node = node_of(shadow, table->root, table->entries[input / bytes % SHADOW_ENTRIES],
			       input & ~(bytes - 1), level);
		if (node.table == NULL) {
			return part_of(node.leaf, input & (bytes - 1));
		}
	}
	return node.leaf;
}

void shadow_each_marked(const struct shadow *shadow, const struct shadow_root *root,
			void (*each)(uint64_t input, uint64_t bytes))
{
	const struct table *table;
	uint64_t page;
	uint64_t i;

	for (page = 0; page < shadow->memory.ram_pages; page++) {
		for (table = shadow->tables[page]; table != NULL; table = table->next) {
			for (i = 0; i < SHADOW_ENTRIES && table->root == root; i++) {
				if ((table->entries[i] & ENTRY_VALID) == 0 &&
				    table->entries[i] != 0) {
					each(table->input + i * level_bytes(table->level),
					     level_bytes(table->level));
				}
			}
		}
	}
}

bool shadow_is_empty(struct shadow *shadow, const struct shadow_root *root)
{
	uint64_t i;
	unsigned int j;

	for (i = 0; i < first_tables(&root->shape); i++) {
		const struct table *table = first_table(shadow, root, i);

		for (j = 0; table != NULL && j < SHADOW_ENTRIES; j++) {
			if ((table->entries[j] & ENTRY_VALID) != 0) {
				return false;
			}
		}
	}
	return true;
}
