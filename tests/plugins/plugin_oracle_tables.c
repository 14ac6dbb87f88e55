/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier A: pages and their owners, their content, invalidation, a restored machine. */
#include "tests/plugins/oracle_play.h"

/* ---- plays ---- */

static void nothing(void)
{
	enter(EC_ABORT);
}

/* MEM_DONATE and MEM_RETURN of platform/abi/hyp_hypercalls.h. */
static void donates(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	host_loses(3);
	answer(0, 0);
}

static void donates_and_returns(void)
{
	donates();
	host_calls(0xc6007002, host_page(3) >> 12, 1, 0, 0);
	store(HOST_LEVEL3, 3, S2_PAGE(host_page(3)));
	answer(0, 0);
}

static void refuses_to_donate(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	answer((uint64_t)-1, 0);
}

static void donates_and_keeps(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	answer(0, 0);
}

static void returns_with_content(void)
{
	donates();
	fake_store(host_page(3) + 0x800, 1);
	host_calls(0xc6007002, host_page(3) >> 12, 1, 0, 0);
	store(HOST_LEVEL3, 3, S2_PAGE(host_page(3)));
	answer(0, 0);
}

static void host_gets_el2s_page(void)
{
	enter(EC_ABORT);
	store(HOST_LEVEL2, 0, S2_BLOCK(RAM));
}

static void forgets_to_invalidate(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	store(HOST_LEVEL3, 3, 0);
	answer(0, 0);
}

static void invalidates_the_next_page(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	store(HOST_LEVEL3, 3, 0);
	invalidate(host_page(4));
	answer(0, 0);
}

static void invalidates_another_vmid(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	store(HOST_LEVEL3, 3, 0);
	fake_set("VTTBR_EL2", VTTBR(HOST_ROOT, 4));
	invalidate(host_page(3));
	answer(0, 0);
}

static void invalidates_stage_2_only(void)
{
	host_calls(0xc6007001, host_page(3) >> 12, 1, 0, 0);
	store(HOST_LEVEL3, 3, 0);
	run(DSB_ST);
	set_x(0, host_page(3) >> 12);
	run(TLBI_IPA);
	run(DSB);
	answer(0, 0);
}

static void lives(void)
{
	vm_with_a_page();
	guest_exits();
}

static void host_keeps_the_page(void)
{
	makes_vm(1);
	runs_vm();
	guest_exits();
	maps(20, true);
}

static void another_page_is_mapped(void)
{
	makes_vm(1);
	runs_vm();
	guest_exits();
	host_calls(0xc6007013, 1, host_page(20) >> 12, GUEST_RAM >> 12, 1);
	host_loses(20);
	store(VM_LEVEL3, 0, S2_PAGE(host_page(21)));
	answer(0, 0);
}

static void guest_calls(uint32_t number, uint64_t ipa)
{
	set_x(0, number);
	set_x(1, ipa);
	set_x(2, 1);
	enter(EC_HVC);
}

/* MEM_SHARE. */
static void shares(void)
{
	vm_with_a_page();
	guest_calls(0xc6000003, GUEST_RAM);
	store(HOST_LEVEL3, 20, S2_PAGE(host_page(20)));
	set_x(0, 0);
	set_x(1, 1);
	leave(VTTBR(VM_ROOT, 1));
}

static void unshares(void)
{
	shares();
	guest_calls(0xc6000004, GUEST_RAM);
	fake_set("VTTBR_EL2", VTTBR(HOST_ROOT, 0));
	host_loses(20);
	set_x(0, 0);
	set_x(1, 1);
	leave(VTTBR(VM_ROOT, 1));
	guest_exits();
}

static void unshares_by_word_only(void)
{
	shares();
	guest_calls(0xc6000004, GUEST_RAM);
	set_x(0, 0);
	set_x(1, 1);
	leave(VTTBR(VM_ROOT, 1));
}

static void host_gets_what_was_not_shared(void)
{
	vm_with_a_page();
	enter(EC_ABORT);
	store(HOST_LEVEL3, 20, S2_PAGE(host_page(20)));
}

/* VM_KILL, VM_RECLAIM. */
static void reclaims(bool is_wiped)
{
	vm_with_a_page();
	guest_exits();
	host_calls(0xc6007015, 1, 0, 0, 0);
	answer(0, 0);
	host_calls(0xc6007016, 1, host_page(20) >> 12, 1, 0);
	if (is_wiped) {
		fake_store(host_page(20) + 8, 0);
	}
	store(HOST_LEVEL3, 20, S2_PAGE(host_page(20)));
	answer(0, 0);
}

static void reclaims_clean(void)
{
	reclaims(true);
}

static void reclaims_dirty(void)
{
	reclaims(false);
}

static void dead_runs(void)
{
	reclaims(true);
	runs_vm();
}

