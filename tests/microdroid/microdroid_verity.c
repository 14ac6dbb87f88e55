/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The description of a hash tree: what is read, what is refused, and what device-mapper is told. */
#include "guest/microdroid/lib/verity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddee0f"
#define GOOD "block_bytes=4096\ndata_blocks=551\nhash_start=552\nroot_digest=" DIGEST "\n"

static struct verity_tree tree;

static void reads_a_description(void **state)
{
	(void)state;
	assert_null(verity_parse(GOOD "salt=abcd\n", &tree));
	assert_int_equal(tree.block_bytes, 4096);
	assert_int_equal(tree.data_blocks, 551);
	assert_int_equal(tree.hash_start, 552);
	assert_int_equal(tree.root_digest[1], 0x11);
	assert_int_equal(tree.root_digest[31], 0x0f);
	assert_int_equal(tree.salt_bytes, 2);
	assert_int_equal(tree.salt[0], 0xab);
	assert_null(verity_parse(GOOD, &tree));
	assert_int_equal(tree.salt_bytes, 0);
}

static void refuses_what_is_not_one(void **state)
{
	static const char *const bad[] = {
		"",
		"block_bytes=4096\n",
		GOOD "x=1\n",
		GOOD "salt\n",
		GOOD "salt=abc\n",
		GOOD "salt=AB\n",
		GOOD "salt=a \n",
		GOOD "hash_start=552\n",
		GOOD "\n",
		"block_bytes=4096\ndata_blocks=551\nhash_start=552\nroot_digest=00\n",
		"block_bytes=4096\ndata_blocks=551\nhash_start=552\nroot_digest=" DIGEST "00\n",
		"block_bytes=4096\ndata_blocks=0\nhash_start=552\nroot_digest=" DIGEST "\n",
		"block_bytes=4096\ndata_blocks=-1\nhash_start=552\nroot_digest=" DIGEST "\n",
		"block_bytes=4096\ndata_blocks=18446744073709551615\nhash_start=552\nroot_digest=" DIGEST,
		"block_bytes=4096\ndata_blocks=18446744073709551616\nhash_start=552\nroot_digest=" DIGEST,
		"block_bytes=4095\ndata_blocks=551\nhash_start=552\nroot_digest=" DIGEST "\n",
		"block_bytes=8192\ndata_blocks=551\nhash_start=552\nroot_digest=" DIGEST "\n",
		"block_bytes=256\ndata_blocks=551\nhash_start=552\nroot_digest=" DIGEST "\n",
		"block_bytes=\ndata_blocks=551\nhash_start=552\nroot_digest=" DIGEST "\n",
	};
	char long_salt[2 * VERITY_SALT_BYTES_MAX + 3];
	char text[2048];
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(verity_parse(bad[i], &tree));
	}
	memset(long_salt, 'a', sizeof(long_salt) - 1);
	long_salt[sizeof(long_salt) - 1] = '\0';
	snprintf(text, sizeof(text), GOOD "salt=%s\n", long_salt);
	assert_non_null(verity_parse(text, &tree));
	long_salt[2 * VERITY_SALT_BYTES_MAX] = '\0';
	snprintf(text, sizeof(text), GOOD "salt=%s\n", long_salt);
	assert_null(verity_parse(text, &tree));
}

static void tells_device_mapper(void **state)
{
	char parameters[VERITY_PARAMETERS_BYTES_MAX];
	(void)state;

	assert_null(verity_parse(GOOD "salt=abcd\n", &tree));
	assert_true(verity_parameters(&tree, "254:0", "254:16", parameters, sizeof(parameters)));
	assert_string_equal(parameters, "1 254:0 254:16 4096 4096 551 552 sha256 " DIGEST " abcd");
	tree.salt_bytes = 0;
	tree.restart = true;
	assert_true(verity_parameters(&tree, "254:0", "254:0", parameters, sizeof(parameters)));
	assert_string_equal(parameters, "1 254:0 254:0 4096 4096 551 552 sha256 " DIGEST
					" - 1 restart_on_corruption");
	assert_false(verity_parameters(&tree, "254:0", "254:0", parameters, 40));
}

static void the_longest_fits(void **state)
{
	char parameters[VERITY_PARAMETERS_BYTES_MAX];
	(void)state;

	assert_null(verity_parse(GOOD, &tree));
	tree.data_blocks = tree.hash_start = INT64_MAX;
	tree.salt_bytes = VERITY_SALT_BYTES_MAX;
	tree.restart = true;
	assert_true(verity_parameters(&tree, "4095:1048575", "4095:1048575", parameters,
				      sizeof(parameters)));
}

static void no_device_of_what_is_none(void **state)
{
	char node[64];
	(void)state;

	assert_null(verity_parse(GOOD, &tree));
	assert_false(verity_map("x", &tree, "/dev/null", "/dev/null", node, sizeof(node)));
	assert_false(verity_map("x", &tree, "/nonexistent", "/dev/null", node, sizeof(node)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_description),
		cmocka_unit_test(refuses_what_is_not_one),
		cmocka_unit_test(tells_device_mapper),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(no_device_of_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
