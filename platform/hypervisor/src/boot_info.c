/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules are what `-device guest-loader` leaves: nodes below /chosen, compatible
 * "multiboot,module" and one of "multiboot,kernel" and "multiboot,ramdisk", reg in the
 * root's cells, the kernel's command line in bootargs.
 */
#include <hyp/boot_info.h>
#include <hyp/console.h>
#include <hyp/cpu.h>
#include <hyp/trng.h>

#include <libfdt.h>
#include <string.h>

#define RESERVED "/reserved-memory"
#define CELLS_64 2
#define SPAN_CELLS (2 * CELLS_64)
#define PCI_CELLS 3 /* of an address on a PCI bus (Open Firmware, PCI binding 2.2.1) */
#define IRQ_CELLS 3 /* of a GICv3: kind, number, flags (Linux, bindings of arm,gic-v3) */

/* Which of the timer node's interrupts is which (Linux, bindings of arm,arch_timer). */
#define TIMER_HOST 2 /* so many, from the first on: secure and physical timer */
#define TIMER_VIRTUAL 2

/*
 * Devices of the machine that the host gets: none of them goes to memory by itself, but for
 * those on the PCI bus, which are behind the SMMU. What is not here, the host does not have:
 * fw_cfg has a DMA interface; virtio-mmio and the platform bus are not behind the SMMU; the
 * ITS writes where it is told.
 */
static const struct host_device {
	const char *compatible;
	int regs; /* it gets so many ranges of "reg", from the first on */
} host_devices[] = {
	{ "arm,gic-v3", 1 }, /* the distributor; redistributors: gic.h */
	{ "arm,pl011", 1 },
	{ "arm,pl031", 1 },
	{ "arm,pl061", 1 },
	{ "cfi-flash", 2 },
	{ "pci-host-ecam-generic", 1 },
};

static bool complain(const char *what)
{
	log_line("device tree: %s", what);
	return false;
}

static uint64_t cells(const fdt32_t *cell, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++) {
		value = value << 32 | fdt32_to_cpu(cell[i]);
	}
	return value;
}

/* The range at cell @at of @property; false: it is not there, or is none. */
static bool read_span_at(const void *fdt, int node, const char *property, int at, struct span *span)
{
	int length;
	const fdt32_t *cell = fdt_getprop(fdt, node, property, &length);

	if (!cell || length < (at + SPAN_CELLS) * (int)sizeof(*cell)) {
		return false;
	}
	*span = (struct span){ .base = cells(cell + at, CELLS_64),
			       .bytes = cells(cell + at + CELLS_64, CELLS_64) };
	return span->bytes > 0 && span->base + span->bytes > span->base;
}

/* The first range in "reg" of @node, which is below the root or in the root's cells. */
static bool read_span(const void *fdt, int node, struct span *span)
{
	return read_span_at(fdt, node, "reg", 0, span);
}

static bool read_ram(const void *fdt, struct span *ram)
{
	static const char memory[] = "memory";
	int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", memory, sizeof(memory));

	if (node < 0 || !read_span(fdt, node, ram)) {
		return complain("no memory");
	}
	if (fdt_node_offset_by_prop_value(fdt, node, "device_type", memory, sizeof(memory)) >= 0) {
		return complain("more than one piece of memory");
	}
	return true;
}

static bool read_cpus(const void *fdt, struct boot_info *info)
{
	static const char cpu[] = "cpu";
	int cpus = fdt_path_offset(fdt, "/cpus");
	int width = cpus < 0 ? 0 : fdt_address_cells(fdt, cpus);
	int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", cpu, sizeof(cpu));

	for (info->cpu_count = 0; node >= 0; info->cpu_count++) {
		int length;
		const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

		if (!reg || width < 1 || width > CELLS_64 || length < width * (int)sizeof(*reg)) {
			return complain("a CPU without a number");
		}
		if (info->cpu_count == CPU_MAX) {
			return complain("more CPUs than the hypervisor has room for");
		}
		info->affinities[info->cpu_count] = cells(reg, width) & MPIDR_AFFINITY;
		node = fdt_node_offset_by_prop_value(fdt, node, "device_type", cpu, sizeof(cpu));
	}
	return info->cpu_count > 0 || complain("no CPU");
}

/* The module of a kind, below /chosen; negative: none. */
static int find_module(const void *fdt, const char *kind)
{
	int node;

	fdt_for_each_subnode(node, fdt, fdt_path_offset(fdt, "/chosen"))
	{
		if (fdt_node_check_compatible(fdt, node, kind) == 0) {
			return node;
		}
	}
	return -FDT_ERR_NOTFOUND;
}

/* Whether @node, below the root, stands for addresses that are not RAM. */
static bool is_device(const void *fdt, int node)
{
	static const char memory[] = "memory";
	int length;
	const char *type = fdt_getprop(fdt, node, "device_type", &length);

	return (fdt_getprop(fdt, node, "reg", NULL) || fdt_getprop(fdt, node, "ranges", NULL)) &&
	       !(type && length == sizeof(memory) && memcmp(type, memory, sizeof(memory)) == 0);
}

