/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of the app layer made of others'. */
#ifndef LIBAVF_ERROR_H
#define LIBAVF_ERROR_H

#include <stdbool.h>

#include <avf/types.h>

/* Set @error, printf style. Returns false, for a caller to return. */
bool app_error(GError **error, AvfError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same with AVF_ERROR_FAILED and what errno is behind the text. */
bool app_error_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* @from, of the service's client or of GIO, as an error of AVF_ERROR in @error. Consumes @from. Returns false. */
bool app_error_of(GError **error, GError *from);

#endif /* LIBAVF_ERROR_H */
