/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records for the world outside, in the format of platform/abi/guest_report.h.
 *
 * @format and what follows give the pairs after the name, "key=value ...", in
 * printf's way; "" for none. A record that would be too long is cut at the limit.
 * Any CPU; each record is written in one piece.
 */
#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* "begin" with this program's name: the first record. */
void report_begin(void);

/* "ok": @name holds. */
void report_ok(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "value": what was seen, without judging it. */
void report_value(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "fail": from now on report_end() does not say 0. */
void report_fail(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "ok" if @holds, else "fail". Returns @holds. */
bool report_check(bool holds, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "fault": what the exception handler says. Counts as a failure. */
void report_fault(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The counts of hypervisor calls, then "end": the last record. @status 0 becomes
 * 1 if something failed. Nothing if report_begin() was never called.
 */
void report_end(int status);

/*
 * Send records to @write as well as to the console, from now on; NULL: no more.
 * @write gets a whole record with its "\n", on the CPU that reports, without a lock:
 * for programs of one CPU.
 */
void report_copy_to(void (*write)(const char *record, size_t length));

#endif /* GUEST_REPORT_H */