static void guest_loses_without_tlbi(void)
{
	vm_with_a_page();
	enter(EC_ABORT);
	fake_store(host_page(20) + 8, 0);
	store(VM_LEVEL3, 0, 0);
	run(DSB_ST);
	answer(0, 0); /* nothing can use it yet */
	runs_vm();
}

static void vmid_is_used_again(void)
{
	lives();
	host_calls(0xc6007015, 1, 0, 0, 0);
	answer(0, 0);
	host_calls(0xc6007023, 2, 0, 0, 0);
	leave(VTTBR(VM2_ROOT, 1));
}

static void vmid_is_invalidated(void)
{
	lives();
	host_calls(0xc6007015, 1, 0, 0, 0);
	fake_set("VTTBR_EL2", VTTBR(VM_ROOT, 1));
	run(TLBI_VMID);
	run(DSB);
	answer(0, 0);
	host_calls(0xc6007023, 2, 0, 0, 0);
	leave(VTTBR(VM2_ROOT, 1));
}

/* ---- shapes of tables ---- */

#define GRANULE_64K (UINT64_C(1) << 14)

static void host_has_no_shape(void)
{
	enter(EC_ABORT);
	fake_set("VTCR_EL2", 0); /* T0SZ and SL0 do not go together: all accesses fault */
	leave_to_host();
	enter(EC_ABORT);
	fake_set("VTCR_EL2", VTCR);
}

static void vm_has_no_shape(void)
{
	makes_vm(1);
	host_calls(0xc6007023, 1, 0, 0, 0);
	fake_set("VTCR_EL2", 0);
	leave(VTTBR(VM_ROOT, 1));
	enter(EC_ABORT);
	fake_set("VTCR_EL2", VTCR);
	answer(0, 0);
	maps(20, false);
}

/* What is mapped behind VTCR_EL2's error counts as before. */
static void host_gets_a_page_without_shape(void)
{
	vm_with_a_page();
	enter(EC_ABORT);
	fake_set("VTCR_EL2", 0);
	store(HOST_LEVEL3, 20, S2_PAGE(host_page(20)));
}

static void host_has_another_granule(void)
{
	enter(EC_ABORT);
	fake_set("VTCR_EL2", VTCR | GRANULE_64K);
}

static void vm_has_another_granule(void)
{
	makes_vm(1);
	host_calls(0xc6007023, 1, 0, 0, 0);
	fake_set("VTCR_EL2", VTCR | GRANULE_64K);
	leave(VTTBR(VM_ROOT, 1));
}

static void el2_has_another_granule(void)
{
	enter(EC_ABORT);
	fake_set("TTBR0_EL2", EL2_LEVEL2);
	fake_set("TCR_EL2", 25 | GRANULE_64K);
}

/* 30 bits from level 2 on: what was a table of level 3 is a page. */
static void host_begins_at_another_level(void)
{
	enter(EC_ABORT);
	fake_set("VTCR_EL2", 34);
}

static void host_has_no_stage_2(void)
{
	enter(EC_ABORT);
	fake_set("HCR_EL2", 0);
}

/* From the start. */
static void with_another_granule(void)
{
	fake_set("VTCR_EL2", VTCR | GRANULE_64K);
}

static void shapes(void **state)
{
	(void)state;
	is_silent(host_has_no_shape);
	is_silent(vm_has_no_shape);
	breaks(host_gets_a_page_without_shape, "two-owners");
	breaks(host_has_another_granule, "unreadable");
	breaks(vm_has_another_granule, "unreadable");
	breaks(el2_has_another_granule, "unreadable");
	breaks(host_begins_at_another_level, "el2-page");
	breaks(host_has_no_stage_2, "no-stage-2");
	restored = with_another_granule;
	assert_int_equal(ends(nothing), 93);
	restored = NULL;
}

/* A bit flips in memory: nobody stores. */
static void host_gets_a_page_by_a_flip(void)
{
	vm_with_a_page();
	fake_store(HOST_LEVEL3 + 20 * 8, S2_PAGE(host_page(20)));
	guest_exits();
}

static void host_loses_a_page_by_a_flip(void)
{
	fake_store(HOST_LEVEL3 + 20 * 8, 0);
	enter(EC_ABORT);
}

static void flips_in_tables(void **state)
{
	(void)state;
	is_silent(host_gets_a_page_by_a_flip);
	except = "reread=on";
	breaks(host_gets_a_page_by_a_flip, "two-owners");
	is_silent(host_loses_a_page_by_a_flip);
	is_silent(lives);
	except = NULL;
}

/* ---- restored ---- */

/* Page 20 is a VM's, and has its content. */
static void with_a_vm(void)
{
	fake_store(HOST_LEVEL3 + 20 * 8, 0);
	fake_store(host_page(20) + 8, 0x5ec7e7);
	fake_store(VM_LEVEL3, S2_PAGE(host_page(20)));
}

