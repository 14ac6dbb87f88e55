/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest/bare/lib/devtree.c and machine.c on trees that libfdt writes, and on trees
 * that are broken in every single bit.
 */
#include "guest/bare/lib/devtree.h"
#include "guest/bare/lib/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#define TREE_BYTES 8192
#define RAM_BYTES 0x8000000
#define DMA_BASE 0x87000000
#define DMA_BYTES 0x1000000
#define CPUS 3
#define VIRTIO 2

/* What goes into the tree; a test changes one thing. */
struct plan {
	unsigned int cpus;
	unsigned int depth; /* of a chain of nodes before all others */
	const char *method;
	uint64_t gicd;
	uint32_t root_cells;
};

static const struct plan plan_good = {
	.cpus = CPUS, .method = "hvc", .gicd = GUEST_GICD_BASE, .root_cells = 2
};

static uint8_t blob[TREE_BYTES];

static void reg(void *tree, uint64_t base, uint64_t bytes)
{
	uint64_t cells[2] = { cpu_to_fdt64(base), cpu_to_fdt64(bytes) };

	assert_int_equal(fdt_property(tree, "reg", cells, sizeof(cells)), 0);
}

static void device(void *tree, const char *name, const char *compatible, uint64_t base,
		   uint64_t bytes)
{
	assert_int_equal(fdt_begin_node(tree, name), 0);
	fdt_property_string(tree, "compatible", compatible);
	reg(tree, base, bytes);
	fdt_end_node(tree);
}

static void cpus(void *tree, unsigned int count)
{
	char name[16];

	fdt_begin_node(tree, "cpus");
	fdt_property_u32(tree, "#address-cells", 1);
	fdt_property_u32(tree, "#size-cells", 0);
	for (unsigned int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "cpu@%x", 0x100 * i);
		fdt_begin_node(tree, name);
		fdt_property_string(tree, "device_type", "cpu");
		fdt_property_u32(tree, "reg", 0x100 * i);
		fdt_end_node(tree);
	}
	fdt_end_node(tree);
}

