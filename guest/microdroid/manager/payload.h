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
#define PAYLOAD_EXTRA_MOUNT "/mnt/extra-apk/%u"
#define PAYLOAD_LIBRARIES "lib/arm64-v8a"

#define PAYLOAD_METADATA_LABEL "payload-metadata"

/* Read and check the partition payload-metadata. NULL: MANAGER_ERROR_INVALID_CONFIG or _RUNTIME. */
struct payload_metadata *payload_load_metadata(GError **error);

/*
 * Verify the package that @metadata names, and the extra ones that the host gave, see that they are those of the instance's first run, if it
 * has an image, and mount their contents, read-only, at PAYLOAD_MOUNT and PAYLOAD_EXTRA_MOUNT.
 *
 * @extra_apks  set to how many of them there are.
 * FALSE: MANAGER_ERROR_PAYLOAD_VERIFICATION, _PAYLOAD_CHANGED, or _RUNTIME.
 */
gboolean payload_mount(const struct payload_metadata *metadata, unsigned *extra_apks,
		       GError **error);

/*
 * The path of the library to run: of @metadata, or of the configuration in the mounted package that it names, which
 * must want @extra_apks. Owned by the caller. NULL: MANAGER_ERROR_INVALID_CONFIG; _RUNTIME: the package has no such library.
 */
char *payload_library(const struct payload_metadata *metadata, unsigned extra_apks, GError **error);

/*
 * Start the launcher with @library.
 *
 * @service  becomes its VM_PAYLOAD_SERVICE_FD; the caller's to close.
 * Returns   its process, the caller's to wait for; 0: MANAGER_ERROR_RUNTIME.
 */
GPid payload_start(const char *library, int service, GError **error);

/* A wait status as AVF reports it: the exit status, or 128 + the signal that killed it. */
int payload_exit_code(int wait_status);

#endif /* GUEST_MICRODROID_MANAGER_PAYLOAD_H */