/* What the host gets of @node, which is below the root; NULL: nothing, it is to go. */
static const struct host_device *find_host_device(const void *fdt, int node)
{
	for (size_t i = 0; i < sizeof(host_devices) / sizeof(host_devices[0]); i++) {
		if (fdt_node_check_compatible(fdt, node, host_devices[i].compatible) == 0) {
			return &host_devices[i];
		}
	}
	return NULL;
}

/* Up to @count ranges in @property of @node are the host's; each at cell @at of an entry. */
static bool add_spans(const void *fdt, int node, const char *property, int at, int count,
		      struct boot_info *info)
{
	int stride = at + SPAN_CELLS;
	struct span span;

	for (int i = 0; i < count && read_span_at(fdt, node, property, at + i * stride, &span);
	     i++) {
		if (info->device_count == DEVICE_SPANS) {
			return complain("more devices than the hypervisor has room for");
		}
		info->devices[info->device_count++] = span;
	}
	return true;
}

static bool read_devices(const void *fdt, struct boot_info *info)
{
	int gic = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	int smmu = fdt_node_offset_by_compatible(fdt, -1, "arm,smmu-v3");
	int node;

	info->device_count = 0;
	fdt_for_each_subnode(node, fdt, 0)
	{
		const struct host_device *device = find_host_device(fdt, node);

		if (device && (!add_spans(fdt, node, "reg", 0, device->regs, info) ||
			       !add_spans(fdt, node, "ranges", PCI_CELLS, DEVICE_SPANS, info))) {
			return false;
		}
	}
	if (gic < 0 || !read_span_at(fdt, gic, "reg", SPAN_CELLS, &info->redistributor)) {
		return complain("no GICv3");
	}
	if (smmu < 0 || !read_span(fdt, smmu, &info->smmu)) {
		return complain("no SMMUv3, so devices could not be held off memory");
	}
	return true;
}

bool boot_info_read(const void *fdt, struct boot_info *info)
{
	int kernel, initrd;

	if (fdt_check_header(fdt) != 0) {
		return complain("none where the boot loader says it is");
	}
	info->fdt = (struct span){ .base = (uintptr_t)fdt, .bytes = fdt_totalsize(fdt) };
	if (fdt_address_cells(fdt, 0) != CELLS_64 || fdt_size_cells(fdt, 0) != CELLS_64) {
		return complain("the root's addresses and sizes are not of two cells");
	}
	kernel = find_module(fdt, "multiboot,kernel");
	initrd = find_module(fdt, "multiboot,ramdisk");
	info->initrd = (struct span){ 0 };
	if (kernel < 0 || !read_span(fdt, kernel, &info->kernel)) {
		return complain("no kernel (QEMU: -device guest-loader,addr=...,kernel=...)");
	}
	if (initrd >= 0 && !read_span(fdt, initrd, &info->initrd)) {
		return complain("a ramdisk without an address");
	}
	return read_ram(fdt, &info->ram) && read_cpus(fdt, info) && read_devices(fdt, info);
}

/* The kernel's command line goes from its module to /chosen. */
static int move_command_line(void *fdt)
{
	char line[2048]; /* the kernel's own limit */
	int length;
	int module = find_module(fdt, "multiboot,kernel");
	const char *text = fdt_getprop(fdt, module, "bootargs", &length);

	if (!text) {
		return 0;
	}
	if (length > (int)sizeof(line)) {
		return -FDT_ERR_NOSPACE;
	}
	for (int i = 0; i < length; i++) {
		line[i] = text[i];
	}
	return fdt_setprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", line, length);
}

/* EL2's random numbers begin with the machine's seed; the host gets one that is made of it. */
static int divide_seed(void *fdt)
{
	int length;
	void *seed = fdt_getprop_w(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &length);

	if (seed && length > 0) {
		trng_add(seed, (uint64_t)length);
		return trng_read(seed, (uint64_t)length) ? 0 : -FDT_ERR_INTERNAL;
	}
	return 0;
}

static int remove_modules(void *fdt)
{
	int status = 0;

	for (int node = find_module(fdt, "multiboot,module"); node >= 0 && status == 0;
	     node = find_module(fdt, "multiboot,module")) {
		status = fdt_del_node(fdt, node);
	}
	return status;
}

static int tell_initrd(void *fdt, struct span initrd)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	int status = 0;

	if (initrd.bytes > 0) {
		status = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", initrd.base);
	}
	if (initrd.bytes > 0 && status == 0) {
		status = fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
					 initrd.base + initrd.bytes);
	}
	return status;
}

/* The node that holds reservations, made if it is not there; or an error. */
static int reserved_node(void *fdt)
{
	int node = fdt_path_offset(fdt, RESERVED);
	int status = 0;

	if (node >= 0) {
		return node;
	}
	node = fdt_add_subnode(fdt, 0, &RESERVED[1]);
	if (node < 0) {
		return node;
	}
	status = status ? status : fdt_setprop_u32(fdt, node, "#address-cells", CELLS_64);
	status = status ? status : fdt_setprop_u32(fdt, node, "#size-cells", CELLS_64);
	status = status ? status : fdt_setprop_empty(fdt, node, "ranges");
	return status ? status : node;
}