/* Write the tree of @plan to blob; returns its size. */
static size_t tree_write(const struct plan *plan)
{
	void *tree = blob;

	assert_int_equal(fdt_create(tree, sizeof(blob)), 0);
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_u32(tree, "#address-cells", plan->root_cells);
	fdt_property_u32(tree, "#size-cells", plan->root_cells);
	for (unsigned int i = 0; i < plan->depth; i++) {
		fdt_begin_node(tree, "deeper");
	}
	for (unsigned int i = 0; i < plan->depth; i++) {
		fdt_end_node(tree);
	}
	fdt_begin_node(tree, "memory@80000000");
	fdt_property_string(tree, "device_type", "memory");
	reg(tree, GUEST_RAM_BASE, RAM_BYTES);
	fdt_end_node(tree);
	fdt_begin_node(tree, "reserved-memory");
	fdt_property_u32(tree, "#address-cells", 2);
	fdt_property_u32(tree, "#size-cells", 2);
	device(tree, "restricted_dma_reserved@87000000", "restricted-dma-pool", DMA_BASE,
	       DMA_BYTES);
	fdt_end_node(tree);
	cpus(tree, plan->cpus);
	fdt_begin_node(tree, "psci");
	fdt_property(tree, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
	fdt_property_string(tree, "method", plan->method);
	fdt_end_node(tree);
	device(tree, "intc@3fff0000", "arm,gic-v3", plan->gicd, GUEST_GICD_SIZE);
	device(tree, "vmwdt@3000", "qemu,vcpu-stall-detector", GUEST_VMWDT_BASE, GUEST_VMWDT_SIZE);
	for (unsigned int i = 0; i < VIRTIO; i++) {
		device(tree, "virtio_mmio@0", "virtio,mmio",
		       GUEST_VIRTIO_BASE + i * GUEST_VIRTIO_STRIDE, GUEST_VIRTIO_STRIDE);
	}
	device(tree, "virtio_mmio@bad", "virtio,mmio", GUEST_RAM_BASE, GUEST_VIRTIO_STRIDE);
	fdt_end_node(tree);
	assert_int_equal(fdt_finish(tree), 0);
	return fdt_totalsize(tree);
}

static bool read_plan(const struct plan *plan, struct machine *found)
{
	size_t size = tree_write(plan);
	struct devtree fdt;

	assert_true(devtree_open(&fdt, blob, size));
	return machine_read(found, &fdt);
}

static void test_machine_is_found(void **state)
{
	struct machine found;

	(void)state;
	assert_true(read_plan(&plan_good, &found));
	assert_int_equal(found.ram.base, GUEST_RAM_BASE);
	assert_int_equal(found.ram.bytes, RAM_BYTES);
	assert_int_equal(found.dma.base, DMA_BASE);
	assert_int_equal(found.dma.bytes, DMA_BYTES);
	assert_int_equal(found.vmwdt.base, GUEST_VMWDT_BASE);
	assert_int_equal(found.cpu_count, CPUS);
	assert_int_equal(found.mpidr[2], 0x200);
	assert_int_equal(found.virtio_count, VIRTIO);
	assert_int_equal(found.virtio[1], GUEST_VIRTIO_BASE + GUEST_VIRTIO_STRIDE);
	assert_true(found.has_gic);
	assert_false(found.conduit_smc);
}

static void test_machine_variants(void **state)
{
	struct plan plan = plan_good;
	struct machine found;

	(void)state;
	plan.method = "smc";
	assert_true(read_plan(&plan, &found));
	assert_true(found.conduit_smc);

	plan = plan_good;
	plan.gicd = 0x8000000;
	assert_true(read_plan(&plan, &found));
	assert_false(found.has_gic);

	plan = plan_good;
	plan.cpus = GUEST_VCPUS_MAX + 2;
	assert_true(read_plan(&plan, &found));
	assert_int_equal(found.cpu_count, GUEST_VCPUS_MAX);

	plan = plan_good;
	plan.cpus = 0;
	assert_false(read_plan(&plan, &found));

	/* Cells that cannot be read give no memory, not a wrong one. */
	plan = plan_good;
	plan.root_cells = 3;
	assert_false(read_plan(&plan, &found));
	plan.root_cells = 0x102;
	assert_false(read_plan(&plan, &found));
}

static void test_deep_tree_ends_the_walk(void **state)
{
	struct plan plan = plan_good;
	struct machine found;

	(void)state;
	plan.depth = DEVTREE_DEPTH_MAX;
	assert_true(read_plan(&plan, &found));
	plan.depth = DEVTREE_DEPTH_MAX + 1;
	assert_false(read_plan(&plan, &found));
}

static void test_nodes_and_properties(void **state)
{
	size_t size = tree_write(&plan_good);
	struct devtree_node node = { 0 };
	struct devtree_property property;
	unsigned int count = 0;
	uint32_t cell;
	uint64_t base;
	struct devtree fdt;

	(void)state;
	assert_true(devtree_open(&fdt, blob, size));
	assert_true(devtree_node_next(&fdt, &node));
	assert_string_equal(node.name, "");
	assert_int_equal(node.depth, 0);
	property = devtree_property(&fdt, &node, "#size-cells");
	assert_true(devtree_cell(&property, 0, &cell));
	assert_int_equal(cell, 2);
	assert_false(devtree_cell(&property, 1, &cell));
	assert_null(devtree_property(&fdt, &node, "#size").value);
	assert_false(devtree_reg(&fdt, &node, 0, &base, NULL));
	while (devtree_node_next(&fdt, &node)) {
		count++;
		if (!strcmp(node.name, "memory@80000000")) {
			assert_true(devtree_reg(&fdt, &node, 0, &base, NULL));
			assert_false(devtree_reg(&fdt, &node, 1, &base, NULL));
		}
		if (!strcmp(node.name, "psci")) {
			assert_int_equal(node.depth, 1);
			assert_true(devtree_has_string(&fdt, &node, "compatible", "arm,psci-0.2"));
			assert_false(devtree_has_string(&fdt, &node, "compatible", "arm,psci"));
		}
	}
	assert_int_equal(count, 3 + 1 + CPUS + 1 + 2 + VIRTIO + 1);
	assert_false(devtree_node_next(&fdt, &node));
}

static void test_header_is_checked(void **state)
{
	size_t size = tree_write(&plan_good);
	struct devtree fdt;

	(void)state;
	assert_false(devtree_open(&fdt, blob, size - 1));
	assert_false(devtree_open(&fdt, blob, 0));
	assert_false(devtree_open(&fdt, blob, 39));
	fdt_set_version(blob, 16);
	assert_false(devtree_open(&fdt, blob, size));
	tree_write(&plan_good);
	fdt_set_size_dt_struct(blob, UINT32_MAX);
	assert_false(devtree_open(&fdt, blob, size));
	tree_write(&plan_good);
	fdt_set_off_dt_strings(blob, (uint32_t)size);
	assert_false(devtree_open(&fdt, blob, size));
	tree_write(&plan_good);
	fdt_set_magic(blob, 0);
	assert_false(devtree_open(&fdt, blob, size));
}

/*
 * Each tree lies in memory of exactly its size, so the address sanitizer sees every
 * byte that is read beyond it.
 */
static void test_every_flipped_bit_and_every_cut(void **state)
{
	size_t size = tree_write(&plan_good);
	uint8_t *copy = malloc(size);
	struct machine found;
	struct devtree fdt;

	(void)state;
	assert_non_null(copy);
	for (size_t bit = 0; bit < size * 8; bit++) {
		memcpy(copy, blob, size);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (devtree_open(&fdt, copy, size) && machine_read(&found, &fdt)) {
			assert_true(found.cpu_count <= CPUS);
			assert_true(found.virtio_count <= VIRTIO + 1);
		}
	}
	free(copy);
	for (size_t cut = 0; cut < size; cut++) {
		copy = malloc(cut ? cut : 1);
		assert_non_null(copy);
		memcpy(copy, blob, cut);
		assert_false(devtree_open(&fdt, copy, cut));
		if (cut >= 8) {
			/* The same with a total size that agrees. */
			fdt_set_totalsize(copy, (uint32_t)cut);
			if (devtree_open(&fdt, copy, cut)) {
				machine_read(&found, &fdt);
			}
		}
		free(copy);
	}
}

/*
 * The same tree with its structure block at the very end of memory, cut anywhere: what
 * ends there must not be read on.
 */
static void test_structure_block_cut_anywhere(void **state)
{
	size_t strings_bytes;
	size_t structure_bytes;
	struct machine found;
	struct devtree fdt;

	(void)state;
	tree_write(&plan_good);
	strings_bytes = fdt_size_dt_strings(blob);
	structure_bytes = fdt_size_dt_struct(blob);
	for (size_t cut = 0; cut < structure_bytes; cut++) {
		size_t structure = sizeof(struct fdt_header) + strings_bytes;
		size_t total = structure + cut;
		uint8_t *copy = malloc(total);

		assert_non_null(copy);
		memcpy(copy, blob, sizeof(struct fdt_header));
		memcpy(copy + sizeof(struct fdt_header), blob + fdt_off_dt_strings(blob),
		       strings_bytes);
		memcpy(copy + structure, blob + fdt_off_dt_struct(blob), cut);
		fdt_set_totalsize(copy, (uint32_t)total);
		fdt_set_off_dt_strings(copy, sizeof(struct fdt_header));
		fdt_set_off_dt_struct(copy, (uint32_t)structure);
		fdt_set_size_dt_struct(copy, (uint32_t)cut);
		assert_true(devtree_open(&fdt, copy, total));
		if (machine_read(&found, &fdt)) {
			assert_int_equal(found.ram.bytes, RAM_BYTES);
		}
		free(copy);
	}
}

static void test_end_of_a_node_that_never_began(void **state)
{
	uint32_t tokens[] = { cpu_to_fdt32(FDT_END_NODE), cpu_to_fdt32(FDT_BEGIN_NODE), 0,
			      cpu_to_fdt32(FDT_END_NODE), cpu_to_fdt32(FDT_END) };
	struct devtree tree = { .structure = (const uint8_t *)tokens,
				.structure_bytes = sizeof(tokens),
				.strings = "" };
	struct devtree_node node = { 0 };

	(void)state;
	assert_false(devtree_node_next(&tree, &node));
	assert_int_equal(node.open, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_is_found),
		cmocka_unit_test(test_machine_variants),
		cmocka_unit_test(test_deep_tree_ends_the_walk),
		cmocka_unit_test(test_nodes_and_properties),
		cmocka_unit_test(test_header_is_checked),
		cmocka_unit_test(test_every_flipped_bit_and_every_cut),
		cmocka_unit_test(test_structure_block_cut_anywhere),
		cmocka_unit_test(test_end_of_a_node_that_never_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
