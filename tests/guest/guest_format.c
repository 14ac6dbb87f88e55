/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest/bare/lib/format.c against the C library's snprintf, and its own rules. */
#include "guest/bare/lib/format.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUFFER_BYTES 128

/* Format with both and compare text, length and that nothing is written beyond. */
#define assert_same(...)                                                                 \
	do {                                                                             \
		char ours[BUFFER_BYTES];                                                 \
		char theirs[BUFFER_BYTES];                                               \
		size_t length = format_text(ours, sizeof(ours), __VA_ARGS__);            \
		assert_int_equal(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
		assert_string_equal(ours, theirs);                                       \
	} while (0)

static void test_plain_text(void **state)
{
	(void)state;
	assert_same("nothing to convert");
	assert_same("%s", "");
	assert_same("100%%");
	assert_same("%c%c%c", 'a', 'b', 'c');
	assert_same("[%s] [%10s] [%-10s]", "text", "right", "left");
	assert_same("[%3s]", "longer than its field");
}

static void test_decimal(void **state)
{
	(void)state;
	assert_same("%d %d %d", 0, 1, -1);
	assert_same("%d %d", INT_MAX, INT_MIN);
	assert_same("%ld %ld", LONG_MAX, LONG_MIN);
	assert_same("%lld %lld", LLONG_MAX, LLONG_MIN);
	assert_same("%u %lu %llu %zu", UINT_MAX, ULONG_MAX, ULLONG_MAX, SIZE_MAX);
	assert_same("%hhu %hu %hhd %hd", (unsigned char)200, (unsigned short)60000,
		    (signed char)-100, (short)-30000);
	assert_same("[%5d] [%-5d] [%05d] [%05d]", 42, 42, 42, -42);
	assert_same("[%1d] [%-8d]", 12345, 7);
}

static void test_hexadecimal(void **state)
{
	(void)state;
	assert_same("%x %x %#x %#x", 0U, 0xabcdefU, 0U, 0x10U);
	assert_same("0x%llx 0x%016llx", UINT64_MAX + 0ULL, 0x1234ULL);
	assert_same("[%8x] [%08x] [%#010x]", 0xbeefU, 0xbeefU, 0xbeefU);
	assert_same("%p", (void *)(uintptr_t)0x80001000);
}

static void test_cut_at_the_buffers_end(void **state)
{
	char buffer[8];

	(void)state;
	memset(buffer, '#', sizeof(buffer));
	assert_int_equal(format_text(buffer, 5, "%d", 1234567), 7);
	assert_string_equal(buffer, "1234");
	assert_int_equal(buffer[5], '#');

	memset(buffer, '#', sizeof(buffer));
	assert_int_equal(format_text(buffer, 1, "abc"), 3);
	assert_int_equal(buffer[0], '\0');
	assert_int_equal(buffer[1], '#');
	assert_int_equal(format_text(NULL, 0, "abc"), 3);
}

static size_t format_unchecked(char *buffer, size_t size, const char *format, ...)
{
	size_t length;
	va_list args;

	va_start(args, format);
	length = format_text_va(buffer, size, format, args);
	va_end(args);
	return length;
}

static void test_unknown_conversion_is_copied(void **state)
{
	char buffer[BUFFER_BYTES];

	(void)state;
	assert_int_equal(format_unchecked(buffer, sizeof(buffer), "a%qb%5.2f%"), 10);
	assert_string_equal(buffer, "a%qb%5.2f%");
	format_unchecked(buffer, sizeof(buffer), "%s", NULL);
	assert_string_equal(buffer, "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text),
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_hexadecimal),
		cmocka_unit_test(test_cut_at_the_buffers_end),
		cmocka_unit_test(test_unknown_conversion_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
