/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/machine.h"

#include "guest/bare/lib/string.h"

struct machine machine;

static void range_read(const struct devtree *tree, const struct devtree_node *node,
		       struct machine_range *range)
{
	struct machine_range found;

	/* The first of a kind counts, and only if it does not wrap. */
	if (!range->bytes && devtree_reg(tree, node, 0, &found.base, &found.bytes) &&
	    found.base + found.bytes > found.base) {
		*range = found;
	}
}

static void node_read(struct machine *found, const struct devtree *tree,
		      const struct devtree_node *node)
{
	uint64_t base;

	if (devtree_has_string(tree, node, "device_type", "memory")) {
		range_read(tree, node, &found->ram);
	} else if (devtree_has_string(tree, node, "device_type", "cpu")) {
		if (found->cpu_count < GUEST_VCPUS_MAX && devtree_reg(tree, node, 0, &base, NULL)) {
			found->mpidr[found->cpu_count++] = base;
		}
	} else if (devtree_has_string(tree, node, "compatible", "virtio,mmio")) {
		if (found->virtio_count < GUEST_VIRTIO_SLOTS &&
		    devtree_reg(tree, node, 0, &base, NULL) && base >= GUEST_VIRTIO_BASE &&
		    base < GUEST_VIRTIO_BASE + GUEST_VIRTIO_SLOTS * GUEST_VIRTIO_STRIDE) {
			found->virtio[found->virtio_count++] = base;
		}
	} else if (devtree_has_string(tree, node, "compatible", "restricted-dma-pool")) {
		range_read(tree, node, &found->dma);
	} else if (devtree_has_string(tree, node, "compatible", "qemu,vcpu-stall-detector")) {
		range_read(tree, node, &found->vmwdt);
	} else if (devtree_has_string(tree, node, "compatible", "arm,gic-v3")) {
		found->has_gic = devtree_reg(tree, node, 0, &base, NULL) && base == GUEST_GICD_BASE;
	} else if (!strcmp(node->name, "psci")) {
		found->conduit_smc = devtree_has_string(tree, node, "method", "smc");
	}
}

bool machine_read(struct machine *found, const struct devtree *tree)
{
	struct devtree_node node = { 0 };

	*found = (struct machine){ 0 };
	while (devtree_node_next(tree, &node)) {
		node_read(found, tree, &node);
	}
	return found->ram.bytes && found->cpu_count;
}
