/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/console.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/format.h"
#include "guest/bare/lib/spinlock.h"
#include "guest/bare/lib/timer.h"
#include "platform/abi/guest_memory_map.h"

#include <stdarg.h>

/* 16550A registers by offset (National PC16550D, table 1). */
#define UART_THR 0
#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5

#define UART_FCR_ENABLE_AND_CLEAR 0x07
#define UART_LCR_8_BITS 0x03
#define UART_MCR_DTR_RTS 0x03
#define UART_LSR_THR_EMPTY 0x20
#define UART_FIFO_BYTES 16

#define READY_TRIES 10000
#define LOCK_WAIT_S 20 /* then the holder has failed, and there is something to say about it */
#define LINE_BYTES 256

static struct spinlock lock; /* of both serials */

static void serial_init(uintptr_t base)
{
	mmio_write8(base + UART_IER, 0);
	mmio_write8(base + UART_LCR, UART_LCR_8_BITS);
	mmio_write8(base + UART_FCR, UART_FCR_ENABLE_AND_CLEAR);
	mmio_write8(base + UART_MCR, UART_MCR_DTR_RTS);
}

void console_init(void)
{
	serial_init(GUEST_SERIAL0_BASE);
	serial_init(GUEST_SERIAL1_BASE);
}

/* Once the holding register is empty the FIFO takes a full load of bytes. */
static void serial_write(uintptr_t base, const char *text, size_t length)
{
	while (length) {
		size_t load = length < UART_FIFO_BYTES ? length : UART_FIFO_BYTES;

		for (unsigned int i = 0; i < READY_TRIES; i++) {
			if (mmio_read8(base + UART_LSR) & UART_LSR_THR_EMPTY) {
				break;
			}
		}
		length -= load;
		while (load--) {
			mmio_write8(base + UART_THR, (uint8_t)*text++);
		}
	}
}

static bool lock_try_long(void)
{
	uint64_t began = timer_ticks();

	do {
		if (spinlock_try(&lock)) {
			return true;
		}
		cpu_yield();
	} while (timer_ticks() - began < LOCK_WAIT_S * timer_hz());
	return false;
}

static void locked_write(uintptr_t base, const char *text, size_t length)
{
	bool is_locked = lock_try_long();

	serial_write(base, text, length);
	if (is_locked) {
		spinlock_release(&lock);
	}
}

void console_write(const char *text, size_t length)
{
	locked_write(GUEST_SERIAL0_BASE, text, length);
}

void console_print(const char *format, ...)
{
	char line[LINE_BYTES];
	size_t length;
	va_list args;

	va_start(args, format);
	length = format_text_va(line, sizeof(line), format, args);
	va_end(args);
	console_write(line, length < sizeof(line) ? length : sizeof(line) - 1);
}

void console_failure(const char *reason, const char *context)
{
	char line[LINE_BYTES];
	size_t length = format_text(line, sizeof(line), "%s|%s\n", reason, context);

	locked_write(GUEST_SERIAL1_BASE, line, length < sizeof(line) ? length : sizeof(line) - 1);
}
