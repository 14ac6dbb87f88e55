/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of <string.h> that the compiler and libfdt call. Compiled with
 * -fno-tree-loop-distribute-patterns, or the loops would become calls of themselves.
 */
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD_MASK (sizeof(word_t) - 1)

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *out = to;

	for (const unsigned char *in = from; size; size--) {
		*out++ = *in++;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	if ((uintptr_t)to - (uintptr_t)from >= size) {
		return memcpy(to, from, size);
	}
	while (size--) {
		((unsigned char *)to)[size] = ((const unsigned char *)from)[size];
	}
	return to;
}

/* By words where it can: this wipes pages. */
void *memset(void *to, int byte, size_t size)
{
	unsigned char *out = to;
	word_t word = (unsigned char)byte * UINT64_C(0x0101010101010101);

	for (; size && ((uintptr_t)out & WORD_MASK); size--) {
		*out++ = (unsigned char)byte;
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
	const unsigned char *left = a, *right = b;

	for (; size && *left == *right; size--) {
		left++;
		right++;
	}
	return size ? *left - *right : 0;
}

void *memchr(const void *place, int byte, size_t size)
{
	for (const unsigned char *at = place; size; size--, at++) {
		if (*at == (unsigned char)byte) {
			return (void *)(uintptr_t)at;
		}
	}
	return NULL;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length]) {
		length++;
	}
	return length;
}

char *strrchr(const char *text, int wanted)
{
	const char *last = NULL;

	for (; *text; text++) {
		last = *text == (char)wanted ? text : last;
	}
	return (char *)(uintptr_t)(wanted ? last : text);
}
