/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's stage 2 against a model: which pages of RAM the host can reach, and what the
 * TLBs of other CPUs may still hold. Entries are read here by a walker of our own.
 */
#include <hyp/bug.h>
#include <hyp/host_s2.h>
#include <hyp/page_ops.h>
#include <hyp/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_BYTES (1029 * MIB) /* a full GiB, and an end that is no block's */
#define RAM_END (RAM_BASE + RAM_BYTES)
#define RAM_PFN (RAM_BASE >> 12)
#define RAM_PAGES (RAM_BYTES >> 12)
#define IPA_END (UINT64_C(1) << 40)
#define POOL_PAGES 700u
#define STALE_MAX 4096u

static unsigned char *pool_memory;
static bool reach[RAM_PAGES];      /* the model */
static bool cached[RAM_PAGES];     /* some TLB may hold it: mapped since its last flush */
static uint64_t *stale[STALE_MAX]; /* entries taken away and not yet flushed */
static uint32_t stale_count;
static uint32_t faults;  /* rules of the architecture that were broken */
static bool may_replace; /* what the CPU can */
static bool apart;       /* devices have a table of their own */
static uint64_t watched; /* what a device uses; 0: nothing */
static uint32_t missed;  /* how often it would not have found it */

bool s2_may_replace(void)
{
	return may_replace;
}

void hyp_bug(const char *why, ...)
{
	fail_msg("%s", why);
	abort();
}

/* The leaf for @ipa, by the architecture: 40 bits, two tables at level 1. 0: none. */
static uint64_t walk_from(uint64_t root, uint64_t ipa)
{
	const uint64_t *table = (const uint64_t *)(uintptr_t)root;
	uint64_t entry = table[ipa >> 30];

	for (int shift = 21; (entry & 3) == 3 && shift >= 12; shift -= 9) {
		table = (const uint64_t *)(uintptr_t)(entry & UINT64_C(0xfffffffff000));
		entry = table[ipa >> shift & 511];
		if (shift == 12) {
			return (entry & 3) == 3 ? entry : 0;
		}
	}
	return (entry & 3) == 1 ? entry : 0;
}

/* A block becomes a table, or a table a block: by one store, if the CPU can that. */
static bool is_replaced(const uint64_t *entry, uint64_t old, uint64_t value)
{
	const uint64_t *root = (const uint64_t *)(uintptr_t)host_s2_root();
	bool is_level3 = !(entry >= root && entry < root + 1024) && (old & value & 2);

	return may_replace && !is_level3 && ((old ^ value) & 2);
}

void s2_entry_write(uint64_t *entry, uint64_t value)
{
	uint64_t old = *(volatile uint64_t *)entry;

	/* Break before make: never from one valid entry to another, nor before the flush. */
	faults += !apart && (old & 1) && (value & 1) && old != value &&
		  !is_replaced(entry, old, value);
	for (uint32_t i = 0; i < stale_count; i++) {
		faults += stale[i] == entry && (value & 1);
	}
	if ((old & 1) && old != value) {
		assert_true(stale_count < STALE_MAX);
		stale[stale_count++] = entry;
	}
	*(volatile uint64_t *)entry = value;
	missed += watched && walk_from(host_s2_devices_root(), watched) == 0;
}

void s2_flush(const struct s2 *s2, uint64_t ipa, uint64_t size)
{
	assert_int_equal(s2_vttbr(s2), s2->is_devices ? host_s2_devices_root() : host_s2_root());
	for (uint64_t at = ipa; at < ipa + size; at += 4096) {
		if (at >= RAM_BASE && at < RAM_BASE + RAM_BYTES) {
			cached[(at - RAM_BASE) >> 12] = false;
		}
	}
	stale_count = 0;
}

static uint64_t walk(uint64_t ipa)
{
	return walk_from(host_s2_root(), ipa);
}

static bool is_identity(uint64_t ipa)
{
	uint64_t entry = walk(ipa);

	return entry && (ipa & ~UINT64_C(0x3fffffff)) ==
				(entry & UINT64_C(0xfffffffff000) & ~UINT64_C(0x3fffffff));
}

static void compare(uint64_t first, uint64_t count)
{
	for (uint64_t page = first; page < first + count; page++) {
		uint64_t ipa = RAM_BASE + (page << 12);

		if ((walk(ipa) != 0) != reach[page] ||
		    page_host_reaches(RAM_PFN + page) != reach[page]) {
			fail_msg("page %#llx: the host's reach should be %d",
				 (unsigned long long)(RAM_PFN + page), reach[page]);
		}
		if (reach[page]) {
			assert_true(is_identity(ipa));
			/* normal memory, read and write, executable, accessed */
			assert_int_equal(walk(ipa) & UINT64_C(0x00600000000004fc), 0x4fc);
			cached[page] = true;
		} else {
			assert_false(cached[page]);
		}
	}
	assert_int_equal(faults, 0);
	assert_int_equal(stale_count, 0);
}

