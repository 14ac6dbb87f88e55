/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/world.h"

#include "qemu-plugins/common/arm.h"

struct world world_below(struct world_host *host, uint64_t hcr, uint64_t vttbr)
{
	bool stage2 = (hcr & ARM_HCR_VM) != 0;
	uint16_t vmid = stage2 ? ARM_VTTBR_VMID(vttbr) : 0;
	struct world world = { WORLD_HOST, vmid };

	if (!host->known) {
		host->known = true;
		host->vmid = vmid;
	}
	if (stage2 && vmid != host->vmid) {
		world.kind = WORLD_VM;
	}
	return world;
}

bool world_is_hosted(uint64_t hcr)
{
	return (hcr & ARM_HCR_TGE) != 0;
}
