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
static struct everything booted; /* before any VM: what must be there again at the end */

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
	booted = before;
	return 0;
}

/* Every test ends with all VMs gone, and a machine as it was. */
static int end(void **state)
{
	(void)state;
	fake_machine_end();
	look(&after);
	return memcmp(&booted, &after, sizeof(booted)) != 0 || fake_machine_broken();
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

static void what_cannot_be_donated(void **state)
{
	static const struct {
		uint64_t pfn, count;
		int64_t status;
	} bad[] = {
		{ META + 8, 0, EINVAL },
		{ META + 8, 513, EINVAL },
		{ META + 8, UINT64_MAX, EINVAL },
		{ MACHINE_PFN - 1, 1, EINVAL },
		{ MACHINE_END_PFN - 1, 2, EINVAL },
		{ UINT64_C(1) << 40, 1, EINVAL },
		{ UINT64_C(1) << 52 | META, 1, EINVAL },
		{ MACHINE_PFN, 1, EPERM }, /* the hypervisor's */
		{ META, 1, EPERM },        /* the VM's already */
		{ META - 1, 2, EPERM },    /* the first is the hypervisor's */
		{ META + 8, 200, EQUOTA },
	};
	uint64_t id;

	(void)state;
	assert_int_equal(create(PROTECTED, 40, 100, META, &id), OK);
	look(&before);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(call(DONATE, id, bad[i].pfn, bad[i].count), bad[i].status);
		same_as_before();
	}
	fake_machine.fail_stage1 = 1;
	assert_int_equal(call(DONATE, id, META + 8, 3), ENOMEM);
	same_as_before();
	assert_int_equal(call(DONATE, id, META + 8, 3), OK);
	assert_int_equal(owner_view(META + 9).state, PAGE_VM_META);
}

static void what_cannot_be_configured(void **state)
{
	uint64_t normal = begin_vm(NORMAL, META, 0), safe = begin_vm(PROTECTED, META + 8, 0);
	struct vm *vm = vm_hold(normal);

	(void)state;
	assert_int_equal(call(CONFIG, normal, 0, 0), EINVAL);
	assert_int_equal(call(CONFIG, normal, 3, 0), EINVAL);
	assert_int_equal(call(CONFIG, normal, 1, 2), EINVAL);
	assert_int_equal(call(CONFIG, safe, 1, 1), EPERM);
	assert_int_equal(call(CONFIG, normal, 2, 0, 1), EINVAL); /* RAM is told of VMs with RSI */
	assert_int_equal(call(CONFIG, safe, 2, 0, 1), EINVAL);
	assert_false(vm->forwards_hvc);
	assert_int_equal(call(CONFIG, normal, 1, 1), OK);
	assert_true(vm->forwards_hvc);
	vm->has_run = true;
	assert_int_equal(call(CONFIG, normal, 1, 0), EBUSY);
	assert_true(vm->forwards_hvc);
	vm_release(vm);
}

