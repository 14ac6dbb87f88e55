/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device tree: what the hypervisor reads of it and what the host gets. */
#include <hyp/boot_info.h>
#include <hyp/console.h>
#include <hyp/trng.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#define TREE_BYTES 16384u

/* What is wrong with a tree, by the sentence that must be on the console. */
enum defect {
	SOUND,
	NO_KERNEL,
	NO_MEMORY,
	TWO_MEMORIES,
	NO_CPU,
	TOO_MANY_CPUS,
	NARROW_ROOT,
	SHORT_KERNEL,
	NO_TIMER,
	SHORT_TIMER,
	NO_GIC,
	NO_REDISTRIBUTOR,
	NO_SMMU,
	TOO_MANY_DEVICES,
};

static char *tree;
static char last_line[200];

void log_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(last_line, sizeof(last_line), format, list);
	va_end(list);
}

/* Seeds: what is added, and instead of random numbers the same bytes turned round. */
static unsigned char added[32];
static bool no_entropy;

void trng_add(const void *seed, uint64_t bytes)
{
	assert_true(bytes <= sizeof(added));
	memcpy(added, seed, bytes);
}

bool trng_read(void *to, uint64_t bytes)
{
	for (uint64_t i = 0; !no_entropy && i < bytes; i++) {
		((unsigned char *)to)[i] = (unsigned char)~added[i];
	}
	return !no_entropy;
}

static int node(int parent, const char *name, const char *type)
{
	int at = fdt_add_subnode(tree, parent, name);

	assert_true(at > 0);
	if (type) {
		assert_int_equal(fdt_setprop_string(tree, at, "device_type", type), 0);
	}
	return at;
}

static void set_reg(int at, uint64_t base, uint64_t bytes)
{
	fdt64_t reg[2] = { cpu_to_fdt64(base), cpu_to_fdt64(bytes) };

	assert_int_equal(fdt_setprop(tree, at, "reg", reg, sizeof(reg)), 0);
}

static void add_module(const char *name, const char *kind, uint64_t base, uint64_t bytes)
{
	char compatible[64];
	int at = node(fdt_path_offset(tree, "/chosen"), name, NULL);
	int length = snprintf(compatible, sizeof(compatible), "multiboot,module%c%s", 0, kind);

	assert_int_equal(fdt_setprop(tree, at, "compatible", compatible, length + 1), 0);
	set_reg(at, base, bytes);
}

static void add_cpus(uint32_t count)
{
	int cpus = node(0, "cpus", NULL);

	assert_int_equal(fdt_setprop_u32(tree, cpus, "#address-cells", 1), 0);
	assert_int_equal(fdt_setprop_u32(tree, cpus, "#size-cells", 0), 0);
	for (uint32_t cpu = count; cpu-- > 0;) {
		char name[16];

		snprintf(name, sizeof(name), "cpu@%x", cpu);
		assert_int_equal(fdt_setprop_u32(tree,
						 node(fdt_path_offset(tree, "/cpus"), name, "cpu"),
						 "reg", cpu),
				 0);
	}
}

/* @count interrupts of three cells, private ones from @first on. */
static void set_interrupts(int at, uint32_t first, int count)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(fdt_appendprop_u32(tree, at, "interrupts", 1), 0);
		assert_int_equal(fdt_appendprop_u32(tree, at, "interrupts", first + (uint32_t)i),
				 0);
		assert_int_equal(fdt_appendprop_u32(tree, at, "interrupts", 4), 0);
	}
}

static int device(const char *name, const char *compatible, uint64_t base, uint64_t bytes)
{
	int at = node(0, name, NULL);

	assert_int_equal(fdt_setprop_string(tree, at, "compatible", compatible), 0);
	if (bytes > 0) {
		set_reg(at, base, bytes);
	}
	return at;
}

static void add_gic(enum defect defect)
{
	int at = device("intc", "arm,gic-v3", 0x8000000, 0x10000);

	set_interrupts(at, 9, 1);
	if (defect != NO_REDISTRIBUTOR) {
		assert_int_equal(fdt_appendprop_u64(tree, at, "reg", 0x80a0000), 0);
		assert_int_equal(fdt_appendprop_u64(tree, at, "reg", 0xf60000), 0);
	}
	assert_int_equal(fdt_setprop_empty(tree, at, "ranges"), 0);
	set_reg(node(at, "its", NULL), 0x8080000, 0x20000);
	set_reg(node(fdt_path_offset(tree, "/intc"), "v2m", NULL), 0x8020000, 0x1000);
}

