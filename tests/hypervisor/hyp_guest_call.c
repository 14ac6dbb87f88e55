/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who can call what, and pKVM's calls. Numbers by the specifications, not by smccc.h. */
#include "tests/hypervisor/fake_guest_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NORMAL 0u
#define PKVM HYP_VM_PROTECTED
#define RSI (HYP_VM_PROTECTED | HYP_VM_RSI)
#define NOT_SUPPORTED ((uint64_t)-1)
#define INVALID ((uint64_t)-3)
#define MEMINFO UINT64_C(0xc6000002)
#define SHARE UINT64_C(0xc6000003)
#define UNSHARE UINT64_C(0xc6000004)
#define GUARD_ENROLL UINT64_C(0xc6000006)
#define GUARD_MAP UINT64_C(0xc6000007)
#define GUARD_UNMAP UINT64_C(0xc6000008)
#define RELINQUISH UINT64_C(0xc6000009)

static struct vcpu *vcpu;

/* To all: SMCCC, PSCI, TRNG. */
static const uint32_t common[] = {
	0x80000000, 0x80000001, 0x80008000, 0x80003fff, 0x84000000, 0x84000001,
	0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004, 0xc4000004,
	0x84000006, 0x84000008, 0x84000009, 0x8400000a, 0x84000012, 0xc4000012,
	0x84000050, 0x84000051, 0x84000052, 0x84000053, 0xc4000053,
};

static const uint32_t vendor[] = { 0x8600ff01, 0x86000000, 0x86000001, 0xc6000002,
				   0xc6000003, 0xc6000004, 0xc6000005, 0xc6000006,
				   0xc6000007, 0xc6000008, 0xc6000009 };

static bool is_in(uint32_t id, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == id) {
			return true;
		}
	}
	return false;
}

static bool is_served(uint32_t kind, uint32_t id)
{
	return is_in(id, common, sizeof(common) / sizeof(common[0])) ||
	       (kind == PKVM && is_in(id, vendor, sizeof(vendor) / sizeof(vendor[0]))) ||
	       (kind == RSI && id >= 0xc4000190 && id <= 0xc4000199);
}

/*
 * Every fast and slow call of both widths, of all owners, of the numbers that anybody ever
 * gave out: what is not in the lists above is not supported, or the host's to answer.
 */
static void no_other_identifier(void **state)
{
	static const uint32_t kinds[] = { NORMAL, PKVM, RSI };
	static const uint32_t bases[] = { 0, 0x3f00, 0x7f00, 0x8000, 0xff00 };

	(void)state;
	for (size_t kind = 0; kind < 3; kind++) {
		for (uint64_t n = 0; n < 64u * 4 * 5 * 512; n++) {
			uint32_t id = ((uint32_t)(n & 511) + bases[n / 512 % 5]) |
				      (uint32_t)(n / 2560 % 4) << 30 | (uint32_t)(n / 10240) << 24;
			enum guest_call call;

			if (is_served(kinds[kind], id)) {
				continue;
			}
			if (n % 512 == 0) {
				vcpu = fake_begin(kinds[kind], 1);
			}
			call = fake_call(id, 1, 2, 3);
			if (kinds[kind] == NORMAL) {
				assert_int_equal(call, GUEST_CALL_EXIT);
				assert_int_equal(vcpu->exit.reason, HYP_EXIT_HVC);
			} else {
				assert_int_equal(call, GUEST_CALL_RESUME);
				assert_int_equal(vcpu->x[0], NOT_SUPPORTED);
			}
		}
	}
}

static void all_others_are_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		vcpu = fake_begin(RSI, 1);
		fake_call(common[i], common[i] & ~0xfu, 0, 0);
		assert_int_not_equal(vcpu->x[0], NOT_SUPPORTED);
	}
	for (size_t i = 0; i < sizeof(vendor) / sizeof(vendor[0]); i++) {
		vcpu = fake_begin(PKVM, 1);
		fake_call(vendor[i], 0, 0, 0);
		assert_int_not_equal(vcpu->x[0], NOT_SUPPORTED);
	}
}

