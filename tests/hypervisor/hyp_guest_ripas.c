/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RIPAS of VMs with RSI: which of a page's two addresses is its place, private or shared with
 * the host; one by one, and at random against a model.
 */
#include "tests/hypervisor/memory_world.h"

#include <hyp/owner.h>
#include <hyp/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void ram_is_declared(void **state)
{
	(void)state;
	begin_vm(HYP_VM_RSI, 0);
	assert_int_equal(fault(IPA), GUEST_FAULT_ABORT);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_EPERM);
	/* 1 GiB takes no table; any number of pages at once, until it ran */
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, IPA >> 12, GIB >> 12),
			 HYP_OK);
	assert_int_equal(vm->s2.pages.count, 1);
	assert_int_equal(fault(IPA), GUEST_FAULT_MEMORY);
	assert_int_equal(fault(IPA + GIB - PAGE), GUEST_FAULT_MEMORY);
	assert_int_equal(fault(IPA + GIB), GUEST_FAULT_ABORT);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, IPA >> 12, 1), HYP_OK);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, 0, 0), HYP_EINVAL);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, TOP >> 12, 1),
			 HYP_EINVAL);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, (TOP >> 12) - 1, 2),
			 HYP_EINVAL);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, 0, UINT64_MAX),
			 HYP_EINVAL);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, 0, 1), HYP_ENOTABLE);
	assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4, 2), HYP_OK);
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, 0, 1), HYP_OK);
	vm->has_run = true;
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, 1, 1), HYP_EBUSY);
}

/* What an access by either alias means, in each state of a page. */
static void both_aliases(void **state)
{
	uint64_t next, at;

	(void)state;
	begin_vm(HYP_VM_RSI, 8);
	/* nothing was said: a device, by the upper alias */
	assert_int_equal(guest_fault(vm, IPA, true, false, &at), GUEST_FAULT_ABORT);
	assert_int_equal(guest_fault(vm, TOP + IPA + 4, true, false, &at), GUEST_FAULT_DEVICE);
	assert_int_equal(at, IPA + 4);
	assert_int_equal(what_is_at(IPA), IS_DEVICE);
	assert_int_equal(guest_set_device(vm, IPA, true, true), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA, false, true), HYP_EPERM);
	assert_int_equal(guest_fault(vm, 2 * TOP, true, false, &at), GUEST_FAULT_ABORT);
	/* RAM */
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + 2 * PAGE, true, &next), HYP_OK);
	assert_int_equal(next, IPA + 2 * PAGE);
	assert_int_equal(fault(IPA), GUEST_FAULT_MEMORY);
	assert_int_equal(fault(TOP + IPA), GUEST_FAULT_ABORT);
	assert_int_equal(what_is_at(IPA), IS_NOTHING);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	assert_int_equal(fault(IPA), GUEST_FAULT_RETRY);
	assert_int_equal(fault(TOP + IPA), GUEST_FAULT_ABORT);
	assert_int_equal(what_is_at(IPA), IS_OWN);
	assert_false(owner_view(PAGES).host);
	assert_int_equal(host_maps(IPA, PAGES + 1, 1), HYP_EBUSY);
	/* shared: one with a page, one without */
	assert_int_equal(guest_finds(IPA), PAGES);
	fill(PAGES);
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + 2 * PAGE, false, &next), HYP_OK);
	assert_null(fake_machine_broken());
	assert_true(is_filled_with(PAGES, 0));
	assert_true(owner_view(PAGES).host);
	assert_int_equal(guest_finds(IPA), 0);
	assert_int_equal(guest_finds(TOP + IPA), PAGES);
	assert_int_equal(fake_machine_walk(s2_vttbr(&vm->s2), TOP + IPA) >> 53 & 3, 2);
	assert_int_equal(what_is_at(IPA), IS_SHARED);
	assert_int_equal(what_is_at(IPA + PAGE), IS_NOTHING);
	assert_int_equal(fault(IPA), GUEST_FAULT_ABORT);
	assert_int_equal(fault(TOP + IPA), GUEST_FAULT_RETRY);
	assert_int_equal(fault(TOP + IPA + PAGE), GUEST_FAULT_MEMORY);
	assert_int_equal(host_maps(IPA, PAGES + 1, 1), HYP_EPERM);
	assert_int_equal(host_maps(IPA + PAGE, PAGES + 1, 2), HYP_EPERM);
	assert_int_equal(host_maps(IPA + PAGE, PAGES + 1, 1), HYP_OK);
	assert_int_equal(owner_view(PAGES + 1).state, PAGE_GUEST_HOST);
	assert_int_equal(guest_finds(TOP + IPA + PAGE), PAGES + 1);
	assert_int_equal(vm->shared_pages, 2);
	/* a structure of the guest's is in private memory only */
	assert_int_equal(guest_copy(vm, IPA, &next, 8, false), HYP_EPERM);
	assert_int_equal(guest_copy(vm, TOP + IPA, &next, 8, false), HYP_EINVAL);
	/* private again */
	fill(PAGES);
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + 2 * PAGE, true, &next), HYP_OK);
	assert_null(fake_machine_broken());
	assert_true(is_filled_with(PAGES, 0));
	assert_false(owner_view(PAGES).host || owner_view(PAGES + 1).host);
	assert_int_equal(guest_finds(IPA + PAGE), PAGES + 1);
	assert_int_equal(guest_finds(TOP + IPA), 0);
	assert_int_equal(vm->shared_pages, 0);
}