static void what_cannot_be_mapped(void **state)
{
	static const struct {
		uint64_t pfn, gfn, count, rights;
		int64_t status;
	} bad[] = {
		{ PAGES, 0x1000, 0, RIGHTS, EINVAL },
		{ PAGES, 0x1000, 513, RIGHTS, EINVAL },
		{ PAGES, 0x1000, UINT64_MAX, RIGHTS, EINVAL },
		{ PAGES, 1 << 20, 1, RIGHTS, EINVAL }, /* 32 bits of IPA */
		{ PAGES, (1 << 20) - 1, 2, RIGHTS, EINVAL },
		{ PAGES, UINT64_MAX, 1, RIGHTS, EINVAL },
		{ PAGES, UINT64_C(1) << 52, 1, RIGHTS, EINVAL },
		{ PAGES, 0x1000, 1, 0, EINVAL },
		{ PAGES, 0x1000, 1, 2, EINVAL }, /* not to be read */
		{ PAGES, 0x1000, 1, 8 | RIGHTS, EINVAL },
		{ UINT64_C(1) << 28, 0x1000, 1, RIGHTS, EINVAL },
		{ UINT64_C(1) << 52 | PAGES, 0x1000, 1, RIGHTS, EINVAL },
		{ MACHINE_PFN - 1, 0x1000, 1, RIGHTS, EINVAL }, /* no RAM */
		{ MACHINE_END_PFN - 1, 0x1000, 2, RIGHTS, EINVAL },
		{ MACHINE_PFN, 0x1000, 1, RIGHTS, EPERM },
		{ META, 0x1000, 1, RIGHTS, EPERM },      /* the VM's tables */
		{ META + 16, 0x1000, 1, RIGHTS, EPERM }, /* another VM's */
		{ PAGES, 0x2000, 1, RIGHTS, EBUSY },
		{ PAGES, 0x1fff, 2, RIGHTS, EBUSY },
		{ PAGES, 0x1000, 60, RIGHTS, EQUOTA },
	};

	(void)state;
	for (uint64_t flags = NORMAL; flags <= PROTECTED; flags++) {
		uint64_t id, other = begin_vm(1 - flags, META + 16, 0);

		assert_int_equal(create(flags, 32, 60, META, &id), OK);
		assert_int_equal(call(DONATE, id, META + 4, 6), OK);
		assert_int_equal(call(MAP, id, PAGES + 100, 0x2000, 1, RIGHTS), OK);
		/* the tables for the next, which nobody can see */
		assert_int_equal(call(MAP, id, PAGES + 101, 0x1000, 1, RIGHTS), OK);
		if (flags == NORMAL) {
			assert_int_equal(call(UNMAP, id, 0x1000, 1), OK);
		}
		look(&before);
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			if (flags == PROTECTED && bad[i].gfn == 0x1000) {
				continue; /* is mapped: EBUSY comes first */
			}
			assert_int_equal(call(MAP, id, bad[i].pfn, bad[i].gfn, bad[i].count,
					      bad[i].rights),
					 bad[i].status);
			same_as_before();
		}
		assert_int_equal(call(MAP, id, PAGES + 100, 0x3000, 1, RIGHTS),
				 flags == PROTECTED ? EPERM : OK);
		assert_int_equal(call(MAP, id, PAGES, 0x3001, 1, 3),
				 flags == PROTECTED ? EINVAL : OK);
		assert_int_equal(call(KILL, other), OK);
		assert_int_equal(call(RECLAIM, other, META + 16, 4), OK);
		assert_int_equal(call(DESTROY, other), OK);
		fake_machine_end();
	}
}

/* The n-th page for the host's tables is not there: nothing has changed; then it is. */
static void every_allocation_can_fail(void **state)
{
	static const uint64_t flags[] = { NORMAL, PROTECTED, RSI };

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool failed = true;
		uint64_t id;

		for (uint64_t nth = 1; failed; nth++) {
			pool_fail_nth(nth);
			failed = create(flags[i], 40, QUOTA, META + 512 * 5, &id) == ENOMEM;
			pool_fail_nth(0);
			assert_true(nth < 5);
			if (failed) {
				same_as_before();
			}
		}
		fake_machine_end();
		same_as_before();
	}
	for (uint64_t step = 0; step < 2; step++) {
		uint64_t id = begin_vm(PROTECTED, META, 3), nth = 1;
		int64_t status;

		assert_int_equal(call(MAP, id, PAGES + 5, 0, 1, RIGHTS), OK);
		if (step == 1) {
			assert_int_equal(call(MAP, id, PAGES + 512, 512, 512, RIGHTS), OK);
			assert_int_equal(call(KILL, id), OK);
		}
		look(&before);
		for (;; nth++) {
			pool_fail_nth(nth);
			status = step == 0 ? call(MAP, id, PAGES + 1023, 512, 2, RIGHTS) :
					     call(RECLAIM, id, PAGES + 515, 100);
			pool_fail_nth(0);
			if (status == OK) {
				break;
			}
			assert_int_equal(status, ENOMEM);
			same_as_before();
		}
		assert_true(nth > 1);
		fake_machine_end();
		look(&before);
	}
}

