/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs: the identity of what executes below EL2, from the architecture's
 * state alone.
 *
 * The host is what EL2 starts first. If that runs under a stage 2
 * (HCR_EL2.VM), its VMID is the host's from then on; if it runs without one,
 * the host is everything without a stage 2, and VMID 0 once it has one: KVM
 * keeps that VMID for its host. Everything else is a VM, named by its VMID.
 * Hypervisors reuse VMIDs: the same number may be another VM later.
 */
#ifndef COMMON_WORLD_H
#define COMMON_WORLD_H

#include <stdbool.h>
#include <stdint.h>

enum world_kind {
	WORLD_BOOT, /* before this vCPU went below EL2 for the first time */
	WORLD_HOST,
	WORLD_VM,
	WORLD_EL2, /* the hypervisor itself */
};

struct world {
	enum world_kind kind;
	uint16_t vmid; /* VTTBR_EL2.VMID; 0 for BOOT and EL2 and without stage 2 */
};

/* What is known of the machine; zero-initialised means nothing yet. */
struct world_host {
	bool known;
	uint16_t vmid;
};

/*
 * Who runs below EL2 with these values of HCR_EL2 and VTTBR_EL2. The first
 * call decides who is the host. Needs the caller's lock on @host.
 */
struct world world_below(struct world_host *host, uint64_t hcr, uint64_t vttbr);

/*
 * Whether EL2 is a kernel that hosts its own programs (VHE with TGE): what
 * goes between them is no hypervisor entry.
 */
bool world_is_hosted(uint64_t hcr);

#endif /* COMMON_WORLD_H */
