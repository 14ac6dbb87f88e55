/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMM's info file as the host's tools read it. */
#include "platform/host/lib/info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Read @text as an info file. */
static bool read_info(const char *text, struct vm_info *info)
{
	char path[] = "/tmp/host-info-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	bool good = vm_info_read(path, info);

	unlink(path);
	return good;
}

static void reads_numbers(void **state)
{
	struct vm_info info;

	(void)state;
	assert_true(read_info("{\"pid\":12,\"ram_ipa\":2147483648,\"ram_hva\": 281473492713472,\n"
			      " \"ram_bytes\":16777216,\"protected\":true}\n",
			      &info));
	assert_int_equal(info.pid, 12);
	assert_int_equal(info.ram_ipa, 0x80000000);
	assert_int_equal(info.ram_hva, 281473492713472ULL);
	assert_int_equal(info.ram_bytes, 16777216);
}

static void refuses_what_lacks_a_number(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"pid\":1,\"ram_ipa\":1,\"ram_hva\":1}",
		"{\"pid\":1,\"ram_ipa\":1,\"ram_hva\":,\"ram_bytes\":1}",
		"{\"pid\":1,\"ram_ipa\":1,\"ram_hva\":99999999999999999999999,\"ram_bytes\":1}",
	};
	struct vm_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(read_info(texts[i], &info));
	}
	assert_false(vm_info_read("/no/such/file", &info));
}

static void finds_addresses_in_ram_only(void **state)
{
	const struct vm_info info = {
		.pid = 1, .ram_ipa = 0x80000000, .ram_hva = 0x7000000000, .ram_bytes = 0x4000
	};
	uint64_t hva = 0;

	(void)state;
	assert_true(vm_info_hva(&info, 0x80000000, 0x4000, &hva));
	assert_int_equal(hva, 0x7000000000);
	assert_true(vm_info_hva(&info, 0x80003ff8, 8, &hva));
	assert_int_equal(hva, 0x7000003ff8);
	assert_false(vm_info_hva(&info, 0x80003ff8, 16, &hva));
	assert_false(vm_info_hva(&info, 0x7ffffff8, 8, &hva));
	assert_false(vm_info_hva(&info, 0x80004000, 8, &hva));
	assert_false(vm_info_hva(&info, 0x80001000, UINT64_MAX, &hva));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(refuses_what_lacks_a_number),
		cmocka_unit_test(finds_addresses_in_ram_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
