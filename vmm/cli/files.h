/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that VMs are made of, made by the service for a user. Descriptors are the caller's. */
#ifndef VMM_CLI_FILES_H
#define VMM_CLI_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/service/service_client.h"

/* Open @path; -1 and @error (G_FILE_ERROR), which names it. */
int files_open(const char *path, int flags, GError **error);

/*
 * Make a new file and have it initialised.
 *
 * @type   enum avf_partition_type.
 * Errors  false; G_FILE_ERROR: it is there already, or cannot be made; IPC_ERROR. No file is left.
 */
bool files_create_partition(struct service_client *client, const char *path, uint64_t bytes,
			    int type, GError **error);

/*
 * createOrUpdateIdsigFile: the idsig of @apk at @path, made if it is not there.
 *
 * Errors  false; G_FILE_ERROR, IPC_ERROR. A file that was not there is not left.
 */
bool files_update_idsig(struct service_client *client, const char *apk, const char *path,
			GError **error);

/*
 * The instance id in the file @path; a new one, and the file with it, if it is not there.
 *
 * Returns  AVF_INSTANCE_ID_BYTES bytes.
 * Errors   NULL; G_FILE_ERROR; IPC_ERROR: IllegalArgument: there is something else in the file.
 */
GBytes *files_instance_id(struct service_client *client, const char *path, GError **error);

#endif /* VMM_CLI_FILES_H */
