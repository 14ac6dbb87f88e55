/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/fdt.h"

#include <string.h>

#include <libfdt.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/watchdog.h"

G_DEFINE_QUARK(vmm_fdt_error, fdt_error)

#define CELLS_MAX 16

/* Node references. */
enum phandle {
	PHANDLE_GIC = 1,
	PHANDLE_POOL = 2,
};

/* Cells of an interrupt specifier (Linux bindings, arm,gic-v3.yaml). */
#define GIC_SPI 0
#define GIC_PPI 1
#define IRQ_EDGE_RISING 1
#define IRQ_LEVEL_HIGH 4

/* A tree under construction. After the first error every step does nothing. */
struct tree {
	void *blob;
	int error; /* libfdt's, 0 so far */
};

static void node_begin(struct tree *t, const char *name)
{
	t->error = t->error != 0 ? t->error : fdt_begin_node(t->blob, name);
}

static void node_begin_at(struct tree *t, const char *name, uint64_t address)
{
	g_autofree char *full =
		g_strdup_printf("%s@%" G_GINT64_MODIFIER "x", name, (guint64)address);

	node_begin(t, full);
}

static void node_end(struct tree *t)
{
	t->error = t->error != 0 ? t->error : fdt_end_node(t->blob);
}

static void property(struct tree *t, const char *name, const void *value, size_t bytes)
{
	t->error = t->error != 0 ? t->error : fdt_property(t->blob, name, value, (int)bytes);
}

static void property_flag(struct tree *t, const char *name)
{
	property(t, name, NULL, 0);
}

static void property_string(struct tree *t, const char *name, const char *value)
{
	property(t, name, value, strlen(value) + 1);
}

/* 32-bit cells. */
static void property_cells(struct tree *t, const char *name, const uint32_t *cells, unsigned count)
{
	fdt32_t encoded[CELLS_MAX];

	g_assert(count <= CELLS_MAX);
	for (unsigned i = 0; i < count; i++) {
		encoded[i] = cpu_to_fdt32(cells[i]);
	}
	property(t, name, encoded, count * sizeof(encoded[0]));
}

static void property_u32(struct tree *t, const char *name, uint32_t value)
{
	property_cells(t, name, &value, 1);
}

static void property_u64(struct tree *t, const char *name, uint64_t value)
{
	fdt64_t encoded = cpu_to_fdt64(value);

	property(t, name, &encoded, sizeof(encoded));
}

/* "reg" with one range; #address-cells and #size-cells are 2 everywhere but in /cpus. */
static void property_reg(struct tree *t, uint64_t base, uint64_t bytes)
{
	fdt64_t encoded[] = { cpu_to_fdt64(base), cpu_to_fdt64(bytes) };

	property(t, "reg", encoded, sizeof(encoded));
}

static void property_interrupt(struct tree *t, uint32_t type, uint32_t number, uint32_t trigger)
{
	const uint32_t cells[] = { type, number, trigger };

	property_cells(t, "interrupts", cells, G_N_ELEMENTS(cells));
}

static void address_cells(struct tree *t, uint32_t address, uint32_t size)
{
	property_u32(t, "#address-cells", address);
	property_u32(t, "#size-cells", size);
}

static void add_chosen(struct tree *t, const struct fdt_machine *m)
{
	g_autofree char *console = g_strdup_printf("/serial@%x", GUEST_SERIAL0_BASE);

	node_begin(t, "chosen");
	property_string(t, "stdout-path", console);
	if (m->bootargs != NULL) {
		property_string(t, "bootargs", m->bootargs);
	}
	if (m->layout.initrd_bytes != 0) {
		property_u64(t, "linux,initrd-start", m->layout.initrd_ipa);
		property_u64(t, "linux,initrd-end", m->layout.initrd_ipa + m->layout.initrd_bytes);
	}
	node_end(t);
}

static void add_aliases(struct tree *t)
{
	static const uint32_t bases[] = { GUEST_SERIAL0_BASE, GUEST_SERIAL1_BASE };

	node_begin(t, "aliases");
	for (unsigned i = 0; i < G_N_ELEMENTS(bases); i++) {
		g_autofree char *name = g_strdup_printf("serial%u", i);
		g_autofree char *path = g_strdup_printf("/serial@%x", bases[i]);

		property_string(t, name, path);
	}
	node_end(t);
}

