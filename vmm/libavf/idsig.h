/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A package and its hash tree, for a run. */
#ifndef LIBAVF_IDSIG_H
#define LIBAVF_IDSIG_H

#include <stdbool.h>

#include <glib.h>

#include "ipc/virtualization_service.h"

/*
 * Open a package, and its hash tree: that which lies beside it, APK.idsig, as apksigner writes it; where there is none, one that
 * the service makes, or brings up to date, in the machine's folder.
 *
 * @folder  the machine's.
 * @file    the hash tree's name in it.
 * @path    the package's, absolute.
 * @apk     set to a descriptor, owned by the caller; -1 on failure. @idsig likewise.
 * Errors   false; AVF_ERROR_FAILED: a file; or what the service says: the package is none, or is not signed.
 */
bool idsig_open(const char *folder, const char *file, const char *path,
		IpcVirtualizationService *service, int *apk, int *idsig, GError **error);

#endif /* LIBAVF_IDSIG_H */
