/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's own messages: one line each on stderr, "vmm: level: text".
 *
 * Any thread may log; a line is written whole by one write(). Text that comes
 * from a guest never goes in raw: print numbers.
 *
 *   error  the VM cannot start or go on because of the VMM or its host
 *   warn   the guest or the host did what a good one does not; the VM goes on
 *   info   what a user wants to see once per VM
 *   debug  what a developer wants to see
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdbool.h>

#include <glib.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT,
};

/* Lines above @level are dropped; at start it is LOG_LEVEL_INFO. Main thread, before others. */
void log_set_level(enum log_level level);

/* "error", "warn", "info" or "debug" to its level; false if @word is none of them. */
bool log_level_parse(const char *word, enum log_level *level);

/* Write one line, printf style, without a newline at the end. Keeps errno. */
void log_at(enum log_level level, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif /* VMM_LOG_H */
