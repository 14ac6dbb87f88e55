// SPDX-License-Identifier: GPL-2.0-or-later
/* List registers: which interrupts go in, in what form, and what becomes of what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/kvm/bench.h"

#define PENDING (1ULL << 62)
#define ACTIVE (1ULL << 63)
#define GROUP1 (1ULL << 60)
#define EOI (1ULL << 41)
#define PRIORITY(p) ((u64)(p) << 48)
#define UIE 2
#define LRENPIE 4
#define NPIE 8
#define TDIR 0x4000

static struct bench bench;
static struct vgic_run run;
static u16 ended[VGIC_ENDED_MAX];

static int setup(void **state)
{
	bench_setup(&bench, 2, 256);
	/* All SPIs on; 32 to 63 level, 64 on edge. */
	for (u32 word = 1; word < 8; word++) {
		guest_write(&bench, 0, 0, GICD_ISENABLER + 4 * word, 4, ~0U);
	}
	guest_write(&bench, 0, 0, GICD_ICFGR + 8, 4, 0);
	guest_write(&bench, 0, 0, GICD_ICFGR + 12, 4, 0);
	return 0;
}

static int teardown(void **state)
{
	bench_check(&bench);
	bench_release(&bench);
	return 0;
}

static void priority(u32 intid, u32 value)
{
	guest_write(&bench, 0, 0, GICD_IPRIORITYR + intid, 1, value);
}

static void wire(u32 intid, bool level)
{
	assert_true(vgic_inject(&bench.vgic, 0, intid, level, false));
}

static unsigned int fold(u64 vmcr)
{
	return vgic_fold(&bench.vgic, 0, &run, ALL_PRIORITIES | vmcr, ended);
}

static void nothing(void **state)
{
	assert_false(vgic_flush(&bench.vgic, 0, &run));
	assert_int_equal(run.hcr, 1);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(run.lrs[i], 0);
	}
	assert_int_equal(fold(0), 0);
}

/* Form and order: by priority, of equal ones the lower number. */
static void forms(void **state)
{
	priority(33, 0x40);
	priority(70, 0x20);
	priority(65, 0x20);
	wire(33, true);
	wire(70, true);
	wire(65, true);
	assert_false(vgic_flush(&bench.vgic, 0, &run));
	assert_int_equal(run.lrs[0], 65 | PRIORITY(0x20) | GROUP1 | PENDING);
	assert_int_equal(run.lrs[1], 70 | PRIORITY(0x20) | GROUP1 | PENDING);
	assert_int_equal(run.lrs[2], 33 | PRIORITY(0x40) | GROUP1 | PENDING | EOI);
	assert_int_equal(run.lrs[3], 0);
	assert_int_equal(run.hcr, 1);
	bench_check(&bench);
	fold(0);
	/* Group 0. */
	guest_write(&bench, 0, 0, GICD_IGROUPR + 8, 4, ~2U);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 65 | PRIORITY(0x20) | PENDING);
	fold(0);
	/* Of a group that is off: not there. */
	guest_write(&bench, 0, 0, GICD_CTLR, 4, 2);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 70 | PRIORITY(0x20) | GROUP1 | PENDING);
	fold(0);
}

/* A level: taken, ended, high still: pending again; low: gone. Its end is told. */
static void levels(void **state)
{
	wire(40, true);
	vgic_flush(&bench.vgic, 0, &run);
	run.lrs[0] ^= PENDING | ACTIVE;
	assert_int_equal(fold(0), 0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISACTIVER + 4, 4), 0x100);
	vgic_flush(&bench.vgic, 0, &run);
	/* Active and still high: not pending too, its end says more. */
	assert_int_equal(run.lrs[0], 40 | GROUP1 | ACTIVE | EOI);
	run.lrs[0] &= ~ACTIVE;
	assert_int_equal(fold(0), 1);
	assert_int_equal(ended[0], 40);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 40 | GROUP1 | PENDING | EOI);
	fold(0);
	wire(40, false);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 0);
	fold(0);
	/* Pending by a write: once. */
	guest_write(&bench, 0, 0, GICD_ISPENDR + 4, 4, 0x100);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 40 | GROUP1 | PENDING | EOI);
	fold(0);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 40 | GROUP1 | PENDING | EOI);
	run.lrs[0] = 40;
	assert_int_equal(fold(0), 1);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 0);
	fold(0);
}

/* An edge that comes while it is handled, is handled again. */
static void edges(void **state)
{
	wire(64, true);
	vgic_flush(&bench.vgic, 0, &run);
	run.lrs[0] ^= PENDING | ACTIVE;
	bench.kicked = 0;
	wire(64, true);
	assert_int_equal(bench.kicked, 1);
	assert_int_equal(fold(0), 0);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 64 | GROUP1 | PENDING | ACTIVE);
	run.lrs[0] &= ~ACTIVE;
	fold(0);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 64 | GROUP1 | PENDING);
	run.lrs[0] &= ~PENDING;
	assert_int_equal(fold(0), 0);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.lrs[0], 0);
	fold(0);
}

/* The virtual timer's interrupt is ended with the physical one. */
static void hardware(void **state)
{
	guest_write(&bench, 0, 2, GICD_ISENABLER, 4, 1U << 27);
	assert_true(vgic_own(&bench.vgic, 0, 27, 27));
	vgic_inject(&bench.vgic, 0, 27, true, true);
	assert_true(vgic_flush(&bench.vgic, 0, &run));
	assert_int_equal(run.lrs[0], 27 | 27ULL << 32 | 1ULL << 61 | GROUP1 | PENDING);
	run.lrs[0] ^= PENDING | ACTIVE;
	fold(0);
	assert_true(vgic_flush(&bench.vgic, 0, &run));
	assert_int_equal(run.lrs[0], 27 | 27ULL << 32 | 1ULL << 61 | GROUP1 | ACTIVE);
	run.lrs[0] &= ~ACTIVE;
	vgic_inject(&bench.vgic, 0, 27, false, true);
	assert_int_equal(fold(0), 0);
	assert_false(vgic_flush(&bench.vgic, 0, &run));
	fold(0);
}

