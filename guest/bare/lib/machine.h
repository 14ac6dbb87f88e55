/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual machine as its device tree describes it. Pure: reads the tree,
 * touches no device (compiled for unit tests as well).
 */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include "guest/bare/lib/devtree.h"
#include "platform/abi/guest_memory_map.h"

#include <stdbool.h>
#include <stdint.h>

/* [base, base + bytes); bytes 0: there is none. */
struct machine_range {
	uint64_t base;
	uint64_t bytes;
};

struct machine {
	struct machine_range ram; /* the first range of /memory */
	struct machine_range dma; /* restricted-dma-pool: devices see only this */
	struct machine_range vmwdt;
	uint64_t virtio[GUEST_VIRTIO_SLOTS]; /* addresses of virtio-mmio transports */
	uint64_t mpidr[GUEST_VCPUS_MAX];     /* of each CPU, as PSCI wants it */
	unsigned int virtio_count;
	unsigned int cpu_count;
	bool has_gic;     /* a GICv3 at the published address */
	bool conduit_smc; /* PSCI says "smc"; else HVC */
};

/*
 * Fill @machine from @tree. Returns false if the tree names no RAM or no CPU; what
 * is found more often than there is room for is dropped.
 */
bool machine_read(struct machine *machine, const struct devtree *tree);

/* The machine that this guest runs on; read-only after start. */
extern struct machine machine;

#endif /* GUEST_MACHINE_H */
