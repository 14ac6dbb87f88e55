/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/bug.h>
#include <hyp/layout.h>
#include <hyp/pool.h>
#include <hyp/s2.h>

#include <stddef.h>
#include <string.h>

#define TABLE_ENTRIES 512u
#define ROOT_ENTRIES 1024u
#define LEVEL_FIRST 1
#define LEVEL_LAST 3

/*
 * The order in which entries are looked at: an odd number, so that it comes to all of them. Pages that come back are scattered, and
 * far off a difference is found sooner than among the neighbours.
 */
#define FOLD_STEP 181

static uint64_t level_bytes(int level)
{
	return UINT64_C(1) << (PAGE_SHIFT + 9 * (LEVEL_LAST - level));
}

static uint64_t *entry_of(uint64_t *table, int level, uint64_t ipa)
{
	uint64_t entries = level == LEVEL_FIRST ? ROOT_ENTRIES : TABLE_ENTRIES;

	return &table[ipa / level_bytes(level) % entries];
}

static bool is_table(uint64_t entry, int level)
{
	return level < LEVEL_LAST && (entry & (S2_VALID | S2_TABLE)) == (S2_VALID | S2_TABLE);
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & S2_ADDRESS);
}

static uint64_t leaf(uint64_t pa, int level, uint64_t attributes)
{
	return pa | attributes | S2_VALID | (level == LEVEL_LAST ? S2_TABLE : 0);
}

/* A page of zeroes. A guest's last ones are for blocks that must be split. */
static uint64_t *table_alloc(struct s2 *s2)
{
	if (s2->vmid == 0) {
		return pool_alloc();
	}
	return s2->pages.count > s2->block_count ? page_list_pop(&s2->pages) : NULL;
}

/* Mapped blocks of guests are counted: each needs a table when it is split. */
static void entry_set(struct s2 *s2, uint64_t *entry, int level, uint64_t value)
{
	bool was_block = level < LEVEL_LAST && (*entry & S2_VALID) && !is_table(*entry, level);
	bool is_block = level < LEVEL_LAST && (value & S2_VALID) && !is_table(value, level);

	s2->block_count = s2->block_count + is_block - was_block;
	s2_entry_write(entry, value);
}

/*
 * @entry says the same by @value: as a table instead of a block, or the other way. Break
 * before make, where the CPU must not hold both.
 */
static void replace(struct s2 *s2, uint64_t *entry, int level, uint64_t ipa, uint64_t value)
{
	uint64_t base = ipa & ~(level_bytes(level) - 1);
	bool was_valid = *entry & S2_VALID;

	if (was_valid && !((value & S2_VALID) && (s2->is_devices || s2_may_replace()))) {
		entry_set(s2, entry, level, 0);
		s2_flush(s2, base, level_bytes(level));
		was_valid = false;
	}
	entry_set(s2, entry, level, value);
	if (was_valid) {
		s2_flush(s2, base, level_bytes(level));
	}
}

/* Put a table where @entry is a block or a note, that says what the entry said. */
static enum hyp_status split(struct s2 *s2, uint64_t *entry, int level, uint64_t ipa)
{
	uint64_t old = *entry;
	uint64_t attributes = old & ~(S2_ADDRESS | S2_VALID | S2_TABLE);
	uint64_t *table;

	s2->block_count -= (old & S2_VALID) != 0; /* what was kept for it can be had */
	table = table_alloc(s2);
	s2->block_count += (old & S2_VALID) != 0;
	if (!table) {
		return s2->vmid == 0 ? HYP_ENOMEM : HYP_ENOTABLE;
	}
	for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
		uint64_t pa = (old & S2_ADDRESS) + i * level_bytes(level + 1);

		table[i] = old & S2_VALID ? leaf(pa, level + 1, attributes) : old;
	}
	replace(s2, entry, level, ipa, (uint64_t)(uintptr_t)table | S2_VALID | S2_TABLE);
	return HYP_OK;
}

/*
 * Make tables on the way to @ipa until no entry spans @border, nor is larger than what
 * @shift (IPA to PA) allows a block to be.
 */
static enum hyp_status split_at(struct s2 *s2, uint64_t ipa, uint64_t border, uint64_t shift)
{
	uint64_t *table = s2->root;

	for (int level = LEVEL_FIRST; (border | shift) % level_bytes(level) != 0; level++) {
		uint64_t *entry = entry_of(table, level, ipa);

		if (!is_table(*entry, level)) {
			enum hyp_status status = split(s2, entry, level, ipa);

			if (status != HYP_OK) {
				return status;
			}
		}
		table = table_of(*entry);
	}
	return HYP_OK;
}

/* The entry that maps @ipa or would, and its level. */
static uint64_t *find(const struct s2 *s2, uint64_t ipa, int *level)
{
	uint64_t *table = s2->root;
	uint64_t *entry = entry_of(table, LEVEL_FIRST, ipa);

	for (*level = LEVEL_FIRST; is_table(*entry, *level); entry = entry_of(table, *level, ipa)) {
		table = table_of(*entry);
		(*level)++;
	}
	return entry;
}

