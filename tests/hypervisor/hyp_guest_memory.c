/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests do with their memory: share, take back, give back, device pages, RIPAS.
 * After each step what the guest finds at each address, what the host reaches, and what is
 * in the pages is compared with what it should be.
 */
#include "tests/hypervisor/fake_machine.h"

#include <hyp/guest_memory.h>
#include <hyp/owner.h>
#include <hyp/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PAGE UINT64_C(4096)
#define GIB (UINT64_C(1) << 30)
#define META MACHINE_HOST_PFN
#define PAGES (MACHINE_HOST_PFN + 512)
#define SECRET UINT64_C(0x5ec2e75ec2e75ec2)

#define IPA GIB                 /* where the tests' pages are */
#define TOP (UINT64_C(1) << 39) /* the upper alias of a VM with 40 bits and RSI */
#define PFN_OF(leaf) (((leaf)&S2_ADDRESS) >> 12)

#define call(id, ...) \
	fake_machine_call(id, (uint64_t[6]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8)

static struct vm *vm; /* of the test that runs; held */

static void begin_vm(uint64_t flags, uint64_t tables)
{
	uint64_t x[4] = { flags, 40, 100000, META };

	assert_int_equal(fake_machine_call(HYP_CALL_VM_CREATE, x, 4), HYP_OK);
	if (tables > 0) {
		assert_int_equal(call(HYP_CALL_VM_DONATE, x[0], META + 4, tables), HYP_OK);
	}
	vm = vm_hold(x[0]);
	assert_non_null(vm);
}

static int begin(void **state)
{
	(void)state;
	fake_machine_boot();
	vm = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (vm) {
		vm_release(vm);
	}
	fake_machine_end();
	for (uint64_t pfn = MACHINE_HOST_PFN; pfn < MACHINE_END_PFN; pfn++) {
		if (owner_view(pfn).state != PAGE_HOST) {
			return -1;
		}
	}
	return fake_machine_broken() ? -1 : 0;
}

/* The host maps @count pages from @pfn on, as after an exit MEMORY. */
static int64_t host_maps(uint64_t ipa, uint64_t pfn, uint64_t count)
{
	return call(HYP_CALL_VM_MAP, vm->id, pfn, ipa >> 12, count, HYP_MAP_ALL);
}

/* The page that the guest finds at @ipa; 0: a fault. Its TLB remembers. */
static uint64_t guest_finds(uint64_t ipa)
{
	uint64_t leaf = fake_machine_use(s2_vttbr(&vm->s2), ipa);

	return leaf ? PFN_OF(leaf) : 0;
}

static void fill(uint64_t pfn)
{
	for (uint32_t i = 0; i < PAGE / 8; i++) {
		((uint64_t *)fake_machine_page(pfn))[i] = SECRET;
	}
}

static bool is_filled_with(uint64_t pfn, uint64_t word)
{
	for (uint32_t i = 0; i < PAGE / 8; i++) {
		if (((uint64_t *)fake_machine_page(pfn))[i] != word) {
			return false;
		}
	}
	return true;
}

static enum guest_fault fault(uint64_t ipa)
{
	uint64_t at;

	return guest_fault(vm, ipa, false, false, &at);
}

static void share_and_take_back(void **state)
{
	uint64_t done, x[3];

	(void)state;
	begin_vm(HYP_VM_PROTECTED, 4);
	assert_int_equal(host_maps(IPA, PAGES, 4), HYP_OK);
	fill(PAGES + 1);
	assert_int_equal(guest_finds(IPA + PAGE), PAGES + 1);
	assert_int_equal(guest_page_at(vm, IPA + PAGE), GUEST_PAGE_OWN);
	assert_int_equal(guest_share(vm, IPA + PAGE, 2, &done), HYP_OK);
	assert_int_equal(done, 2);
	assert_true(owner_view(PAGES + 1).host && owner_view(PAGES + 2).host);
	assert_false(owner_view(PAGES).host || owner_view(PAGES + 3).host);
	assert_int_equal(guest_page_at(vm, IPA + PAGE), GUEST_PAGE_SHARED);
	assert_true(is_filled_with(PAGES + 1, SECRET)); /* pKVM's share keeps what is there */
	assert_int_equal(guest_finds(IPA + PAGE), PAGES + 1);
	x[0] = vm->id;
	assert_int_equal(fake_machine_call(HYP_CALL_VM_STATS, x, 3), HYP_OK);
	assert_int_equal(x[2], 2);
	/* Once more: the second is refused, and what was done before stays. */
	assert_int_equal(guest_share(vm, IPA, 3, &done), HYP_EPERM);
	assert_int_equal(done, 1);
	assert_true(owner_view(PAGES).host);
	assert_int_equal(guest_relinquish(vm, IPA), HYP_EPERM);
	assert_int_equal(guest_unshare(vm, IPA, 4, &done), HYP_EPERM);
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
	assert_int_equal(guest_set_device(vm, IPA + 16 * PAGE, true), HYP_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(guest_share(vm, bad[i].ipa, bad[i].count, &done), bad[i].status);
		assert_int_equal(done, 0);
		assert_int_equal(guest_unshare(vm, bad[i].ipa, bad[i].count, &done), bad[i].status);
		assert_int_equal(done, 0);
		assert_int_equal(guest_relinquish(vm, bad[i].ipa), bad[i].status);
	}
	/* At most so many at once; no page is no work. */
	for (uint64_t i = 0; i < 600; i += 200) {
		assert_int_equal(host_maps(IPA + GIB + i * PAGE, PAGES + i, 200), HYP_OK);
	}
	assert_int_equal(guest_share(vm, IPA + GIB, 600, &done), HYP_OK);
	assert_int_equal(done, 512);
	assert_int_equal(guest_share(vm, IPA + GIB, 0, &done), HYP_OK);
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
			assert_int_equal(guest_declare_ram(vm, IPA >> 12, 4), HYP_OK);
		}
		assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
		assert_int_equal(guest_share(vm, IPA, 1, &done), HYP_EPERM);
		assert_int_equal(guest_unshare(vm, IPA, 1, &done), HYP_EPERM);
		assert_int_equal(guest_relinquish(vm, IPA), HYP_EPERM);
		assert_int_equal(guest_page_at(vm, IPA), GUEST_PAGE_OWN);
		assert_int_equal(guest_page_at(vm, UINT64_C(1) << 40), GUEST_PAGE_NONE);
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
	assert_int_equal(guest_set_device(vm, IPA, false), HYP_ENOTABLE);
	assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4, 6), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA + 0x123, false), HYP_OK);
	assert_int_equal(guest_page_at(vm, IPA), GUEST_PAGE_DEVICE);
	assert_int_equal(guest_page_at(vm, IPA + PAGE), GUEST_PAGE_NONE);
	assert_int_equal(fault(IPA + 0x800), GUEST_FAULT_DEVICE);
	assert_int_equal(guest_set_device(vm, IPA, true), HYP_OK);
	/* It can never be memory, until the guest says it is no device. */
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_EBUSY);
	assert_int_equal(host_maps(IPA - PAGE, PAGES, 2), HYP_EBUSY);
	assert_int_equal(guest_unset_device(vm, IPA), HYP_OK);
	assert_int_equal(guest_unset_device(vm, IPA), HYP_EPERM);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA, false), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA, true), HYP_EPERM);
	assert_int_equal(guest_unset_device(vm, IPA), HYP_EPERM);
	assert_int_equal(guest_finds(IPA), PAGES);
	/* Who guards its MMIO says itself what is a device's. */
	vm->guards_mmio = true;
	assert_int_equal(guest_set_device(vm, IPA + PAGE, false), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA + PAGE, true), HYP_OK);
	assert_int_equal(guest_set_device(vm, UINT64_C(1) << 40, true), HYP_EINVAL);
	assert_int_equal(guest_unset_device(vm, UINT64_C(1) << 40), HYP_EINVAL);
}

