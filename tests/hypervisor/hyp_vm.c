/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of VMs by the host's hypercalls: every argument that cannot be, every error with
 * nothing changed, every allocation failing once, and after the end of a VM a machine as
 * before. Numbers as in platform/abi/hyp_hypercalls.h, written out here.
 */
#include "tests/hypervisor/fake_machine.h"

#include <hyp/owner.h>
#include <hyp/pool.h>
#include <hyp/vm.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	OK = 0,
	EINVAL = -2,
	EPERM = -3,
	ENOMEM = -4,
	EQUOTA = -5,
	EBUSY = -6,
	ENOENT = -7,
	ENOTABLE = -8,
};

#define CREATE 0xc6007010
#define DONATE 0xc6007011
#define CONFIG 0xc6007012
#define MAP 0xc6007013
#define UNMAP 0xc6007014
#define KILL 0xc6007015
#define RECLAIM 0xc6007016
#define DESTROY 0xc6007017
#define STATS 0xc6007018

#define NORMAL 0
#define PROTECTED 1
#define RSI 2
#define RIGHTS 7
#define QUOTA 100000
#define VMS 255

#define META MACHINE_HOST_PFN          /* where the tests' VMs have their pages, even */
#define PAGES (MACHINE_HOST_PFN + 512) /* and their memory; at a border of 2 MiB */

#define call(id, ...) \
	fake_machine_call(id, (uint64_t[6]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8)

static int64_t create(uint64_t flags, uint64_t bits, uint64_t quota, uint64_t pfn, uint64_t *id)
{
	uint64_t x[4] = { flags, bits, quota, pfn };
	int64_t status = fake_machine_call(CREATE, x, 4);

	*id = x[0];
	return status;
}

/* A VM with @tables pages for tables beside those of its creation. */
static uint64_t begin_vm(uint64_t flags, uint64_t pfn, uint64_t tables)
{
	uint64_t id;

	assert_int_equal(create(flags, 40, QUOTA, pfn, &id), OK);
	if (tables > 0) {
		assert_int_equal(call(DONATE, id, pfn + 4, tables), OK);
	}
	return id;
}

static uint64_t vttbr_of(uint64_t id)
{
	struct vm *vm = vm_hold(id);
	uint64_t vttbr = vm ? s2_vttbr(&vm->s2) : 0;

	assert_non_null(vm);
	vm_release(vm);
	return vttbr;
}

/* What the machine is: who owns what, and how much the hypervisor uses. */
struct everything {
	uint64_t pages[MACHINE_PAGES];
	uint64_t vms[VMS + 1][3];
	bool el2[MACHINE_PAGES];
	uint64_t pool;
};

static struct everything before, after;

static void look(struct everything *seen)
{
	for (uint64_t i = 0; i < MACHINE_PAGES; i++) {
		struct owner_view page = owner_view(MACHINE_PFN + i);

		seen->pages[i] = page.state | page.vm << 8 | page.host << 16 | page.hyp << 17 |
				 (uint64_t)page.guest << 24 | (uint64_t)page.loans << 32;
	}
	for (uint32_t vm = 0; vm <= VMS; vm++) {
		struct owner_vm_view view = owner_vm_view(vm);

		seen->vms[vm][0] = view.kind;
		seen->vms[vm][1] = view.held_pages;
		seen->vms[vm][2] = view.quota_pages;
	}
	memcpy(seen->el2, fake_machine.el2, sizeof(seen->el2));
	seen->pool = pool_free_count();
}

static void same_as_before(void)
{
	look(&after);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_null(fake_machine_broken());
}

static int begin(void **state)
{
	(void)state;
	fake_machine_boot();
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	look(&before);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_machine_end();
	look(&after);
	return memcmp(&before, &after, sizeof(before)) != 0 || fake_machine_broken();
}

static void what_cannot_be_created(void **state)
{
	static const struct {
		uint64_t flags, bits, quota, pfn;
		int64_t status;
	} bad[] = {
		{ 4, 40, QUOTA, META, EINVAL },
		{ ~UINT64_C(0), 40, QUOTA, META, EINVAL },
		{ NORMAL, 31, QUOTA, META, EINVAL },
		{ NORMAL, 41, QUOTA, META, EINVAL },
		{ NORMAL, UINT64_C(40) << 32 | 40, QUOTA, META, EINVAL },
		{ NORMAL, 40, QUOTA, META + 1, EINVAL },
		{ NORMAL, 40, QUOTA, MACHINE_PFN - 4, EINVAL },
		{ NORMAL, 40, QUOTA, MACHINE_END_PFN - 2, EINVAL },
		{ NORMAL, 40, QUOTA, UINT64_C(1) << 52, EINVAL },
		{ NORMAL, 40, QUOTA, UINT64_MAX - 3, EINVAL },
		{ NORMAL, 40, QUOTA, MACHINE_PFN, EPERM }, /* the hypervisor's */
		{ NORMAL, 40, QUOTA, MACHINE_HOST_PFN - 2, EPERM },
		{ PROTECTED, 40, 3, META, EQUOTA },
	};
	uint64_t id;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(create(bad[i].flags, bad[i].bits, bad[i].quota, bad[i].pfn, &id),
				 bad[i].status);
		same_as_before();
	}
}

