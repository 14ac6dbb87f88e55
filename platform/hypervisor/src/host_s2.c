/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>

#include <stdbool.h>
#include <stddef.h>

#define IPA_LIMIT (UINT64_C(1) << 40)
#define TABLE_ENTRIES 512u
#define ROOT_ENTRIES 1024u
#define LEVEL_FIRST 1
#define LEVEL_LAST 3

static uint64_t *root;

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

static uint64_t leaf(uint64_t ipa, int level, uint64_t attributes)
{
	return ipa | attributes | S2_VALID | (level == LEVEL_LAST ? S2_TABLE : 0);
}

/*
 * Put a table where @entry is a block or nothing, that shows what the entry showed.
 * Break before make: no CPU ever holds both the block and a page of it.
 */
static enum hyp_status split(uint64_t *entry, int level, uint64_t ipa)
{
	uint64_t old = *entry;
	uint64_t attributes = old & ~(S2_ADDRESS | S2_VALID | S2_TABLE);
	uint64_t base = ipa & ~(level_bytes(level) - 1);
	uint64_t *table = pool_alloc();

	if (!table) {
		return HYP_ENOMEM;
	}
	for (uint64_t i = 0; (old & S2_VALID) && i < TABLE_ENTRIES; i++) {
		table[i] = leaf(base + i * level_bytes(level + 1), level + 1, attributes);
	}
	if (old & S2_VALID) {
		s2_entry_write(entry, 0);
		s2_flush(base, level_bytes(level));
	}
	s2_entry_write(entry, (uint64_t)(uintptr_t)table | S2_VALID | S2_TABLE);
	return HYP_OK;
}

/* Make tables so that no entry spans @ipa: each either ends there, or begins. */
static enum hyp_status split_at(uint64_t ipa)
{
	uint64_t *table = root;

	for (int level = LEVEL_FIRST; ipa < IPA_LIMIT && ipa % level_bytes(level) != 0; level++) {
		uint64_t *entry = entry_of(table, level, ipa);

		if (!is_table(*entry, level)) {
			enum hyp_status status = split(entry, level, ipa);

			if (status != HYP_OK) {
				return status;
			}
		}
		table = table_of(*entry);
	}
	return HYP_OK;
}

/* The entry that maps @ipa or would, and its level. */
static uint64_t *find(uint64_t ipa, int *level)
{
	uint64_t *table = root;
	uint64_t *entry = entry_of(table, LEVEL_FIRST, ipa);

	for (*level = LEVEL_FIRST; is_table(*entry, *level); entry = entry_of(table, *level, ipa)) {
		table = table_of(*entry);
		(*level)++;
	}
	return entry;
}

/* Needs split_at() of both ends before; then every entry lies inside or outside. */
static void map(uint64_t ipa, uint64_t size, uint64_t attributes)
{
	for (uint64_t end = ipa + size; ipa < end;) {
		int level;
		uint64_t *entry = find(ipa, &level);

		s2_entry_write(entry, leaf(ipa, level, attributes));
		ipa += level_bytes(level);
	}
}

static void unmap(uint64_t ipa, uint64_t size)
{
	uint64_t at = ipa;

	while (at < ipa + size) {
		int level;
		uint64_t *entry = find(at, &level);

		s2_entry_write(entry, 0);
		at += level_bytes(level);
	}
	s2_flush(ipa, size);
}

static enum hyp_status prepare(uint64_t ipa, uint64_t size)
{
	enum hyp_status status = split_at(ipa);

	return status == HYP_OK ? split_at(ipa + size) : status;
}

static enum hyp_status map_devices(uint64_t base, uint64_t end)
{
	enum hyp_status status = prepare(base, end - base);

	if (status == HYP_OK) {
		map(base, end - base, S2_DEVICE);
	}
	return status;
}

enum hyp_status host_s2_init(uint64_t ram_base, uint64_t ram_bytes)
{
	enum hyp_status status;

	if (ram_base % PAGE_BYTES || ram_bytes % PAGE_BYTES || ram_base > IPA_LIMIT ||
	    ram_bytes > IPA_LIMIT - ram_base) {
		return HYP_EINVAL;
	}
	root = pool_alloc_pair();
	if (!root) {
		return HYP_ENOMEM;
	}
	status = map_devices(0, ram_base);
	return status == HYP_OK ? map_devices(ram_base + ram_bytes, IPA_LIMIT) : status;
}

uint64_t host_s2_root(void)
{
	return (uint64_t)(uintptr_t)root;
}

bool page_host_reaches(uint64_t pfn)
{
	int level;

	return pfn < IPA_LIMIT >> PAGE_SHIFT && (*find(pfn << PAGE_SHIFT, &level) & S2_VALID);
}

enum hyp_status page_host_prepare(uint64_t pfn, uint64_t count)
{
	return prepare(pfn << PAGE_SHIFT, count << PAGE_SHIFT);
}

void page_host_set(uint64_t pfn, uint64_t count, bool reach)
{
	if (reach) {
		map(pfn << PAGE_SHIFT, count << PAGE_SHIFT, S2_RAM);
	} else {
		unmap(pfn << PAGE_SHIFT, count << PAGE_SHIFT);
	}
}
