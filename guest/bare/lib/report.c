/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/report.h"

#include "guest/bare/lib/console.h"
#include "guest/bare/lib/format.h"
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/smccc.h"
#include "platform/abi/guest_report.h"
#include "platform/abi/mark.h"

#include <stdarg.h>

static bool has_begun;
static bool has_failed;
static void (*copy)(const char *record, size_t length);

static void record(const char *kind, const char *name, const char *format, va_list args)
{
	char line[GUEST_REPORT_LINE_MAX + 1];
	size_t room = GUEST_REPORT_LINE_MAX; /* the "\n" takes the zero's place */
	size_t length;

	length = format_text(line, room, GUEST_REPORT_PREFIX "%s%s%s%s", kind, *name ? " " : "",
			     name, *format ? " " : "");
	if (length < room) {
		length += format_text_va(line + length, room - length, format, args);
	}
	if (length > room - 1) {
		length = room - 1;
	}
	line[length++] = '\n';
	mark(name, length, 0);
	console_write(line, length);
	if (copy) {
		copy(line, length);
	}
}

void report_begin(void)
{
	has_begun = true;
	mark("begin", 0, 0);
	console_print(GUEST_REPORT_PREFIX "begin %s\n", guest_program_name);
}

void report_ok(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record("ok", name, format, args);
	va_end(args);
}

void report_value(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record("value", name, format, args);
	va_end(args);
}

void report_fail(const char *name, const char *format, ...)
{
	va_list args;

	__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
	va_start(args, format);
	record("fail", name, format, args);
	va_end(args);
}

bool report_check(bool holds, const char *name, const char *format, ...)
{
	va_list args;

	if (!holds) {
		__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
	}
	va_start(args, format);
	record(holds ? "ok" : "fail", name, format, args);
	va_end(args);
	return holds;
}

void report_fault(const char *name, const char *format, ...)
{
	va_list args;

	__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
	va_start(args, format);
	record("fault", name, format, args);
	va_end(args);
}

static void end(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void end(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record("end", "", format, args);
	va_end(args);
}

void report_end(int status)
{
	if (!has_begun) {
		return;
	}
	if (!status && __atomic_load_n(&has_failed, __ATOMIC_RELAXED)) {
		status = 1;
	}
	report_value("hypercalls", "hvc=%llu smc=%llu", (unsigned long long)smccc_hvc_count(),
		     (unsigned long long)smccc_smc_count());
	end("status=%d", status);
}

void report_copy_to(void (*write)(const char *record, size_t length))
{
	copy = write;
}