static void ranges_of_ripas_that_cannot_be(void **state)
{
	static const struct {
		uint64_t base, top;
	} bad[] = { { IPA + 1, IPA + PAGE },
		    { IPA, IPA + 1 },
		    { IPA, IPA },
		    { IPA + PAGE, IPA },
		    { TOP, TOP + PAGE },
		    { TOP - PAGE, TOP + PAGE },
		    { 0, UINT64_MAX },
		    { 0, 0 } };
	uint64_t next;
	bool ram;

	(void)state;
	begin_vm(HYP_VM_RSI, 8);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(guest_ripas_set(vm, bad[i].base, bad[i].top, true, &next),
				 HYP_EINVAL);
		assert_int_equal(next, bad[i].base);
		assert_int_equal(guest_ripas_get(vm, bad[i].base, bad[i].top, &ram, &next),
				 HYP_EINVAL);
	}
	vm->flags = HYP_VM_PROTECTED; /* as if it had no RSI */
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + PAGE, true, &next), HYP_EINVAL);
	vm->flags = HYP_VM_RSI;
	/* A long range needs more calls. */
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + 4 * GIB, true, &next), HYP_OK);
	assert_int_equal(next, IPA + 4 * GIB);
	assert_int_equal(host_maps(IPA, PAGES, 512), HYP_OK);
	assert_int_equal(host_maps(IPA + 512 * PAGE, PAGES + 512, 512), HYP_OK);
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + GIB, false, &next), HYP_OK);
	assert_int_equal(next, IPA + 512 * PAGE);
	/* Said entry by entry: a page, a block, a note; never beyond what was asked for. */
	assert_int_equal(guest_ripas_get(vm, IPA, TOP, &ram, &next), HYP_OK);
	assert_false(ram);
	assert_int_equal(next, IPA + PAGE);
	assert_int_equal(guest_ripas_get(vm, IPA + 512 * PAGE, IPA + GIB, &ram, &next), HYP_OK);
	assert_true(ram);
	assert_int_equal(next, IPA + 1024 * PAGE);
	assert_int_equal(guest_ripas_get(vm, IPA + GIB, IPA + GIB + PAGE, &ram, &next), HYP_OK);
	assert_true(ram);
	assert_int_equal(next, IPA + GIB + PAGE);
}

/* Without a page for tables nothing changes at that place; with one, it goes on. */
static void ripas_without_tables(void **state)
{
	uint64_t next, given = 0;

	(void)state;
	begin_vm(HYP_VM_RSI, 0);
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + PAGE, true, &next), HYP_ENOTABLE);
	assert_int_equal(next, IPA);
	assert_int_equal(fault(IPA), GUEST_FAULT_ABORT);
	for (int step = 0; step < 4; step++) {
		bool ram = step % 2 == 0;

		while (guest_ripas_set(vm, IPA, IPA + PAGE, ram, &next) != HYP_OK) {
			assert_int_equal(next, IPA);
			assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4 + given, 1),
					 HYP_OK);
			given++;
			assert_true(given < 8);
		}
		if (step == 0) {
			assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
		}
		assert_int_equal(guest_finds(ram ? IPA : TOP + IPA), PAGES);
		assert_int_equal(guest_finds(ram ? TOP + IPA : IPA), 0);
		assert_null(fake_machine_broken());
	}
}

