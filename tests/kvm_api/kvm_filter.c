/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SMCCC filter: ranges that cannot be, and what is done with each call. */
#include "platform/kvm/filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/kvm.h>

#define HANDLE KVM_SMCCC_FILTER_HANDLE
#define DENY KVM_SMCCC_FILTER_DENY
#define FORWARD KVM_SMCCC_FILTER_FWD_TO_USER

static void refused(void **state)
{
	struct filter filter = { 0 };

	(void)state;
	assert_int_equal(filter_add(&filter, 0x84000000, 0, DENY), -EINVAL);
	assert_int_equal(filter_add(&filter, 0x84000000, 1, 3), -EINVAL);
	assert_int_equal(filter_add(&filter, 0xffffffff, 2, DENY), -EINVAL);
	assert_int_equal(filter_add(&filter, 0x80000000, 1, DENY), -EEXIST);
	assert_int_equal(filter_add(&filter, 0x8000ffff, 1, DENY), -EEXIST);
	assert_int_equal(filter_add(&filter, 0xc0000001, 1, FORWARD), -EEXIST);
	assert_int_equal(filter_add(&filter, 0x7fffffff, 2, DENY), -EEXIST);
	assert_int_equal(filter.count, 0);
	assert_int_equal(filter_add(&filter, 0x84000000, 0x20, DENY), 0);
	assert_int_equal(filter_add(&filter, 0x8400001f, 1, DENY), -EEXIST);
	assert_int_equal(filter_add(&filter, 0x83ffffff, 2, FORWARD), -EEXIST);
	assert_int_equal(filter_add(&filter, 0x84000000, 0x20, DENY), -EEXIST);
	assert_int_equal(filter.count, 1);
}

static void actions(void **state)
{
	struct filter filter = { 0 };

	(void)state;
	assert_int_equal(filter_action(&filter, 0x84000000), HANDLE);
	assert_int_equal(filter_add(&filter, 0x84000000, 0x20, DENY), 0);
	assert_int_equal(filter_add(&filter, 0x84000020, 1, FORWARD), 0);
	assert_int_equal(filter_add(&filter, 0xffffffff, 1, FORWARD), 0);
	assert_int_equal(filter_add(&filter, 0, 1, HANDLE), 0);
	assert_int_equal(filter_action(&filter, 0x83ffffff), HANDLE);
	assert_int_equal(filter_action(&filter, 0x84000000), DENY);
	assert_int_equal(filter_action(&filter, 0x8400001f), DENY);
	assert_int_equal(filter_action(&filter, 0x84000020), FORWARD);
	assert_int_equal(filter_action(&filter, 0x84000021), HANDLE);
	assert_int_equal(filter_action(&filter, 0xffffffff), FORWARD);
	assert_int_equal(filter_action(&filter, 0), HANDLE);
}

static void full(void **state)
{
	struct filter filter = { 0 };

	(void)state;
	for (__u32 i = 0; i < FILTER_RANGES_MAX; i++) {
		assert_int_equal(filter_add(&filter, 0x86000000 + 2 * i, 1, DENY), 0);
	}
	assert_int_equal(filter_add(&filter, 0x87000000, 1, DENY), -ENOMEM);
	assert_int_equal(filter_add(&filter, 0x86000000, 1, DENY), -EEXIST);
	assert_int_equal(filter_action(&filter, 0x86000000 + 2 * (FILTER_RANGES_MAX - 1)), DENY);
	assert_int_equal(filter_action(&filter, 0x86000001), HANDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(actions),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
