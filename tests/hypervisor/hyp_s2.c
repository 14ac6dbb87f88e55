/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's stage 2 against a model of it, page by page, around a border of 1 GiB: what is
 * mapped where, what notes say, what a TLB may still hold, and the pages for tables. Entries
 * are read by the fake machine's walker too.
 */
#include "tests/hypervisor/fake_machine.h"

#include <hyp/s2.h>
#include <hyp/stage1.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define BASE ((UINT64_C(1) << 30) - 4 * MIB)
#define PAGES 2048u /* 8 MiB from BASE on */
#define TABLES_PFN MACHINE_HOST_PFN
#define TABLES_MAX 64u
#define VMID 7u

struct model_page {
	uint64_t pa;         /* 0: not mapped */
	uint64_t attributes; /* if mapped */
	uint64_t note;       /* if not */
};

static struct s2 s2;
static struct model_page model[PAGES];
static uint64_t given; /* pages for tables so far, without the root */

static void give_pages(uint64_t count)
{
	for (; count > 0; count--) {
		page_list_push(&s2.pages, (void *)(uintptr_t)((TABLES_PFN + 2 + given++) << 12));
	}
}

static int begin(void **state)
{
	(void)state;
	fake_machine_boot();
	given = 0;
	memset(model, 0, sizeof(model));
	for (uint64_t i = 0; i < TABLES_MAX; i++) {
		memset(fake_machine_page(TABLES_PFN + i), 0, PAGE);
	}
	s2 = (struct s2){ .root = (uint64_t *)(uintptr_t)(TABLES_PFN << 12), .vmid = VMID };
	return stage1_map(TABLES_PFN << 12, TABLES_MAX * PAGE, STAGE1_DATA) == HYP_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	return fake_machine_broken() ? -1 : 0;
}

static uint64_t ipa_of(uint64_t page)
{
	return BASE + page * PAGE;
}

/* What the tables say of every page, and what a CPU finds. */
static void compare(const char *when)
{
	for (uint64_t page = 0; page < PAGES; page++) {
		struct s2_view view = s2_look(&s2, ipa_of(page));
		uint64_t leaf = fake_machine_use(s2_vttbr(&s2), ipa_of(page));
		const struct model_page *want = &model[page];
		bool same = want->pa ? (view.entry & S2_VALID) && view.pa == want->pa &&
					       (leaf & S2_ADDRESS) == want->pa &&
					       (leaf & (S2_READ | S2_WRITE | S2_XN)) ==
						       (want->attributes &
							(S2_READ | S2_WRITE | S2_XN)) :
				       view.entry == want->note && leaf == 0;

		if (!same) {
			fail_msg("%s: page %llu says %#llx, a CPU finds %#llx", when,
				 (unsigned long long)page, (unsigned long long)view.entry,
				 (unsigned long long)leaf);
		}
		assert_true(view.bytes % PAGE == 0 && view.bytes > 0);
		if (page + view.bytes / PAGE <= PAGES) {
			const struct model_page *last = &model[page + view.bytes / PAGE - 1];

			assert_true(want->pa ? last->pa == want->pa + view.bytes - PAGE :
					       last->note == want->note);
		}
	}
	if (fake_machine_broken()) {
		fail_msg("%s: %s", when, fake_machine_broken());
	}
	assert_true(s2.pages.count >= s2.block_count);
}

static enum hyp_status map(uint64_t page, uint64_t count, uint64_t pa, uint64_t attributes)
{
	enum hyp_status status = s2_prepare(&s2, ipa_of(page), count * PAGE, pa);

	if (status == HYP_OK) {
		s2_map(&s2, ipa_of(page), count * PAGE, pa, attributes);
		for (uint64_t i = 0; i < count; i++) {
			model[page + i] = (struct model_page){ pa + i * PAGE, attributes, 0 };
		}
	}
	return status;
}

static void unmap(uint64_t page, uint64_t count)
{
	s2_break(&s2, ipa_of(page), count * PAGE);
	for (uint64_t i = page; i < page + count; i++) {
		assert_int_equal(fake_machine_use(s2_vttbr(&s2), ipa_of(i)), 0);
		if (model[i].pa) { /* where it was can still be told */
			assert_true(s2_look(&s2, ipa_of(i)).entry & S2_AF);
			assert_int_equal(s2_look(&s2, ipa_of(i)).pa, model[i].pa);
		}
	}
	s2_note(&s2, ipa_of(page), count * PAGE, S2_NOTE_NONE);
	for (uint64_t i = page; i < page + count; i++) {
		/* A note that spans an end of the range stays: nothing was mapped there. */
		model[i] = (struct model_page){
			.note = s2_look(&s2, ipa_of(i)).entry && !model[i].pa ? model[i].note : 0
		};
	}
}

