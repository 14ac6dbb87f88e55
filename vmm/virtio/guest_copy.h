/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies to and from guest memory that can fail instead of killing the VMM.
 *
 * A protected guest decides at any moment which pages of its DMA pool the host
 * may touch. A touch of one that it does not share is a SIGSEGV in this process,
 * and no check beforehand can exclude it. So every such touch is made by one
 * small assembly routine, and a fault inside it makes the copy return false.
 */
#ifndef VMM_VIRTIO_GUEST_COPY_H
#define VMM_VIRTIO_GUEST_COPY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy @bytes from @from to @to, either of which may be guest memory.
 *
 * The areas do not overlap. Where both are naturally aligned for a size of 2,
 * 4 or 8, a copy of that size is one load and one store. No ordering is implied.
 * Needs   guest_copy_install() before; any thread, no lock.
 * Errors  false if a byte could not be touched; part of @to may be written.
 */
bool guest_copy(void *to, const void *from, size_t bytes);

/*
 * Install the handlers of SIGSEGV and SIGBUS, unless they are in force already.
 *
 * A fault anywhere else is handed to the handler that was there before.
 * Main thread, before the vCPUs start.
 */
void guest_copy_install(void);

#endif /* VMM_VIRTIO_GUEST_COPY_H */
