/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GError from errno. */
#ifndef VMM_ERROR_H
#define VMM_ERROR_H

#include <glib.h>

/*
 * Set @error in the domain G_FILE_ERROR from errno as it is at the call:
 * "<formatted text>: <what errno means>". Works in the sandbox too, unlike
 * g_strerror(), which reads files of the locale at its first use.
 */
void error_set_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif /* VMM_ERROR_H */