static enum hyp_status note(uint64_t page, uint64_t count, enum s2_note what)
{
	enum hyp_status status = s2_prepare(&s2, ipa_of(page), count * PAGE, ipa_of(page));

	if (status == HYP_OK) {
		s2_note(&s2, ipa_of(page), count * PAGE, what);
		for (uint64_t i = 0; i < count; i++) {
			model[page + i] = (struct model_page){ .note = what };
		}
	}
	return status;
}

static void root_and_vmid_are_in_vttbr(void **state)
{
	(void)state;
	assert_int_equal(s2_vttbr(&s2), TABLES_PFN << 12 | UINT64_C(7) << 48);
	assert_int_equal(s2_look(&s2, 0).bytes, UINT64_C(1) << 30);
	assert_int_equal(s2_look(&s2, 4096).bytes, (UINT64_C(1) << 30) - 4096);
	assert_int_equal(s2_look(&s2, (UINT64_C(1) << 40) - 4096).bytes, 4096);
}

/* Few pages for tables: none for what a level 1 or 2 entry can say. */
static void what_tables_it_takes(void **state)
{
	(void)state;
	assert_int_equal(map(0, 1, PAGE, S2_RAM), HYP_ENOTABLE);
	give_pages(1);
	assert_int_equal(map(0, 1, PAGE, S2_RAM), HYP_ENOTABLE);
	compare("one table of two");
	give_pages(1);
	assert_int_equal(map(0, 1, PAGE, S2_RAM), HYP_OK);
	assert_int_equal(s2.pages.count, 0);
	assert_int_equal(map(511, 1, PAGE, S2_RAM), HYP_OK);
	assert_int_equal(map(512, 1, PAGE, S2_RAM), HYP_ENOTABLE);
	give_pages(1);
	assert_int_equal(map(512, 1, PAGE, S2_RAM), HYP_OK);
	/* Beyond the border of 1 GiB: two more. */
	give_pages(1);
	assert_int_equal(map(1024, 1, PAGE, S2_RAM), HYP_ENOTABLE);
	give_pages(1);
	assert_int_equal(map(1024, 1, PAGE, S2_RAM), HYP_OK);
	compare("pages in three tables");
	assert_int_equal(s2.pages.count, 0);
}

/* 1 GiB of notes is one entry; a part of it takes two tables. */
static void notes_are_of_any_size(void **state)
{
	uint64_t gib = UINT64_C(1) << 30;

	(void)state;
	give_pages(1);
	assert_int_equal(s2_prepare(&s2, 0, 4 * gib, 0), HYP_OK);
	s2_note(&s2, 0, 4 * gib, S2_NOTE_RAM);
	assert_int_equal(s2.pages.count, 1);
	assert_int_equal(s2_look(&s2, 3 * gib + 4096).entry, S2_NOTE_RAM);
	assert_int_equal(s2_look(&s2, 4 * gib).entry, S2_NOTE_NONE);
	give_pages(1);
	assert_int_equal(s2_prepare(&s2, gib + 4096, 4096, gib + 4096), HYP_OK);
	s2_note(&s2, gib + 4096, 4096, S2_NOTE_SHARED);
	assert_int_equal(s2.pages.count, 0);
	assert_int_equal(s2_look(&s2, gib).entry, S2_NOTE_RAM);
	assert_int_equal(s2_look(&s2, gib + 4096).entry, S2_NOTE_SHARED);
	assert_int_equal(s2_look(&s2, gib + 8192).entry, S2_NOTE_RAM);
	assert_int_equal(s2_look(&s2, 2 * gib - 4096).entry, S2_NOTE_RAM);
	assert_int_equal(fake_machine.flushes, 0); /* nobody ever had any of it in a TLB */
}

/* A block is mapped only if it can be split later, whatever happens in between. */
static void blocks_can_always_be_split(void **state)
{
	(void)state;
	give_pages(1);
	assert_int_equal(map(0, 512, 32 * MIB, S2_RAM), HYP_ENOTABLE);
	compare("no page to split it");
	give_pages(1);
	assert_int_equal(map(0, 512, 32 * MIB, S2_RAM), HYP_OK);
	assert_int_equal(s2.block_count, 1);
	assert_int_equal(s2.pages.count, 1);
	assert_int_equal(s2_look(&s2, BASE).bytes, 2 * MIB);
	/* The page is kept: neither a page nor another block gets it. */
	assert_int_equal(map(512, 1, PAGE, S2_RAM), HYP_ENOTABLE);
	assert_int_equal(map(512, 512, 64 * MIB, S2_RAM), HYP_ENOTABLE);
	compare("a block");
	unmap(5, 1);
	compare("a block without a page");
	assert_int_equal(s2.pages.count, 0);
	assert_int_equal(s2.block_count, 0);
	assert_int_equal(map(5, 1, PAGE, S2_RAM), HYP_OK);
	compare("another page in its place");
}