/* A normal VM's device pages come and go as its VMM's slots do. */
static void device_pages_of_a_normal_vm(void **state)
{
	(void)state;
	begin_vm(0, 6);
	assert_int_equal(guest_set_device(vm, IPA, false), HYP_OK);
	assert_int_equal(fault(IPA), GUEST_FAULT_DEVICE);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	assert_int_equal(guest_finds(IPA), PAGES);
	assert_int_equal(call(HYP_CALL_VM_UNMAP, vm->id, IPA >> 12, 1), HYP_OK);
	assert_int_equal(guest_set_device(vm, IPA, false), HYP_OK);
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
	assert_int_equal(guest_read(vm, IPA, &word, 8), HYP_ENOPAGE);
	assert_int_equal(guest_set_device(vm, IPA + PAGE, true), HYP_OK);
	assert_int_equal(guest_read(vm, IPA + PAGE, &word, 8), HYP_EPERM);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	fill(PAGES);
	assert_int_equal(guest_read(vm, IPA + PAGE - 8, &word, 8), HYP_OK);
	assert_int_equal(word, SECRET);
	assert_int_equal(guest_read(vm, IPA + PAGE - 7, &word, 8), HYP_EINVAL);
	assert_int_equal(guest_read(vm, IPA, &word, UINT64_MAX), HYP_EINVAL);
	assert_int_equal(guest_read(vm, UINT64_C(1) << 40, &word, 8), HYP_EINVAL);
	word = 1;
	assert_int_equal(guest_write(vm, IPA + 16, &word, 8), HYP_OK);
	assert_int_equal(((uint64_t *)fake_machine_page(PAGES))[2], 1);
	assert_int_equal(((uint64_t *)fake_machine_page(PAGES))[1], SECRET);
	assert_int_equal(guest_write(vm, IPA + 2 * PAGE, &word, 8), HYP_ENOPAGE);
	assert_int_equal(guest_write(vm, IPA + PAGE, &word, 8), HYP_EPERM);
	assert_int_equal(guest_write(vm, IPA + 4090, &word, 8), HYP_EINVAL);
	/* A page that is shared is not private memory: one with RSI has no structure there. */
	assert_int_equal(guest_write(vm, IPA, &word, 0), HYP_OK);
}

