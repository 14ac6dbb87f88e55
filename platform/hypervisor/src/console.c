/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/console.h>
#include <hyp/layout.h>
#include <hyp/lock.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* PL011 (Arm DDI 0183, 3.2) */
#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_TXFF (1u << 5)

#define DIGITS_MAX 20

static struct lock log_lock;

static volatile uint32_t *uart(uintptr_t offset)
{
	return (volatile uint32_t *)(UART_BASE + offset);
}

static void put(char c)
{
	while (*uart(UART_FR) & UART_FR_TXFF) {
	}
	*uart(UART_DR) = (unsigned char)c;
}

static void put_text(const char *text)
{
	for (; *text; text++) {
		put(*text);
	}
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[DIGITS_MAX];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count > 0) {
		put(digits[--count]);
	}
}

static uint64_t take_unsigned(va_list *list, bool is_long)
{
	return is_long ? va_arg(*list, uint64_t) : va_arg(*list, uint32_t);
}

static void put_signed(va_list *list, bool is_long)
{
	int64_t value = is_long ? va_arg(*list, int64_t) : va_arg(*list, int32_t);

	if (value < 0) {
		put('-');
	}
	put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

/* One conversion; @format is behind its '%'. Where the text goes on. */
static const char *put_conversion(const char *format, va_list *list)
{
	bool is_long = false;

	for (; *format == 'l' || *format == '#'; format++) {
		if (*format == '#') {
			put_text("0x");
		} else {
			is_long = true;
		}
	}
	switch (*format) {
	case 's':
		put_text(va_arg(*list, const char *));
		break;
	case 'c':
		put((char)va_arg(*list, int));
		break;
	case 'd':
		put_signed(list, is_long);
		break;
	case 'u':
		put_number(take_unsigned(list, is_long), 10);
		break;
	case 'x':
		put_number(take_unsigned(list, is_long), 16);
		break;
	default:
		put('?');
		return *format ? format + 1 : format;
	}
	return format + 1;
}

void log_list_unlocked(const char *format, va_list *list)
{
	put_text("hyp: ");
	while (*format) {
		if (*format == '%') {
			format = put_conversion(format + 1, list);
		} else {
			put(*format++);
		}
	}
	put_text("\r\n");
}

void log_line_unlocked(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	log_list_unlocked(format, &list);
	va_end(list);
}

void log_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	lock_take(&log_lock);
	log_list_unlocked(format, &list);
	lock_release(&log_lock);
	va_end(list);
}
