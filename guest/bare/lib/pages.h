/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM beyond the image, given out page by page, and the memory that devices may
 * read and write. Nothing is ever given back. First CPU only, no lock.
 */
#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Called by start.c, once: RAM from the image's end up to the device tree at
 * @fdt, or the DMA pool if that comes first, is free. Maps it.
 */
void pages_init(const void *fdt);

/* Pages that are left. */
size_t pages_free(void);

/*
 * The first of @count free pages in a row, never touched before: in a protected
 * guest each faults at stage 2 on its first use. NULL if there are not so many.
 */
void *pages_take(size_t count);

/*
 * @count pages, zeroed, that devices can reach: from the DMA pool if the machine has
 * one, and shared with the host if memory can be shared. NULL if there are not so
 * many or the host could not be given access.
 */
void *pages_take_dma(size_t count);

#endif /* GUEST_PAGES_H */
