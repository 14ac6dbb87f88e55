/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's hypercalls: numbers as in platform/abi/hyp_hypercalls.h, written out here. */
#include "tests/hypervisor/fake_pages.h"

#include <hyp/host.h>
#include <hyp/owner.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ABI_VERSION 0xc6007000
#define MEM_DONATE 0xc6007001
#define MEM_RETURN 0xc6007002
#define FEATURES 0xc6007003
#define VCPU_CREATE 0xc6007020
#define VCPU_RUN 0xc6007023
#define VM_CREATE 0xc6007010
#define VM_STATS 0xc6007018
#define TRACE_SET 0xc6007030
#define TRACE_READ 0xc6007031

static uint32_t table[FAKE_PAGES];

static int64_t host_calls(uint64_t id, uint64_t pfn, uint64_t count)
{
	struct regs regs = { .x = { id, pfn, count } };

	hvc_host_call(&regs, 0);
	return (int64_t)regs.x[0];
}

/* The first half of RAM is the host's, the rest the hypervisor's. */
static int begin(void **state)
{
	struct owner_request host = { .op = OWNER_BOOT_HOST,
				      .pfn = FAKE_PFN,
				      .count = FAKE_PAGES / 2 };
	struct owner_request hyp = { .op = OWNER_BOOT_HYP,
				     .pfn = FAKE_PFN + FAKE_PAGES / 2,
				     .count = FAKE_PAGES / 2 };

	(void)state;
	owner_init(table, FAKE_PFN, FAKE_PAGES);
	fake_pages_reset();
	return owner_apply(&host) == HYP_OK && owner_apply(&hyp) == HYP_OK ? 0 : -1;
}

static void only_what_is_listed(void **state)
{
	(void)state;
	for (uint64_t id = 0xc6006f00; id < 0xc6007100; id++) {
		bool listed = (id >= ABI_VERSION && id <= FEATURES) ||
			      (id >= VM_CREATE && id <= VM_STATS) ||
			      (id >= VCPU_CREATE && id <= VCPU_RUN) || id == TRACE_SET ||
			      id == TRACE_READ;

		/* -2: listed, and no page is not a number of pages; or a fake's answer */
		assert_int_equal(host_calls(id, 0, 0), id == ABI_VERSION ? 0 : listed ? -2 : -1);
	}
	assert_int_equal(host_calls(0, 0, 0), -1);
	assert_int_equal(host_calls(0x84000000, 0, 0), -1);
	assert_int_equal(host_calls(0x86007000, 0, 0), -1);
	assert_int_equal(host_calls(UINT64_MAX, 0, 0), -1);
}

static void an_immediate_is_refused(void **state)
{
	struct regs regs = { .x = { MEM_DONATE, FAKE_PFN, 1 } };

	(void)state;
	hvc_host_call(&regs, 1);
	assert_int_equal(regs.x[0], (uint64_t)-1);
	assert_int_equal(owner_view(FAKE_PFN).state, PAGE_HOST);
}

static void the_version_is_in_x1(void **state)
{
	struct regs regs = { .x = { ABI_VERSION, 9, 9, 9 } };

	(void)state;
	hvc_host_call(&regs, 0);
	assert_int_equal(regs.x[0], 0);
	assert_int_equal(regs.x[1], 2);
	assert_int_equal(regs.x[2], 9);
}

static void a_gift_and_its_return(void **state)
{
	(void)state;
	fake_pages.content[1] = 7;
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN + 1, 2), 0);
	assert_int_equal(owner_view(FAKE_PFN + 1).state, PAGE_DONATED);
	assert_false(fake_pages.reach[1]);
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN + 2, 1), -3);
	assert_int_equal(host_calls(MEM_RETURN, FAKE_PFN, 2), -3);
	assert_int_equal(host_calls(MEM_RETURN, FAKE_PFN + 1, 2), 0);
	assert_int_equal(owner_view(FAKE_PFN + 1).state, PAGE_HOST);
	assert_true(fake_pages.reach[1]);
	assert_int_equal(fake_pages.content[1], 0);
	assert_int_equal(fake_pages.faults, 0);
}

static void what_is_not_the_hosts(void **state)
{
	(void)state;
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN + FAKE_PAGES / 2, 1), -3);
	assert_int_equal(host_calls(MEM_RETURN, FAKE_PFN + FAKE_PAGES / 2, 1), -3);
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN + FAKE_PAGES / 2 - 1, 2), -3);
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN - 1, 1), -2);
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN, 513), -2);
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN, UINT64_MAX), -2);
	fake_pages.fail_nth = 1;
	assert_int_equal(host_calls(MEM_DONATE, FAKE_PFN, 1), -4);
	for (uint32_t page = 0; page < FAKE_PAGES; page++) {
		assert_int_equal(fake_pages.reach[page], page < FAKE_PAGES / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_what_is_listed, begin),
		cmocka_unit_test_setup(an_immediate_is_refused, begin),
		cmocka_unit_test_setup(the_version_is_in_x1, begin),
		cmocka_unit_test_setup(a_gift_and_its_return, begin),
		cmocka_unit_test_setup(what_is_not_the_hosts, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
