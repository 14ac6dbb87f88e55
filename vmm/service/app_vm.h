/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An app VM as the raw VM that it is: its OS, and a disk with the payload (README.md). */
#ifndef VMM_SERVICE_APP_VM_H
#define VMM_SERVICE_APP_VM_H

#include "vmm/service/vm_config.h"

/*
 * The raw configuration of an app VM.
 *
 * @os_directory  AVF_OS_DIRECTORY, or another.
 * Returns        a configuration, owned by the caller; its descriptors are duplicates.
 * Errors         NULL; IPC_ERROR: IllegalArgument: no such OS; ServiceSpecific: its description or a file is bad.
 */
struct vm_raw_config *app_vm_to_raw(const struct vm_app_config *app, const char *os_directory,
				    GError **error);

/* Names of the OSs in @os_directory, sorted; owned by the caller: g_strfreev(). */
char **app_vm_os_list(const char *os_directory);

/* The text of payload-metadata; owned by the caller. */
char *app_vm_metadata(const struct vm_app_config *app);

#endif /* VMM_SERVICE_APP_VM_H */