/*
 * Reserved, but not "no-map": as for any other reserved page the host's kernel has an
 * address for it, and an access by that address is what EL2 refuses.
 */
static int reserve(void *fdt, struct span hidden)
{
	int parent = reserved_node(fdt);
	int node = parent < 0 ? parent : fdt_add_subnode(fdt, parent, "hypervisor");
	fdt64_t reg[2] = { cpu_to_fdt64(hidden.base), cpu_to_fdt64(hidden.bytes) };

	return node < 0 ? node : fdt_setprop(fdt, node, "reg", reg, sizeof(reg));
}

/* The node's "interrupts", @count of them at least; NULL: not there. */
static const fdt32_t *interrupts(const void *fdt, int node, int count)
{
	int length;
	const fdt32_t *irqs = fdt_getprop(fdt, node, "interrupts", &length);

	return irqs && length >= count * IRQ_CELLS * (int)sizeof(*irqs) ? irqs : NULL;
}

/*
 * The virtual timer is for guests: the host's timer node has only the physical one, by
 * which a kernel then goes. The node /hypervisor has the interrupts that whoever runs
 * guests in the host needs: virtual timer, and maintenance of the GIC.
 */
static int divide_timers(void *fdt)
{
	static const char host_names[] = "sec-phys\0phys";
	static const char names[] = "vtimer\0maintenance";
	fdt32_t host[TIMER_HOST * IRQ_CELLS], mine[2 * IRQ_CELLS];
	int timer = fdt_node_offset_by_compatible(fdt, -1, "arm,armv8-timer");
	int gic = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	const fdt32_t *timer_irqs = interrupts(fdt, timer, TIMER_VIRTUAL + 1);
	const fdt32_t *gic_irqs = interrupts(fdt, gic, 1);
	int status = timer_irqs && gic_irqs ? 0 : -FDT_ERR_NOTFOUND;
	int node;

	if (status == 0) {
		memcpy(host, timer_irqs, sizeof(host));
		memcpy(mine, timer_irqs + TIMER_VIRTUAL * IRQ_CELLS, sizeof(mine) / 2);
		memcpy(mine + IRQ_CELLS, gic_irqs, sizeof(mine) / 2);
		status = fdt_setprop(fdt, timer, "interrupts", host, sizeof(host));
	}
	status = status ?
			 status :
			 fdt_setprop(fdt, timer, "interrupt-names", host_names, sizeof(host_names));
	node = status ? status : fdt_add_subnode(fdt, 0, "hypervisor");
	status = node < 0 ? node :
			    fdt_setprop_string(fdt, node, "compatible", "terrarium,hypervisor");
	status = status ? status : fdt_setprop(fdt, node, "interrupts", mine, sizeof(mine));
	return status ? status : fdt_setprop(fdt, node, "interrupt-names", names, sizeof(names));
}

/* A device that is not the host's, or the child of one that is: message interrupts of the GIC. */
static int find_hidden(const void *fdt)
{
	int node, child;

	fdt_for_each_subnode(node, fdt, 0)
	{
		const struct host_device *device = find_host_device(fdt, node);

		child = device ? fdt_first_subnode(fdt, node) : -FDT_ERR_NOTFOUND;
		if (child >= 0 || (!device && is_device(fdt, node))) {
			return child >= 0 ? child : node;
		}
	}
	return -FDT_ERR_NOTFOUND;
}

/* With what is not the host's goes what points to it. */
static int remove_hidden(void *fdt)
{
	static const char *const pointers[] = { "iommu-map", "msi-map" };
	int status = 0, pci;

	for (int node = find_hidden(fdt); node >= 0 && status == 0; node = find_hidden(fdt)) {
		status = fdt_del_node(fdt, node);
	}
	pci = fdt_node_offset_by_compatible(fdt, -1, "pci-host-ecam-generic");
	for (size_t i = 0; pci >= 0 && i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		int gone = fdt_delprop(fdt, pci, pointers[i]);

		status = status || gone == -FDT_ERR_NOTFOUND ? status : gone;
	}
	return status;
}

bool boot_info_hand_over(void *fdt, const struct boot_info *info, struct span hidden)
{
	int status = fdt_open_into(fdt, fdt, (int)info->fdt.bytes);

	status = status ? status : move_command_line(fdt);
	status = status ? status : remove_modules(fdt);
	status = status ? status : tell_initrd(fdt, info->initrd);
	status = status ? status : remove_hidden(fdt);
	status = status ? status : divide_seed(fdt);
	status = status ? status : reserve(fdt, hidden);
	status = status ? status : divide_timers(fdt);
	if (status != 0) {
		log_line("device tree: cannot be made the host's: %s", fdt_strerror(status));
	}
	return status == 0;
}
