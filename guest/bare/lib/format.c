/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#define DIGITS_MAX 24 /* 2^64 has 20 decimal digits; "0x" and a sign fit too */

struct output {
	char *buffer;
	size_t size;
	size_t length; /* bytes wanted so far, stored or not */
};

/* One conversion: "%-#08llx" is left, alternate, zero, width 8, length 2, 'x'. */
struct conversion {
	bool left;
	bool alternate;
	bool zero;
	unsigned int width;
	int length; /* -2 hh, -1 h, 0 int, 1 l, 2 ll, 3 z */
	char type;
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size) {
		out->buffer[out->length] = c;
	}
	out->length++;
}

static void put_repeated(struct output *out, char c, size_t count)
{
	while (count--) {
		put(out, c);
	}
}

static void put_field(struct output *out, const struct conversion *conv, const char *text,
		      size_t length)
{
	size_t fill = conv->width > length ? conv->width - length : 0;

	if (!conv->left) {
		put_repeated(out, ' ', fill);
	}
	for (size_t i = 0; i < length; i++) {
		put(out, text[i]);
	}
	if (conv->left) {
		put_repeated(out, ' ', fill);
	}
}

static void put_number(struct output *out, const struct conversion *conv, uint64_t value,
		       bool negative)
{
	char text[DIGITS_MAX];
	const char *prefix = negative ? "-" : "";
	unsigned int base = conv->type == 'x' || conv->type == 'p' ? 16 : 10;
	size_t at = sizeof(text);
	size_t prefix_length;

	if (conv->type == 'p' || (conv->alternate && base == 16 && value)) {
		prefix = "0x";
	}
	prefix_length = prefix[0] ? (prefix[1] ? 2 : 1) : 0;
	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);

	if (conv->zero && !conv->left) {
		size_t length = prefix_length + sizeof(text) - at;

		put_field(out, &(struct conversion){ 0 }, prefix, prefix_length);
		put_repeated(out, '0', conv->width > length ? conv->width - length : 0);
		put_field(out, &(struct conversion){ 0 }, text + at, sizeof(text) - at);
		return;
	}
	while (prefix_length) {
		text[--at] = prefix[--prefix_length];
	}
	put_field(out, conv, text + at, sizeof(text) - at);
}

static const char *parse(const char *format, struct conversion *conv)
{
	*conv = (struct conversion){ 0 };
	for (;; format++) {
		if (*format == '-') {
			conv->left = true;
		} else if (*format == '#') {
			conv->alternate = true;
		} else if (*format == '0') {
			conv->zero = true;
		} else {
			break;
		}
	}
	while (*format >= '0' && *format <= '9' && conv->width < 1000) {
		conv->width = conv->width * 10 + (unsigned int)(*format++ - '0');
	}
	if (*format == 'z') {
		conv->length = 3;
		format++;
	}
	while (*format == 'l' && conv->length < 2) {
		conv->length++;
		format++;
	}
	while (*format == 'h' && conv->length > -2 && conv->length < 1) {
		conv->length--;
		format++;
	}
	conv->type = *format;
	return *format ? format + 1 : format;
}

static int64_t argument_signed(va_list *args, int length)
{
	switch (length) {
	case -2:
		return (signed char)va_arg(*args, int);
	case -1:
		return (short)va_arg(*args, int);
	case 1:
		return va_arg(*args, long);
	case 2:
		return va_arg(*args, long long);
	case 3:
		return (int64_t)va_arg(*args, size_t);
	default:
		return va_arg(*args, int);
	}
}

static uint64_t argument_unsigned(va_list *args, int length)
{
	switch (length) {
	case -2:
		return (unsigned char)va_arg(*args, unsigned int);
	case -1:
		return (unsigned short)va_arg(*args, unsigned int);
	case 1:
		return va_arg(*args, unsigned long);
	case 2:
		return va_arg(*args, unsigned long long);
	case 3:
		return va_arg(*args, size_t);
	default:
		return va_arg(*args, unsigned int);
	}
}

static void put_string(struct output *out, const struct conversion *conv, const char *text)
{
	size_t length = 0;

	if (!text) {
		text = "(null)";
	}
	while (text[length]) {
		length++;
	}
	put_field(out, conv, text, length);
}

static void convert(struct output *out, const struct conversion *conv, va_list *args,
		    const char *from, const char *next)
{
	int64_t value;
	char c;

	switch (conv->type) {
	case 'c':
		c = (char)va_arg(*args, int);
		put_field(out, conv, &c, 1);
		break;
	case 's':
		put_string(out, conv, va_arg(*args, const char *));
		break;
	case 'd':
	case 'i':
		value = argument_signed(args, conv->length);
		put_number(out, conv, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
		break;
	case 'u':
	case 'x':
		put_number(out, conv, argument_unsigned(args, conv->length), false);
		break;
	case 'p':
		put_number(out, conv, (uintptr_t)va_arg(*args, void *), false);
		break;
	case '%':
		put(out, '%');
		break;
	default:
		for (; from < next; from++) {
			put(out, *from);
		}
	}
}

size_t format_text_va(char *buffer, size_t size, const char *format, va_list args)
{
	struct output out = { .buffer = buffer, .size = size };
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		struct conversion conv;
		const char *from = format;

		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format = parse(format + 1, &conv);
		convert(&out, &conv, &rest, from, format);
	}
	va_end(rest);
	if (size) {
		buffer[out.length < size ? out.length : size - 1] = '\0';
	}
	return out.length;
}

size_t format_text(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = format_text_va(buffer, size, format, args);
	va_end(args);
	return length;
}
