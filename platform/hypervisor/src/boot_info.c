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

#define CELL_BYTES 4
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
static const char *const host_devices[] = {
	"arm,gic-v3", /* the distributor; redistributors: gic.h */
	"arm,pl011",  "arm,pl031", "arm,pl061", "cfi-flash", "pci-host-ecam-generic",
};

/* The range at cell @at of @property, in the root's cells; false: not there, or none. */
static bool read_span(const void *fdt, int node, const char *property, int at, struct span *span)
{
	int length;
	const fdt64_t *cell = fdt_getprop(fdt, node, property, &length);

	if (!cell || length < (at + SPAN_CELLS) * CELL_BYTES) {
		return false;
	}
	cell = (const fdt64_t *)((const fdt32_t *)cell + at);
	*span = (struct span){ .base = fdt64_ld(cell), .bytes = fdt64_ld(cell + 1) };
	return span->bytes > 0 && span->base + span->bytes > span->base;
}

/* The next node after @node that is of the kind; negative: none. */
static int next_of(const void *fdt, int node, const char *kind)
{
	return fdt_node_offset_by_prop_value(fdt, node, "device_type", kind, (int)strlen(kind) + 1);
}

/* Each of these answers what is wrong, or NULL. */
static const char *read_loaded(const void *fdt, struct boot_info *info)
{
	int kernel = fdt_node_offset_by_compatible(fdt, -1, "multiboot,kernel");
	int initrd = fdt_node_offset_by_compatible(fdt, -1, "multiboot,ramdisk");
	int memory = next_of(fdt, -1, "memory");

	info->fdt = (struct span){ .base = (uintptr_t)fdt, .bytes = fdt_totalsize(fdt) };
	info->initrd = (struct span){ 0 };
	if (fdt_address_cells(fdt, 0) != CELLS_64 || fdt_size_cells(fdt, 0) != CELLS_64) {
		return "the root's addresses and sizes are not of two cells";
	}
	if (!read_span(fdt, kernel, "reg", 0, &info->kernel)) {
		return "no kernel (QEMU: -device guest-loader,addr=...,kernel=...)";
	}
	if (initrd >= 0 && !read_span(fdt, initrd, "reg", 0, &info->initrd)) {
		return "a ramdisk without an address";
	}
	if (!read_span(fdt, memory, "reg", 0, &info->ram)) {
		return "no memory";
	}
	return next_of(fdt, memory, "memory") >= 0 ? "more than one piece of memory" : NULL;
}

static const char *read_cpus(const void *fdt, struct boot_info *info)
{
	int length;

	info->cpu_count = 0;
	for (int node = next_of(fdt, -1, "cpu"); node >= 0; node = next_of(fdt, node, "cpu")) {
		const void *reg = fdt_getprop(fdt, node, "reg", &length);

		if (!reg || (length != CELL_BYTES && length != CELLS_64 * CELL_BYTES)) {
			return "a CPU without a number";
		}
		if (info->cpu_count == CPU_MAX) {
			return "more CPUs than the hypervisor has room for";
		}
		info->affinities[info->cpu_count++] =
			(length == CELL_BYTES ? fdt32_ld(reg) : fdt64_ld(reg)) & MPIDR_AFFINITY;
	}
	return info->cpu_count > 0 ? NULL : "no CPU";
}