/* The same under a host whose pages are mapped as it faults, page 21 not yet. */
static void with_marks(void)
{
	with_a_vm();
	fake_store(HOST_LEVEL3 + 20 * 8, 0x30);
	fake_store(HOST_LEVEL3 + 21 * 8, 0);
	fake_store(host_page(21) + 8, 0xda7a);
}

static void host_gets_page_20(void)
{
	enter(EC_ABORT);
	store(HOST_LEVEL3, 20, S2_PAGE(host_page(20)));
}

static void host_gets_page_20_clean(void)
{
	fake_store(host_page(20) + 8, 0);
	host_gets_page_20();
}

static void host_gets_page_21(void)
{
	enter(EC_ABORT);
	store(HOST_LEVEL3, 21, S2_PAGE(host_page(21)));
}

/* Alive, it keeps its page, clean or not. */
static void vm_goes_on(void)
{
	runs_vm();
	guest_exits();
}

static void vm_goes_on_and_host_gets_page_20(void)
{
	vm_goes_on();
	host_gets_page_20_clean();
}

/* Both EL2 and the host map page 20. */
static void with_a_shared_page(void)
{
	fake_store(EL2_LEVEL2 + 8, TABLE(EL2_LEVEL3));
	fake_store(EL2_LEVEL3 + 20 * 8, host_page(20) | 0x403 | UINT64_C(1) << 54);
}

static void found_shared_is_an_exception(void **state)
{
	(void)state;
	restored = with_a_shared_page;
	breaks(nothing, "el2-page");
	except = "except=found-shared";
	is_silent(nothing);
	except = NULL;
	restored = NULL;
}

static void restored_machines(void **state)
{
	(void)state;
	restored = with_a_vm;
	is_silent(nothing);
	is_silent(vm_goes_on);
	is_silent(host_gets_page_20_clean);
	breaks(host_gets_page_20, "not-clean");
	breaks(vm_goes_on_and_host_gets_page_20, "two-owners");
	restored = with_marks;
	is_silent(vm_goes_on);
	is_silent(host_gets_page_21);
	breaks(host_gets_page_20, "not-clean");
	breaks(vm_goes_on_and_host_gets_page_20, "two-owners");
	restored = NULL;
}

/* ---- the end ---- */

static void ends_in_silence(void)
{
	donates();
	fake_callbacks.exit(NULL);
}

static void silence_says_what_was_judged(void **state)
{
	g_autofree char *text = NULL;
	(void)state;

	assert_int_equal(ends(ends_in_silence), 0);
	assert_true(g_file_get_contents(out, &text, NULL, NULL));
	assert_non_null(strstr(text, "\"what\": null"));
	assert_non_null(strstr(text, "\"tiers\": \"a\""));
	assert_non_null(strstr(text, "\"returns\": 2,"));
	unlink(out);
}

static void right_plays(void **state)
{
	(void)state;
	is_silent(nothing);
	is_silent(donates);
	is_silent(donates_and_returns);
	is_silent(refuses_to_donate);
	is_silent(lives);
	is_silent(host_lends_a_page);
	is_silent(shares);
	is_silent(unshares);
	is_silent(reclaims_clean);
	is_silent(vmid_is_invalidated);
}

static void wrong_owners(void **state)
{
	(void)state;
	breaks(donates_and_keeps, "el2-page");
	breaks(host_gets_el2s_page, "el2-page");
	breaks(host_keeps_the_page, "two-owners");
	breaks(another_page_is_mapped, "not-given");
	breaks(host_gets_what_was_not_shared, "two-owners");
	breaks(unshares_by_word_only, "two-owners");
}

static void wrong_content(void **state)
{
	(void)state;
	breaks(returns_with_content, "not-clean");
	breaks(reclaims_dirty, "not-clean");
}

static void wrong_invalidation(void **state)
{
	(void)state;
	breaks(forgets_to_invalidate, "stale");
	breaks(invalidates_the_next_page, "stale");
	breaks(invalidates_another_vmid, "stale");
	breaks(invalidates_stage_2_only, "stale");
	breaks(guest_loses_without_tlbi, "stale");
	breaks(vmid_is_used_again, "stale-vmid");
}

static void wrong_lives(void **state)
{
	(void)state;
	breaks(dead_runs, "dead-vm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_plays),
		cmocka_unit_test(wrong_owners),
		cmocka_unit_test(wrong_content),
		cmocka_unit_test(wrong_invalidation),
		cmocka_unit_test(wrong_lives),
		cmocka_unit_test(shapes),
		cmocka_unit_test(flips_in_tables),
		cmocka_unit_test(restored_machines),
		cmocka_unit_test(found_shared_is_an_exception),
		cmocka_unit_test(silence_says_what_was_judged),
	};

	return cmocka_run_group_tests(tests, play_begin, NULL);
}
