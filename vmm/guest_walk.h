/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a guest's virtual address to its physical one, by its own tables: what a debugger asks for. Pure.
 * Arm ARM (DDI 0487), D8 "The AArch64 Virtual Memory System Architecture": EL1&0's stage 1, granules of 4, 16 and 64 KiB, addresses of 48
 * bits. Rights are not looked at.
 */
#ifndef VMM_GUEST_WALK_H
#define VMM_GUEST_WALK_H

#include <stdbool.h>
#include <stdint.h>

/* The vCPU's registers, as the guest set them. */
struct guest_walk_registers {
	uint64_t sctlr; /* SCTLR_EL1 */
	uint64_t tcr;   /* TCR_EL1 */
	uint64_t ttbr0; /* TTBR0_EL1 */
	uint64_t ttbr1; /* TTBR1_EL1 */
};

/* Reads 8 bytes of the guest's memory at @ipa; false: there is none. */
typedef bool (*guest_walk_read)(void *opaque, uint64_t ipa, uint64_t *value);

/*
 * The physical address of @va into @ipa.
 *
 * Returns  false: the address is not mapped, is none, or a table is outside the memory.
 */
bool guest_walk(const struct guest_walk_registers *registers, uint64_t va, guest_walk_read read,
		void *opaque, uint64_t *ipa);

#endif /* VMM_GUEST_WALK_H */