static bool is_for_host(const void *fdt, int node)
{
	for (size_t i = 0; i < sizeof(host_devices) / sizeof(host_devices[0]); i++) {
		if (fdt_node_check_compatible(fdt, node, host_devices[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Up to @count ranges in @property of @node are the host's; each at cell @at of an entry. */
static bool add_spans(const void *fdt, int node, const char *property, int at, int count,
		      struct boot_info *info)
{
	struct span span;
	int cell = at;

	for (; count > 0 && read_span(fdt, node, property, cell, &span); count--) {
		if (info->device_count == DEVICE_SPANS) {
			return false;
		}
		info->devices[info->device_count++] = span;
		cell += at + SPAN_CELLS;
	}
	return true;
}

static const char *read_devices(const void *fdt, struct boot_info *info)
{
	int gic = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	int smmu = fdt_node_offset_by_compatible(fdt, -1, "arm,smmu-v3");
	int node;

	info->device_count = 0;
	fdt_for_each_subnode(node, fdt, 0)
	{
		if (is_for_host(fdt, node) &&
		    (!add_spans(fdt, node, "reg", 0, node == gic ? 1 : DEVICE_SPANS, info) ||
		     !add_spans(fdt, node, "ranges", PCI_CELLS, DEVICE_SPANS, info))) {
			return "more devices than the hypervisor has room for";
		}
	}
	if (!read_span(fdt, gic, "reg", SPAN_CELLS, &info->redistributor)) {
		return "no GICv3";
	}
	return read_span(fdt, smmu, "reg", 0, &info->smmu) ?
		       NULL :
		       "no SMMUv3, so devices could not be held off memory";
}

bool boot_info_read(const void *fdt, struct boot_info *info)
{
	const char *wrong = "none where the boot loader says it is";

	if (fdt_check_header(fdt) == 0) {
		wrong = read_loaded(fdt, info);
		wrong = wrong ? wrong : read_cpus(fdt, info);
		wrong = wrong ? wrong : read_devices(fdt, info);
	}
	if (wrong) {
		log_line("device tree: %s", wrong);
	}
	return !wrong;
}

/* A tree that is being changed. The first error stays, and nothing is changed after it. */
struct edit {
	void *fdt;
	int status;
};

static void put(struct edit *edit, int node, const char *name, const void *value, size_t bytes)
{
	if (edit->status == 0) {
		edit->status = node < 0 ? node :
					  fdt_setprop(edit->fdt, node, name, value, (int)bytes);
	}
}

/* The node @name below @parent, made if it is not there; negative: an error. */
static int node_below(struct edit *edit, int parent, const char *name)
{
	int node = parent < 0 ? parent : fdt_subnode_offset(edit->fdt, parent, name);

	return node == -FDT_ERR_NOTFOUND && edit->status == 0 ?
		       fdt_add_subnode(edit->fdt, parent, name) :
		       node;
}

/* The kernel's command line goes from its module to /chosen. */
static void move_command_line(struct edit *edit)
{
	char line[2048]; /* the kernel's own limit */
	int length;
	int module = fdt_node_offset_by_compatible(edit->fdt, -1, "multiboot,kernel");
	const char *text = fdt_getprop(edit->fdt, module, "bootargs", &length);

	if (text && length > (int)sizeof(line)) {
		edit->status = -FDT_ERR_NOSPACE;
	} else if (text) {
		memcpy(line, text, (size_t)length);
		put(edit, node_below(edit, 0, "chosen"), "bootargs", line, (size_t)length);
	}
}

/* EL2's random numbers begin with the machine's seed; the host gets one that is made of it. */
static void divide_seed(struct edit *edit)
{
	int length;
	void *seed = fdt_getprop_w(edit->fdt, node_below(edit, 0, "chosen"), "rng-seed", &length);

	if (seed && length > 0) {
		trng_add(seed, (uint64_t)length);
		edit->status = trng_read(seed, (uint64_t)length) ? 0 : -FDT_ERR_INTERNAL;
	}
}

static void tell_initrd(struct edit *edit, struct span initrd)
{
	fdt64_t start = cpu_to_fdt64(initrd.base), end = cpu_to_fdt64(initrd.base + initrd.bytes);
	int chosen = node_below(edit, 0, "chosen");

	if (initrd.bytes > 0) {
		put(edit, chosen, "linux,initrd-start", &start, sizeof(start));
		put(edit, chosen, "linux,initrd-end", &end, sizeof(end));
	}
}

/*
 * Reserved, but not "no-map": as for any other reserved page the host's kernel has an
 * address for it, and an access by that address is what EL2 refuses.
 */
static void reserve(struct edit *edit, struct span hidden)
{
	fdt64_t reg[2] = { cpu_to_fdt64(hidden.base), cpu_to_fdt64(hidden.bytes) };
	fdt32_t width = cpu_to_fdt32(CELLS_64);
	int parent = node_below(edit, 0, "reserved-memory");

	put(edit, parent, "#address-cells", &width, sizeof(width));
	put(edit, parent, "#size-cells", &width, sizeof(width));
	put(edit, parent, "ranges", NULL, 0);
	put(edit, node_below(edit, parent, "hypervisor"), "reg", reg, sizeof(reg));
}

/* @count interrupts of @node, from the @first on, to @to. */
static void copy_interrupts(struct edit *edit, int node, int first, int count, fdt32_t *to)
{
	int length;
	const fdt32_t *irqs = fdt_getprop(edit->fdt, node, "interrupts", &length);

	if (irqs && length >= (first + count) * IRQ_CELLS * CELL_BYTES) {
		memcpy(to, irqs + first * IRQ_CELLS, (size_t)count * IRQ_CELLS * CELL_BYTES);
	} else if (edit->status == 0) {
		edit->status = -FDT_ERR_NOTFOUND;
	}
}

/*
 * The virtual timer is for guests: the host's timer node has only the physical one, by
 * which a kernel then goes. The node /hypervisor has the interrupts that whoever runs
 * guests in the host needs: virtual timer, and maintenance of the GIC.
 */
static void divide_timers(struct edit *edit)
{
	static const char host_names[] = "sec-phys\0phys", names[] = "vtimer\0maintenance";
	static const char compatible[] = "terrarium,hypervisor";
	fdt32_t host[TIMER_HOST * IRQ_CELLS], mine[2 * IRQ_CELLS];
	int timer = fdt_node_offset_by_compatible(edit->fdt, -1, "arm,armv8-timer");
	int gic = fdt_node_offset_by_compatible(edit->fdt, -1, "arm,gic-v3");
	int node;

	copy_interrupts(edit, timer, 0, TIMER_HOST, host);
	copy_interrupts(edit, timer, TIMER_VIRTUAL, 1, mine);
	copy_interrupts(edit, gic, 0, 1, mine + IRQ_CELLS);
	put(edit, timer, "interrupts", host, sizeof(host));
	put(edit, timer, "interrupt-names", host_names, sizeof(host_names));
	node = node_below(edit, 0, "hypervisor");
	put(edit, node, "compatible", compatible, sizeof(compatible));
	put(edit, node, "interrupts", mine, sizeof(mine));
	put(edit, node, "interrupt-names", names, sizeof(names));
}

/* A node below the root that stands for addresses that are neither RAM nor the host's. */
static bool is_hidden(const void *fdt, int node)
{
	return (fdt_getprop(fdt, node, "reg", NULL) || fdt_getprop(fdt, node, "ranges", NULL)) &&
	       fdt_stringlist_search(fdt, node, "device_type", "memory") != 0 &&
	       !is_for_host(fdt, node);
}

/* Make gaps of the nodes below @parent: of all, or those that are hidden. */
static void drop(void *fdt, int parent, bool all)
{
	int node = parent < 0 ? parent : fdt_first_subnode(fdt, parent);

	for (int next; node >= 0; node = next) {
		next = fdt_next_subnode(fdt, node);
		if (all || is_hidden(fdt, node)) {
			(void)fdt_nop_node(fdt, node);
		}
	}
}

/* What is not the host's goes, and what points to it. Nothing moves. */
static void drop_hidden(void *fdt)
{
	int gic = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	int pci = fdt_node_offset_by_compatible(fdt, -1, "pci-host-ecam-generic");

	(void)fdt_nop_property(fdt, pci, "iommu-map");
	(void)fdt_nop_property(fdt, pci, "msi-map");
	drop(fdt, gic, true);                             /* what makes interrupts of messages */
	drop(fdt, fdt_path_offset(fdt, "/chosen"), true); /* modules */
	drop(fdt, 0, false);
}

bool boot_info_hand_over(void *fdt, const struct boot_info *info, struct span hidden)
{
	struct edit edit = { .fdt = fdt, .status = fdt_open_into(fdt, fdt, (int)info->fdt.bytes) };

	if (edit.status == 0) {
		move_command_line(&edit);
		drop_hidden(fdt);
		tell_initrd(&edit, info->initrd);
		reserve(&edit, hidden);
		divide_timers(&edit);
	}
	if (edit.status == 0) {
		divide_seed(&edit);
	}
	if (edit.status != 0) {
		log_line("device tree: cannot be made the host's: %s", fdt_strerror(edit.status));
	}
	return edit.status == 0;
}
