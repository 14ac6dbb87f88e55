/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page ownership: every state x every operation x every VM that could ask, against a
 * matrix written by hand, and after each call the view of all parties on all pages.
 *
 * Nothing here is computed from owner.c's tables. The letters are:
 *   x DENY  H HOST  h HOST_HYP  g HOST_GUEST (one loan)  k HOST_GUEST (two loans)
 *   Y HYP  D DONATED  M VM_META  G GUEST  S GUEST_HOST
 */
#include "tests/hypervisor/fake_pages.h"

#include <hyp/owner.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NORMAL = 1, PROTECTED = 2, OTHER_NORMAL = 3, OTHER_PROTECTED = 4, DYING = 5, UNUSED = 6 };

#define QUOTA 100
#define SECRET 0x5ec2e7u

static const char letters[] = "xHhgkYDMGS";
#define LETTER_COUNT (sizeof(letters) - 1)

#define NAME(name, ...) #name,
static const char *const state_names[] = { PAGE_STATES(NAME) };
static const char *const op_names[] = { OWNER_OPS(NAME) };

/*
 * One row per operation: the VMs that may ask, and for each letter above, in that order,
 * what the page then is; '.' is refused. A page that belongs to a VM is that VM's who
 * asks; that other VMs are refused is tested apart.
 */
struct row {
	enum owner_op op;
	const char *askers; /* 0 none, N normal, P protected, D dying */
	const char *becomes;
	const char *wiped; /* letters of pages that are zeroed */
};

/* clang-format off */
static const struct row matrix[] = {
	/*                         who     xHhgkYDMGS                          */
	{ OWNER_BOOT_HOST,          "0",   "H.........", "" },
	{ OWNER_BOOT_HYP,           "0",   "Y.........", "" },
	{ OWNER_HOST_DONATE_HYP,    "0",   ".D........", "" },
	{ OWNER_HYP_DONATE_HOST,    "0",   "......H...", "D" },
	{ OWNER_HOST_SHARE_HYP,     "0",   ".h........", "" },
	{ OWNER_HOST_UNSHARE_HYP,   "0",   "..H.......", "" },
	{ OWNER_HOST_DONATE_META,   "NP",  ".M........", "" },
	{ OWNER_HOST_DONATE_GUEST,  "P",   ".G........", "" },
	{ OWNER_HOST_DONATE_SHARED, "P",   ".S........", "" },
	{ OWNER_HOST_SHARE_GUEST,   "N",   ".g.k3.....", "" },
	{ OWNER_HOST_UNSHARE_GUEST, "NPD", "...Hg.....", "" },
	{ OWNER_GUEST_SHARE_HOST,   "P",   "........S.", "" },
	{ OWNER_GUEST_UNSHARE_HOST, "P",   ".........G", "" },
	{ OWNER_GUEST_SHARE_WIPED,  "P",   "........S.", "G" },
	{ OWNER_GUEST_UNSHARE_WIPED, "P",  ".........G", "S" },
	{ OWNER_GUEST_RELINQUISH,   "P",   "........H.", "G" },
	{ OWNER_RECLAIM,            "D",   "...HH..HHH", "MGS" },
};
/* clang-format on */

_Static_assert(sizeof(matrix) / sizeof(matrix[0]) == OWNER_OP_COUNT, "every operation has a row");

/* What each party must see of a page of some letter. */
struct sight {
	char letter;
	enum page_state state;
	bool host, hyp, guest, charged;
	uint32_t loans;
};

static const struct sight sights[] = {
	{ 'x', PAGE_DENY, false, false, false, false, 0 },
	{ 'H', PAGE_HOST, true, false, false, false, 0 },
	{ 'h', PAGE_HOST_HYP, true, true, false, false, 0 },
	{ 'g', PAGE_HOST_GUEST, true, false, true, true, 1 },
	{ 'k', PAGE_HOST_GUEST, true, false, true, true, 2 },
	{ '3', PAGE_HOST_GUEST, true, false, true, true, 3 },
	{ 'Y', PAGE_HYP, false, true, false, false, 0 },
	{ 'D', PAGE_DONATED, false, true, false, false, 0 },
	{ 'M', PAGE_VM_META, false, true, false, true, 0 },
	{ 'G', PAGE_GUEST, false, false, true, true, 0 },
	{ 'S', PAGE_GUEST_HOST, true, false, true, true, 0 },
};