/* Two windows: three cells of the bus's address, two of the CPUs', two of the size. */
static void add_pci(void)
{
	static const uint32_t ranges[] = { 0x1000000, 0,    0, 0,    0x3eff0000, 0,    0x10000,
					   0x3000000, 0x80, 0, 0x80, 0,          0x80, 0 };
	int at = device("pcie", "pci-host-ecam-generic", 0x4010000000, 0x10000000);

	assert_int_equal(fdt_setprop_string(tree, at, "device_type", "pci"), 0);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		assert_int_equal(fdt_appendprop_u32(tree, at, "ranges", ranges[i]), 0);
	}
	assert_int_equal(fdt_setprop_u32(tree, at, "iommu-map", 7), 0);
	assert_int_equal(fdt_setprop_u32(tree, at, "msi-map", 7), 0);
}

static void add_devices(enum defect defect)
{
	int at;

	if (defect != NO_TIMER) {
		at = device("timer", "arm,armv8-timer", 0, 0);
		set_interrupts(at, 13, defect == SHORT_TIMER ? 2 : 5);
	}
	if (defect != NO_GIC) {
		add_gic(defect);
	}
	if (defect != NO_SMMU) {
		device("smmuv3", "arm,smmu-v3", 0x9050000, 0x20000);
	}
	for (uint32_t i = 0; i < (defect == TOO_MANY_DEVICES ? DEVICE_SPANS + 1 : 1); i++) {
		char name[16];

		snprintf(name, sizeof(name), "uart%u", i);
		device(name, "arm,pl011", 0x9000000 + i * 0x1000, 0x1000);
	}
	add_pci();
	device("fw-cfg", "qemu,fw-cfg-mmio", 0x9020000, 24);
	device("virtio_mmio", "virtio,mmio", 0xa000000, 0x200);
	at = device("platform-bus", "qemu,platform", 0, 0);
	assert_int_equal(fdt_setprop_u64(tree, at, "ranges", 0xc000000), 0);
	device("clock", "fixed-clock", 0, 0);
}

static void make_tree(enum defect defect)
{
	uint32_t width = defect == NARROW_ROOT ? 1 : 2;
	int at;

	memset(tree, 0, TREE_BYTES);
	assert_int_equal(fdt_create_empty_tree(tree, TREE_BYTES), 0);
	assert_int_equal(fdt_setprop_u32(tree, 0, "#address-cells", width), 0);
	assert_int_equal(fdt_setprop_u32(tree, 0, "#size-cells", width), 0);
	at = node(0, "chosen", NULL);
	assert_int_equal(fdt_setprop_string(tree, at, "stdout-path", "/uart"), 0);
	if (defect != NO_KERNEL) {
		add_module("module@50000000", "multiboot,kernel", 0x50000000,
			   defect == SHORT_KERNEL ? 0 : 0x2000000);
		at = fdt_path_offset(tree, "/chosen/module@50000000");
		assert_int_equal(fdt_setprop_string(tree, at, "bootargs", "console=x quiet"), 0);
	}
	add_module("module@54000000", "multiboot,ramdisk", 0x54000000, 0x123);
	if (defect != NO_MEMORY) {
		set_reg(node(0, "memory@40000000", "memory"), 0x40000000, 0x40000000);
	}
	if (defect == TWO_MEMORIES) {
		set_reg(node(0, "memory@80000000", "memory"), 0x80000000, 0x40000000);
	}
	if (defect != NO_CPU) {
		add_cpus(defect == TOO_MANY_CPUS ? CPU_MAX + 1 : 3);
	}
	add_devices(defect);
}

static int begin(void **state)
{
	(void)state;
	tree = aligned_alloc(8, TREE_BYTES);
	last_line[0] = '\0';
	return tree ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(tree);
	return 0;
}

static void reads_what_is_there(void **state)
{
	struct boot_info info;

	(void)state;
	make_tree(SOUND);
	assert_true(boot_info_read(tree, &info));
	assert_int_equal(info.ram.base, 0x40000000);
	assert_int_equal(info.ram.bytes, 0x40000000);
	assert_int_equal(info.kernel.base, 0x50000000);
	assert_int_equal(info.kernel.bytes, 0x2000000);
	assert_int_equal(info.initrd.base, 0x54000000);
	assert_int_equal(info.initrd.bytes, 0x123);
	assert_int_equal(info.fdt.base, (uintptr_t)tree);
	assert_int_equal(info.fdt.bytes, TREE_BYTES);
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(info.affinities[0] + info.affinities[1] + info.affinities[2], 3);
}

