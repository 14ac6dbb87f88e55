/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines in the VM's log, by Android's names: "I/tag: text". They reach the owner's log at debug level FULL, and nobody at NONE. In
 * libvm_payload. Any thread; a line is written at once and not split.
 */
#ifndef ANDROID_LOG_H
#define ANDROID_LOG_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum android_LogPriority {
	ANDROID_LOG_UNKNOWN = 0,
	ANDROID_LOG_DEFAULT,
	ANDROID_LOG_VERBOSE,
	ANDROID_LOG_DEBUG,
	ANDROID_LOG_INFO,
	ANDROID_LOG_WARN,
	ANDROID_LOG_ERROR,
	ANDROID_LOG_FATAL,
	ANDROID_LOG_SILENT,
} android_LogPriority;

/* One line, cut at 1 KiB; newlines in it become spaces. Returns 1, or -1: it was not written, or is ANDROID_LOG_SILENT. */
int __android_log_write(int prio, const char *tag, const char *text);

/* The same, printf style. */
int __android_log_print(int prio, const char *tag, const char *fmt, ...)
	__attribute__((__format__(printf, 3, 4)));
int __android_log_vprint(int prio, const char *tag, const char *fmt, va_list ap)
	__attribute__((__format__(printf, 3, 0)));

#ifdef __cplusplus
}
#endif

#endif /* ANDROID_LOG_H */
