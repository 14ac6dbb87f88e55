// SPDX-License-Identifier: GPL-2.0-or-later
/* SGIs and their targets, where the frames are, and the CPU interface as user space sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include <linux/slab.h>

#include "tests/kvm/bench.h"

#define LIMIT (1ULL << 40)
#define REG(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static struct bench bench;

/* vCPUs on which SGI @intid is pending; it is cleared. */
static unsigned int pending_on(u32 intid)
{
	unsigned int cpus = 0;

	for (unsigned int i = 0; i < bench.vgic.cpu_count; i++) {
		cpus |= (guest_read(&bench, i, 2, GICD_ISPENDR, 4) >> intid & 1) << i;
		guest_write(&bench, i, 2, GICD_ICPENDR, 4, 1U << intid);
	}
	return cpus;
}

static void sgi_targets(void **state)
{
	static const struct {
		unsigned int sender;
		u64 value;
		u32 intid;
		unsigned int targets;
	} rows[] = {
		{ 0, 0x1, 0, 0x1 },
		{ 0, 0xff, 0, 0xff },
		{ 3, 0x5000055, 5, 0x55 },
		{ 0, 0xf00ff02, 15, 0x2 },
		/* All but the sender; the list does not count then. */
		{ 2, 0x10001000001, 1, 0xfb },
		{ 7, 0x10001000000, 1, 0x7f },
		/* Nobody: other clusters, other ranges. */
		{ 0, 0x10001, 0, 0 },
		{ 0, 0x100000001, 0, 0 },
		{ 0, 0x1000000000001, 0, 0 },
		{ 0, 0x100000000001, 0, 0 },
		{ 0, 0xff00, 0, 0 },
		{ 0, ~0ULL & ~(1ULL << 40), 15, 0 },
		{ 1, ~0ULL, 15, 0xfd },
	};

	bench_setup(&bench, 8, 64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench.kicked = 0;
		vgic_sgi(&bench.vgic, rows[i].sender, rows[i].value, true);
		assert_int_equal(bench.kicked, rows[i].targets);
		assert_int_equal(pending_on(rows[i].intid), rows[i].targets);
	}
	/* ICC_SGI0R and ICC_ASGI1R reach group 0 only; ICC_SGI1R both. */
	guest_write(&bench, 2, 2, GICD_IGROUPR, 4, ~1U);
	vgic_sgi(&bench.vgic, 0, 0x6, false);
	assert_int_equal(pending_on(0), 0x4);
	vgic_sgi(&bench.vgic, 0, 0x6, true);
	assert_int_equal(pending_on(0), 0x6);
	bench_check(&bench);
	bench_release(&bench);
}

static void placing(void **state)
{
	struct vgic vgic = { .region_count = 0 };

	vgic_setup(&vgic);
	assert_int_equal(vgic_check_places(&vgic), -ENXIO);
	assert_int_equal(vgic_place_dist(&vgic, 0x1000, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_dist(&vgic, ~0ULL << 16, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_dist(&vgic, LIMIT, LIMIT), -E2BIG);
	assert_int_equal(vgic_place_dist(&vgic, DIST_BASE, LIMIT), 0);
	assert_int_equal(vgic_place_dist(&vgic, DIST_BASE, LIMIT), -EEXIST);
	assert_int_equal(vgic_check_places(&vgic), -ENXIO);
	assert_int_equal(vgic_place_redists(&vgic, DIST_BASE, 0, 0, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE + 1, 0, 0, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_redists(&vgic, LIMIT - 0x10000, 0, 0, LIMIT), -E2BIG);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE, 2, 1, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE, 2, 0, LIMIT), 0);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE + 0x20000, 2, 1, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE + 0x40000, 1, 2, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE, 0, 0, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE + 0x40000, 1, 1, LIMIT), 0);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE + 0x80000, 4, 2, LIMIT), 0);
	vgic.cpu_count = 8;
	assert_int_equal(vgic_check_places(&vgic), -ENXIO);
	vgic.cpu_count = 7;
	assert_int_equal(vgic_check_places(&vgic), 0);
	/* One region for all, then the distributor in it. */
	vgic = (struct vgic){ .cpu_count = 4 };
	vgic_setup(&vgic);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE, 0, 0, LIMIT), 0);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE, 0, 0, LIMIT), -EEXIST);
	assert_int_equal(vgic_place_redists(&vgic, REDIST_BASE << 1, 1, 1, LIMIT), -EINVAL);
	assert_int_equal(vgic_place_dist(&vgic, REDIST_BASE + 0x70000, LIMIT), 0);
	assert_int_equal(vgic_check_places(&vgic), -EINVAL);
}

