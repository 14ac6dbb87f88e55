/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory contents that both sides can compute from a 64-bit seed, and a check
 * value of any contents. Pure.
 *
 * The pattern is the sequence of Marsaglia's xorshift64 generator (13, 7, 17):
 * x starts as the seed (not 0); each step is x ^= x << 13, x ^= x >> 7,
 * x ^= x << 17, and gives x as the next 8 bytes, little-endian.
 * The check value is FNV-1a, 64 bits, over all bytes.
 */
#ifndef GUEST_PATTERN_H
#define GUEST_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_EQUAL SIZE_MAX

/* Write @bytes (a multiple of 8) of @seed's pattern to @to (8-byte aligned). */
void pattern_fill(void *to, size_t bytes, uint64_t seed);

/*
 * Compare @bytes (a multiple of 8) at @from with @seed's pattern, every byte.
 * Returns the offset of the first byte that differs, PATTERN_EQUAL if none.
 */
size_t pattern_compare(const void *from, size_t bytes, uint64_t seed);

/* FNV-1a of @bytes at @from. */
uint64_t pattern_check_value(const void *from, size_t bytes);

#endif /* GUEST_PATTERN_H */