struct s2_view s2_look(const struct s2 *s2, uint64_t ipa)
{
	int level;
	uint64_t entry = *find(s2, ipa, &level);
	uint64_t offset = ipa & (level_bytes(level) - 1);

	return (struct s2_view){ .entry = entry,
				 .pa = (entry & S2_ADDRESS) + offset,
				 .bytes = level_bytes(level) - offset };
}

enum hyp_status s2_prepare(struct s2 *s2, uint64_t ipa, uint64_t size, uint64_t pa)
{
	enum hyp_status status = split_at(s2, ipa, ipa, ipa ^ pa);

	if (status == HYP_OK) {
		status = split_at(s2, ipa + size - 1, ipa + size, ipa ^ pa);
	}
	if (status == HYP_OK && s2->vmid != 0 && size >= BLOCK2_BYTES &&
	    s2->pages.count <= s2->block_count) {
		return HYP_ENOTABLE; /* for the block that this may become */
	}
	return status;
}

void s2_map(struct s2 *s2, uint64_t ipa, uint64_t size, uint64_t pa, uint64_t attributes)
{
	for (uint64_t at = 0; at < size;) {
		int level;
		uint64_t *entry = find(s2, ipa + at, &level);

		entry_set(s2, entry, level, leaf(pa + at, level, attributes));
		at += level_bytes(level);
	}
}

/* Whether the entry of @level that @at is in is all in the range from @at to @end. */
static bool is_inside(int level, uint64_t at, uint64_t end)
{
	return at % level_bytes(level) == 0 && level_bytes(level) <= end - at;
}

static uint64_t entry_end(int level, uint64_t at)
{
	return (at | (level_bytes(level) - 1)) + 1;
}

void s2_break(struct s2 *s2, uint64_t ipa, uint64_t size)
{
	uint64_t at = ipa, end = ipa + size;
	bool any = false;
	int level;

	while (at < end) {
		uint64_t *entry = find(s2, at, &level);

		if (!(*entry & S2_VALID)) {
			at = entry_end(level, at);
		} else if (is_inside(level, at, end)) {
			entry_set(s2, entry, level, *entry & ~S2_VALID);
			at = entry_end(level, at);
			any = true;
		} else if (split(s2, entry, level, at) != HYP_OK) {
			hyp_bug("no table to split a block of VM %u at %#lx", s2->vmid, at);
		}
	}
	if (any) {
		s2_flush(s2, ipa, size);
	}
}

void s2_note(struct s2 *s2, uint64_t ipa, uint64_t size, enum s2_note note)
{
	int level;

	for (uint64_t at = ipa; at < ipa + size; at = entry_end(level, at)) {
		uint64_t *entry = find(s2, at, &level);

		/* What spans an end of the range is a note that s2_break() left as it was. */
		if (*entry != note && is_inside(level, at, ipa + size)) {
			entry_set(s2, entry, level, note);
		}
	}
}

/* Whether all of @table, of @level, is what one entry above could say, looking at @before, then from @next on. */
static bool is_uniform(const uint64_t *table, int level, uint64_t before, uint64_t next)
{
	uint64_t first = table[0];
	uint64_t step = first & S2_VALID ? level_bytes(level) : 0;
	uint64_t last = before / level_bytes(level) % TABLE_ENTRIES;
	uint64_t start = next / level_bytes(level);

	if (is_table(first, level) ||
	    (step && (first & S2_ADDRESS) % level_bytes(level - 1) != 0)) {
		return false;
	}
	if (table[last] != first + last * step) {
		return false;
	}
	for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
		uint64_t index = (start + i * FOLD_STEP) % TABLE_ENTRIES;

		if (table[index] != first + index * step) {
			return false;
		}
	}
	return true;
}

/* Tables on the way to @ipa; they are looked at around what has changed, [before + 1, next), where a difference is near. */
static void fold_at(struct s2 *s2, uint64_t ipa, uint64_t before, uint64_t next)
{
	uint64_t *path[LEVEL_LAST + 1];
	uint64_t *table = s2->root;
	int level = LEVEL_FIRST;

	for (; is_table(*entry_of(table, level, ipa), level); level++) {
		path[level] = entry_of(table, level, ipa);
		table = table_of(*path[level]);
	}
	for (level--; level >= LEVEL_FIRST; level--) {
		uint64_t *below = table_of(*path[level]);
		uint64_t value = below[0];

		if (!is_uniform(below, level + 1, before, next)) {
			return;
		}
		replace(s2, path[level], level, ipa, value & S2_VALID ? value & ~S2_TABLE : value);
		pool_free(below);
	}
}

void s2_fold(struct s2 *s2, uint64_t ipa, uint64_t size)
{
	fold_at(s2, ipa, ipa - 1, ipa + size);
	fold_at(s2, ipa + size - 1, ipa - 1, ipa + size);
}