static const struct sight *sight_of(char letter)
{
	for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++) {
		if (sights[i].letter == letter) {
			return &sights[i];
		}
	}
	fail_msg("no sight of %c", letter);
	return NULL;
}

/* What all pages should be. */
struct world {
	char letter[FAKE_PAGES];
	uint32_t vm[FAKE_PAGES];
	uint64_t content[FAKE_PAGES];
};

static struct world world;
static uint32_t table[FAKE_PAGES];

static enum hyp_status apply(enum owner_op op, uint32_t vm, uint64_t index, uint64_t count)
{
	struct owner_request request = {
		.op = op, .vm = vm, .pfn = FAKE_PFN + index, .count = count
	};

	return owner_apply(&request);
}

static void compare_page(uint32_t index, const char *when)
{
	const struct sight *sight = sight_of(world.letter[index]);
	struct owner_view view = owner_view(FAKE_PFN + index);
	uint32_t vm = world.vm[index];

	if (view.state != sight->state || view.host != sight->host || view.hyp != sight->hyp ||
	    view.guest != (sight->guest ? vm : 0) || view.vm != (sight->charged ? vm : 0) ||
	    view.loans != sight->loans) {
		fail_msg("%s: page %u should be %c of VM %u, is %s of VM %u with %u loans", when,
			 index, sight->letter, vm, state_names[view.state], view.vm, view.loans);
	}
	if (fake_pages.reach[index] != sight->host ||
	    owner_host_reaches(FAKE_PFN + index) != sight->host) {
		fail_msg("%s: page %u (%c): host's tables say %d", when, index, sight->letter,
			 fake_pages.reach[index]);
	}
	if (fake_pages.content[index] != world.content[index]) {
		fail_msg("%s: page %u (%c): content %#llx", when, index, sight->letter,
			 (unsigned long long)fake_pages.content[index]);
	}
}

/* Host, hypervisor and guests on all pages, and what the VMs hold. */
static void compare_world(const char *when)
{
	uint64_t held[OWNER_VM_MAX + 1] = { 0 };

	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		const struct sight *sight = sight_of(world.letter[i]);

		compare_page(i, when);
		if (sight->charged) {
			held[world.vm[i]] += sight->loans ? sight->loans : 1;
		}
	}
	for (uint32_t vm = 1; vm <= OWNER_VM_MAX; vm++) {
		if (owner_vm_view(vm).held_pages != held[vm]) {
			fail_msg("%s: VM %u holds %llu pages, should hold %llu", when, vm,
				 (unsigned long long)owner_vm_view(vm).held_pages,
				 (unsigned long long)held[vm]);
		}
	}
	assert_int_equal(fake_pages.faults, 0);
}

static uint32_t maker_of(char letter, uint32_t vm)
{
	return strchr("gkMGS", letter) ? vm : OWNER_VM_NONE;
}

/* Bring page @index from DENY to @letter, by the operations that lead there. */
static void make_page(uint32_t index, char letter, uint32_t vm)
{
	static const struct {
		char letter;
		enum owner_op steps[4];
		int count;
	} ways[] = {
		{ 'x', { OWNER_BOOT_HOST }, 0 },
		{ 'H', { OWNER_BOOT_HOST }, 1 },
		{ 'h', { OWNER_BOOT_HOST, OWNER_HOST_SHARE_HYP }, 2 },
		{ 'g', { OWNER_BOOT_HOST, OWNER_HOST_SHARE_GUEST }, 2 },
		{ 'k', { OWNER_BOOT_HOST, OWNER_HOST_SHARE_GUEST, OWNER_HOST_SHARE_GUEST }, 3 },
		{ 'Y', { OWNER_BOOT_HYP }, 1 },
		{ 'D', { OWNER_BOOT_HOST, OWNER_HOST_DONATE_HYP }, 2 },
		{ 'M', { OWNER_BOOT_HOST, OWNER_HOST_DONATE_META }, 2 },
		{ 'G', { OWNER_BOOT_HOST, OWNER_HOST_DONATE_GUEST }, 2 },
		{ 'S', { OWNER_BOOT_HOST, OWNER_HOST_DONATE_GUEST, OWNER_GUEST_SHARE_HOST }, 3 },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (int step = 0; ways[i].letter == letter && step < ways[i].count; step++) {
			uint32_t who = step > 0 ? maker_of(letter, vm) : OWNER_VM_NONE;

			assert_int_equal(apply(ways[i].steps[step], who, index, 1), HYP_OK);
		}
	}
	world.letter[index] = letter;
	world.vm[index] = maker_of(letter, vm);
	fake_pages.content[index] = SECRET + index;
	world.content[index] = SECRET + index;
}