/* No page for the host's tables: the guest has its page where it was. */
static void ripas_without_memory(void **state)
{
	uint64_t next;

	for (int ram = 0; ram < 2; ram++) {
		assert_int_equal(end(state), 0);
		begin(state);
		begin_vm(HYP_VM_RSI, 8);
		assert_int_equal(guest_ripas_set(vm, IPA, IPA + 512 * PAGE, true, &next), HYP_OK);
		if (ram) {
			assert_int_equal(guest_ripas_set(vm, IPA, IPA + 512 * PAGE, false, &next),
					 HYP_OK);
		}
		assert_int_equal(host_maps(IPA, PAGES, 512), HYP_OK);
		fill(PAGES + 9);
		assert_int_equal(guest_finds((ram ? TOP : 0) + IPA + 9 * PAGE), PAGES + 9);
		pool_fail_nth(1);
		assert_int_equal(guest_ripas_set(vm, IPA + 9 * PAGE, IPA + 10 * PAGE, ram, &next),
				 HYP_ENOMEM);
		assert_int_equal(next, IPA + 9 * PAGE);
		assert_int_equal(guest_finds((ram ? TOP : 0) + IPA + 9 * PAGE), PAGES + 9);
		assert_true(is_filled_with(PAGES + 9, SECRET));
		assert_int_equal(owner_view(PAGES + 9).host, ram);
		assert_null(fake_machine_broken());
		assert_int_equal(guest_ripas_set(vm, IPA + 9 * PAGE, IPA + 10 * PAGE, ram, &next),
				 HYP_OK);
	}
}

/* ---- RSI against a model ---- */

#define MODEL_PAGES 1100u
#define MODEL_BASE (2 * GIB - 300 * PAGE)

enum what { NOTHING, RAM, SHARED };

static struct model_page {
	enum what what;
	uint64_t pfn; /* 0: none */
	bool written; /* since it was given or wiped: it must be seen by its owner only */
} model[MODEL_PAGES];

static uint64_t seed;

static uint64_t random_below(uint64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 33) % limit;
}

static void compare_page(uint64_t i)
{
	static const enum what_is pages[3][2] = { { IS_DEVICE, IS_DEVICE },
						  { IS_NOTHING, IS_OWN },
						  { IS_NOTHING, IS_SHARED } };
	static const enum guest_fault faults[3][2] = { { GUEST_FAULT_ABORT, GUEST_FAULT_DEVICE },
						       { GUEST_FAULT_MEMORY, GUEST_FAULT_ABORT },
						       { GUEST_FAULT_ABORT, GUEST_FAULT_MEMORY } };
	const struct model_page *page = &model[i];
	uint64_t ipa = MODEL_BASE + i * PAGE;
	uint64_t low = guest_finds(ipa), high = guest_finds(TOP + ipa);

	if (low != (page->what == RAM ? page->pfn : 0) ||
	    high != (page->what == SHARED ? page->pfn : 0)) {
		fail_msg("page %llu: finds %#llx and %#llx", (unsigned long long)i,
			 (unsigned long long)low, (unsigned long long)high);
	}
	assert_int_equal(what_is_at(ipa), pages[page->what][page->pfn != 0]);
	if (page->pfn == 0) {
		assert_int_equal(fault(ipa), faults[page->what][0]);
		assert_int_equal(fault(TOP + ipa), faults[page->what][1]);
		return;
	}
	assert_int_equal(owner_view(page->pfn).state,
			 page->what == RAM ? PAGE_GUEST : PAGE_GUEST_HOST);
	if (!page->written) {
		assert_int_equal(*(uint64_t *)fake_machine_page(page->pfn), 0);
	}
}

static void compare_all(void)
{
	uint64_t shared = 0;

	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		compare_page(i);
		shared += model[i].what == SHARED && model[i].pfn;
	}
	assert_int_equal(vm->shared_pages, shared);
	if (fake_machine_broken()) {
		fail_msg("%s", fake_machine_broken());
	}
}