/* What others do to an interrupt while it is in a list register. */
static void changed_meanwhile(void **state)
{
	/* Its edge is cleared. */
	wire(64, true);
	vgic_flush(&bench.vgic, 0, &run);
	bench.kicked = 0;
	guest_write(&bench, 1, 0, GICD_ICPENDR + 8, 4, 1);
	assert_int_equal(bench.kicked, 1);
	fold(0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISPENDR + 8, 4), 0);
	/* Cleared, and set again. */
	wire(64, true);
	vgic_flush(&bench.vgic, 0, &run);
	guest_write(&bench, 1, 0, GICD_ICPENDR + 8, 4, 1);
	guest_write(&bench, 1, 0, GICD_ISPENDR + 8, 4, 1);
	run.lrs[0] = 64;
	fold(0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISPENDR + 8, 4), 1);
	/* Made not active, and active. Who reads waits for the vCPU. */
	vgic_flush(&bench.vgic, 0, &run);
	run.lrs[0] ^= PENDING | ACTIVE;
	bench.awaited = 0;
	guest_write(&bench, 1, 0, GICD_ICACTIVER + 8, 4, 1);
	assert_int_equal(bench.awaited, 1);
	fold(0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISACTIVER + 8, 4), 0);
	wire(64, true);
	vgic_flush(&bench.vgic, 0, &run);
	guest_write(&bench, 1, 0, GICD_ISACTIVER + 8, 4, 1);
	run.lrs[0] = 64;
	fold(0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISACTIVER + 8, 4), 1);
	guest_write(&bench, 1, 0, GICD_ICACTIVER + 8, 4, 1);
	/* Sent elsewhere, off, and lower. */
	wire(64, true);
	vgic_flush(&bench.vgic, 0, &run);
	guest_write(&bench, 1, 0, GICD_IROUTER + 8 * 64, 8, 1);
	bench.kicked = 0;
	fold(0);
	assert_int_equal(bench.kicked, 2);
	assert_true(vgic_pending(&bench.vgic, 1));
	wire(40, true);
	vgic_flush(&bench.vgic, 0, &run);
	bench.kicked = 0;
	wire(40, false);
	assert_int_equal(bench.kicked, 1);
	fold(0);
	assert_false(vgic_pending(&bench.vgic, 0));
}

/* More than there is room for. */
static void crowded(void **state)
{
	for (u32 i = 0; i < 6; i++) {
		priority(80 + i, 8 * (6 - i));
		wire(80 + i, true);
	}
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.hcr, 1 | UIE | NPIE);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(run.lrs[i], (85 - i) | PRIORITY(8 * (i + 1)) | GROUP1 | PENDING);
		run.lrs[i] ^= PENDING | ACTIVE;
	}
	fold(0);
	/* Four are active: the best pending one has a place, and one of them has not. */
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.hcr, 1 | UIE | NPIE | LRENPIE);
	assert_int_equal(run.lrs[2] & 0xffffffff, 83);
	assert_int_equal(run.lrs[3], 81 | PRIORITY(40) | GROUP1 | PENDING);
	/* Three are ended in list registers, and the fourth without one. */
	run.lrs[0] = 85;
	run.lrs[1] = 84;
	run.lrs[2] = 83;
	run.hcr |= 1ULL << 27;
	fold(0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISACTIVER + 8, 4), 0);
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.hcr, 1);
	assert_int_equal(run.lrs[0] & 0xffffffff, 81);
	assert_int_equal(run.lrs[1] & 0xffffffff, 80);
	assert_int_equal(run.lrs[2], 0);
	fold(0);
}

/* EOImode 1: EOIcount is no end; writes to ICC_DIR trap while one has no list register. */
static void crowded_and_split(void **state)
{
	for (u32 i = 0; i < 5; i++) {
		wire(32 + i, true);
		vgic_flush(&bench.vgic, 0, &run);
		for (u32 lr = 0; lr < 4; lr++) {
			run.lrs[lr] &= ~PENDING;
			run.lrs[lr] |= (run.lrs[lr] & 0x3ff) == 32 + i ? ACTIVE : 0;
		}
		fold(VGIC_VMCR_VEOIM);
	}
	vgic_flush(&bench.vgic, 0, &run);
	assert_int_equal(run.hcr, 1 | LRENPIE | TDIR);
	run.hcr |= 3ULL << 27;
	assert_int_equal(fold(VGIC_VMCR_VEOIM), 0);
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISACTIVER + 4, 4), 0x1f);
	assert_true(vgic_deactivate(&bench.vgic, 0, 36));
	assert_false(vgic_deactivate(&bench.vgic, 0, 36));
	assert_false(vgic_deactivate(&bench.vgic, 0, 999));
	assert_int_equal(guest_read(&bench, 0, 0, GICD_ISACTIVER + 4, 4), 0xf);
}

/* EOIcount larger than anything that is active. */
static void wild_count(void **state)
{
	wire(32, true);
	vgic_flush(&bench.vgic, 0, &run);
	run.hcr |= 0x1fULL << 27;
	fold(0);
	bench_check(&bench);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing),    TEST(forms),
		TEST(levels),     TEST(edges),
		TEST(hardware),   TEST(changed_meanwhile),
		TEST(crowded),    TEST(crowded_and_split),
		TEST(wild_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
