/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the bytes that a guest writes to a serial or console go. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "vmm/options.h"

/*
 * Open a destination for writing.
 *
 * A file is created with mode 0666 less the umask, or emptied. Standard output
 * is duplicated. DESTINATION_NULL gives -1, which output_write() drops.
 *
 * @fd     set on success; owned by the caller, close-on-exec.
 * Errors  G_FILE_ERROR, naming the path.
 */
bool output_open(const struct destination *destination, int *fd, GError **error);

/*
 * Write all bytes, waiting as long as it takes, unless the VM is to stop.
 *
 * @fd        from output_open(), -1 drops; may be non-blocking.
 * @stopping  read atomically after each signal that interrupts the wait: not 0
 *            gives up. NULL: never give up.
 * Returns    false if bytes were lost: the other end is gone, or it is full
 *            while the VM stops.
 */
bool output_write(int fd, const void *bytes, size_t count, const gint *stopping);

#endif /* VMM_OUTPUT_H */
