/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printf's formats that guests use, into a buffer. Pure: no state, no locks. */
#ifndef GUEST_FORMAT_H
#define GUEST_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Write @format with its arguments to @buffer as snprintf would: at most
 * @size - 1 bytes and a zero (nothing if @size is 0).
 *
 * Known: %c %s %d %i %u %x %p %%, with l, ll, h, hh or z, a minimum width, and the
 * flags 0, - and #. A conversion that is not known is copied as it stands.
 *
 * Returns the bytes that a large enough buffer would have got, without the zero.
 */
size_t format_text(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t format_text_va(char *buffer, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif /* GUEST_FORMAT_H */