/* The kind that can have a page of @letter: a normal VM loans, a protected one owns. */
static uint32_t vm_for(char letter, uint32_t normal, uint32_t protected_vm)
{
	return strchr("gk", letter) ? normal : protected_vm;
}

/* One page of each letter, belonging to @normal or @protected_vm, in a world of VMs. */
static void make_world(uint32_t normal, uint32_t protected_vm)
{
	owner_init(table, FAKE_PFN, FAKE_PAGES);
	fake_pages_reset();
	memset(&world, 0, sizeof(world));
	memset(world.letter, 'x', sizeof(world.letter));
	assert_int_equal(owner_vm_create(NORMAL, VM_NORMAL, QUOTA), HYP_OK);
	assert_int_equal(owner_vm_create(PROTECTED, VM_PROTECTED, QUOTA), HYP_OK);
	assert_int_equal(owner_vm_create(OTHER_NORMAL, VM_NORMAL, QUOTA), HYP_OK);
	assert_int_equal(owner_vm_create(OTHER_PROTECTED, VM_PROTECTED, QUOTA), HYP_OK);
	assert_int_equal(owner_vm_create(DYING, VM_PROTECTED, QUOTA), HYP_OK);
	assert_int_equal(owner_vm_kill(DYING), HYP_OK);
	for (uint32_t i = 0; i < LETTER_COUNT; i++) {
		make_page(i, letters[i], vm_for(letters[i], normal, protected_vm));
	}
	compare_world("the beginning");
}

/* The same, but then the VMs die, so that DYING's rights can be tried on their pages. */
static void kill_pages_vm(uint32_t vm)
{
	assert_int_equal(owner_vm_kill(vm), HYP_OK);
}

static const struct row *row_of(enum owner_op op)
{
	for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
		if (matrix[i].op == op) {
			return &matrix[i];
		}
	}
	fail_msg("no row of %d", op);
	return NULL;
}

/* What @letter becomes when @vm, of kind @asker, asks; '.' if that is refused. */
static char expected(const struct row *row, char asker, uint32_t vm, uint32_t index)
{
	char letter = world.letter[index];

	if (!strchr(row->askers, asker)) {
		return '.';
	}
	/* The page of a VM is only for that VM. */
	if (world.vm[index] != OWNER_VM_NONE && world.vm[index] != vm) {
		return '.';
	}
	return row->becomes[strchr(letters, letter) - letters];
}

static void try_cell(enum owner_op op, char asker, uint32_t vm, uint32_t index)
{
	const struct row *row = row_of(op);
	char next = expected(row, asker, vm, index);
	enum hyp_status status = apply(op, vm, index, 1);
	char when[80];

	snprintf(when, sizeof(when), "%s by VM %u (%c) on %c", op_names[op], vm, asker,
		 world.letter[index]);
	if (next == '.') {
		if (status == HYP_OK) {
			fail_msg("%s: was not refused", when);
		}
		assert_int_equal(status, HYP_EPERM);
	} else {
		if (status != HYP_OK) {
			fail_msg("%s: refused with %d", when, status);
		}
		if (strchr(row->wiped, world.letter[index])) {
			world.content[index] = 0;
		}
		world.letter[index] = next;
		world.vm[index] = strchr("gk3MGS", next) ? vm : OWNER_VM_NONE;
	}
	compare_world(when);
}

/* All cells for one asker; @killed: a VM whose pages exist and that then dies. */
static int try_asker(char asker, uint32_t vm, uint32_t killed)
{
	int cells = 0;

	for (int op = 0; op < OWNER_OP_COUNT; op++) {
		for (uint32_t index = 0; index < LETTER_COUNT; index++) {
			make_world(NORMAL, PROTECTED);
			if (killed != OWNER_VM_NONE) {
				kill_pages_vm(killed);
			}
			try_cell((enum owner_op)op, asker, vm, index);
			cells++;
		}
	}
	return cells;
}

static void every_state_and_operation(void **state)
{
	int cells = 0;

	(void)state;
	cells += try_asker('0', OWNER_VM_NONE, OWNER_VM_NONE);
	cells += try_asker('N', NORMAL, OWNER_VM_NONE);
	cells += try_asker('P', PROTECTED, OWNER_VM_NONE);
	cells += try_asker('D', NORMAL, NORMAL);
	cells += try_asker('D', PROTECTED, PROTECTED);
	assert_int_equal(cells, 5 * OWNER_OP_COUNT * (int)LETTER_COUNT);
}