/* As the guest's kernel does: again until all is done, with tables when they are wanted. */
static void guest_sets(uint64_t first, uint64_t count, bool ram, uint64_t *tables)
{
	uint64_t base = MODEL_BASE + first * PAGE, top = base + count * PAGE;

	while (base < top) {
		enum hyp_status status = guest_ripas_set(vm, base, top, ram, &base);

		if (status == HYP_ENOTABLE) {
			assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4 + *tables, 1),
					 HYP_OK);
			(*tables)++;
		} else {
			assert_int_equal(status, HYP_OK);
		}
	}
	for (uint64_t i = first; i < first + count; i++) {
		enum what to = ram ? RAM : SHARED;

		if (model[i].what == to || (!ram && model[i].what == NOTHING)) {
			continue;
		}
		model[i].what = to;
		model[i].written = false;
	}
}

/* The host maps where it was asked to, or anywhere; @fresh is the next page it never gave. */
static void host_tries(uint64_t first, uint64_t count, uint64_t *fresh)
{
	bool good = true;
	int64_t status;

	for (uint64_t i = first; i < first + count; i++) {
		good &= model[i].pfn == 0 && model[i].what != NOTHING &&
			model[i].what == model[first].what;
	}
	status = host_maps(MODEL_BASE + first * PAGE, *fresh, count);
	if (status == HYP_ENOTABLE) {
		assert_true(good);
		return;
	}
	assert_int_equal(status == HYP_OK, good);
	for (uint64_t i = 0; good && i < count; i++) {
		model[first + i].pfn = (*fresh)++;
		model[first + i].written = false;
	}
}

static void one_random_step(uint64_t *tables, uint64_t *fresh)
{
	uint64_t first = random_below(MODEL_PAGES);
	uint64_t count = 1 + random_below(random_below(2) ? 4 : 600);
	uint64_t word = SECRET;

	count = count > MODEL_PAGES - first ? MODEL_PAGES - first : count;
	switch (random_below(4)) {
	case 0:
		guest_sets(first, count, true, tables);
		break;
	case 1:
		guest_sets(first, count, false, tables);
		break;
	case 2:
		count = count % 5 + 1;
		if (first + count <= MODEL_PAGES && *fresh + count < MACHINE_END_PFN) {
			host_tries(first, count, fresh);
		}
		break;
	default: /* the guest writes what only it may know, where it believes it is alone */
		for (uint64_t i = first; i < first + count; i++) {
			enum hyp_status status =
				guest_copy(vm, MODEL_BASE + i * PAGE, &word, sizeof(word), true);

			assert_int_equal(status == HYP_OK, model[i].what == RAM && model[i].pfn);
			model[i].written |= status == HYP_OK;
		}
		break;
	}
}

/* The host reads a secret nowhere. */
static void host_looks(void)
{
	for (uint64_t pfn = MACHINE_HOST_PFN; pfn < MACHINE_END_PFN; pfn++) {
		if (owner_view(pfn).host) {
			assert_int_not_equal(*(uint64_t *)fake_machine_page(pfn), SECRET);
		}
	}
}

static void ripas_at_random(void **state)
{
	for (seed = 1; seed < 5; seed++) {
		uint64_t tables = 0, fresh = PAGES, start = seed;

		begin(state);
		begin_vm(HYP_VM_RSI, 0);
		fake_machine.may_replace = seed % 2;
		memset(model, 0, sizeof(model));
		for (int step = 0; step < 120; step++) {
			one_random_step(&tables, &fresh);
			compare_all();
			host_looks();
		}
		assert_true(tables < 500);
		assert_int_equal(end(state), 0);
		vm = NULL;
		seed = start;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ram_is_declared, begin, end),
		cmocka_unit_test_setup_teardown(both_aliases, begin, end),
		cmocka_unit_test_setup_teardown(ranges_of_ripas_that_cannot_be, begin, end),
		cmocka_unit_test_setup_teardown(ripas_without_tables, begin, end),
		cmocka_unit_test_setup_teardown(ripas_without_memory, begin, end),
		cmocka_unit_test_setup_teardown(ripas_at_random, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
