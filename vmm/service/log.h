/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service says on stderr: one line each, written whole. */
#ifndef VMM_SERVICE_LOG_H
#define VMM_SERVICE_LOG_H

#include <stdbool.h>

#include <glib.h>

/* Lines begin with "<6>", as /dev/kmsg takes them for informational. At start they do not. */
void service_log_to_kernel(bool kernel);

/* Write one line, printf style, without a newline at the end. Control characters become "?". */
void service_log(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif /* VMM_SERVICE_LOG_H */
