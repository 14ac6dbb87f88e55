/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 against FIPS 180-4's examples, and every length against a digest of digests. */
#include <hyp/sha256.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void the_examples(void **state)
{
	static const struct {
		const char *text;
		uint8_t digest[8]; /* its begin */
	} examples[] = {
		{ "", { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14 } },
		{ "abc", { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea } },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  { 0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8 } },
	};
	uint8_t out[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		sha256(examples[i].text, strlen(examples[i].text), out);
		assert_memory_equal(out, examples[i].digest, sizeof(examples[i].digest));
	}
}

/* The SHA-256 of the SHA-256s of 0 to 299 bytes 0, 1, 2 ..., as Python's hashlib says. */
static void every_length(void **state)
{
	static const uint8_t expected[SHA256_BYTES] = { 0xdf, 0x90, 0x17, 0x57, 0x83, 0xc4, 0x42,
							0x35, 0xcf, 0x6a, 0xef, 0xd9, 0x35, 0xa2,
							0xc2, 0x74, 0x7f, 0x42, 0x39, 0x94, 0x16,
							0xd1, 0x67, 0x89, 0xec, 0xe3, 0x39, 0xf1,
							0xfd, 0x26, 0xd8, 0x35 };
	static uint8_t digests[300][SHA256_BYTES];
	uint8_t data[300], out[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)i;
	}
	for (size_t bytes = 0; bytes < sizeof(data); bytes++) {
		sha256(data, bytes, digests[bytes]);
	}
	sha256(digests, sizeof(digests), out);
	assert_memory_equal(out, expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples),
		cmocka_unit_test(every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
