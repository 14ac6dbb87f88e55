/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests do with their memory by pKVM's calls: share, take back, give back, device
 * pages; what their faults mean; how EL2 reads and writes it. After each step what the
 * guest finds, what the host reaches, and what is in the pages is compared.
 */
#include "tests/hypervisor/memory_world.h"

#include <hyp/owner.h>
#include <hyp/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void share_and_take_back(void **state)
{
	uint64_t done, x[3];

	(void)state;
	begin_vm(HYP_VM_PROTECTED, 4);
	assert_int_equal(host_maps(IPA, PAGES, 4), HYP_OK);
	fill(PAGES + 1);
	assert_int_equal(guest_finds(IPA + PAGE), PAGES + 1);
	assert_int_equal(what_is_at(IPA + PAGE), IS_OWN);
	assert_int_equal(guest_share(vm, IPA + PAGE, 2, true, &done), HYP_OK);
	assert_int_equal(done, 2);
	assert_true(owner_view(PAGES + 1).host && owner_view(PAGES + 2).host);
	assert_false(owner_view(PAGES).host || owner_view(PAGES + 3).host);
	assert_int_equal(what_is_at(IPA + PAGE), IS_SHARED);
	assert_true(is_filled_with(PAGES + 1, SECRET)); /* pKVM's share keeps what is there */
	assert_int_equal(guest_finds(IPA + PAGE), PAGES + 1);
	x[0] = vm->id;
	assert_int_equal(fake_machine_call(HYP_CALL_VM_STATS, x, 3), HYP_OK);
	assert_int_equal(x[2], 2);
	/* Once more: the second is refused, and what was done before stays. */
	assert_int_equal(guest_share(vm, IPA, 3, true, &done), HYP_EPERM);
	assert_int_equal(done, 1);
	assert_true(owner_view(PAGES).host);
	assert_int_equal(guest_relinquish(vm, IPA), HYP_EPERM);
	assert_int_equal(guest_share(vm, IPA, 4, false, &done), HYP_EPERM);
	assert_int_equal(done, 3);
	assert_int_equal(vm->shared_pages, 0);
	for (uint64_t i = 0; i < 4; i++) {
		assert_false(owner_view(PAGES + i).host);
	}
	assert_null(fake_machine_broken());
}

static void what_cannot_be_shared(void **state)
{
	static const struct {
		uint64_t ipa, count;
		enum hyp_status status;
	} bad[] = {
		{ IPA + 1, 1, HYP_EINVAL },
		{ UINT64_C(1) << 40, 1, HYP_EINVAL },
		{ UINT64_MAX & ~(PAGE - 1), 2, HYP_EINVAL },
		{ IPA + 8 * PAGE, 1, HYP_ENOPAGE },
		{ IPA + 16 * PAGE, 1, HYP_EPERM }, /* a device */
	};
	uint64_t done;

	(void)state;
	begin_vm(HYP_VM_PROTECTED, 4);
	assert_int_equal(guest_set_device(vm, IPA + 16 * PAGE, true, true), HYP_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(guest_share(vm, bad[i].ipa, bad[i].count, true, &done),
				 bad[i].status);
		assert_int_equal(done, 0);
		assert_int_equal(guest_share(vm, bad[i].ipa, bad[i].count, false, &done),
				 bad[i].status);
		assert_int_equal(done, 0);
		assert_int_equal(guest_relinquish(vm, bad[i].ipa), bad[i].status);
	}
	/* At most so many at once; no page is no work. */
	for (uint64_t i = 0; i < 600; i += 200) {
		assert_int_equal(host_maps(IPA + GIB + i * PAGE, PAGES + i, 200), HYP_OK);
	}
	assert_int_equal(guest_share(vm, IPA + GIB, 600, true, &done), HYP_OK);
	assert_int_equal(done, 512);
	assert_int_equal(guest_share(vm, IPA + GIB, 0, true, &done), HYP_OK);
	assert_int_equal(done, 0);
}

/* A normal VM has nothing of its own, one with RSI has other calls. */
static void who_cannot_share(void **state)
{
	static const uint64_t flags[] = { 0, HYP_VM_RSI };
	uint64_t done;

	for (size_t i = 0; i < 2; i++) {
		begin(state);
		begin_vm(flags[i], 4);
		if (flags[i] == HYP_VM_RSI) {
			assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, IPA >> 12,
					      4),
					 HYP_OK);
		}
		assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
		assert_int_equal(guest_share(vm, IPA, 1, true, &done), HYP_EPERM);
		assert_int_equal(guest_share(vm, IPA, 1, false, &done), HYP_EPERM);
		assert_int_equal(guest_relinquish(vm, IPA), HYP_EPERM);
		assert_int_equal(what_is_at(IPA), IS_OWN);
		if (i == 0) {
			end(state);
		}
	}
}

