/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout of guest memory, and the device tree read back by libfdt. */
#include <string.h>

#include <libfdt.h>

#include "tests/vmm/support.h"
#include "vmm/fdt.h"
#include "vmm/layout.h"

#define MIB (UINT64_C(1) << 20)

static struct layout place(const struct layout_request *request)
{
	struct layout layout;
	GError *error = NULL;

	if (!layout_place(request, &layout, &error)) {
		fail_msg("%s", error->message);
	}
	return layout;
}

static void test_layout_raw(void **state)
{
	const struct layout_request request = { .memory_bytes = 4 * MIB, .image_bytes = 2 * MIB };
	struct layout layout = place(&request);

	(void)state;
	assert_int_equal(layout.ram_ipa, GUEST_RAM_BASE);
	assert_int_equal(layout.ram_bytes, 4 * MIB);
	assert_int_equal(layout.image_ipa, GUEST_RAM_BASE);
	assert_int_equal(layout.fdt_ipa, GUEST_RAM_BASE + 2 * MIB);
	assert_int_equal(layout.pool_bytes, 0);
	assert_int_equal(layout.initrd_bytes, 0);
}

static void test_layout_full(void **state)
{
	const struct layout_request request = {
		.memory_bytes = 64 * MIB,
		.pool_bytes = 8 * MIB,
		.image_offset = 0x80000,
		.image_bytes = 5 * MIB + 1,
		.initrd_bytes = 3 * MIB + 7,
	};
	struct layout layout = place(&request);

	(void)state;
	assert_int_equal(layout.ram_bytes, 72 * MIB);
	assert_int_equal(layout.image_ipa, GUEST_RAM_BASE + 0x80000);
	assert_int_equal(layout.fdt_ipa, GUEST_RAM_BASE + 70 * MIB);
	assert_int_equal(layout.fdt_ipa % GUEST_FDT_MAX_SIZE, 0);
	assert_int_equal(layout.pool_ipa, GUEST_RAM_BASE + 62 * MIB);
	assert_int_equal(layout.initrd_ipa % 0x10000, 0);
	assert_int_equal(layout.initrd_bytes, 3 * MIB + 7);
	/* One after the other, without overlap. */
	assert_true(layout.image_ipa + request.image_bytes <= layout.initrd_ipa);
	assert_true(layout.initrd_ipa + layout.initrd_bytes <= layout.pool_ipa);
	assert_int_equal(layout.pool_ipa + layout.pool_bytes, layout.fdt_ipa);
}

static void test_layout_too_big(void **state)
{
	static const struct layout_request requests[] = {
		{ .memory_bytes = 4 * MIB, .image_bytes = 2 * MIB + 1 },
		{ .memory_bytes = 4 * MIB, .image_bytes = MIB, .initrd_bytes = MIB + 1 },
		{ .memory_bytes = 4 * MIB, .image_offset = 3 * MIB, .image_bytes = 1 },
		{ .memory_bytes = 4 * MIB, .image_bytes = UINT64_MAX },
		{ .memory_bytes = 4 * MIB, .image_offset = UINT64_MAX, .image_bytes = 2 },
		{ .memory_bytes = 4 * MIB,
		  .image_offset = UINT64_MAX / 2,
		  .image_bytes = UINT64_MAX / 2 },
		{ .memory_bytes = 4 * MIB, .image_bytes = 1, .initrd_bytes = UINT64_MAX - 1 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		struct layout layout;
		GError *error = NULL;

		assert_false(layout_place(&requests[i], &layout, &error));
		assert_error(error, LAYOUT_ERROR, LAYOUT_ERROR_TOO_BIG,
			     i < 3 ? "--mem: 4 MiB" : "memory");
	}
}

static const struct fdt_machine plain = {
	.layout = {
		.ram_ipa = GUEST_RAM_BASE,
		.ram_bytes = 64 * MIB,
		.image_ipa = GUEST_RAM_BASE,
		.fdt_ipa = GUEST_RAM_BASE + 62 * MIB,
	},
	.cpus = 1,
};

static void *build(const struct fdt_machine *machine)
{
	size_t bytes = 0;
	GError *error = NULL;
	void *blob = fdt_build(machine, &bytes, &error);

	if (blob == NULL) {
		fail_msg("%s", error->message);
	}
	assert_int_equal(fdt_check_full(blob, bytes), 0);
	return blob;
}

static const void *property(const void *blob, const char *path, const char *name, int *bytes)
{
	int node = fdt_path_offset(blob, path);

	return node < 0 ? NULL : fdt_getprop(blob, node, name, bytes);
}

static void assert_string_property(const void *blob, const char *path, const char *name,
				   const char *expected)
{
	int bytes = 0;
	const char *value = property(blob, path, name, &bytes);

	assert_non_null(value);
	assert_string_equal(value, expected);
	assert_true((size_t)bytes >= strlen(expected) + 1);
}

static void assert_cells(const void *blob, const char *path, const char *name,
			 const uint32_t *expected, size_t count)
{
	int bytes = 0;
	const fdt32_t *value = property(blob, path, name, &bytes);

	assert_non_null(value);
	assert_int_equal(bytes, count * sizeof(*value));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fdt32_to_cpu(value[i]), expected[i]);
	}
}

