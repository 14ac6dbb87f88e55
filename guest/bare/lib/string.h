/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C library's memory and string functions that the runtime needs, with
 * their standard meaning. GCC itself calls the mem* functions.
 */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include <stddef.h>

/* Copy @size bytes from @from to @to; they must not overlap. Returns @to. */
void *memcpy(void *to, const void *from, size_t size);
/* The same, and they may overlap. */
void *memmove(void *to, const void *from, size_t size);
/* Set @size bytes at @to to @byte. Returns @to. */
void *memset(void *to, int byte, size_t size);
/* Compare @size bytes: 0 if equal, else the sign of the first difference. */
int memcmp(const void *a, const void *b, size_t size);
/* Bytes before the terminating zero. */
size_t strlen(const char *text);
/* Compare two strings: 0 if equal, else the sign of the first difference. */
int strcmp(const char *a, const char *b);

#endif /* GUEST_STRING_H */