static void begin(uint32_t pool_pages)
{
	if (!pool_memory) {
		pool_memory = aligned_alloc(8192, POOL_PAGES * 4096ul);
	}
	memset(pool_memory, 0xa5, POOL_PAGES * 4096ul);
	pool_init((uintptr_t)pool_memory, (uintptr_t)pool_memory + pool_pages * 4096ul);
	memset(reach, 0, sizeof(reach));
	memset(cached, 0, sizeof(cached));
	stale_count = 0;
	faults = 0;
	assert_int_equal(host_s2_init(apart), HYP_OK);
	assert_int_equal(host_s2_map_device(0, RAM_BASE), HYP_OK);
	assert_int_equal(host_s2_map_device(RAM_END, IPA_END - RAM_END), HYP_OK);
}

static enum hyp_status set(uint64_t page, uint64_t count, bool wanted)
{
	enum hyp_status status = page_host_prepare(RAM_PFN + page, count);

	if (status == HYP_OK) {
		page_host_set(RAM_PFN + page, count, wanted);
		memset(&reach[page], wanted, count);
	}
	return status;
}

static void all_but_ram_is_devices(void **state)
{
	static const uint64_t places[] = { 0,
					   0x08000000,
					   0x09000000,
					   RAM_BASE - 4096,
					   RAM_BASE + RAM_BYTES,
					   0x4010000000,
					   0x8000000000,
					   IPA_END - 4096 };

	(void)state;
	begin(POOL_PAGES);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		assert_true(is_identity(places[i]));
		/* Device-nGnRE, never executed */
		assert_int_equal(walk(places[i]) & 0x3c, 0x04);
		assert_int_equal(walk(places[i]) >> 53 & 3, 2);
		assert_true(page_host_reaches(places[i] >> 12));
	}
	assert_false(page_host_reaches(IPA_END >> 12));
	assert_false(page_host_reaches(UINT64_MAX >> 12));
	compare(0, RAM_PAGES);
}

static void devices_that_cannot_be(void **state)
{
	(void)state;
	begin(POOL_PAGES);
	assert_int_equal(host_s2_map_device(RAM_BASE + 1, 4096), HYP_EINVAL);
	assert_int_equal(host_s2_map_device(RAM_BASE, 4097), HYP_EINVAL);
	assert_int_equal(host_s2_map_device(IPA_END, 4096), HYP_EINVAL);
	assert_int_equal(host_s2_map_device(RAM_BASE, UINT64_MAX & ~UINT64_C(4095)), HYP_EINVAL);
	assert_int_equal(host_s2_map_device(RAM_BASE, 0), HYP_OK);
	compare(0, RAM_PAGES);
}

/* All of RAM needs few tables: blocks, where they fit. */
static void blocks_where_they_fit(void **state)
{
	uint64_t before;

	(void)state;
	begin(POOL_PAGES);
	before = pool_free_count();
	assert_int_equal(set(0, RAM_PAGES, true), HYP_OK);
	assert_int_equal(before, pool_free_count());
	assert_int_equal(walk(RAM_BASE) & 3, 1);
	assert_int_equal(set(5, 1, false), HYP_OK);
	assert_int_equal(before - pool_free_count(), 2);
	compare(0, RAM_PAGES);
}

/* Tables are free again as soon as all they show is one block, or nothing. */
static void tables_fold_again(void **state)
{
	static const struct {
		uint64_t page, count;
		uint32_t tables; /* that it takes while it is away */
	} ranges[] = { { 5, 1, 2 },        { 0, 512, 1 },     { 511, 2, 3 }, { 512, 1024, 1 },
		       { 0, 262144, 0 },   { 262143, 2, 3 },  { 0, 1, 2 },   { 1, 511, 2 },
		       { 262144, 512, 0 }, { 262144, 513, 1 } };

	(void)state;
	for (int replace = 0; replace < 2; replace++) {
		begin(POOL_PAGES);
		may_replace = replace;
		assert_int_equal(set(0, RAM_PAGES, true), HYP_OK);
		for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
			uint64_t before = pool_free_count();

			assert_int_equal(set(ranges[i].page, ranges[i].count, false), HYP_OK);
			compare(0, RAM_PAGES);
			assert_int_equal(before - pool_free_count(), ranges[i].tables);
			assert_int_equal(set(ranges[i].page, ranges[i].count, true), HYP_OK);
			compare(0, RAM_PAGES);
			assert_int_equal(before, pool_free_count());
		}
	}
	may_replace = false;
}

/*
 * Where CPUs must break what they split, devices have another table: it says the same, and
 * what a device uses is in it at every moment.
 */
