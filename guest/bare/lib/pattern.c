/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/pattern.h"

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t step(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

void pattern_fill(void *to, size_t bytes, uint64_t seed)
{
	uint64_t *out = to;

	for (size_t i = 0; i < bytes / sizeof(*out); i++) {
		seed = step(seed);
		out[i] = seed;
	}
}

size_t pattern_compare(const void *from, size_t bytes, uint64_t seed)
{
	const volatile uint64_t *in = from;

	for (size_t i = 0; i < bytes / sizeof(*in); i++) {
		uint64_t difference;

		seed = step(seed);
		difference = in[i] ^ seed;
		if (difference) {
			return i * sizeof(*in) + (size_t)__builtin_ctzll(difference) / 8;
		}
	}
	return PATTERN_EQUAL;
}

uint64_t pattern_check_value(const void *from, size_t bytes)
{
	const unsigned char *in = from;
	uint64_t value = FNV_OFFSET;

	for (size_t i = 0; i < bytes; i++) {
		value = (value ^ in[i]) * FNV_PRIME;
	}
	return value;
}
