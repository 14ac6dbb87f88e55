/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 1: but for the bit of shared addresses (rsi.h) an identity map of 39 bits, 4 KiB pages and 2 MiB blocks. Nothing is
 * both writable and executable (SCTLR_EL1.WXN is on too); what is not mapped by
 * name faults. The tables are written by the first CPU before others run.
 */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include <stdbool.h>
#include <stdint.h>

enum mmu_kind {
	MMU_CODE,   /* normal memory: read, execute */
	MMU_CONST,  /* normal memory: read */
	MMU_DATA,   /* normal memory: read, write */
	MMU_DEVICE, /* Device-nGnRnE: read, write */
};

/*
 * Map [base, base + bytes), page-aligned, onto itself. What is mapped already
 * keeps its mapping. Returns false when the tables are full or an address has
 * more than 39 bits; a part may then be mapped.
 */
bool mmu_map(uint64_t base, uint64_t bytes, enum mmu_kind kind);

/*
 * Let the mapped page at @page lead to @to from now on, on every CPU, with the same rights.
 * Returns false if nothing is mapped there or the tables are full.
 */
bool mmu_point(uint64_t page, uint64_t to);

/*
 * Called by entry.S with the MMU off, once: map the image, the devices and the
 * device tree at @fdt (2 MiB from its page).
 */
void mmu_build(const void *fdt);

#endif /* GUEST_MMU_H */
