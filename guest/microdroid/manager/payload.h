/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload: its package mapped, mounted, and its library run by the launcher. One thread.
 */
#ifndef GUEST_MICRODROID_MANAGER_PAYLOAD_H
#define GUEST_MICRODROID_MANAGER_PAYLOAD_H

#include <glib.h>

#include "guest/microdroid/manager/config.h"

/* Where a package's contents are, and its libraries in it. */
#define PAYLOAD_MOUNT "/mnt/apk"
#define PAYLOAD_LIBRARIES "lib/arm64-v8a"

#define PAYLOAD_METADATA_LABEL "payload-metadata"

/* Read and check the partition payload-metadata. NULL: MANAGER_ERROR_INVALID_CONFIG or _RUNTIME. */
struct payload_metadata *payload_load_metadata(GError **error);

/*
 * Verify the package that @metadata names and mount its contents, read-only, at PAYLOAD_MOUNT.
 *
 * FALSE: MANAGER_ERROR_PAYLOAD_VERIFICATION, or _RUNTIME.
 */
gboolean payload_mount(const struct payload_metadata *metadata, GError **error);

/*
 * The path of the library to run: of @metadata, or of the configuration in the mounted package that it names. Owned by
 * the caller. NULL: MANAGER_ERROR_INVALID_CONFIG; _RUNTIME: the package has no such library.
 */
char *payload_library(const struct payload_metadata *metadata, GError **error);

/*
 * Start the launcher with @library.
 *
 * Returns  its process, the caller's to wait for; 0: MANAGER_ERROR_RUNTIME.
 */
GPid payload_start(const char *library, GError **error);

/* A wait status as AVF reports it: the exit status, or 128 + the signal that killed it. */
int payload_exit_code(int wait_status);

#endif /* GUEST_MICRODROID_MANAGER_PAYLOAD_H */