static void add_memory(struct tree *t, const struct layout *layout)
{
	node_begin_at(t, "memory", layout->ram_ipa);
	property_string(t, "device_type", "memory");
	property_reg(t, layout->ram_ipa, layout->ram_bytes);
	node_end(t);
}

static void add_pool(struct tree *t, const struct layout *layout)
{
	node_begin(t, "reserved-memory");
	address_cells(t, 2, 2);
	property_flag(t, "ranges");
	node_begin_at(t, "restricted_dma_reserved", layout->pool_ipa);
	property_string(t, "compatible", "restricted-dma-pool");
	property_reg(t, layout->pool_ipa, layout->pool_bytes);
	property_u32(t, "phandle", PHANDLE_POOL);
	node_end(t);
	node_end(t);
}

static void add_cpus(struct tree *t, unsigned cpus)
{
	node_begin(t, "cpus");
	address_cells(t, 1, 0);
	for (unsigned i = 0; i < cpus; i++) {
		node_begin_at(t, "cpu", i);
		property_string(t, "device_type", "cpu");
		property_string(t, "compatible", "arm,armv8");
		/* KVM numbers up to 16 vCPUs by affinity level 0 alone. */
		property_u32(t, "reg", i);
		property_string(t, "enable-method", "psci");
		node_end(t);
	}
	node_end(t);
}

static void add_psci(struct tree *t, bool rsi)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	node_begin(t, "psci");
	property(t, "compatible", compatible, sizeof(compatible));
	property_string(t, "method", rsi ? "smc" : "hvc");
	node_end(t);
}

static void add_timer(struct tree *t)
{
	/* clang-format off */
	static const uint32_t interrupts[] = {
		GIC_PPI, GUEST_PPI_TIMER_SEC_PHYS, IRQ_LEVEL_HIGH,
		GIC_PPI, GUEST_PPI_TIMER_PHYS, IRQ_LEVEL_HIGH,
		GIC_PPI, GUEST_PPI_TIMER_VIRT, IRQ_LEVEL_HIGH,
		GIC_PPI, GUEST_PPI_TIMER_HYP, IRQ_LEVEL_HIGH,
	};
	/* clang-format on */

	node_begin(t, "timer");
	property_string(t, "compatible", "arm,armv8-timer");
	property_cells(t, "interrupts", interrupts, G_N_ELEMENTS(interrupts));
	property_flag(t, "always-on");
	node_end(t);
}

static void add_gic(struct tree *t, unsigned cpus)
{
	uint64_t redistributors = (uint64_t)cpus * GUEST_GICR_STRIDE;
	const fdt64_t reg[] = {
		cpu_to_fdt64(GUEST_GICD_BASE),
		cpu_to_fdt64(GUEST_GICD_SIZE),
		cpu_to_fdt64(GUEST_GICD_BASE - redistributors),
		cpu_to_fdt64(redistributors),
	};

	node_begin_at(t, "interrupt-controller", GUEST_GICD_BASE);
	property_string(t, "compatible", "arm,gic-v3");
	property_u32(t, "#interrupt-cells", 3);
	property_flag(t, "interrupt-controller");
	address_cells(t, 2, 2);
	property(t, "reg", reg, sizeof(reg));
	property_u32(t, "phandle", PHANDLE_GIC);
	node_end(t);
}

static void add_serial(struct tree *t, uint64_t base, uint32_t spi)
{
	node_begin_at(t, "serial", base);
	property_string(t, "compatible", "ns16550a");
	property_reg(t, base, GUEST_SERIAL_SIZE);
	property_u32(t, "clock-frequency", GUEST_SERIAL_CLOCK_HZ);
	property_interrupt(t, GIC_SPI, spi, IRQ_LEVEL_HIGH);
	node_end(t);
}

static void add_watchdog(struct tree *t)
{
	node_begin_at(t, "vmwdt", GUEST_VMWDT_BASE);
	property_string(t, "compatible", "qemu,vcpu-stall-detector");
	property_reg(t, GUEST_VMWDT_BASE, GUEST_VMWDT_SIZE);
	property_u32(t, "clock-frequency", WATCHDOG_CLOCK_HZ);
	property_u32(t, "timeout-sec", WATCHDOG_TIMEOUT_S);
	property_interrupt(t, GIC_PPI, GUEST_PPI_VMWDT, IRQ_LEVEL_HIGH);
	node_end(t);
}

