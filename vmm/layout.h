/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the things of one VM lie in its RAM. Numbers only, no memory.
 *
 *   GUEST_RAM_BASE                                            ram_ipa + ram_bytes
 *   | image ........ | free ....... | initrd | dma pool | device tree (2 MiB) |
 *
 * The pool (protected VMs only) and the device tree are the guest's to find by
 * device tree and x0; the rest is as arm64 Linux wants it.
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* What has to be placed. All in bytes. */
struct layout_request {
	uint64_t memory_bytes; /* --mem; multiple of 2 MiB, at least 4 MiB */
	uint64_t pool_bytes;   /* --swiotlb; multiple of 2 MiB, 0 for none */
	uint64_t image_offset; /* of the image from the start of RAM */
	uint64_t image_bytes;  /* memory the image takes, with what it clears itself */
	uint64_t initrd_bytes; /* 0 for none */
};

/* Where it was placed. Addresses are guest physical; what is absent is 0, 0. */
struct layout {
	uint64_t ram_ipa;
	uint64_t ram_bytes; /* memory and pool */
	uint64_t image_ipa;
	uint64_t initrd_ipa; /* multiple of 64 KiB, the largest page size */
	uint64_t initrd_bytes;
	uint64_t pool_ipa;
	uint64_t pool_bytes;
	uint64_t fdt_ipa; /* GUEST_FDT_MAX_SIZE bytes are free there */
};

enum layout_error {
	LAYOUT_ERROR_TOO_BIG, /* the image or the initrd does not fit */
};

/* GError's domain of the errors above. */
#define LAYOUT_ERROR (layout_error_quark())
GQuark layout_error_quark(void);

/*
 * Place everything.
 *
 * @request  any numbers but memory_bytes and pool_bytes, which the options checked.
 * @layout   filled on success, else untouched.
 * Errors    LAYOUT_ERROR_TOO_BIG, with the number of MiB that --mem would have
 *           to be.
 */
bool layout_place(const struct layout_request *request, struct layout *layout, GError **error);

#endif /* VMM_LAYOUT_H */
