/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the boot loader to the host's kernel, on one screen; then each further CPU. */
#include <hyp/boot_info.h>
#include <hyp/bug.h>
#include <hyp/console.h>
#include <hyp/cpu.h>
#include <hyp/gic.h>
#include <hyp/host.h>
#include <hyp/host_s2.h>
#include <hyp/layout.h>
#include <hyp/owner.h>
#include <hyp/pool.h>
#include <hyp/smmu.h>
#include <hyp/stage1.h>

#include <stddef.h>

#include "arch/sysreg.h"
#include "platform/abi/smccc.h"

/* The header of an arm64 Image, in 64-bit words (Linux, Documentation/arch/arm64/booting.rst). */
#define IMAGE_TEXT_OFFSET 1
#define IMAGE_SIZE 2 /* with what is not in the file */
#define IMAGE_MAGIC_WORD 7
#define IMAGE_MAGIC 0x644d5241

#define ENTRY_BYTES 4

void hyp_start(void *fdt);
void hyp_start_secondary(uint64_t cpu);

/* Before there is a host to refuse: say why, and end the machine. */
static void need(bool good, const char *otherwise)
{
	if (!good) {
		log_line("cannot start the host: %s", otherwise);
		smc_simple(PSCI_SYSTEM_OFF, 0, 0, 0);
		hyp_bug("the firmware did not turn the machine off");
	}
}

static void need_mapped(struct span span, enum stage1_kind kind)
{
	need(stage1_map(span.base, span.bytes, kind) == HYP_OK, "no memory for the tables of EL2");
}

static bool overlaps(struct span a, struct span b)
{
	return a.base < b.base + b.bytes && b.base < a.base + a.bytes;
}

static bool is_inside(struct span inner, struct span outer)
{
	return inner.base >= outer.base && inner.bytes <= outer.bytes &&
	       inner.base - outer.base <= outer.bytes - inner.bytes;
}

/* What the hypervisor keeps: HYP_BYTES, and the ownership table behind it. */
static struct span hidden_span(const struct boot_info *info)
{
	uint64_t table = info->ram.bytes / PAGE_BYTES * ENTRY_BYTES;
	uint64_t bytes = HYP_BYTES + table + BLOCK2_BYTES - 1;

	return (struct span){ .base = HYP_BASE, .bytes = bytes & ~(uint64_t)(BLOCK2_BYTES - 1) };
}

/* Where the kernel begins; all that was loaded must be in RAM and apart. */
static uint64_t check_kernel(struct boot_info *info, struct span hidden)
{
	const uint64_t *header = (const uint64_t *)(uintptr_t)info->kernel.base;
	struct span first = { .base = info->kernel.base, .bytes = PAGE_BYTES };

	need_mapped(first, STAGE1_RODATA);
	need((uint32_t)header[IMAGE_MAGIC_WORD] == IMAGE_MAGIC, "the kernel is no arm64 Image");
	need(info->kernel.base % BLOCK2_BYTES == header[IMAGE_TEXT_OFFSET],
	     "the kernel is not loaded at a 2 MiB border");
	if (header[IMAGE_SIZE] > info->kernel.bytes) {
		info->kernel.bytes = header[IMAGE_SIZE];
	}
	stage1_unmap(first.base, first.bytes);

	const struct span loaded[] = { hidden, info->kernel, info->initrd, info->fdt };

	for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++) {
		need(loaded[i].bytes == 0 || is_inside(loaded[i], info->ram),
		     "something was loaded where there is no RAM");
		for (size_t j = 0; j < i; j++) {
			need(!overlaps(loaded[i], loaded[j]),
			     "hypervisor, kernel, initrd and device tree overlap");
		}
	}
	return info->kernel.base;
}

static void give(enum owner_op op, uint64_t base, uint64_t end)
{
	struct owner_request request = { .op = op,
					 .pfn = base >> PAGE_SHIFT,
					 .count = (end - base) >> PAGE_SHIFT };

	need(request.count == 0 || owner_apply(&request) == HYP_OK,
	     "no memory for the host's stage 2");
}

/* Every page gets its first owner, and the host's stage 2 follows. */
static void divide_ram(struct span ram, struct span hidden)
{
	struct span table = { .base = HYP_BASE + HYP_BYTES, .bytes = hidden.bytes - HYP_BYTES };

	need_mapped(table, STAGE1_DATA);
	owner_init((uint32_t *)(uintptr_t)table.base, ram.base >> PAGE_SHIFT,
		   ram.bytes >> PAGE_SHIFT);
	need(host_s2_init(!s2_may_replace()) == HYP_OK, "no memory for the host's stage 2");
	give(OWNER_BOOT_HYP, hidden.base, hidden.base + hidden.bytes);
	give(OWNER_BOOT_HOST, ram.base, hidden.base);
	give(OWNER_BOOT_HOST, hidden.base + hidden.bytes, ram.base + ram.bytes);
	owner_seal();
}

/* The host gets devices; those that go to memory go through the SMMU. */
static void give_devices(const struct boot_info *info)
{
	for (uint32_t i = 0; i < info->device_count; i++) {
		need(host_s2_map_device(info->devices[i].base, info->devices[i].bytes) == HYP_OK,
		     "a device cannot be mapped for it");
	}
	need(gic_init(info->redistributor), "the interrupt controller cannot be divided");
	need_mapped(info->smmu, STAGE1_DEVICE);
	need(smmu_init(info->smmu, host_s2_devices_root()), "devices cannot be held off memory");
}

/* From head.S: the first CPU, with the boot loader's device tree. */
void hyp_start(void *fdt)
{
	struct span tree = { .base = (uintptr_t)fdt, .bytes = BLOCK2_BYTES };
	struct boot_info info;
	struct span hidden;
	uint64_t entry;

	need_mapped(tree, STAGE1_DATA);
	need(boot_info_read(fdt, &info) && info.fdt.bytes <= tree.bytes,
	     "the device tree cannot be used, or is larger than 2 MiB");
	hidden = hidden_span(&info);
	entry = check_kernel(&info, hidden);
	need(boot_info_hand_over(fdt, &info, hidden), "the device tree has no room");
	divide_ram(info.ram, hidden);
	give_devices(&info);
	cpu_init_all(info.affinities, info.cpu_count);
	log_line("%u CPUs, RAM %#lx to %#lx, kept %#lx to %#lx, %lu pages free", info.cpu_count,
		 info.ram.base, info.ram.base + info.ram.bytes, hidden.base,
		 hidden.base + hidden.bytes, pool_free_count());
	cache_flush(fdt, info.fdt.bytes); /* the host reads it with its MMU off */
	stage1_unmap(tree.base, tree.bytes);
	cpu_init_this(0);
	cpu_run_host(entry, info.fdt.base);
}

/* From head.S: a CPU that the host turned on. */
void hyp_start_secondary(uint64_t cpu)
{
	uint64_t entry, argument;

	cpu_init_this((uint32_t)cpu);
	psci_take_entry((uint32_t)cpu, &entry, &argument);
	cpu_run_host(entry, argument);
}