static void other_vms_are_refused(void **state)
{
	(void)state;
	try_asker('N', OTHER_NORMAL, OWNER_VM_NONE);
	try_asker('P', OTHER_PROTECTED, OWNER_VM_NONE);
	try_asker('D', DYING, OWNER_VM_NONE);
}

static void no_vm_no_operation(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	for (int op = 0; op < OWNER_OP_COUNT; op++) {
		for (uint32_t index = 0; index < LETTER_COUNT; index++) {
			assert_int_equal(apply((enum owner_op)op, UNUSED, index, 1), HYP_ENOENT);
			assert_int_equal(apply((enum owner_op)op, OWNER_VM_MAX + 1, index, 1),
					 HYP_EINVAL);
			assert_int_equal(apply((enum owner_op)op, UINT32_MAX, index, 1),
					 HYP_EINVAL);
		}
	}
	compare_world("requests about VMs that are not");
}

static void ranges_that_cannot_be(void **state)
{
	static const struct {
		uint64_t pfn, count;
	} bad[] = {
		{ FAKE_PFN, 0 },
		{ FAKE_PFN - 1, 1 },
		{ FAKE_PFN - 1, 2 },
		{ FAKE_PFN + FAKE_PAGES, 1 },
		{ FAKE_PFN + FAKE_PAGES - 1, 2 },
		{ FAKE_PFN, FAKE_PAGES + 1 },
		{ FAKE_PFN, UINT64_MAX },
		{ FAKE_PFN + 1, UINT64_MAX - FAKE_PFN },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, UINT64_MAX },
		{ 0, UINT64_MAX },
	};

	(void)state;
	make_world(NORMAL, PROTECTED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (int op = 0; op < OWNER_OP_COUNT; op++) {
			struct owner_request request = { .op = (enum owner_op)op,
							 .pfn = bad[i].pfn,
							 .count = bad[i].count };

			assert_int_equal(owner_apply(&request), HYP_EINVAL);
		}
	}
	struct owner_request no_op = { .op = OWNER_OP_COUNT, .pfn = FAKE_PFN, .count = 1 };

	assert_int_equal(owner_apply(&no_op), HYP_EINVAL);
	no_op.op = (enum owner_op) - 1;
	assert_int_equal(owner_apply(&no_op), HYP_EINVAL);
	assert_int_equal(owner_view(FAKE_PFN - 1).state, PAGE_DENY);
	assert_int_equal(owner_view(FAKE_PFN + FAKE_PAGES).state, PAGE_DENY);
	compare_world("ranges that cannot be");
}

/* A range with one page that does not fit, at each place: none of its pages changes. */
static void all_or_nothing(void **state)
{
	(void)state;
	for (uint32_t spoiler = 0; spoiler < 4; spoiler++) {
		make_world(NORMAL, PROTECTED);
		for (uint32_t i = 10; i < 14; i++) {
			make_page(i, i == 10 + spoiler ? 'D' : 'H', OWNER_VM_NONE);
		}
		for (int op = 0; op < OWNER_OP_COUNT; op++) {
			enum hyp_status status = apply((enum owner_op)op, OWNER_VM_NONE, 10, 4);

			assert_int_not_equal(status, HYP_OK);
			compare_world("a range with a page that does not fit");
		}
	}
}

/* What was lent comes back with what is in it, however often it was lent. */
static void reclaim_ends_all_loans(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	make_page(10, 'k', NORMAL);
	make_page(11, 'M', NORMAL);
	make_page(12, 'g', NORMAL);
	kill_pages_vm(NORMAL);
	assert_int_equal(apply(OWNER_RECLAIM, NORMAL, 10, 3), HYP_OK);
	for (uint32_t i = 10; i < 13; i++) {
		world.letter[i] = 'H';
		world.vm[i] = OWNER_VM_NONE;
	}
	world.content[11] = 0;
	compare_world("reclaim of what was lent");
}

