/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for people, one write(2) each: "NAME: text". They go to standard error, which init sets: to the log at debug
 * level FULL, nowhere at NONE. The first stage has none yet and names /dev/kmsg. No GLib; any thread.
 */
#ifndef GUEST_MICRODROID_LIB_LOG_H
#define GUEST_MICRODROID_LIB_LOG_H

#define LOG_LINE_MAX 512

/* What stands before each line; @name is kept. Call before the first line. */
void log_begin(const char *name);

/* One line, printf style, without newline; cut at LOG_LINE_MAX. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* GUEST_MICRODROID_LIB_LOG_H */
