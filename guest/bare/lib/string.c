/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain loops, by words where both sides allow it. This file is compiled with
 * -fno-tree-loop-distribute-patterns, or GCC would turn the loops into calls of
 * the functions that they are.
 */
#include "guest/bare/lib/string.h"

#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD_MASK (sizeof(word_t) - 1)

void *memcpy(void *to, const void *from, size_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	if (!(((uintptr_t)to | (uintptr_t)from) & WORD_MASK)) {
		for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
			*(word_t *)out = *(const word_t *)in;
			out += sizeof(word_t);
			in += sizeof(word_t);
		}
	}
	while (size--) {
		*out++ = *in++;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= size) {
		return memcpy(to, from, size);
	}
	while (size--) {
		out[size] = in[size];
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	unsigned char *out = to;
	word_t word = (unsigned char)byte * UINT64_C(0x0101010101010101);

	while (size && ((uintptr_t)out & WORD_MASK)) {
		*out++ = (unsigned char)byte;
		size--;
	}
	for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
		*(word_t *)out = word;
		out += sizeof(word_t);
	}
	while (size--) {
		*out++ = (unsigned char)byte;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a;
	const unsigned char *right = b;

	for (; size; size--, left++, right++) {
		if (*left != *right) {
			return *left < *right ? -1 : 1;
		}
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length]) {
		length++;
	}
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}
