/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's lines on the machine's console, for humans: "hyp: ", the text, and a
 * line's end. Formats know %s %u %#x, and l before u and x. The host writes
 * to the same console, so lines of both may mix.
 */
#ifndef HYP_CONSOLE_H
#define HYP_CONSOLE_H

#include <stdarg.h>

/* Print a line. Lock: takes log_lock. */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* The same without the lock: for a CPU that is about to stop the machine. */
__attribute__((format(printf, 1, 2))) void log_line_unlocked(const char *format, ...);
void log_list_unlocked(const char *format, va_list *list);

#endif /* HYP_CONSOLE_H */