static void what_the_host_is_asked(void **state)
{
	static const uint64_t answer[4] = { 10, 11, 12, 13 };

	(void)state;
	vcpu = fake_begin(NORMAL, 1);
	assert_int_equal(fake_call(0x86000001, 1, 2, 3), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.esr, 0x5a000000);
	assert_int_equal(vcpu->exit.x[0], 0x86000001);
	assert_int_equal(vcpu->exit.x[3], 3);
	guest_call_answer(vcpu, answer);
	assert_memory_equal(vcpu->x, answer, sizeof(answer));
	/* An SMC and an immediate are told. */
	vcpu->x[0] = 0x86000001;
	assert_int_equal(guest_call(vcpu, true, 0), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.esr, 0x5e000000);
	assert_int_equal(guest_call(vcpu, false, 0x42), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.esr, 0x5a000042);
	/* All calls, if the VMM wants them. */
	fake.vm.forwards_hvc = true;
	assert_int_equal(fake_call(0x84000000, 1, 2, 3), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_HVC);
	assert_int_equal(fake_call(0x84000008, 1, 2, 3), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_HVC);
	/* It may leave some of them to EL2 all the same. */
	vcpu->x[0] = 0x84000000;
	assert_int_equal(guest_call_serve(vcpu), GUEST_CALL_RESUME);
	assert_int_equal(vcpu->x[0], 0x10001);
	vcpu->x[0] = 0x8600ff01;
	assert_int_equal(guest_call_serve(vcpu), GUEST_CALL_RESUME);
	assert_int_equal(vcpu->x[0], NOT_SUPPORTED);
	/* Of a protected VM only the clock. */
	vcpu = fake_begin(PKVM, 1);
	assert_int_equal(fake_call(0x86000001, 1, 2, 3), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_HVC);
	assert_int_equal(vcpu->exit.x[1], 1);
	assert_int_equal(vcpu->exit.x[2] | vcpu->exit.x[3], 0);
}

static void conduits(void **state)
{
	(void)state;
	vcpu = fake_begin(PKVM, 1);
	vcpu->x[0] = 0x84000000;
	assert_int_equal(guest_call(vcpu, true, 0), GUEST_CALL_UNDEF);
	assert_int_equal(vcpu->x[0], 0x84000000);
	assert_int_equal(guest_call(vcpu, false, 5), GUEST_CALL_RESUME);
	assert_int_equal(vcpu->x[0], 0x10001);
	vcpu = fake_begin(RSI, 1);
	vcpu->x[0] = 0x84000000;
	assert_int_equal(guest_call(vcpu, false, 0), GUEST_CALL_UNDEF);
	assert_int_equal(guest_call(vcpu, true, 0), GUEST_CALL_RESUME);
	assert_int_equal(vcpu->x[0], 0x10001);
	vcpu->x[0] = 0x84000000;
	assert_int_equal(guest_call(vcpu, true, 1), GUEST_CALL_RESUME);
	assert_int_equal(vcpu->x[0], NOT_SUPPORTED);
	vcpu = fake_begin(NORMAL, 1);
	vcpu->x[0] = 0x84000000;
	assert_int_equal(guest_call(vcpu, true, 0), GUEST_CALL_RESUME);
	assert_int_equal(vcpu->x[0], 0x10001);
}

static uint64_t answer_of(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_int_equal(fake_call(id, x1, x2, x3), GUEST_CALL_RESUME);
	return vcpu->x[0];
}

