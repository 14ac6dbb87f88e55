/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initializeWritablePartition: what a guest expects in a partition that it has not written to. */
#ifndef VMM_SERVICE_PARTITION_H
#define VMM_SERVICE_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/service/avf.h"

/*
 * Make the file @fd be of @size bytes, zeroes but for the mark of @type at its start. What was in it is lost.
 *
 * @size   bytes, a multiple of 512 above 0, at most 1 TiB.
 * @type   enum avf_partition_type.
 * Errors  false; IPC_ERROR: IllegalArgument, naming the argument; ServiceSpecific: no space left.
 */
bool partition_initialize(int fd, uint64_t size, int type, GError **error);

#endif /* VMM_SERVICE_PARTITION_H */