static void refuses_what_cannot_be_used(void **state)
{
	static const struct {
		enum defect defect;
		const char *says;
	} cases[] = {
		{ NO_KERNEL, "no kernel" },
		{ SHORT_KERNEL, "no kernel" },
		{ NO_MEMORY, "no memory" },
		{ TWO_MEMORIES, "more than one piece" },
		{ NO_CPU, "no CPU" },
		{ TOO_MANY_CPUS, "more CPUs than" },
		{ NARROW_ROOT, "not of two cells" },
		{ NO_GIC, "no GICv3" },
		{ NO_REDISTRIBUTOR, "no GICv3" },
		{ NO_SMMU, "no SMMUv3" },
		{ TOO_MANY_DEVICES, "more devices than" },
	};
	struct boot_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_tree(cases[i].defect);
		last_line[0] = '\0';
		assert_false(boot_info_read(tree, &info));
		if (!strstr(last_line, cases[i].says)) {
			fail_msg("\"%s\" should be said, not \"%s\"", cases[i].says, last_line);
		}
	}
	memset(tree, 0, TREE_BYTES);
	assert_false(boot_info_read(tree, &info));
}

static uint64_t number(const char *path, const char *name, int index)
{
	int length;
	const fdt64_t *value = fdt_getprop(tree, fdt_path_offset(tree, path), name, &length);

	assert_non_null(value);
	assert_true(length >= (index + 1) * 8);
	return fdt64_ld(value + index);
}

static void the_host_gets_its_own(void **state)
{
	struct span hidden = { .base = 0x40200000, .bytes = 0x600000 };
	struct boot_info info;
	int length;

	(void)state;
	make_tree(SOUND);
	assert_true(boot_info_read(tree, &info));
	assert_true(boot_info_hand_over(tree, &info, hidden));
	assert_string_equal(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs",
					&length),
			    "console=x quiet");
	assert_int_equal(number("/chosen", "linux,initrd-start", 0), 0x54000000);
	assert_int_equal(number("/chosen", "linux,initrd-end", 0), 0x54000123);
	assert_true(fdt_path_offset(tree, "/chosen/module@50000000") < 0);
	assert_true(fdt_path_offset(tree, "/chosen/module@54000000") < 0);
	assert_int_equal(number("/reserved-memory/hypervisor", "reg", 0), 0x40200000);
	assert_int_equal(number("/reserved-memory/hypervisor", "reg", 1), 0x600000);
	assert_non_null(
		fdt_getprop(tree, fdt_path_offset(tree, "/reserved-memory"), "ranges", &length));
	assert_non_null(
		fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "stdout-path", &length));
	assert_int_equal(number("/memory@40000000", "reg", 1), 0x40000000);
	assert_int_equal(fdt_check_full(tree, TREE_BYTES), 0);
}

static uint32_t irq_cell(const char *path, int index, int *length)
{
	const fdt32_t *value = fdt_getprop(tree, fdt_path_offset(tree, path), "interrupts", length);

	assert_non_null(value);
	assert_true(*length >= (index + 1) * 4);
	return fdt32_ld(value + index);
}

/* What boot_info says and what the host's tree has: these devices, and no others. */
static void the_host_gets_these_devices(void **state)
{
	static const struct span wanted[] = {
		{ 0x8000000, 0x10000 },         { 0x9000000, 0x1000 },
		{ 0x4010000000, 0x10000000 },   { 0x3eff0000, 0x10000 },
		{ 0x8000000000, 0x8000000000 },
	};
	static const char *const gone[] = { "/smmuv3",   "/fw-cfg",   "/virtio_mmio",
					    "/intc/its", "/intc/v2m", "/platform-bus" };
	static const char *const kept[] = { "/intc", "/uart0", "/pcie",  "/clock",
					    "/cpus", "/timer", "/chosen" };
	struct span hidden = { .base = 0x40200000, .bytes = 0x600000 };
	struct boot_info info;
	int pci;

	(void)state;
	make_tree(SOUND);
	assert_true(boot_info_read(tree, &info));
	assert_int_equal(info.smmu.base, 0x9050000);
	assert_int_equal(info.smmu.bytes, 0x20000);
	assert_int_equal(info.redistributor.base, 0x80a0000);
	assert_int_equal(info.redistributor.bytes, 0xf60000);
	assert_int_equal(info.device_count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		bool found = false;

		for (uint32_t j = 0; j < info.device_count; j++) {
			found = found || (info.devices[j].base == wanted[i].base &&
					  info.devices[j].bytes == wanted[i].bytes);
		}
		assert_true(found);
	}
	assert_true(boot_info_hand_over(tree, &info, hidden));
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		assert_int_equal(fdt_path_offset(tree, gone[i]), -FDT_ERR_NOTFOUND);
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		assert_true(fdt_path_offset(tree, kept[i]) > 0);
	}
	pci = fdt_path_offset(tree, "/pcie");
	assert_null(fdt_getprop(tree, pci, "iommu-map", NULL));
	assert_null(fdt_getprop(tree, pci, "msi-map", NULL));
	assert_non_null(fdt_getprop(tree, pci, "ranges", NULL));
	assert_int_equal(fdt_check_full(tree, TREE_BYTES), 0);
}