#define ASSERT_CELLS(blob, path, name, ...)                                       \
	do {                                                                      \
		static const uint32_t expected[] = { __VA_ARGS__ };               \
		assert_cells(blob, path, name, expected, G_N_ELEMENTS(expected)); \
	} while (0)

static void test_plain(void **state)
{
	g_autofree void *blob = build(&plain);
	int bytes;

	(void)state;
	assert_string_property(blob, "/", "compatible", "linux,dummy-virt");
	assert_string_property(blob, "/chosen", "stdout-path", "/serial@3f8");
	assert_null(property(blob, "/chosen", "bootargs", &bytes));
	assert_null(property(blob, "/chosen", "linux,initrd-start", &bytes));
	ASSERT_CELLS(blob, "/memory@80000000", "reg", 0, GUEST_RAM_BASE, 0, 64 << 20);
	assert_string_property(blob, "/psci", "method", "hvc");
	assert_string_property(blob, "/psci", "compatible", "arm,psci-1.0");
	ASSERT_CELLS(blob, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	assert_string_property(blob, "/interrupt-controller@3fff0000", "compatible", "arm,gic-v3");
	ASSERT_CELLS(blob, "/interrupt-controller@3fff0000", "reg", 0, 0x3fff0000, 0, 0x10000, 0,
		     0x3ffd0000, 0, 0x20000);
	assert_string_property(blob, "/serial@3f8", "compatible", "ns16550a");
	ASSERT_CELLS(blob, "/serial@3f8", "interrupts", 0, GUEST_SPI_SERIAL0, 4);
	ASSERT_CELLS(blob, "/serial@2f8", "interrupts", 0, GUEST_SPI_SERIAL1, 4);
	ASSERT_CELLS(blob, "/serial@2f8", "reg", 0, 0x2f8, 0, 8);
	assert_string_property(blob, "/aliases", "serial1", "/serial@2f8");
	assert_string_property(blob, "/pvpanic@4000", "compatible", "qemu,pvpanic-mmio");
	assert_int_equal(fdt_path_offset(blob, "/vmwdt@3000"), -FDT_ERR_NOTFOUND);
	assert_int_equal(fdt_path_offset(blob, "/reserved-memory"), -FDT_ERR_NOTFOUND);
	assert_int_equal(fdt_path_offset(blob, "/virtio_mmio@2000000"), -FDT_ERR_NOTFOUND);
	assert_int_equal(fdt_path_offset(blob, "/cpus/cpu@1"), -FDT_ERR_NOTFOUND);
}

static void test_linux(void **state)
{
	struct fdt_machine machine = plain;
	g_autofree void *blob = NULL;

	(void)state;
	machine.bootargs = "console=ttyS0 quiet";
	machine.layout.initrd_ipa = 0x81230000;
	machine.layout.initrd_bytes = 0x4567;
	blob = build(&machine);
	assert_string_property(blob, "/chosen", "bootargs", "console=ttyS0 quiet");
	ASSERT_CELLS(blob, "/chosen", "linux,initrd-start", 0, 0x81230000);
	ASSERT_CELLS(blob, "/chosen", "linux,initrd-end", 0, 0x81234567);
}

static void test_cpus_and_watchdog(void **state)
{
	struct fdt_machine machine = plain;
	g_autofree void *blob = NULL;

	(void)state;
	machine.cpus = GUEST_VCPUS_MAX;
	machine.watchdog = true;
	blob = build(&machine);
	for (unsigned i = 0; i < GUEST_VCPUS_MAX; i++) {
		g_autofree char *path = g_strdup_printf("/cpus/cpu@%u", i);

		assert_string_property(blob, path, "enable-method", "psci");
		assert_cells(blob, path, "reg", &i, 1);
	}
	assert_int_equal(fdt_path_offset(blob, "/cpus/cpu@8"), -FDT_ERR_NOTFOUND);
	ASSERT_CELLS(blob, "/interrupt-controller@3fff0000", "reg", 0, 0x3fff0000, 0, 0x10000, 0,
		     0x3fff0000 - 8 * 0x20000, 0, 8 * 0x20000);
	assert_string_property(blob, "/vmwdt@3000", "compatible", "qemu,vcpu-stall-detector");
	ASSERT_CELLS(blob, "/vmwdt@3000", "interrupts", 1, GUEST_PPI_VMWDT, 4);
	ASSERT_CELLS(blob, "/vmwdt@3000", "clock-frequency", 10);
}

static void test_virtio(void **state)
{
	struct fdt_machine machine = plain;
	g_autofree void *blob = NULL;
	int bytes;

	(void)state;
	machine.virtio_count = 2;
	blob = build(&machine);
	assert_string_property(blob, "/virtio_mmio@2001000", "compatible", "virtio,mmio");
	ASSERT_CELLS(blob, "/virtio_mmio@2001000", "reg", 0, 0x2001000, 0, 0x1000);
	ASSERT_CELLS(blob, "/virtio_mmio@2001000", "interrupts", 0, GUEST_SPI_VIRTIO0 + 1, 1);
	assert_null(property(blob, "/virtio_mmio@2001000", "memory-region", &bytes));
	assert_int_equal(fdt_path_offset(blob, "/virtio_mmio@2002000"), -FDT_ERR_NOTFOUND);
}

/* A protected guest: the pool, and every virtio device bound to it. */
static void test_pool(void **state)
{
	struct fdt_machine machine = plain;
	g_autofree void *blob = NULL;
	static const char pool[] = "/reserved-memory/restricted_dma_reserved@83600000";

	(void)state;
	machine.virtio_count = GUEST_VIRTIO_SLOTS;
	machine.layout.pool_ipa = 0x83600000;
	machine.layout.pool_bytes = 8 * MIB;
	blob = build(&machine);
	assert_string_property(blob, pool, "compatible", "restricted-dma-pool");
	ASSERT_CELLS(blob, pool, "reg", 0, 0x83600000, 0, 8 << 20);
	for (unsigned i = 0; i < GUEST_VIRTIO_SLOTS; i++) {
		g_autofree char *path = g_strdup_printf("/virtio_mmio@%x", 0x2000000 + i * 0x1000);
		int bytes = 0;
		const fdt32_t *region = property(blob, path, "memory-region", &bytes);

		assert_non_null(region);
		assert_int_equal(fdt_node_offset_by_phandle(blob, fdt32_to_cpu(*region)),
				 fdt_path_offset(blob, pool));
	}
}

/* A guest with RSI: calls by SMC, and nothing else differs. */
static void test_rsi(void **state)
{
	struct fdt_machine machine = plain;
	g_autofree void *blob = NULL;
	int bytes = 0;

	(void)state;
	machine.rsi = true;
	machine.virtio_count = 1;
	blob = build(&machine);
	assert_string_property(blob, "/psci", "method", "smc");
	assert_int_equal(fdt_path_offset(blob, "/reserved-memory"), -FDT_ERR_NOTFOUND);
	assert_null(property(blob, "/virtio_mmio@2000000", "memory-region", &bytes));
}

#define OVERLAY_NODES 4 /* the root, its fragment, what that adds, a node in it */

/* An overlay with one fragment: bootargs, and a node of its own, for the node at @path. */
static void *overlay_for(const char *path)
{
	void *blob = g_malloc0(1024);
	int failed = fdt_create(blob, 1024) | fdt_finish_reservemap(blob);

	failed |= fdt_begin_node(blob, "") | fdt_begin_node(blob, "fragment@0");
	failed |= fdt_property_string(blob, "target-path", path);
	failed |= fdt_begin_node(blob, "__overlay__");
	failed |= fdt_property_string(blob, "bootargs", "quiet console=hvc0");
	failed |= fdt_begin_node(blob, "more") | fdt_property_u32(blob, "number", 7);
	for (int nodes = 0; nodes < OVERLAY_NODES; nodes++) {
		failed |= fdt_end_node(blob);
	}
	failed |= fdt_finish(blob);
	assert_int_equal(failed, 0);
	return blob;
}

static void test_overlay(void **state)
{
	struct fdt_machine machine = plain;
	g_autofree void *overlay = overlay_for("/chosen");
	size_t bytes = 0;
	void *blob;

	(void)state;
	machine.bootargs = "panic=-1";
	blob = fdt_build(&machine, &bytes, NULL);
	assert_true(fdt_overlay(&blob, &bytes, overlay, fdt_totalsize(overlay), NULL));
	assert_int_equal(fdt_check_full(blob, bytes), 0);
	assert_string_property(blob, "/chosen", "bootargs", "quiet console=hvc0");
	assert_string_property(blob, "/chosen", "stdout-path", "/serial@3f8");
	ASSERT_CELLS(blob, "/chosen/more", "number", 7);
	g_free(blob);
}

/* What is no overlay, or one for a node that is not there: the tree stays. */
static void test_overlay_refused(void **state)
{
	static const struct {
		const char *path;
		size_t bytes; /* 0: all */
		char first;   /* not 0: instead of the first byte */
	} cases[] = { { "/nowhere", 0, 0 },
		      { "/chosen", 20, 0 },
		      { "/chosen", 100, 0 },
		      { "/chosen", 0, 'x' } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *overlay = overlay_for(cases[i].path);
		size_t overlay_bytes = cases[i].bytes != 0 ? cases[i].bytes :
							     fdt_totalsize(overlay);
		GError *error = NULL;
		size_t bytes = 0;
		void *blob = fdt_build(&plain, &bytes, NULL);
		g_autofree void *before = g_memdup2(blob, bytes);

		overlay[0] = cases[i].first != 0 ? cases[i].first : overlay[0];
		assert_false(fdt_overlay(&blob, &bytes, overlay, overlay_bytes, &error));
		assert_error(error, FDT_ERROR, FDT_ERROR_OVERLAY,
			     "this overlay cannot be applied: ");
		assert_memory_equal(blob, before, bytes);
		g_free(blob);
	}
}

static void test_same_machine_same_bytes(void **state)
{
	size_t first_bytes = 0;
	size_t second_bytes = 0;
	g_autofree void *first = fdt_build(&plain, &first_bytes, NULL);
	g_autofree void *second = fdt_build(&plain, &second_bytes, NULL);

	(void)state;
	assert_int_equal(first_bytes, second_bytes);
	assert_memory_equal(first, second, first_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_raw),
		cmocka_unit_test(test_layout_full),
		cmocka_unit_test(test_layout_too_big),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_rsi),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_cpus_and_watchdog),
		cmocka_unit_test(test_virtio),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_overlay_refused),
		cmocka_unit_test(test_same_machine_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
