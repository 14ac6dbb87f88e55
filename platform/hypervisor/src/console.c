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
	if (value >= base) {
		put_number(value / base, base);
	}
	put("0123456789abcdef"[value % base]);
}

/* One conversion; @format is behind its '%'. Where the text goes on. */
static const char *put_conversion(const char *format, va_list *list)
{
	bool is_hex = *format == '#';
	bool is_long;

	format += is_hex;
	is_long = *format == 'l';
	format += is_long;
	if (*format == 's') {
		put_text(va_arg(*list, const char *));
	} else {
		put_text(is_hex ? "0x" : "");
		put_number(is_long ? va_arg(*list, uint64_t) : va_arg(*list, uint32_t),
			   is_hex ? 16 : 10);
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