static void as_many_as_there_are_numbers(void **state)
{
	uint64_t id;

	(void)state;
	for (uint64_t vm = 1; vm <= VMS; vm++) {
		assert_int_equal(create(vm % 3, 40, QUOTA, META + 4 * vm, &id), OK);
		assert_int_equal(id, vm);
	}
	assert_int_equal(create(NORMAL, 40, QUOTA, META, &id), EBUSY);
	assert_int_equal(owner_view(META).state, PAGE_HOST);
}

static void calls_about_no_vm(void **state)
{
	static const uint64_t ids[] = { 0, 1, VMS, VMS + 1, UINT64_C(1) << 32 | 1, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(call(DONATE, ids[i], META, 1), ENOENT);
		assert_int_equal(call(CONFIG, ids[i], 1, 1), ENOENT);
		assert_int_equal(call(MAP, ids[i], PAGES, 0, 1, RIGHTS), ENOENT);
		assert_int_equal(call(UNMAP, ids[i], 0, 1), ENOENT);
		assert_int_equal(call(KILL, ids[i]), ENOENT);
		assert_int_equal(call(RECLAIM, ids[i], META, 1), ENOENT);
		assert_int_equal(call(DESTROY, ids[i]), ENOENT);
		assert_int_equal(call(STATS, ids[i], 0, 0), ENOENT);
		assert_null(vm_hold(ids[i]));
	}
	same_as_before();
}

/* A VM's life, with what the host's kernel does for each step. */
static void a_life(uint64_t flags)
{
	uint64_t x[3], id = begin_vm(flags, META, 3);

	memset(fake_machine_page(PAGES + 3), 0x5e, 4096);
	assert_int_equal(call(MAP, id, PAGES, 0x40000, 8, RIGHTS), OK);
	assert_int_equal(fake_machine_use(vttbr_of(id), 0x40003000) & 0xfffffffff000,
			 (PAGES + 3) << 12);
	assert_int_equal(owner_view(PAGES + 3).host, flags == NORMAL);
	x[0] = id;
	assert_int_equal(fake_machine_call(STATS, x, 3), OK);
	assert_int_equal(x[0], 4 + 3 + 8);
	assert_int_equal(x[1], 4 + 3);
	assert_int_equal(x[2], 0);
	assert_int_equal(call(RECLAIM, id, PAGES, 8), EPERM);
	assert_int_equal(call(DESTROY, id), EPERM);
	assert_int_equal(call(KILL, id), OK);
	assert_null(fake_machine_broken());
	assert_null(vm_hold(id));
	assert_int_equal(call(MAP, id, PAGES + 8, 0x50000, 1, RIGHTS), ENOENT);
	assert_int_equal(call(KILL, id), ENOENT);
	x[0] = id;
	assert_int_equal(fake_machine_call(STATS, x, 3), OK);
	assert_int_equal(x[0], 4 + 3 + 8);
	assert_int_equal(x[1], 4 + 3);
	assert_int_equal(call(DESTROY, id), EBUSY);
	assert_int_equal(call(RECLAIM, id, META, 7), OK);
	x[0] = id;
	assert_int_equal(fake_machine_call(STATS, x, 3), OK);
	assert_int_equal(x[1], 0);
	assert_int_equal(call(DESTROY, id), EBUSY);
	assert_int_equal(call(RECLAIM, id, PAGES, 8), OK);
	assert_int_equal(*(uint32_t *)fake_machine_page(PAGES + 3),
			 flags == NORMAL ? 0x5e5e5e5e : 0);
	for (uint64_t i = 0; i < 7 * 512; i++) {
		assert_int_equal(((uint64_t *)fake_machine_page(META))[i], 0);
	}
	assert_int_equal(call(DESTROY, id), OK);
	assert_int_equal(call(DESTROY, id), ENOENT);
	same_as_before();
}

static void lives(void **state)
{
	(void)state;
	a_life(NORMAL);
	a_life(PROTECTED);
	fake_machine.may_replace = true;
	a_life(NORMAL);
	a_life(PROTECTED);
}

static void a_held_vm_is_not_killed(void **state)
{
	uint64_t id = begin_vm(NORMAL, META, 0);
	struct vm *vm = vm_hold(id);

	(void)state;
	assert_non_null(vm);
	assert_ptr_equal(vm_hold(id), vm);
	assert_int_equal(call(KILL, id), EBUSY);
	vm_release(vm);
	assert_int_equal(call(KILL, id), EBUSY);
	vm_release(vm);
	assert_int_equal(call(KILL, id), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_cannot_be_created, begin, end),
		cmocka_unit_test_setup_teardown(as_many_as_there_are_numbers, begin, end),
		cmocka_unit_test_setup_teardown(calls_about_no_vm, begin, end),
		cmocka_unit_test_setup_teardown(lives, begin, end),
		cmocka_unit_test_setup_teardown(a_held_vm_is_not_killed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