static void relinquish_and_again(void **state)
{
	(void)state;
	begin_vm(HYP_VM_PROTECTED, 4);
	assert_int_equal(host_maps(IPA, PAGES, 512), HYP_OK); /* a block */
	fill(PAGES + 7);
	assert_int_equal(guest_finds(IPA + 7 * PAGE), PAGES + 7);
	assert_int_equal(guest_relinquish(vm, IPA + 7 * PAGE), HYP_OK);
	assert_null(fake_machine_broken());
	assert_int_equal(guest_finds(IPA + 7 * PAGE), 0);
	assert_int_equal(guest_finds(IPA + 8 * PAGE), PAGES + 8);
	assert_int_equal(owner_view(PAGES + 7).state, PAGE_HOST);
	assert_true(is_filled_with(PAGES + 7, 0));
	assert_int_equal(guest_relinquish(vm, IPA + 7 * PAGE), HYP_ENOPAGE);
	assert_int_equal(fault(IPA + 7 * PAGE), GUEST_FAULT_MEMORY);
	assert_int_equal(host_maps(IPA + 7 * PAGE, PAGES + 7, 1), HYP_OK);
	assert_int_equal(guest_finds(IPA + 7 * PAGE), PAGES + 7);
}

/* No page for the host's tables: the guest has its page as before. */
static void relinquish_without_memory(void **state)
{
	(void)state;
	begin_vm(HYP_VM_PROTECTED, 4);
	assert_int_equal(host_maps(IPA, PAGES, 512), HYP_OK);
	fill(PAGES + 7);
	pool_fail_nth(1);
	assert_int_equal(guest_relinquish(vm, IPA + 7 * PAGE), HYP_ENOMEM);
	assert_int_equal(guest_finds(IPA + 7 * PAGE), PAGES + 7);
	assert_true(is_filled_with(PAGES + 7, SECRET));
	assert_int_equal(owner_view(PAGES + 7).state, PAGE_GUEST);
	assert_null(fake_machine_broken());
}

static void device_pages(void **state)
{
	(void)state;
	begin_vm(HYP_VM_PROTECTED, 0);
	assert_int_equal(fault(IPA), GUEST_FAULT_MEMORY);
	assert_int_equal(guest_set_device(vm, IPA, false, true), HYP_ENOTABLE);
	assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4, 6), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA + 0x123, false, true), HYP_OK);
	assert_int_equal(what_is_at(IPA), IS_DEVICE);
	assert_int_equal(what_is_at(IPA + PAGE), IS_NOTHING);
	assert_int_equal(fault(IPA + 0x800), GUEST_FAULT_DEVICE);
	assert_int_equal(guest_set_device(vm, IPA, true, true), HYP_OK);
	/* It can never be memory, until the guest says it is no device. */
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_EBUSY);
	assert_int_equal(host_maps(IPA - PAGE, PAGES, 2), HYP_EBUSY);
	assert_int_equal(guest_set_device(vm, IPA, true, false), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA, true, false), HYP_OK);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA, false, true), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA, true, true), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA, true, false), HYP_EPERM);
	assert_int_equal(guest_finds(IPA), PAGES);
	/* Who guards its MMIO says itself what is a device's. */
	vm->guards_mmio = true;
	assert_int_equal(guest_set_device(vm, IPA + PAGE, false, true), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA + PAGE, true, true), HYP_OK);
	assert_int_equal(guest_set_device(vm, UINT64_C(1) << 40, true, true), HYP_EINVAL);
	assert_int_equal(guest_set_device(vm, UINT64_C(1) << 40, true, false), HYP_EINVAL);
}

/* A normal VM's device pages come and go as its VMM's slots do. */
static void device_pages_of_a_normal_vm(void **state)
{
	(void)state;
	begin_vm(0, 6);
	assert_int_equal(guest_set_device(vm, IPA, false, true), HYP_OK);
	assert_int_equal(fault(IPA), GUEST_FAULT_DEVICE);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	assert_int_equal(guest_finds(IPA), PAGES);
	assert_int_equal(call(HYP_CALL_VM_UNMAP, vm->id, IPA >> 12, 1), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA, false, true), HYP_OK);
	assert_int_equal(call(HYP_CALL_VM_UNMAP, vm->id, IPA >> 12, 1), HYP_OK);
	assert_int_equal(fault(IPA), GUEST_FAULT_MEMORY);
}