static void devices_never_miss(void **state)
{
	uint64_t before;

	(void)state;
	apart = true;
	begin(POOL_PAGES);
	assert_true(host_s2_devices_root() != host_s2_root());
	assert_int_equal(set(0, RAM_PAGES, true), HYP_OK);
	before = pool_free_count();
	watched = RAM_BASE + 700 * 4096;
	missed = 0;
	for (uint64_t page = 512; page < 1024; page++) {
		uint64_t count = page < 700 ? 1 : 1024 - page;

		if (page == 700) {
			continue;
		}
		assert_int_equal(set(page, count, false), HYP_OK);
		for (uint64_t i = 0; i < 1536; i++) {
			uint64_t ipa = RAM_BASE + i * 4096;

			assert_int_equal(walk_from(host_s2_devices_root(), ipa) != 0, reach[i]);
		}
		compare(0, 1536);
		assert_int_equal(set(page, count, true), HYP_OK);
	}
	assert_int_equal(missed, 0);
	assert_int_equal(before, pool_free_count());
	pool_fail_nth(3); /* the first one that is for the devices */
	assert_int_equal(set(600, 1, false), HYP_ENOMEM);
	pool_fail_nth(0);
	compare(0, RAM_PAGES);
	assert_int_equal(before, pool_free_count());
	assert_int_equal(missed, 0);
	watched = 0;
	apart = false;
}

/* With break-before-make, another CPU finds nothing for a moment; in one store, never. */
static void ranges_at_random_with(bool replace)
{
	uint64_t seed = 1;

	begin(POOL_PAGES);
	may_replace = replace;
	for (int round = 0; round < 400; round++) {
		uint64_t first, count;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		first = (seed >> 33) % RAM_PAGES;
		count = 1 + (seed >> 20) % (UINT64_C(1) << (seed >> 60) % 16);
		count = count > RAM_PAGES - first ? RAM_PAGES - first : count;
		/* Only changes: what is reached is not given again. */
		for (uint64_t page = first; page < first + count;) {
			uint64_t end = page;

			while (end < first + count && reach[end] == reach[page]) {
				end++;
			}
			assert_int_equal(set(page, end - page, !reach[page]), HYP_OK);
			page = end;
		}
		compare(first, count);
	}
	compare(0, RAM_PAGES);
}

/* Ranges at random, of all sizes, over all of RAM. */
static void ranges_at_random(void **state)
{
	(void)state;
	ranges_at_random_with(true);
	ranges_at_random_with(false);
}

/* The n-th allocation fails, for every n: no page changes, and the next try succeeds. */
static void every_allocation_can_fail(void **state)
{
	bool failed = true;

	(void)state;
	for (uint64_t nth = 1; failed; nth++) {
		begin(POOL_PAGES);
		assert_int_equal(set(0, RAM_PAGES, true), HYP_OK);
		pool_fail_nth(nth);
		failed = set(513, 1024, false) == HYP_ENOMEM;
		compare(0, 4096);
		pool_fail_nth(0);
		assert_int_equal(failed ? set(513, 1024, false) : HYP_OK, HYP_OK);
		compare(0, 4096);
		assert_true(nth < 10);
	}
}

static void no_memory_at_all(void **state)
{
	(void)state;
	begin(POOL_PAGES);
	pool_init((uintptr_t)pool_memory, (uintptr_t)pool_memory + POOL_PAGES * 4096ul);
	pool_fail_nth(1);
	assert_int_equal(host_s2_init(false), HYP_ENOMEM);
	assert_int_equal(host_s2_init(false), HYP_OK);
	pool_fail_nth(1);
	assert_int_equal(host_s2_map_device(4096, 4096), HYP_ENOMEM);
}

static void pool_gives_and_takes(void **state)
{
	void *first, *second, *pair;

	(void)state;
	begin(POOL_PAGES);
	pool_init((uintptr_t)pool_memory, (uintptr_t)pool_memory + 5 * 4096ul);
	first = pool_alloc();
	memset(first, 1, 4096);
	pair = pool_alloc_pair(); /* skips a page, which stays free */
	assert_int_equal((uintptr_t)pair % 8192, 0);
	assert_int_equal(pool_free_count(), 2);
	pool_free(first);
	second = pool_alloc();
	assert_ptr_equal(first, second);
	assert_int_equal(*(uint64_t *)second, 0);
	assert_non_null(pool_alloc());
	assert_null(pool_alloc_pair());
	assert_non_null(pool_alloc());
	assert_null(pool_alloc());
	assert_int_equal(pool_free_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_never_miss),
		cmocka_unit_test(all_but_ram_is_devices),
		cmocka_unit_test(devices_that_cannot_be),
		cmocka_unit_test(blocks_where_they_fit),
		cmocka_unit_test(ranges_at_random),
		cmocka_unit_test(every_allocation_can_fail),
		cmocka_unit_test(no_memory_at_all),
		cmocka_unit_test(pool_gives_and_takes),
		cmocka_unit_test(tables_fold_again),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(pool_memory);
	return failed;
}