/* A dying VM's pages of all kinds in one call: wiped, and the host's mapping follows. */
static void reclaim_of_mixed_pages(void **state)
{
	static const char kinds[] = "SGMSSG";

	(void)state;
	make_world(NORMAL, PROTECTED);
	for (uint32_t i = 0; i < 6; i++) {
		make_page(10 + i, kinds[i], OTHER_PROTECTED);
	}
	compare_world("mixed pages");
	kill_pages_vm(OTHER_PROTECTED);
	assert_int_equal(owner_vm_destroy(OTHER_PROTECTED), HYP_EBUSY);
	assert_int_equal(apply(OWNER_RECLAIM, OTHER_PROTECTED, 10, 6), HYP_OK);
	for (uint32_t i = 10; i < 16; i++) {
		world.letter[i] = 'H';
		world.vm[i] = OWNER_VM_NONE;
		world.content[i] = 0;
	}
	compare_world("reclaim of mixed pages");
	assert_int_equal(owner_vm_destroy(OTHER_PROTECTED), HYP_OK);
	assert_int_equal(owner_vm_destroy(OTHER_PROTECTED), HYP_ENOENT);
	assert_int_equal(owner_vm_create(OTHER_PROTECTED, VM_NORMAL, 1), HYP_OK);
}

static void quota_holds(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	for (uint32_t i = 10; i < 16; i++) {
		make_page(i, 'H', OWNER_VM_NONE);
	}
	assert_int_equal(owner_vm_create(UNUSED, VM_PROTECTED, 3), HYP_OK);
	assert_int_equal(apply(OWNER_HOST_DONATE_GUEST, UNUSED, 10, 4), HYP_EQUOTA);
	compare_world("four pages for a quota of three");
	assert_int_equal(apply(OWNER_HOST_DONATE_GUEST, UNUSED, 10, 2), HYP_OK);
	assert_int_equal(apply(OWNER_HOST_DONATE_META, UNUSED, 12, 1), HYP_OK);
	assert_int_equal(apply(OWNER_HOST_DONATE_META, UNUSED, 13, 1), HYP_EQUOTA);
	assert_int_equal(apply(OWNER_HOST_DONATE_GUEST, UNUSED, 13, 1), HYP_EQUOTA);
	/* A change that takes nothing more is not refused at the limit. */
	assert_int_equal(apply(OWNER_GUEST_SHARE_HOST, UNUSED, 10, 1), HYP_OK);
	assert_int_equal(apply(OWNER_GUEST_RELINQUISH, UNUSED, 11, 1), HYP_OK);
	assert_int_equal(apply(OWNER_HOST_DONATE_GUEST, UNUSED, 13, 1), HYP_OK);
	assert_int_equal(owner_vm_view(UNUSED).held_pages, 3);
}

static void each_loan_counts(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	make_page(10, 'H', OWNER_VM_NONE);
	assert_int_equal(owner_vm_create(UNUSED, VM_NORMAL, 3), HYP_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(apply(OWNER_HOST_SHARE_GUEST, UNUSED, 10, 1), HYP_OK);
	}
	assert_int_equal(apply(OWNER_HOST_SHARE_GUEST, UNUSED, 10, 1), HYP_EQUOTA);
	assert_int_equal(owner_view(FAKE_PFN + 10).loans, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(owner_view(FAKE_PFN + 10).state, PAGE_HOST_GUEST);
		assert_int_equal(apply(OWNER_HOST_UNSHARE_GUEST, UNUSED, 10, 1), HYP_OK);
	}
	assert_int_equal(apply(OWNER_HOST_UNSHARE_GUEST, UNUSED, 10, 1), HYP_EPERM);
	world.letter[10] = 'H';
	compare_world("three loans and back");
}

static void loans_do_not_overflow(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	make_page(10, 'H', OWNER_VM_NONE);
	assert_int_equal(owner_vm_create(UNUSED, VM_NORMAL, UINT64_MAX), HYP_OK);
	for (uint32_t i = 0; i < OWNER_LOANS_MAX; i++) {
		assert_int_equal(apply(OWNER_HOST_SHARE_GUEST, UNUSED, 10, 1), HYP_OK);
	}
	assert_int_equal(apply(OWNER_HOST_SHARE_GUEST, UNUSED, 10, 1), HYP_EBUSY);
	assert_int_equal(owner_view(FAKE_PFN + 10).loans, OWNER_LOANS_MAX);
	assert_int_equal(owner_view(FAKE_PFN + 10).vm, UNUSED);
}

static void sealed_after_boot(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	owner_seal();
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		assert_int_equal(apply(OWNER_BOOT_HOST, OWNER_VM_NONE, i, 1), HYP_EPERM);
		assert_int_equal(apply(OWNER_BOOT_HYP, OWNER_VM_NONE, i, 1), HYP_EPERM);
	}
	compare_world("boot operations after the seal");
}

