/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine's device tree tells the hypervisor, and what of it the host gets. The
 * tree is the machine's and is trusted; it is checked all the same, and a tree that cannot
 * be used ends the boot with a line that says why.
 */
#ifndef HYP_BOOT_INFO_H
#define HYP_BOOT_INFO_H

#include <hyp/layout.h>

#include <stdbool.h>
#include <stdint.h>

/* [base, base + bytes); nothing if bytes is 0. */
struct span {
	uint64_t base;
	uint64_t bytes;
};

#define DEVICE_SPANS 16

struct boot_info {
	struct span ram;
	struct span fdt;                   /* the tree, with the room to grow that it has */
	struct span kernel;                /* an arm64 Image */
	struct span initrd;                /* may be nothing */
	struct span devices[DEVICE_SPANS]; /* what the host gets of all that is not RAM */
	uint32_t device_count;
	struct span smmu;          /* registers of the SMMUv3 */
	struct span redistributor; /* registers of the GICv3's redistributors, of all CPUs */
	uint64_t affinities[CPU_MAX];
	uint32_t cpu_count;
};

/* Read the tree at @fdt, which must be mapped. False: unusable, said on the console. */
bool boot_info_read(const void *fdt, struct boot_info *info);

/*
 * Make the tree at @fdt, of @info->fdt.bytes, the host's:
 *
 *   - command line and initrd as a kernel expects them, the modules gone, @hidden reserved;
 *   - of the devices only those that boot_info_read() found to be the host's; no SMMU, no ITS;
 *   - the physical timer only, and a node "/hypervisor", compatible "terrarium,hypervisor",
 *     with the interrupts "vtimer" and "maintenance".
 *
 * False: no room, or no timer or GIC, said on the console; the tree is then of no use.
 */
bool boot_info_hand_over(void *fdt, const struct boot_info *info, struct span hidden);

#endif /* HYP_BOOT_INFO_H */