/* vCPUs 0, 2 and 5: the redistributors follow each other, and the last says so. */
static void gaps(void **state)
{
	static const unsigned int ids[] = { 0, 2, 5 };
	struct vgic_access access;
	bool dist;

	vgic_setup(&bench.vgic);
	bench.vgic.region_count = 0;
	bench.vgic.initialized = false;
	bench.vgic.irq_count = 0;
	for (unsigned int i = 0; i < 8; i++) {
		bench.vgic.cpus[i] = NULL;
	}
	for (unsigned int i = 0; i < 3; i++) {
		vgic_cpu_setup(&bench.vgic, &bench.cpus[ids[i]], ids[i]);
	}
	vgic_place_dist(&bench.vgic, DIST_BASE, LIMIT);
	vgic_place_redists(&bench.vgic, REDIST_BASE, 2, 0, LIMIT);
	vgic_place_redists(&bench.vgic, REDIST_BASE + 0x100000, 2, 1, LIMIT);
	shim_no_memory = true;
	assert_int_equal(vgic_init(&bench.vgic, 3), -ENOMEM);
	shim_no_memory = false;
	assert_int_equal(vgic_init(&bench.vgic, 3), 0);
	assert_int_equal(vgic_init(&bench.vgic, 3), -EBUSY);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_TYPER, 4) & 0x1f, 7);
	assert_int_equal(guest_read(&bench, 0, 1, GICR_TYPER, 8), 0);
	assert_int_equal(guest_read(&bench, 2, 1, GICR_TYPER, 8), 0x200000110);
	assert_int_equal(guest_read(&bench, 5, 1, GICR_TYPER, 8), 0x500000210);
	assert_true(vgic_find(&bench.vgic, DIST_BASE + 0xffff, 5, &access, &dist));
	assert_true(dist && access.cpu == 5 && access.offset == 0xffff);
	assert_true(vgic_find(&bench.vgic, REDIST_BASE + 0x3fffc, 0, &access, &dist));
	assert_true(!dist && access.cpu == 2 && access.offset == 0x1fffc);
	assert_true(vgic_find(&bench.vgic, REDIST_BASE + 0x100000, 0, &access, &dist));
	assert_true(!dist && access.cpu == 5 && access.offset == 0);
	assert_false(vgic_find(&bench.vgic, REDIST_BASE + 0x120000, 0, &access, &dist));
	assert_false(vgic_find(&bench.vgic, REDIST_BASE + 0x140000, 0, &access, &dist));
	assert_false(vgic_find(&bench.vgic, DIST_BASE - 1, 0, &access, &dist));
	assert_false(vgic_find(&bench.vgic, ~0ULL, 0, &access, &dist));
	vgic_release(&bench.vgic);
}

/* 5 priority bits, 24 bits of INTID, as ICC_CTLR says. */
#define HOST_CTLR 0x8c00ULL