/* Every operation that needs table pages, with none left, then with some. */
static void out_of_memory_changes_nothing(void **state)
{
	static const struct {
		char letter;
		enum owner_op op;
		uint32_t vm;
	} cases[] = {
		{ 'x', OWNER_BOOT_HOST, OWNER_VM_NONE },
		{ 'H', OWNER_HOST_DONATE_HYP, OWNER_VM_NONE },
		{ 'D', OWNER_HYP_DONATE_HOST, OWNER_VM_NONE },
		{ 'H', OWNER_HOST_DONATE_META, PROTECTED },
		{ 'H', OWNER_HOST_DONATE_GUEST, PROTECTED },
		{ 'G', OWNER_GUEST_SHARE_HOST, PROTECTED },
		{ 'G', OWNER_GUEST_SHARE_WIPED, PROTECTED },
		{ 'S', OWNER_GUEST_UNSHARE_WIPED, PROTECTED },
		{ 'S', OWNER_GUEST_UNSHARE_HOST, PROTECTED },
		{ 'G', OWNER_GUEST_RELINQUISH, PROTECTED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_world(NORMAL, PROTECTED);
		make_page(10, cases[i].letter, PROTECTED);
		fake_pages.fail_nth = 1;
		assert_int_equal(apply(cases[i].op, cases[i].vm, 10, 1), HYP_ENOMEM);
		compare_world("out of memory");
		assert_int_equal(apply(cases[i].op, cases[i].vm, 10, 1), HYP_OK);
	}
}

static void vms_begin_and_end(void **state)
{
	(void)state;
	make_world(NORMAL, PROTECTED);
	assert_int_equal(owner_vm_create(OWNER_VM_NONE, VM_NORMAL, 1), HYP_EINVAL);
	assert_int_equal(owner_vm_create(OWNER_VM_MAX + 1, VM_NORMAL, 1), HYP_EINVAL);
	assert_int_equal(owner_vm_create(UNUSED, VM_NONE, 1), HYP_EINVAL);
	assert_int_equal(owner_vm_create(UNUSED, VM_DYING, 1), HYP_EINVAL);
	assert_int_equal(owner_vm_create(UNUSED, VM_KIND_COUNT, 1), HYP_EINVAL);
	assert_int_equal(owner_vm_create(NORMAL, VM_NORMAL, 1), HYP_EBUSY);
	assert_int_equal(owner_vm_create(DYING, VM_NORMAL, 1), HYP_EBUSY);
	assert_int_equal(owner_vm_kill(OWNER_VM_NONE), HYP_ENOENT);
	assert_int_equal(owner_vm_kill(UNUSED), HYP_ENOENT);
	assert_int_equal(owner_vm_kill(DYING), HYP_ENOENT);
	assert_int_equal(owner_vm_kill(OWNER_VM_MAX + 1), HYP_ENOENT);
	assert_int_equal(owner_vm_destroy(NORMAL), HYP_EPERM);
	assert_int_equal(owner_vm_destroy(OWNER_VM_NONE), HYP_ENOENT);
	assert_int_equal(owner_vm_destroy(OWNER_VM_MAX + 1), HYP_ENOENT);
	assert_int_equal(owner_vm_destroy(DYING), HYP_OK);
	assert_int_equal(owner_vm_view(DYING).kind, VM_NONE);
	assert_int_equal(owner_vm_view(OWNER_VM_MAX + 1).kind, VM_NONE);
	compare_world("VMs begin and end");
}

/* A page that nobody said anything about is nobody's. */
static void zero_is_refusal(void **state)
{
	(void)state;
	assert_int_equal(PAGE_DENY, 0);
	assert_int_equal(VM_NONE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_operation),
		cmocka_unit_test(other_vms_are_refused),
		cmocka_unit_test(no_vm_no_operation),
		cmocka_unit_test(ranges_that_cannot_be),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(reclaim_of_mixed_pages),
		cmocka_unit_test(reclaim_ends_all_loans),
		cmocka_unit_test(quota_holds),
		cmocka_unit_test(each_loan_counts),
		cmocka_unit_test(loans_do_not_overflow),
		cmocka_unit_test(sealed_after_boot),
		cmocka_unit_test(out_of_memory_changes_nothing),
		cmocka_unit_test(vms_begin_and_end),
		cmocka_unit_test(zero_is_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