static void what_faults_mean(void **state)
{
	uint64_t at;

	(void)state;
	begin_vm(0, 6);
	assert_int_equal(call(HYP_CALL_VM_MAP, vm->id, PAGES, IPA >> 12, 1, 1), HYP_OK);
	assert_int_equal(call(HYP_CALL_VM_MAP, vm->id, PAGES, (IPA >> 12) + 1, 1, 7), HYP_OK);
	/* address, write, permission; a fault that another vCPU's was before is tried again */
	assert_int_equal(guest_fault(vm, IPA + 8, false, false, &at), GUEST_FAULT_RETRY);
	assert_int_equal(at, IPA + 8);
	assert_int_equal(guest_fault(vm, IPA, true, true, &at), GUEST_FAULT_MEMORY);
	assert_int_equal(guest_fault(vm, IPA, false, true, &at), GUEST_FAULT_MEMORY); /* fetch */
	assert_int_equal(guest_fault(vm, IPA + PAGE, true, true, &at), GUEST_FAULT_RETRY);
	assert_int_equal(guest_fault(vm, IPA + PAGE, false, true, &at), GUEST_FAULT_RETRY);
	assert_int_equal(guest_fault(vm, IPA + 2 * PAGE, true, false, &at), GUEST_FAULT_MEMORY);
	assert_int_equal(guest_fault(vm, UINT64_C(1) << 40, true, false, &at), GUEST_FAULT_ABORT);
	assert_int_equal(guest_fault(vm, UINT64_MAX, true, false, &at), GUEST_FAULT_ABORT);
}

static void read_and_write(void **state)
{
	uint64_t word = 0;

	(void)state;
	begin_vm(HYP_VM_PROTECTED, 6);
	assert_int_equal(guest_copy(vm, IPA, &word, 8, false), HYP_ENOPAGE);
	assert_int_equal(guest_set_device(vm, IPA + PAGE, true, true), HYP_OK);
	assert_int_equal(guest_copy(vm, IPA + PAGE, &word, 8, false), HYP_EPERM);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	fill(PAGES);
	assert_int_equal(guest_copy(vm, IPA + PAGE - 8, &word, 8, false), HYP_OK);
	assert_int_equal(word, SECRET);
	assert_int_equal(guest_copy(vm, IPA + PAGE - 7, &word, 8, false), HYP_EINVAL);
	assert_int_equal(guest_copy(vm, IPA, &word, UINT64_MAX, false), HYP_EINVAL);
	assert_int_equal(guest_copy(vm, UINT64_C(1) << 40, &word, 8, false), HYP_EINVAL);
	word = 1;
	assert_int_equal(guest_copy(vm, IPA + 16, &word, 8, true), HYP_OK);
	assert_int_equal(((uint64_t *)fake_machine_page(PAGES))[2], 1);
	assert_int_equal(((uint64_t *)fake_machine_page(PAGES))[1], SECRET);
	assert_int_equal(guest_copy(vm, IPA + 2 * PAGE, &word, 8, true), HYP_ENOPAGE);
	assert_int_equal(guest_copy(vm, IPA + PAGE, &word, 8, true), HYP_EPERM);
	assert_int_equal(guest_copy(vm, IPA + 4090, &word, 8, true), HYP_EINVAL);
	/* A page that is shared is not private memory: one with RSI has no structure there. */
	assert_int_equal(guest_copy(vm, IPA, &word, 0, true), HYP_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(share_and_take_back, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_shared, begin, end),
		cmocka_unit_test_setup_teardown(who_cannot_share, begin, end),
		cmocka_unit_test_setup_teardown(relinquish_and_again, begin, end),
		cmocka_unit_test_setup_teardown(relinquish_without_memory, begin, end),
		cmocka_unit_test_setup_teardown(device_pages, begin, end),
		cmocka_unit_test_setup_teardown(device_pages_of_a_normal_vm, begin, end),
		cmocka_unit_test_setup_teardown(what_faults_mean, begin, end),
		cmocka_unit_test_setup_teardown(read_and_write, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
