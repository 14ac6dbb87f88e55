/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bits in arrays of unsigned long. */
#ifndef SHIM_LINUX_BITMAP_H
#define SHIM_LINUX_BITMAP_H

#include "kernel.h"

#define BITS_PER_LONG 64
#define BITS_TO_LONGS(bits) (((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG)

static inline void __set_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] |= 1UL << bit % BITS_PER_LONG;
}

static inline void __clear_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] &= ~(1UL << bit % BITS_PER_LONG);
}

static inline bool test_bit(unsigned int bit, const unsigned long *map)
{
	return map[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

static inline unsigned int find_next_bit(const unsigned long *map, unsigned int size,
					 unsigned int bit)
{
	while (bit < size && !test_bit(bit, map)) {
		bit++;
	}
	return bit;
}

#define for_each_set_bit(bit, map, size)                              \
	for ((bit) = find_next_bit((map), (size), 0); (bit) < (size); \
	     (bit) = find_next_bit((map), (size), (bit) + 1))

#endif /* SHIM_LINUX_BITMAP_H */
