/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the architecture wants done before a changed translation is gone from all TLBs. */
#include "tests/plugins/cmocka_all.h"

#include <string.h>

#include "qemu-plugins/oracle_stale.h"

#define PAGE 0x1000u

static const int host = 1;
static const int guest = 2;

static int set_up(void **state)
{
	(void)state;
	stale_reset();
	return 0;
}

static void owe(const void *root, uint16_t vmid, uint64_t input, uint64_t bytes)
{
	const struct stale_due due = {
		.root = root, .input = input, .bytes = bytes, .leaf_bytes = bytes, .vmid = vmid
	};

	stale_add(&due);
}

static void tlbi(uint16_t vcpu, enum stale_scope scope, uint16_t vmid, uint64_t input,
		 uint64_t bytes)
{
	const struct stale_tlbi what = { scope, vmid, input, bytes };

	stale_tlbi(vcpu, &what);
}

static void the_whole_sequence(void **state)
{
	(void)state;
	owe(&host, 0, 0x5000, PAGE);
	assert_string_equal(stale_text(stale_find(&host, 0)),
			    "no DSB made the change visible before a TLBI");
	stale_dsb(0, false);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no TLBI of its address"));
	tlbi(0, STALE_SCOPE_IPA, 0, 0x5000, PAGE);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no DSB came after"));
	stale_dsb(0, true);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no TLBI of stage 1"));
	tlbi(0, STALE_SCOPE_STAGE1, 0, 0, 0);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no DSB completed"));
	stale_dsb(0, false); /* waits for stores only */
	assert_non_null(stale_find(&host, 0));
	stale_dsb(0, true);
	assert_null(stale_find(&host, 0));
}

static void one_for_all(void **state)
{
	static const enum stale_scope scopes[] = { STALE_SCOPE_VMID, STALE_SCOPE_ALL };
	unsigned int i;
	(void)state;

	for (i = 0; i < 2; i++) {
		owe(&host, 7, 0x5000, PAGE);
		stale_dsb(0, false);
		tlbi(0, scopes[i], 7, 0, 0);
		assert_non_null(stale_find(&host, 0));
		stale_dsb(0, true);
		assert_null(stale_find(&host, 0));
	}
}

static void what_does_not_count(void **state)
{
	(void)state;
	owe(&host, 7, 0x5000, PAGE);
	/* Before the store is visible; of another VMID; of another address; of stage 1. */
	tlbi(0, STALE_SCOPE_ALL, 7, 0, 0);
	stale_dsb(0, true);
	tlbi(0, STALE_SCOPE_VMID, 8, 0, 0);
	tlbi(0, STALE_SCOPE_IPA, 7, 0x6000, PAGE);
	tlbi(0, STALE_SCOPE_IPA, 7, 0x4000, PAGE);
	tlbi(0, STALE_SCOPE_IPA, 8, 0x5000, PAGE);
	tlbi(0, STALE_SCOPE_STAGE1, 7, 0, 0);
	stale_dsb(0, true);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no TLBI of its address"));
	/* Another CPU's barrier does not complete this one's TLBI. */
	tlbi(0, STALE_SCOPE_VMID, 7, 0, 0);
	stale_dsb(1, true);
	assert_non_null(stale_find(&host, 0));
}

static void ranges_are_cut(void **state)
{
	const struct stale_due *due;
	unsigned int i;
	(void)state;

	for (i = 0; i < 4; i++) {
		owe(&host, 0, 0x10000 + i * PAGE, PAGE);
	}
	stale_dsb(0, true);
	tlbi(0, STALE_SCOPE_IPA, 0, 0x11000, 2 * PAGE);
	stale_dsb(0, true);
	tlbi(0, STALE_SCOPE_STAGE1, 0, 0, 0);
	stale_dsb(0, true);
	due = stale_find(&host, 0);
	assert_non_null(due);
	assert_true(due->input == 0x10000 || due->input == 0x13000);
	tlbi(0, STALE_SCOPE_IPA, 0, 0x10000, PAGE);
	tlbi(0, STALE_SCOPE_IPA, 0, 0x13000, PAGE);
	stale_dsb(0, true);
	tlbi(0, STALE_SCOPE_STAGE1, 0, 0, 0);
	stale_dsb(0, true);
	assert_null(stale_find(&host, 0));
}

static void one_address_takes_a_block(void **state)
{
	(void)state;
	owe(&host, 0, 0x40200000, 0x200000);
	stale_dsb(0, true);
	tlbi(0, STALE_SCOPE_IPA, 0, 0x40234000, PAGE);
	stale_dsb(0, true);
	tlbi(0, STALE_SCOPE_STAGE1, 0, 0, 0);
	stale_dsb(0, true);
	assert_null(stale_find(&host, 0));
}

static void devices(void **state)
{
	struct stale_due due = { .root = &host,
				 .input = 0x5000,
				 .bytes = PAGE,
				 .leaf_bytes = PAGE,
				 .step = STALE_NOTHING,
				 .smmu = true };
	const struct stale_tlbi wrong = { STALE_SCOPE_IPA, 0, 0x6000, PAGE };
	const struct stale_tlbi right = { STALE_SCOPE_IPA, 0, 0x5000, PAGE };
	(void)state;

	stale_add(&due);
	stale_smmu_sync();
	stale_smmu_tlbi(&wrong);
	tlbi(0, STALE_SCOPE_ALL, 0, 0, 0);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no CMD_TLBI"));
	stale_smmu_tlbi(&right);
	assert_non_null(strstr(stale_text(stale_find(&host, 0)), "no CMD_SYNC"));
	stale_smmu_sync();
	assert_null(stale_find(&host, 0));
}

static void owed_until_the_guest_runs(void **state)
{
	(void)state;
	owe(&guest, 3, 0x5000, PAGE);
	/* Another CPU in EL2 does not answer for it; whoever comes later does. */
	assert_null(stale_find(&guest, 1));
	stale_leave(0);
	assert_non_null(stale_find(&guest, 1));
	stale_dsb(1, true);
	tlbi(1, STALE_SCOPE_VMID, 3, 0, 0);
	stale_dsb(1, true);
	assert_null(stale_find(&guest, 1));
	owe(&guest, 3, 0x5000, PAGE);
	stale_forget(&guest);
	assert_null(stale_find(&guest, 0));
}

static void vmids_are_invalidated_between(void **state)
{
	(void)state;
	assert_false(stale_switch(5, &guest));
	assert_false(stale_switch(5, &guest));
	assert_true(stale_switch(5, &host));
	tlbi(0, STALE_SCOPE_VMID, 6, 0, 0);
	assert_true(stale_switch(5, &guest));
	tlbi(0, STALE_SCOPE_VMID, 5, 0, 0);
	assert_false(stale_switch(5, &host));
	tlbi(0, STALE_SCOPE_ALL, 0, 0, 0);
	assert_false(stale_switch(5, &guest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_whole_sequence, set_up),
		cmocka_unit_test_setup(one_for_all, set_up),
		cmocka_unit_test_setup(what_does_not_count, set_up),
		cmocka_unit_test_setup(ranges_are_cut, set_up),
		cmocka_unit_test_setup(one_address_takes_a_block, set_up),
		cmocka_unit_test_setup(devices, set_up),
		cmocka_unit_test_setup(owed_until_the_guest_runs, set_up),
		cmocka_unit_test_setup(vmids_are_invalidated_between, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