/* Reclaim with an error: EL2 still has the pages of the VM, and the VM can be reclaimed. */
static void reclaim_is_all_or_nothing(void **state)
{
	uint64_t id = begin_vm(PROTECTED, META, 4), other = begin_vm(PROTECTED, META + 8, 0);

	(void)state;
	assert_int_equal(call(MAP, id, PAGES, 0, 4, RIGHTS), OK);
	assert_int_equal(call(RECLAIM, id, META, 8), EPERM);
	assert_int_equal(call(KILL, id), OK);
	look(&before);
	assert_int_equal(call(RECLAIM, id, META, 9), EPERM); /* one is another VM's */
	same_as_before();
	assert_int_equal(call(RECLAIM, id, PAGES, 5), EPERM); /* one is the host's */
	same_as_before();
	assert_int_equal(call(RECLAIM, id, META, 0), EINVAL);
	assert_int_equal(call(RECLAIM, id, META, 513), EINVAL);
	assert_int_equal(call(RECLAIM, id, MACHINE_PFN - 1, 2), EINVAL);
	assert_int_equal(call(RECLAIM, id, MACHINE_END_PFN - 1, 2), EINVAL);
	assert_int_equal(call(RECLAIM, id, MACHINE_PFN, 1), EPERM);
	assert_int_equal(call(RECLAIM, other, META + 8, 1), EPERM); /* it lives */
	assert_int_equal(call(RECLAIM, 0, META, 1), ENOENT);
	assert_int_equal(call(RECLAIM, 77, META, 1), ENOENT);
	same_as_before();
}

/* A page that is lent stays the host's; each loan counts, and they end one by one. */
static void loans(void **state)
{
	uint64_t x[4], id = begin_vm(NORMAL, META, 8);

	(void)state;
	memset(fake_machine_page(PAGES), 0x5e, 4096);
	for (uint64_t gfn = 10; gfn < 13; gfn++) {
		assert_int_equal(call(MAP, id, PAGES, gfn, 1, RIGHTS), OK);
		fake_machine_use(vttbr_of(id), gfn << 12);
	}
	assert_int_equal(owner_view(PAGES).loans, 3);
	assert_true(owner_view(PAGES).host);
	assert_int_equal(call(UNMAP, id, 11, 0), EINVAL);
	assert_int_equal(call(UNMAP, id, 11, 513), EINVAL);
	assert_int_equal(call(UNMAP, id, (UINT64_C(1) << 28) - 1, 2), EINVAL);
	assert_int_equal(call(UNMAP, id, UINT64_MAX, 2), EINVAL);
	memcpy(x, (uint64_t[]){ id, 0, 512 }, 24);
	assert_int_equal(fake_machine_call(UNMAP, x, 3), OK);
	assert_int_equal(x[0], 3);
	assert_null(fake_machine_broken());
	assert_int_equal(owner_view(PAGES).state, PAGE_HOST);
	memcpy(x, (uint64_t[]){ id, 0, 512 }, 24);
	assert_int_equal(fake_machine_call(UNMAP, x, 3), OK);
	assert_int_equal(x[0], 0);
	assert_int_equal(*(uint8_t *)fake_machine_page(PAGES), 0x5e);
	/* Of a protected VM nothing can be taken away. */
	id = begin_vm(PROTECTED, META + 16, 8);
	assert_int_equal(call(MAP, id, PAGES, 10, 1, RIGHTS), OK);
	assert_int_equal(call(UNMAP, id, 10, 1), EPERM);
}

/* Lent read-only is read-only, and what is not to be executed is not. */
static void rights_are_what_was_given(void **state)
{
	uint64_t id = begin_vm(NORMAL, META, 8);

	(void)state;
	for (uint64_t rights = 1; rights < 8; rights += 2) {
		uint64_t leaf;

		assert_int_equal(call(MAP, id, PAGES + rights, rights, 1, rights), OK);
		leaf = fake_machine_walk(vttbr_of(id), rights << 12);
		assert_int_equal(leaf >> 6 & 3, rights & 2 ? 3 : 1);
		assert_int_equal(leaf >> 53 & 3, rights & 4 ? 0 : 2);
		assert_int_equal(leaf >> 2 & 15, 15); /* write-back memory */
		assert_int_equal(leaf >> 8 & 3, 3);   /* inner shareable */
	}
}

