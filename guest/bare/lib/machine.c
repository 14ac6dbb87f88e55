/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/machine.h"

#include "guest/bare/lib/string.h"

struct machine machine;

static void range_read(const struct fdt *fdt, const struct fdt_node *node,
		       struct machine_range *range)
{
	struct machine_range found;

	/* The first of a kind counts, and only if it does not wrap. */
	if (!range->bytes && fdt_reg(fdt, node, 0, &found.base, &found.bytes) &&
	    found.base + found.bytes > found.base) {
		*range = found;
	}
}

static void node_read(struct machine *found, const struct fdt *fdt, const struct fdt_node *node)
{
	uint64_t base;

	if (fdt_has_string(fdt, node, "device_type", "memory")) {
		range_read(fdt, node, &found->ram);
	} else if (fdt_has_string(fdt, node, "device_type", "cpu")) {
		if (found->cpu_count < GUEST_VCPUS_MAX && fdt_reg(fdt, node, 0, &base, NULL)) {
			found->mpidr[found->cpu_count++] = base;
		}
	} else if (fdt_has_string(fdt, node, "compatible", "virtio,mmio")) {
		if (found->virtio_count < GUEST_VIRTIO_SLOTS &&
		    fdt_reg(fdt, node, 0, &base, NULL) && base >= GUEST_VIRTIO_BASE &&
		    base < GUEST_VIRTIO_BASE + GUEST_VIRTIO_SLOTS * GUEST_VIRTIO_STRIDE) {
			found->virtio[found->virtio_count++] = base;
		}
	} else if (fdt_has_string(fdt, node, "compatible", "restricted-dma-pool")) {
		range_read(fdt, node, &found->dma);
	} else if (fdt_has_string(fdt, node, "compatible", "qemu,vcpu-stall-detector")) {
		range_read(fdt, node, &found->vmwdt);
	} else if (fdt_has_string(fdt, node, "compatible", "arm,gic-v3")) {
		found->has_gic = fdt_reg(fdt, node, 0, &base, NULL) && base == GUEST_GICD_BASE;
	} else if (!strcmp(node->name, "psci")) {
		found->conduit_smc = fdt_has_string(fdt, node, "method", "smc");
	}
}

bool machine_read(struct machine *found, const struct fdt *fdt)
{
	struct fdt_node node = { 0 };

	*found = (struct machine){ 0 };
	while (fdt_node_next(fdt, &node)) {
		node_read(found, fdt, &node);
	}
	return found->ram.bytes && found->cpu_count;
}