static void discovery(void **state)
{
	(void)state;
	vcpu = fake_begin(PKVM, 1);
	assert_int_equal(answer_of(0x80000000, 0, 0, 0), 0x10001);
	/* Bits 63:32 of an identifier are not part of it. */
	assert_int_equal(answer_of(UINT64_C(0xffffffff80000000), 0, 0, 0), 0x10001);
	assert_int_equal(answer_of(0x80000001, 0x80000000, 0, 0), 0);
	assert_int_equal(answer_of(0x80000001, 0x80000001, 0, 0), 0);
	assert_int_equal(answer_of(0x80000001, 0x80000002, 0, 0), NOT_SUPPORTED);
	assert_int_equal(answer_of(0x80000001, 0x84000000, 0, 0), NOT_SUPPORTED);
	assert_int_equal(answer_of(0x80000001, 0x80007fff, 0, 0), NOT_SUPPORTED);
	assert_int_equal(fake.firmware_calls, 0);
	fake.firmware_answer = 0xffffffff; /* 32 bits count */
	assert_int_equal(answer_of(0x80000001, 0x80008000, 0, 0), NOT_SUPPORTED);
	fake.firmware_answer = 1;
	assert_int_equal(answer_of(0x80000001, 0x80008000, 0, 0), 1);
	assert_int_equal(fake.firmware[0], 0x80000001);
	assert_int_equal(fake.firmware[1], 0x80008000);
	assert_int_equal(answer_of(0x80003fff, 9, 9, 9), 1);
	assert_int_equal(fake.firmware[0], 0x80003fff);
	assert_int_equal(fake.firmware[1], 0);
	assert_int_equal(answer_of(0x84000050, 0, 0, 0), 0x10000);
	assert_int_equal(answer_of(0x84000051, 0x84000053, 0, 0), 0);
	assert_int_equal(answer_of(0x84000051, 0xc4000053, 0, 0), 0);
	assert_int_equal(answer_of(0x84000051, 0x84000054, 0, 0), NOT_SUPPORTED);
	assert_int_equal(answer_of(0x84000051, 0x84000008, 0, 0), NOT_SUPPORTED);
	assert_int_equal(answer_of(0x8600ff01, 0, 0, 0), 0xb66fb428);
	assert_int_equal(vcpu->x[1], 0xe911c52e);
	assert_int_equal(vcpu->x[2], 0x564bcaa9);
	assert_int_equal(vcpu->x[3], 0x743a004d);
	assert_int_equal(answer_of(0x86000000, 0, 0, 0), 0x3ff);
	assert_int_equal(vcpu->x[1] | vcpu->x[2] | vcpu->x[3], 0);
	assert_int_equal(answer_of(MEMINFO, 0, 0, 0), 4096);
	assert_int_equal(vcpu->x[1], 1);
	assert_int_equal(answer_of(MEMINFO, 1, 0, 0), INVALID);
	assert_int_equal(answer_of(MEMINFO, 0, 1, 0), INVALID);
	assert_int_equal(answer_of(MEMINFO, 0, 0, 1), INVALID);
}

static void share_and_take_back(void **state)
{
	(void)state;
	vcpu = fake_begin(PKVM, 1);
	assert_int_equal(answer_of(UNSHARE, 0x3000, 0, 0), INVALID);
	assert_int_equal(vcpu->x[1], 0);
	assert_int_equal(answer_of(SHARE, 0x3000, 0, 0), 0);
	assert_int_equal(vcpu->x[1], 1);
	assert_int_equal(fake.page[3], GUEST_PAGE_SHARED);
	assert_int_equal(fake.page[4], GUEST_PAGE_OWN);
	assert_int_equal(answer_of(SHARE, 0x3000, 1, 0), INVALID);
	assert_int_equal(answer_of(UNSHARE, 0x3000, 1, 0), 0);
	assert_int_equal(fake.page[3], GUEST_PAGE_OWN);
	assert_int_equal(answer_of(SHARE, 0x3008, 0, 0), INVALID);
	assert_int_equal(answer_of(SHARE, 0x3000, 1, 1), INVALID);
	assert_int_equal(answer_of(SHARE, UINT64_MAX << 12, 1, 0), INVALID);
	assert_int_equal(fake.page[3], GUEST_PAGE_OWN);
}

/* The guest goes on behind what was done. */
static void long_ranges(void **state)
{
	uint64_t ipa = 0, left = FAKE_PAGES, calls = 0;

	(void)state;
	vcpu = fake_begin(PKVM, 1);
	for (; left > 0; calls++, ipa += vcpu->x[1] * 4096, left -= vcpu->x[1]) {
		assert_int_equal(answer_of(SHARE, ipa, left, 0), 0);
		assert_in_range(vcpu->x[1], 1, left);
	}
	assert_int_equal(calls, 3);
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		assert_int_equal(fake.page[i], GUEST_PAGE_SHARED);
	}
	/* A page on the way that cannot be: what was done stays, and is told. */
	fake.page[5] = GUEST_PAGE_OWN;
	assert_int_equal(answer_of(UNSHARE, 0, UINT64_MAX, 0), INVALID);
	assert_int_equal(vcpu->x[1], 5);
	assert_int_equal(fake.page[4], GUEST_PAGE_OWN);
	assert_int_equal(fake.page[6], GUEST_PAGE_SHARED);
}