/* 512 pages at borders are a block, if there is a page to split it. */
static void blocks_of_2_mib(void **state)
{
	uint64_t x[4], id = begin_vm(NORMAL, META, 1);
	struct vm *vm = vm_hold(id);

	(void)state;
	assert_int_equal(call(MAP, id, PAGES, 512, 512, RIGHTS), OK);
	assert_int_equal(vm->s2.block_count, 1);
	assert_int_equal(call(MAP, id, PAGES + 512, 1024, 512, RIGHTS), ENOTABLE);
	for (uint64_t gfn = 512; gfn < 1024; gfn++) {
		assert_int_equal(fake_machine_use(vttbr_of(id), gfn << 12) & 0xfffffffff000,
				 (PAGES + gfn - 512) << 12);
	}
	memcpy(x, (uint64_t[]){ id, 600, 3 }, 24);
	assert_int_equal(fake_machine_call(UNMAP, x, 3), OK);
	assert_int_equal(x[0], 3);
	assert_null(fake_machine_broken());
	assert_int_equal(owner_view(PAGES + 88).state, PAGE_HOST);
	assert_int_equal(owner_view(PAGES + 87).state, PAGE_HOST_GUEST);
	assert_int_equal(owner_view(PAGES + 91).state, PAGE_HOST_GUEST);
	assert_int_equal(call(DONATE, id, META + 8, 8), OK);
	assert_int_equal(call(MAP, id, PAGES + 512, 1024, 512, RIGHTS), OK);
	memcpy(x, (uint64_t[]){ id, 1024, 512 }, 24);
	assert_int_equal(fake_machine_call(UNMAP, x, 3), OK);
	assert_int_equal(x[0], 512);
	assert_int_equal(vm->s2.block_count, 0);
	vm_release(vm);
}

/* For vCPUs: pages of the host, mapped, zero, charged; reclaimed with the rest. */
static void pages_for_vcpus(void **state)
{
	uint64_t id = begin_vm(PROTECTED, META, 0);
	struct vm *vm = vm_hold(id);
	void *memory = NULL;

	(void)state;
	memset(fake_machine_page(META + 9), 0x5e, 4096);
	lock_take(&vm->lock);
	assert_int_equal(vm_take_meta(vm->id, META + 8, 4, &memory), HYP_OK);
	assert_int_equal(vm_take_meta(vm->id, META + 8, 4, &memory), HYP_EPERM);
	assert_int_equal(vm_take_meta(vm->id, META + 12, 0, &memory), HYP_EINVAL);
	lock_release(&vm->lock);
	assert_ptr_equal(memory, (void *)(uintptr_t)((META + 8) << 12));
	for (uint32_t i = 0; i < 4 * 512; i++) {
		assert_int_equal(((volatile uint64_t *)memory)[i], 0);
	}
	vm_release(vm);
}

/* A VM's number is free again, and nothing of the old VM is in any TLB. */
static void numbers_are_used_again(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		uint64_t id = begin_vm(round % 2, META + 16 * (uint64_t)round, 4);

		assert_int_equal(id, 1);
		assert_int_equal(call(MAP, id, PAGES + (uint64_t)round, 7, 1, RIGHTS), OK);
		assert_int_equal(fake_machine_use(vttbr_of(id), 7 << 12) & 0xfffffffff000,
				 (PAGES + (uint64_t)round) << 12);
		fake_machine_end();
		same_as_before();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_cannot_be_created, begin, end),
		cmocka_unit_test_setup_teardown(as_many_as_there_are_numbers, begin, end),
		cmocka_unit_test_setup_teardown(calls_about_no_vm, begin, end),
		cmocka_unit_test_setup_teardown(lives, begin, end),
		cmocka_unit_test_setup_teardown(a_held_vm_is_not_killed, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_donated, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_configured, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_mapped, begin, end),
		cmocka_unit_test_setup_teardown(every_allocation_can_fail, begin, end),
		cmocka_unit_test_setup_teardown(reclaim_is_all_or_nothing, begin, end),
		cmocka_unit_test_setup_teardown(loans, begin, end),
		cmocka_unit_test_setup_teardown(rights_are_what_was_given, begin, end),
		cmocka_unit_test_setup_teardown(blocks_of_2_mib, begin, end),
		cmocka_unit_test_setup_teardown(pages_for_vcpus, begin, end),
		cmocka_unit_test_setup_teardown(numbers_are_used_again, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
