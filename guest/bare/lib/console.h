/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550 serials of the machine: serial 0 is the console, serial 1 takes the
 * reason of a failure. Output is polled, with a bound: a serial that is never
 * ready loses characters and holds nobody up.
 */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stddef.h>

/* Set up both serials: 8 data bits, FIFOs on, no interrupts. First CPU, once. */
void console_init(void);

/*
 * Write @length bytes to the console in one piece (no other CPU's bytes between),
 * "\n" as it is. Any CPU; takes the console's lock. If the lock cannot be had in a
 * bounded time, as when a CPU faulted while it held it, writes without.
 */
void console_write(const char *text, size_t length);

/* printf to the console; a text of more than 255 bytes is cut. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Say on serial 1 why this guest fails, in crosvm's form "REASON|context" (one
 * line; @reason is [A-Z0-9_]+). Any CPU.
 */
void console_failure(const char *reason, const char *context);

#endif /* GUEST_CONSOLE_H */
