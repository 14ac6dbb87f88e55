/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest finds in its memory at its first instruction: image, initrd and
 * device tree, first planned, then loaded.
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "vmm/layout.h"
#include "vmm/loader.h"
#include "vmm/memory.h"
#include "vmm/options.h"

/* boot_close() is needed after boot_plan(), whether it succeeded or not. */
struct boot {
	struct loader_file image;
	struct loader_file initrd; /* fd -1: none */
	struct layout layout;
	void *fdt; /* owned */
	size_t fdt_bytes;
};

/*
 * Open the files, place them and build the device tree.
 *
 * Errors  from the loader, the layout and the device tree.
 */
bool boot_plan(struct boot *boot, const struct options *options, GError **error);

/* Copy it all into @ram, which is boot->layout's RAM. Errors from the loader. */
bool boot_load(const struct boot *boot, const struct guest_memory *ram, GError **error);

/* Close the files and free the tree. */
void boot_close(struct boot *boot);

#endif /* VMM_BOOT_H */