/* ---- RSI ---- */

static void ram_is_declared(void **state)
{
	(void)state;
	begin_vm(HYP_VM_RSI, 0);
	assert_int_equal(fault(IPA), GUEST_FAULT_ABORT);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_EPERM);
	/* 1 GiB takes no table; any number of pages at once, until it ran */
	assert_int_equal(call(HYP_CALL_VM_CONFIG, vm->id, HYP_CONFIG_RAM, IPA >> 12, GIB >> 12),
			 HYP_OK);
	assert_int_equal(vm->s2.free_count, 1);
	assert_int_equal(fault(IPA), GUEST_FAULT_MEMORY);
	assert_int_equal(fault(IPA + GIB - PAGE), GUEST_FAULT_MEMORY);
	assert_int_equal(fault(IPA + GIB), GUEST_FAULT_ABORT);
	assert_int_equal(guest_declare_ram(vm, IPA >> 12, 1), HYP_EBUSY);
	assert_int_equal(guest_declare_ram(vm, (IPA >> 12) - 1, 2), HYP_EBUSY);
	assert_int_equal(guest_declare_ram(vm, 0, 0), HYP_EINVAL);
	assert_int_equal(guest_declare_ram(vm, TOP >> 12, 1), HYP_EINVAL);
	assert_int_equal(guest_declare_ram(vm, (TOP >> 12) - 1, 2), HYP_EINVAL);
	assert_int_equal(guest_declare_ram(vm, 0, UINT64_MAX), HYP_EINVAL);
	assert_int_equal(guest_declare_ram(vm, 0, 1), HYP_ENOTABLE);
	assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4, 2), HYP_OK);
	assert_int_equal(guest_declare_ram(vm, 0, 1), HYP_OK);
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
	assert_int_equal(guest_page_at(vm, IPA), GUEST_PAGE_DEVICE);
	assert_int_equal(guest_set_device(vm, IPA, true), HYP_EPERM);
	assert_int_equal(guest_set_device(vm, IPA, false), HYP_EPERM);
	assert_int_equal(guest_fault(vm, 2 * TOP, true, false, &at), GUEST_FAULT_ABORT);
	/* RAM */
	assert_int_equal(guest_ripas_set(vm, IPA, IPA + 2 * PAGE, true, &next), HYP_OK);
	assert_int_equal(next, IPA + 2 * PAGE);
	assert_int_equal(fault(IPA), GUEST_FAULT_MEMORY);
	assert_int_equal(fault(TOP + IPA), GUEST_FAULT_ABORT);
	assert_int_equal(guest_page_at(vm, IPA), GUEST_PAGE_NONE);
	assert_int_equal(host_maps(IPA, PAGES, 1), HYP_OK);
	assert_int_equal(fault(IPA), GUEST_FAULT_RETRY);
	assert_int_equal(fault(TOP + IPA), GUEST_FAULT_ABORT);
	assert_int_equal(guest_page_at(vm, IPA), GUEST_PAGE_OWN);
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
	assert_int_equal(guest_page_at(vm, IPA), GUEST_PAGE_SHARED);
	assert_int_equal(guest_page_at(vm, IPA + PAGE), GUEST_PAGE_NONE);
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
	assert_int_equal(guest_read(vm, IPA, &next, 8), HYP_EPERM);
	assert_int_equal(guest_read(vm, TOP + IPA, &next, 8), HYP_EINVAL);
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
	assert_int_equal(guest_ripas_get(vm, IPA, TOP, &ram, &next), HYP_OK);
	assert_false(ram);
	assert_int_equal(next, IPA + 512 * PAGE);
	assert_int_equal(guest_ripas_get(vm, IPA + 512 * PAGE, IPA + GIB, &ram, &next), HYP_OK);
	assert_true(ram);
	assert_int_equal(next, IPA + GIB);
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
			assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4 + given++, 1),
					 HYP_OK);
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
	static const enum guest_page pages[3][2] = { { GUEST_PAGE_DEVICE, GUEST_PAGE_DEVICE },
						     { GUEST_PAGE_NONE, GUEST_PAGE_OWN },
						     { GUEST_PAGE_NONE, GUEST_PAGE_SHARED } };
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
	assert_int_equal(guest_page_at(vm, ipa), pages[page->what][page->pfn != 0]);
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
			assert_int_equal(call(HYP_CALL_VM_DONATE, vm->id, META + 4 + (*tables)++,
					      1),
					 HYP_OK);
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
				guest_write(vm, MODEL_BASE + i * PAGE, &word, sizeof(word));

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
		cmocka_unit_test_setup_teardown(share_and_take_back, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_shared, begin, end),
		cmocka_unit_test_setup_teardown(who_cannot_share, begin, end),
		cmocka_unit_test_setup_teardown(relinquish_and_again, begin, end),
		cmocka_unit_test_setup_teardown(relinquish_without_memory, begin, end),
		cmocka_unit_test_setup_teardown(device_pages, begin, end),
		cmocka_unit_test_setup_teardown(device_pages_of_a_normal_vm, begin, end),
		cmocka_unit_test_setup_teardown(what_faults_mean, begin, end),
		cmocka_unit_test_setup_teardown(read_and_write, begin, end),
		cmocka_unit_test_setup_teardown(ram_is_declared, begin, end),
		cmocka_unit_test_setup_teardown(both_aliases, begin, end),
		cmocka_unit_test_setup_teardown(ranges_of_ripas_that_cannot_be, begin, end),
		cmocka_unit_test_setup_teardown(ripas_without_tables, begin, end),
		cmocka_unit_test_setup_teardown(ripas_without_memory, begin, end),
		cmocka_unit_test_setup_teardown(ripas_at_random, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
