/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree that a guest finds its machine by. Everything in it comes
 * from the fdt_machine below and platform/abi/guest_memory_map.h, so the same
 * machine gives the same bytes (no random seeds).
 */
#ifndef VMM_FDT_H
#define VMM_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/layout.h"

/* What the tree describes. */
struct fdt_machine {
	struct layout layout; /* a pool makes it a protected guest's tree */
	unsigned cpus;        /* 1..GUEST_VCPUS_MAX */
	bool rsi;             /* calls to the hypervisor are SMCs */
	bool watchdog;
	unsigned virtio_count; /* slots 0..virtio_count - 1 are taken */
	const char *bootargs;  /* NULL for none; borrowed */
};

enum fdt_error {
	FDT_ERROR_LIBRARY, /* libfdt refused a step: a mistake of ours */
	FDT_ERROR_OVERLAY, /* no overlay, or it does not fit the tree */
};

/* GError's domain of the errors above. */
#define FDT_ERROR (fdt_error_quark())
GQuark fdt_error_quark(void);

/*
 * Build the tree.
 *
 * @bytes   set on success: the tree's size, at most GUEST_FDT_MAX_SIZE.
 * Returns  the packed tree, owned by the caller: g_free().
 * Errors   NULL; FDT_ERROR_LIBRARY, with libfdt's reason.
 */
void *fdt_build(const struct fdt_machine *machine, size_t *bytes, GError **error);

/*
 * Lay a device tree overlay over a tree. Its fragments say where by "target-path"; the tree has no symbols.
 *
 * @blob     from fdt_build(); replaced by the new tree on success, else as it was.
 * @bytes    its size, likewise.
 * @overlay  any bytes, @overlay_bytes of them; scratch afterwards.
 * Errors    false; FDT_ERROR_OVERLAY, with libfdt's reason.
 */
bool fdt_overlay(void **blob, size_t *bytes, void *overlay, size_t overlay_bytes, GError **error);

#endif /* VMM_FDT_H */