static void add_pvpanic(struct tree *t)
{
	node_begin_at(t, "pvpanic", GUEST_PVPANIC_BASE);
	property_string(t, "compatible", "qemu,pvpanic-mmio");
	property_reg(t, GUEST_PVPANIC_BASE, GUEST_PVPANIC_SIZE);
	node_end(t);
}

static void add_virtio(struct tree *t, const struct fdt_machine *m)
{
	for (unsigned slot = 0; slot < m->virtio_count; slot++) {
		uint64_t base = GUEST_VIRTIO_BASE + (uint64_t)slot * GUEST_VIRTIO_STRIDE;

		node_begin_at(t, "virtio_mmio", base);
		property_string(t, "compatible", "virtio,mmio");
		property_reg(t, base, GUEST_VIRTIO_STRIDE);
		property_interrupt(t, GIC_SPI, GUEST_SPI_VIRTIO0 + slot, IRQ_EDGE_RISING);
		property_flag(t, "dma-coherent");
		if (m->layout.pool_bytes != 0) {
			property_u32(t, "memory-region", PHANDLE_POOL);
		}
		node_end(t);
	}
}

static void add_root(struct tree *t, const struct fdt_machine *m)
{
	node_begin(t, "");
	property_string(t, "compatible", "linux,dummy-virt");
	property_string(t, "model", "terrarium,vmm");
	address_cells(t, 2, 2);
	property_u32(t, "interrupt-parent", PHANDLE_GIC);
	add_chosen(t, m);
	add_aliases(t);
	add_memory(t, &m->layout);
	if (m->layout.pool_bytes != 0) {
		add_pool(t, &m->layout);
	}
	add_cpus(t, m->cpus);
	add_psci(t, m->rsi);
	add_timer(t);
	add_gic(t, m->cpus);
	add_serial(t, GUEST_SERIAL0_BASE, GUEST_SPI_SERIAL0);
	add_serial(t, GUEST_SERIAL1_BASE, GUEST_SPI_SERIAL1);
	if (m->watchdog) {
		add_watchdog(t);
	}
	add_pvpanic(t);
	add_virtio(t, m);
	node_end(t);
}

void *fdt_build(const struct fdt_machine *machine, size_t *bytes, GError **error)
{
	struct tree t = { .blob = g_malloc0(GUEST_FDT_MAX_SIZE) };
	void *packed;

	t.error = fdt_create(t.blob, GUEST_FDT_MAX_SIZE);
	t.error = t.error != 0 ? t.error : fdt_finish_reservemap(t.blob);
	add_root(&t, machine);
	t.error = t.error != 0 ? t.error : fdt_finish(t.blob);
	if (t.error != 0) {
		g_set_error(error, FDT_ERROR, FDT_ERROR_LIBRARY, "cannot build the device tree: %s",
			    fdt_strerror(t.error));
		g_free(t.blob);
		return NULL;
	}
	*bytes = fdt_totalsize(t.blob);
	packed = g_memdup2(t.blob, *bytes);
	g_free(t.blob);
	return packed;
}

bool fdt_overlay(void **blob, size_t *bytes, void *overlay, size_t overlay_bytes, GError **error)
{
	int failed = fdt_check_full(overlay, overlay_bytes);
	g_autofree void *roomy = g_malloc0(GUEST_FDT_MAX_SIZE);

	failed = failed != 0 ? failed : fdt_open_into(*blob, roomy, GUEST_FDT_MAX_SIZE);
	failed = failed != 0 ? failed : fdt_overlay_apply(roomy, overlay);
	failed = failed != 0 ? failed : fdt_pack(roomy);
	if (failed != 0) {
		g_set_error(error, FDT_ERROR, FDT_ERROR_OVERLAY,
			    "this overlay cannot be applied: %s", fdt_strerror(failed));
		return false;
	}
	g_free(*blob);
	*bytes = fdt_totalsize(roomy);
	*blob = g_memdup2(roomy, *bytes);
	return true;
}
