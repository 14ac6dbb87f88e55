/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest/bare/lib/string.c, compiled with its names prefixed (module.mk), against the C
 * library's functions for all small sizes and alignments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SIZE_MAX_TRIED 40
#define OFFSETS 9
#define BUFFER_BYTES 64

void *guest_memcpy(void *to, const void *from, size_t size);
void *guest_memmove(void *to, const void *from, size_t size);
void *guest_memset(void *to, int byte, size_t size);
int guest_memcmp(const void *a, const void *b, size_t size);
size_t guest_strlen(const char *text);
int guest_strcmp(const char *a, const char *b);

static uint8_t ours[BUFFER_BYTES] __attribute__((aligned(8)));
static uint8_t theirs[BUFFER_BYTES] __attribute__((aligned(8)));
static uint8_t source[BUFFER_BYTES] __attribute__((aligned(8)));

static void fill(void)
{
	for (size_t i = 0; i < BUFFER_BYTES; i++) {
		ours[i] = theirs[i] = (uint8_t)(i * 7 + 1);
		source[i] = (uint8_t)(255 - i);
	}
}

static void test_memcpy_and_memset(void **state)
{
	(void)state;
	for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
		for (size_t at = 0; at < OFFSETS; at++) {
			for (size_t from = 0; from < OFFSETS; from++) {
				fill();
				assert_ptr_equal(guest_memcpy(ours + at, source + from, size),
						 ours + at);
				memcpy(theirs + at, source + from, size);
				assert_memory_equal(ours, theirs, BUFFER_BYTES);
			}
			assert_ptr_equal(guest_memset(ours + at, 0x1a5, size), ours + at);
			memset(theirs + at, 0xa5, size);
			assert_memory_equal(ours, theirs, BUFFER_BYTES);
		}
	}
}

static void test_memmove_overlapping(void **state)
{
	(void)state;
	for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
		for (size_t at = 0; at < OFFSETS; at++) {
			for (size_t from = 0; from < OFFSETS; from++) {
				fill();
				guest_memmove(ours + at, ours + from, size);
				memmove(theirs + at, theirs + from, size);
				assert_memory_equal(ours, theirs, BUFFER_BYTES);
			}
		}
	}
}

static void test_memcmp(void **state)
{
	(void)state;
	fill();
	assert_int_equal(guest_memcmp(ours, theirs, BUFFER_BYTES), 0);
	for (size_t i = 0; i < BUFFER_BYTES; i++) {
		ours[i]++;
		assert_true(guest_memcmp(ours, theirs, BUFFER_BYTES) > 0);
		assert_true(guest_memcmp(theirs, ours, BUFFER_BYTES) < 0);
		assert_int_equal(guest_memcmp(ours, theirs, i), 0);
		ours[i]--;
	}
}

static void test_strings(void **state)
{
	(void)state;
	assert_int_equal(guest_strlen(""), 0);
	assert_int_equal(guest_strlen("four"), 4);
	assert_int_equal(guest_strcmp("same", "same"), 0);
	assert_true(guest_strcmp("a", "ab") < 0);
	assert_true(guest_strcmp("ab", "a") > 0);
	assert_true(guest_strcmp("a", "b") < 0);
	assert_true(guest_strcmp("\xff", "a") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy_and_memset),
		cmocka_unit_test(test_memmove_overlapping),
		cmocka_unit_test(test_memcmp),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