/* Whether blocks fit depends on both addresses. */
static void blocks_need_both_addresses(void **state)
{
	(void)state;
	give_pages(10);
	assert_int_equal(map(512, 512, 32 * MIB + PAGE, S2_RAM), HYP_OK);
	assert_int_equal(s2.block_count, 0);
	assert_int_equal(map(1, 511, 32 * MIB + PAGE, S2_RAM), HYP_OK);
	assert_int_equal(s2.block_count, 0);
	assert_int_equal(map(1024, 1024, 64 * MIB, S2_RAM | S2_XN), HYP_OK);
	assert_int_equal(s2.block_count, 2);
	compare("blocks and pages");
	unmap(1024, 512);
	assert_int_equal(s2.block_count, 1);
	unmap(0, PAGES);
	assert_int_equal(s2.block_count, 0);
	compare("nothing");
}

static uint64_t seed;

static uint64_t random_below(uint64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 33) % limit;
}

/* Sizes of all kinds, and borders of blocks more often than chance has them. */
static void random_range(uint64_t *page, uint64_t *count)
{
	*page = random_below(3) ? random_below(PAGES) : random_below(PAGES / 512) * 512;
	*count = 1 + random_below(random_below(2) ? 8 : 700);
	*count = random_below(3) ? *count : 512;
	*count = *count > PAGES - *page ? PAGES - *page : *count;
}

static bool is_free(uint64_t page, uint64_t count)
{
	for (uint64_t i = page; i < page + count; i++) {
		if (model[i].pa) {
			return false;
		}
	}
	return true;
}

static void one_random_step(void)
{
	static const uint64_t rights[] = { S2_RAM, S2_RAM | S2_XN, S2_MEMORY | S2_READ };
	static const enum s2_note notes[] = { S2_NOTE_NONE, S2_NOTE_DEVICE, S2_NOTE_RAM,
					      S2_NOTE_SHARED };
	uint64_t page, count;
	enum hyp_status status = HYP_OK;

	random_range(&page, &count);
	switch (random_below(3)) {
	case 0:
		if (is_free(page, count)) {
			uint64_t pa = 64 * MIB + (random_below(2) ? page : random_below(4)) * PAGE;

			status = map(page, count, pa, rights[random_below(3)]);
		}
		break;
	case 1:
		unmap(page, count);
		break;
	default:
		if (is_free(page, count)) {
			status = note(page, count, notes[random_below(4)]);
		}
		break;
	}
	assert_true(status == HYP_OK || status == HYP_ENOTABLE);
}

static void steps_at_random(void **state)
{
	for (uint64_t tables = 0; tables < 16; tables++) {
		begin(state);
		fake_machine.may_replace = tables % 2;
		give_pages(tables);
		seed = tables;
		for (int step = 0; step < 150; step++) {
			one_random_step();
			compare("after a step");
		}
		unmap(0, PAGES);
		assert_int_equal(s2.block_count, 0);
	}
}

/* Unmapping forgets notes where their entry lies inside, and leaves larger ones alone. */
static void notes_around_what_is_unmapped(void **state)
{
	(void)state;
	give_pages(8);
	assert_int_equal(note(0, 512, S2_NOTE_RAM), HYP_OK);
	unmap(0, 5);
	compare("a part of a note of 2 MiB");
	unmap(500, 12);
	compare("its end");
	assert_int_equal(s2_look(&s2, ipa_of(511)).entry, S2_NOTE_RAM);
	unmap(0, 512);
	compare("all of it");
	assert_int_equal(s2_look(&s2, ipa_of(0)).entry, S2_NOTE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(root_and_vmid_are_in_vttbr, begin, end),
		cmocka_unit_test_setup_teardown(what_tables_it_takes, begin, end),
		cmocka_unit_test_setup_teardown(notes_are_of_any_size, begin, end),
		cmocka_unit_test_setup_teardown(blocks_can_always_be_split, begin, end),
		cmocka_unit_test_setup_teardown(blocks_need_both_addresses, begin, end),
		cmocka_unit_test_setup_teardown(steps_at_random, begin, end),
		cmocka_unit_test_setup_teardown(notes_around_what_is_unmapped, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