static void a_page_that_is_not_there_yet(void **state)
{
	(void)state;
	vcpu = fake_begin(PKVM, 1);
	fake.page[2] = GUEST_PAGE_NONE;
	/* It ends a call that did something. */
	assert_int_equal(answer_of(SHARE, 0, 4, 0), 0);
	assert_int_equal(vcpu->x[1], 2);
	/* The host is asked for it, and the same instruction comes again. */
	assert_int_equal(fake_call(SHARE, 0x2000, 2, 0), GUEST_CALL_RETRY);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_MEMORY);
	assert_int_equal(vcpu->exit.address, 0x2000);
	assert_int_equal(vcpu->exit.esr, 0x92000047);
	assert_int_equal(vcpu->exit.x[0] | vcpu->exit.x[1] | vcpu->exit.x[2], 0);
	assert_int_equal(vcpu->x[0], SHARE);
	assert_int_equal(vcpu->x[1], 0x2000);
	assert_int_equal(vcpu->x[2], 2);
	fake.page[2] = GUEST_PAGE_OWN;
	assert_int_equal(answer_of(SHARE, 0x2000, 2, 0), 0);
	assert_int_equal(vcpu->x[1], 2);
	/* So with pages for tables. */
	fake.always = HYP_ENOTABLE;
	assert_int_equal(fake_call(SHARE, 0x8000, 0, 0), GUEST_CALL_RETRY);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_TABLES);
	assert_int_equal(vcpu->exit.address, 0);
	assert_int_equal(fake_call(GUARD_MAP, 0x8000, 0, 0), GUEST_CALL_RETRY);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_TABLES);
}

static void pages_given_back(void **state)
{
	(void)state;
	vcpu = fake_begin(PKVM, 1);
	assert_int_equal(fake_call(RELINQUISH, 0x7000, 0, 0), GUEST_CALL_EXIT);
	assert_int_equal(vcpu->x[0], 0);
	assert_int_equal(vcpu->exit.reason, HYP_EXIT_RETURNED);
	assert_int_equal(vcpu->exit.address, 0x7000);
	assert_int_equal(fake.page[7], GUEST_PAGE_NONE);
	assert_int_equal(answer_of(RELINQUISH, 0x7000, 0, 0), 0);
	assert_int_equal(answer_of(RELINQUISH, 0x7010, 0, 0), INVALID);
	fake.page[8] = GUEST_PAGE_SHARED;
	assert_int_equal(answer_of(RELINQUISH, 0x8000, 0, 0), INVALID);
}

static void devices(void **state)
{
	(void)state;
	vcpu = fake_begin(PKVM, 1);
	fake.page[9] = GUEST_PAGE_NONE;
	assert_int_equal(answer_of(0xc6000005, 0, 0, 0), 4096);
	assert_false(fake.vm.guards_mmio);
	assert_int_equal(answer_of(GUARD_ENROLL, 0, 0, 0), 0);
	assert_true(fake.vm.guards_mmio);
	assert_int_equal(answer_of(GUARD_MAP, 0x9000, 0, 0), 0);
	assert_true(fake.by_guest);
	assert_int_equal(fake.page[9], GUEST_PAGE_DEVICE);
	assert_int_equal(answer_of(GUARD_MAP, 0xa000, 0, 0), INVALID);
	assert_int_equal(answer_of(GUARD_MAP, 0x9004, 0, 0), INVALID);
	assert_int_equal(answer_of(GUARD_UNMAP, 0x9000, 0, 0), 0);
	assert_int_equal(fake.page[9], GUEST_PAGE_NONE);
	assert_int_equal(answer_of(GUARD_UNMAP, 0xa000, 0, 0), INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_other_identifier),
		cmocka_unit_test(all_others_are_there),
		cmocka_unit_test(what_the_host_is_asked),
		cmocka_unit_test(conduits),
		cmocka_unit_test(discovery),
		cmocka_unit_test(share_and_take_back),
		cmocka_unit_test(long_ranges),
		cmocka_unit_test(a_page_that_is_not_there_yet),
		cmocka_unit_test(pages_given_back),
		cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
