/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/payload/include/android/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static char letter_of(int priority)
{
	static const char letters[] = "??VDIWEF";

	return priority >= 0 && priority < (int)sizeof(letters) - 1 ? letters[priority] : '?';
}

int __android_log_write(int prio, const char *tag, const char *text)
{
	char line[LINE_MAX_BYTES];
	int length;

	if (prio >= ANDROID_LOG_SILENT) {
		return -1;
	}
	length = snprintf(line, sizeof(line) - 1, "%c/%s: %s", letter_of(prio),
			  tag != NULL ? tag : "", text != NULL ? text : "");
	length = length < (int)sizeof(line) - 1 ? length : (int)sizeof(line) - 2;
	for (int i = 0; i < length; i++) {
		line[i] = (unsigned char)line[i] < ' ' ? ' ' : line[i];
	}
	line[length++] = '\n';
	return write(STDERR_FILENO, line, (size_t)length) == length ? 1 : -1;
}

int __android_log_vprint(int prio, const char *tag, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES];

	vsnprintf(text, sizeof(text), fmt, ap);
	return __android_log_write(prio, tag, text);
}

int __android_log_print(int prio, const char *tag, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = __android_log_vprint(prio, tag, fmt, ap);
	va_end(ap);
	return rc;
}