/* The host has the physical timer; the virtual one and maintenance are in /hypervisor. */
static void the_timers_are_divided(void **state)
{
	struct span hidden = { .base = 0x40200000, .bytes = 0x600000 };
	struct boot_info info;
	const char *names;
	int length, at;

	(void)state;
	make_tree(SOUND);
	assert_true(boot_info_read(tree, &info));
	assert_true(boot_info_hand_over(tree, &info, hidden));
	assert_int_equal(irq_cell("/timer", 1, &length), 13);
	assert_int_equal(irq_cell("/timer", 4, &length), 14);
	assert_int_equal(length, 2 * 3 * 4);
	names = fdt_getprop(tree, fdt_path_offset(tree, "/timer"), "interrupt-names", &length);
	assert_int_equal(length, sizeof("sec-phys\0phys"));
	assert_memory_equal(names, "sec-phys\0phys", (size_t)length);

	at = fdt_path_offset(tree, "/hypervisor");
	assert_int_equal(fdt_node_check_compatible(tree, at, "terrarium,hypervisor"), 0);
	assert_int_equal(irq_cell("/hypervisor", 1, &length), 15);
	assert_int_equal(irq_cell("/hypervisor", 4, &length), 9);
	assert_int_equal(length, 2 * 3 * 4);
	assert_int_equal(fdt_stringlist_search(tree, at, "interrupt-names", "vtimer"), 0);
	assert_int_equal(fdt_stringlist_search(tree, at, "interrupt-names", "maintenance"), 1);
}

static void a_tree_without_interrupts(void **state)
{
	static const enum defect cases[] = { NO_TIMER, SHORT_TIMER };
	struct span hidden = { .base = 0x40200000, .bytes = 0x600000 };
	struct boot_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_tree(cases[i]);
		assert_true(boot_info_read(tree, &info));
		assert_false(boot_info_hand_over(tree, &info, hidden));
		assert_non_null(strstr(last_line, "FDT_ERR_NOTFOUND"));
	}
}

/* The hypervisor keeps the machine's seed, and the host gets another one. */
static void the_seed_is_divided(void **state)
{
	static const unsigned char machine[32] = "the machine's seed";
	struct span hidden = { .base = 0x40200000, .bytes = 0x600000 };
	struct boot_info info;
	const unsigned char *host;
	int length;

	(void)state;
	for (int round = 0; round < 2; round++) {
		no_entropy = round == 1;
		memset(added, 0, sizeof(added));
		make_tree(SOUND);
		assert_int_equal(fdt_setprop(tree, fdt_path_offset(tree, "/chosen"), "rng-seed",
					     machine, sizeof(machine)),
				 0);
		assert_true(boot_info_read(tree, &info));
		assert_int_equal(boot_info_hand_over(tree, &info, hidden), !no_entropy);
		assert_memory_equal(added, machine, sizeof(machine));
		host = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "rng-seed", &length);
		assert_int_equal(length, sizeof(machine));
		for (int i = 0; !no_entropy && i < length; i++) {
			assert_int_equal(host[i], (unsigned char)~machine[i]);
		}
	}
	no_entropy = false;
}

static void a_tree_without_room(void **state)
{
	struct span hidden = { .base = 0x40200000, .bytes = 0x600000 };
	struct boot_info info;

	(void)state;
	make_tree(SOUND);
	assert_int_equal(fdt_pack(tree), 0);
	assert_true(boot_info_read(tree, &info));
	assert_false(boot_info_hand_over(tree, &info, hidden));
	assert_non_null(strstr(last_line, "cannot be made the host's"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_what_is_there, begin, end),
		cmocka_unit_test_setup_teardown(refuses_what_cannot_be_used, begin, end),
		cmocka_unit_test_setup_teardown(the_host_gets_its_own, begin, end),
		cmocka_unit_test_setup_teardown(the_host_gets_these_devices, begin, end),
		cmocka_unit_test_setup_teardown(the_timers_are_divided, begin, end),
		cmocka_unit_test_setup_teardown(a_tree_without_interrupts, begin, end),
		cmocka_unit_test_setup_teardown(the_seed_is_divided, begin, end),
		cmocka_unit_test_setup_teardown(a_tree_without_room, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