static void cpu_interface(void **state)
{
	static const struct {
		u32 instr;
		u64 value, vmcr; /* of an ICH_VMCR that was 0 */
	} rows[] = {
		{ REG(3, 0, 4, 6, 0), 0xf8, 0xf8000000 },
		{ REG(3, 0, 12, 8, 3), 5, 5 << 21 },
		{ REG(3, 0, 12, 12, 3), 5, 5 << 18 },
		{ REG(3, 0, 12, 12, 4), HOST_CTLR | 3, 0x210 },
		{ REG(3, 0, 12, 12, 6), 1, 1 },
		{ REG(3, 0, 12, 12, 7), 1, 2 },
	};
	u64 ich = 0;
	u32 reg;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u64 vmcr = 0;

		assert_int_equal(vgic_cpuif_find(rows[i].instr, HOST_CTLR, &reg), VGIC_CPUIF_VMCR);
		assert_int_equal(reg, REG(3, 4, 12, 11, 7));
		assert_int_equal(vgic_cpuif_write(rows[i].instr, HOST_CTLR, rows[i].value, &vmcr),
				 0);
		assert_int_equal(vmcr, rows[i].vmcr);
		assert_int_equal(vgic_cpuif_read(rows[i].instr, HOST_CTLR, vmcr), rows[i].value);
		vmcr = ~0ULL;
		assert_int_equal(vgic_cpuif_write(rows[i].instr, HOST_CTLR,
						  rows[i].value & HOST_CTLR, &vmcr),
				 0);
		if (rows[i].instr != REG(3, 0, 12, 12, 3)) {
			assert_int_equal(vgic_cpuif_read(rows[i].instr, HOST_CTLR, vmcr),
					 rows[i].value & HOST_CTLR);
		}
	}
	/* With CBPR, BPR1 is BPR0 + 1, at most 7, and takes no writes. */
	assert_int_equal(vgic_cpuif_read(REG(3, 0, 12, 12, 3), HOST_CTLR, 0x10 | 3 << 21), 4);
	assert_int_equal(vgic_cpuif_read(REG(3, 0, 12, 12, 3), HOST_CTLR, 0x10 | 7 << 21), 7);
	ich = 0x10;
	assert_int_equal(vgic_cpuif_write(REG(3, 0, 12, 12, 3), HOST_CTLR, 5, &ich), 0);
	assert_int_equal(ich, 0x10);
	/* What this CPU is, cannot be changed. */
	assert_int_equal(vgic_cpuif_write(REG(3, 0, 12, 12, 4), HOST_CTLR, 0x8d00, &ich), -EINVAL);
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 12, 5), HOST_CTLR, &reg),
			 VGIC_CPUIF_CONSTANT);
	assert_int_equal(vgic_cpuif_read(REG(3, 0, 12, 12, 5), HOST_CTLR, 0), 7);
	assert_int_equal(vgic_cpuif_write(REG(3, 0, 12, 12, 5), HOST_CTLR, 7, &ich), 0);
	assert_int_equal(vgic_cpuif_write(REG(3, 0, 12, 12, 5), HOST_CTLR, 6, &ich), -EINVAL);
	/* Active priorities: one register for 5 bits, two for 6, four for 7. */
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 8, 4), HOST_CTLR, &reg), VGIC_CPUIF_AP);
	assert_int_equal(reg, REG(3, 4, 12, 8, 0));
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 9, 0), HOST_CTLR, &reg), VGIC_CPUIF_AP);
	assert_int_equal(reg, REG(3, 4, 12, 9, 0));
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 9, 1), HOST_CTLR, &reg), VGIC_CPUIF_ABSENT);
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 9, 1), 0x500, &reg), VGIC_CPUIF_AP);
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 9, 2), 0x500, &reg), VGIC_CPUIF_ABSENT);
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 8, 7), 0x600, &reg), VGIC_CPUIF_AP);
	assert_int_equal(vgic_cpuif_write(REG(3, 0, 12, 9, 0), HOST_CTLR, 0x180000080ULL, &ich), 0);
	assert_int_equal(ich, 0x80000080);
	assert_int_equal(vgic_cpuif_read(REG(3, 0, 12, 9, 0), HOST_CTLR, ich), 0x80000080);
	assert_int_equal(vgic_cpuif_find(REG(3, 0, 12, 11, 5), HOST_CTLR, &reg), VGIC_CPUIF_NONE);
	assert_int_equal(vgic_cpuif_find(0xffff, HOST_CTLR, &reg), VGIC_CPUIF_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sgi_targets),
		cmocka_unit_test(placing),
		cmocka_unit_test(gaps),
		cmocka_unit_test(cpu_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
