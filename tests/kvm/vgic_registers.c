// SPDX-License-Identifier: GPL-2.0-or-later
/* The vGIC's registers in memory, one by one: what they are after reset, what sticks, who may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/kvm/bench.h"

#define DIST 0
#define RD 1
#define SGI 2

static struct bench bench;

static int setup(void **state)
{
	bench_setup(&bench, 3, 128);
	return 0;
}

static int teardown(void **state)
{
	bench_check(&bench);
	bench_release(&bench);
	return 0;
}

/* Constants and plain registers: value after reset, and after all ones were written. */
static const struct {
	int frame;
	u32 offset, bytes;
	u64 reset, written;
} plain[] = {
	/* CTLR: both groups as the bench enabled them, ARE and DS always. */
	{ DIST, 0x0, 4, 0x53, 0x53 },
	/* TYPER: 128 interrupts, 10 bits of INTID. */
	{ DIST, 0x4, 4, 0x00480003, 0x00480003 },
	{ DIST, 0x8, 4, 0x4b00343b, 0x4b00343b },
	{ DIST, 0xc, 4, 0, 0 },
	{ DIST, 0x10, 4, 0, 0 },
	/* Private interrupts are not the distributor's. */
	{ DIST, 0x80, 4, 0, 0 },
	{ DIST, 0x100, 4, 0, 0 },
	{ DIST, 0x200, 4, 0, 0 },
	{ DIST, 0x400, 4, 0, 0 },
	{ DIST, 0xc00, 4, 0, 0 },
	{ DIST, 0x6000, 8, 0, 0 },
	{ DIST, 0x84, 4, 0xffffffff, 0xffffffff },
	{ DIST, 0x104, 4, 0, 0xffffffff },
	{ DIST, 0x420, 4, 0, 0xf8f8f8f8 },
	{ DIST, 0x420, 1, 0, 0xf8 },
	{ DIST, 0x423, 1, 0, 0xf8 },
	{ DIST, 0x820, 4, 0, 0 },
	{ DIST, 0xc08, 4, 0xaaaaaaaa, 0xaaaaaaaa },
	{ DIST, 0xc1c, 4, 0xaaaaaaaa, 0xaaaaaaaa },
	{ DIST, 0xc20, 4, 0, 0 },
	{ DIST, 0xd04, 4, 0, 0 },
	{ DIST, 0x6100, 8, 0, 0xffffff },
	{ DIST, 0x6100, 4, 0, 0xffffff },
	{ DIST, 0x6104, 4, 0, 0 },
	/* The last one that there is, and the first that is not. */
	{ DIST, 0x10c, 4, 0, 0xffffffff },
	{ DIST, 0x110, 4, 0, 0 },
	{ DIST, 0x47c, 4, 0, 0xf8f8f8f8 },
	{ DIST, 0x480, 4, 0, 0 },
	{ DIST, 0x63f8, 8, 0, 0xffffff },
	{ DIST, 0x6400, 8, 0, 0 },
	{ DIST, 0x7ff8, 8, 0, 0 },
	{ DIST, 0x5000, 4, 0, 0 },
	{ DIST, 0xffe8, 4, 0x3b, 0x3b },
	{ DIST, 0xffd0, 4, 0, 0 },
	{ RD, 0x0, 4, 0, 0 },
	{ RD, 0x4, 4, 0x4b00343b, 0x4b00343b },
	/* TYPER of vCPU 1 of 3. */
	{ RD, 0x8, 8, 0x100000100, 0x100000100 },
	{ RD, 0x8, 4, 0x100, 0x100 },
	{ RD, 0xc, 4, 1, 1 },
	{ RD, 0x10, 4, 0, 0 },
	{ RD, 0x14, 4, 0, 0 },
	{ RD, 0x70, 8, 0, 0 },
	{ RD, 0x78, 8, 0, 0 },
	{ RD, 0x1000, 4, 0, 0 },
	{ RD, 0xffe8, 4, 0x3b, 0x3b },
	{ SGI, 0x80, 4, 0xffffffff, 0xffffffff },
	{ SGI, 0x84, 4, 0, 0 },
	{ SGI, 0x100, 4, 0xffff, 0xffffffff },
	{ SGI, 0x104, 4, 0, 0 },
	{ SGI, 0x400, 4, 0, 0xf8f8f8f8 },
	{ SGI, 0x41c, 4, 0, 0xf8f8f8f8 },
	{ SGI, 0x420, 4, 0, 0 },
	{ SGI, 0xc00, 4, 0xaaaaaaaa, 0xaaaaaaaa },
	{ SGI, 0xc04, 4, 0, 0 },
	{ SGI, 0x6000, 8, 0, 0 },
	{ SGI, 0x6008, 4, 0, 0 },
};

static void plain_registers(void **state)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		setup(NULL);
		assert_int_equal(guest_read(&bench, 1, plain[i].frame, plain[i].offset,
					    plain[i].bytes),
				 plain[i].reset);
		guest_write(&bench, 1, plain[i].frame, plain[i].offset, plain[i].bytes, ~0ULL);
		assert_int_equal(guest_read(&bench, 1, plain[i].frame, plain[i].offset,
					    plain[i].bytes),
				 plain[i].written);
		teardown(NULL);
	}
}

/* Sizes and places that a register does not take. */
static void wrong_sizes(void **state)
{
	static const struct {
		int frame;
		u32 offset, bytes;
	} rows[] = {
		{ DIST, 0x4, 1 },    { DIST, 0x4, 2 },    { DIST, 0x4, 8 },    { DIST, 0x6, 4 },
		{ DIST, 0x104, 1 },  { DIST, 0x104, 2 },  { DIST, 0x104, 8 },  { DIST, 0x106, 4 },
		{ DIST, 0x420, 2 },  { DIST, 0x420, 8 },  { DIST, 0x422, 4 },  { DIST, 0x6104, 8 },
		{ DIST, 0x6102, 4 }, { DIST, 0x6100, 1 }, { DIST, 0xffe8, 1 }, { RD, 0x8, 1 },
		{ RD, 0xc, 8 },      { RD, 0x4, 8 },      { RD, 0x14, 1 },     { SGI, 0x100, 1 },
		{ SGI, 0x402, 2 },   { DIST, 0xfffc, 8 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		guest_write(&bench, 1, rows[i].frame, rows[i].offset, rows[i].bytes, ~0ULL);
		assert_int_equal(
			guest_read(&bench, 1, rows[i].frame, rows[i].offset, rows[i].bytes), 0);
	}
	assert_int_equal(guest_read(&bench, 0, DIST, 0x104, 4), 0);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x420, 4), 0);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x6100, 8), 0);
}

/* Set and clear registers change what has a one, and read alike. */
static void set_and_clear(void **state)
{
	static const u32 pairs[][2] = { { 0x100, 0x180 }, { 0x200, 0x280 }, { 0x300, 0x380 } };

	for (size_t i = 0; i < 3; i++) {
		u32 set = pairs[i][0] + 8, clear = pairs[i][1] + 8;

		guest_write(&bench, 0, DIST, set, 4, 0xf0f0f0f0);
		guest_write(&bench, 0, DIST, set, 4, 0x0000000f);
		assert_int_equal(guest_read(&bench, 0, DIST, set, 4), 0xf0f0f0ff);
		assert_int_equal(guest_read(&bench, 0, DIST, clear, 4), 0xf0f0f0ff);
		guest_write(&bench, 0, DIST, clear, 4, 0xf00000f0);
		assert_int_equal(guest_read(&bench, 0, DIST, set, 4), 0x00f0f00f);
		guest_write(&bench, 0, DIST, clear, 4, 0xffffffff);
		assert_int_equal(guest_read(&bench, 0, DIST, clear, 4), 0);
	}
	/* A level is pending while its wire is high, whatever is cleared. */
	guest_write(&bench, 0, DIST, 0xc10, 4, 0);
	assert_true(vgic_inject(&bench.vgic, 0, 64, true, false));
	guest_write(&bench, 0, DIST, 0x288, 4, 1);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x208, 4), 1);
	assert_true(vgic_inject(&bench.vgic, 0, 64, false, false));
	assert_int_equal(guest_read(&bench, 0, DIST, 0x208, 4), 0);
	/* An edge stays until it is taken or cleared. */
	guest_write(&bench, 0, DIST, 0xc10, 4, 2);
	assert_true(vgic_inject(&bench.vgic, 0, 64, true, false));
	assert_true(vgic_inject(&bench.vgic, 0, 64, false, false));
	assert_int_equal(guest_read(&bench, 0, DIST, 0x208, 4), 1);
	guest_write(&bench, 0, DIST, 0x288, 4, 1);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x208, 4), 0);
}

/* Private interrupts are each vCPU's own; both words of a route can be written alone. */
static void banks_and_routes(void **state)
{
	guest_write(&bench, 0, SGI, 0x100, 4, 1U << 20);
	assert_int_equal(guest_read(&bench, 0, SGI, 0x100, 4), 0x10ffff);
	assert_int_equal(guest_read(&bench, 1, SGI, 0x100, 4), 0xffff);
	guest_write(&bench, 0, DIST, 0x6108, 4, 0x80000002);
	guest_write(&bench, 0, DIST, 0x610c, 4, 7);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x6108, 8), 2);
	assert_int_equal(bench.vgic.spis[1].target, 2);
	guest_write(&bench, 0, DIST, 0x6108, 8, 0x100);
	assert_int_equal(bench.vgic.spis[1].target, VGIC_NOBODY);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x6108, 8), 0x100);
}

/* Who waits for what: routes, kicks, enables. */
static void kicks(void **state)
{
	guest_write(&bench, 0, DIST, 0xc08, 4, 0);
	guest_write(&bench, 0, DIST, 0x104, 4, 1);
	guest_write(&bench, 0, DIST, 0x6100, 8, 1);
	assert_int_equal(bench.kicked, 0);
	vgic_inject(&bench.vgic, 0, 32, true, false);
	assert_int_equal(bench.kicked, 2);
	assert_true(vgic_pending(&bench.vgic, 1));
	assert_false(vgic_pending(&bench.vgic, 0));
	bench.kicked = 0;
	guest_write(&bench, 0, DIST, 0x6100, 8, 2);
	assert_int_equal(bench.kicked, 4);
	assert_false(vgic_pending(&bench.vgic, 1));
	assert_true(vgic_pending(&bench.vgic, 2));
	guest_write(&bench, 0, DIST, 0x0, 4, 1);
	assert_false(vgic_pending(&bench.vgic, 2));
	bench.kicked = 0;
	guest_write(&bench, 0, DIST, 0x0, 4, 2);
	assert_int_equal(bench.kicked, 4);
	assert_true(vgic_pending(&bench.vgic, 2));
	/* Masked by the priority mask, or by the group's enable of the CPU interface. */
	guest_write(&bench, 0, DIST, 0x420, 1, 0x80);
	bench.cpus[2].vmcr = VGIC_VMCR_VENG1 | 0x80ULL << VGIC_VMCR_VPMR_SHIFT;
	assert_false(vgic_pending(&bench.vgic, 2));
	bench.cpus[2].vmcr = VGIC_VMCR_VENG1 | 0x88ULL << VGIC_VMCR_VPMR_SHIFT;
	assert_true(vgic_pending(&bench.vgic, 2));
	bench.cpus[2].vmcr = VGIC_VMCR_VENG0 | 0x88ULL << VGIC_VMCR_VPMR_SHIFT;
	assert_false(vgic_pending(&bench.vgic, 2));
	guest_write(&bench, 0, DIST, 0x84, 4, ~1U);
	guest_write(&bench, 0, DIST, 0x0, 4, 3);
	assert_true(vgic_pending(&bench.vgic, 2));
	guest_write(&bench, 0, DIST, 0x184, 4, 1);
	assert_false(vgic_pending(&bench.vgic, 2));
	/* Nobody is there for it: it waits until somebody is. */
	guest_write(&bench, 0, DIST, 0x104, 4, 1);
	guest_write(&bench, 0, DIST, 0x6100, 8, 0x500);
	assert_false(vgic_pending(&bench.vgic, 2));
	guest_write(&bench, 0, DIST, 0x6100, 8, 2);
	assert_true(vgic_pending(&bench.vgic, 2));
}

/* User space saves and restores: latches and wires apart, clear registers of pending do nothing. */
static void user_space(void **state)
{
	u64 value;
	u32 levels;

	guest_write(&bench, 0, DIST, 0xc08, 4, 0);
	vgic_inject(&bench.vgic, 0, 40, true, false);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x204, 4), 0x100);
	assert_int_equal(user_read(&bench, 0, DIST, 0x204, &value), 0);
	assert_int_equal(value, 0);
	vgic_levels(&bench.vgic, 0, 32, false, &levels);
	assert_int_equal(levels, 0x100);
	levels = 2;
	vgic_levels(&bench.vgic, 0, 32, true, &levels);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x204, 4), 2);
	assert_int_equal(user_write(&bench, 0, DIST, 0x204, 0xf0), 0);
	assert_int_equal(user_write(&bench, 0, DIST, 0x204, 0x30), 0);
	assert_int_equal(user_write(&bench, 0, DIST, 0x284, 0x10), 0);
	assert_int_equal(user_read(&bench, 0, DIST, 0x204, &value), 0);
	assert_int_equal(value, 0x30);
	assert_int_equal(user_read(&bench, 0, DIST, 0x284, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(user_write(&bench, 0, DIST, 0x304, 3), 0);
	assert_int_equal(user_write(&bench, 0, DIST, 0x384, 1), 0);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x304, 4), 2);
	/* Levels of private interrupts; SGIs have no wire. */
	levels = ~0U;
	vgic_levels(&bench.vgic, 2, 0, true, &levels);
	vgic_levels(&bench.vgic, 2, 0, false, &levels);
	assert_int_equal(levels, 0xffff0000);
	/* Revisions of IIDR; nothing else of it. */
	assert_int_equal(user_write(&bench, 0, DIST, 0x8, 0x4b00143b), 0);
	assert_int_equal(user_write(&bench, 0, DIST, 0x8, 0x4b00043b), -EINVAL);
	assert_int_equal(user_write(&bench, 0, DIST, 0x8, 0x4b00443b), -EINVAL);
	assert_int_equal(user_write(&bench, 0, DIST, 0x8, 0x4c00343b), -EINVAL);
	assert_int_equal(guest_read(&bench, 0, DIST, 0x8, 4), 0x4b00143b);
	assert_int_equal(user_write(&bench, 0, RD, 0x4, 0x4b00143b), 0);
	assert_int_equal(user_write(&bench, 0, RD, 0x4, 0x4b00343b), -EINVAL);
	/* No such register. */
	assert_int_equal(user_read(&bench, 0, DIST, 0x5000, &value), -ENXIO);
	assert_int_equal(user_read(&bench, 0, DIST, 0x106, &value), -ENXIO);
	assert_int_equal(user_read(&bench, 0, DIST, 0x110, &value), -ENXIO);
	assert_int_equal(user_read(&bench, 0, DIST, 0x100, &value), 0);
	assert_int_equal(user_read(&bench, 0, RD, 0x1000, &value), -ENXIO);
	assert_int_equal(user_read(&bench, 0, SGI, 0x104, &value), -ENXIO);
	assert_int_equal(user_read(&bench, 0, RD, 0xc, &value), 0);
	assert_int_equal(value, 0);
}

/* The kernel's own wires are not user space's. */
static void owned_wires(void **state)
{
	assert_true(vgic_own(&bench.vgic, 1, 27, 27));
	assert_false(vgic_own(&bench.vgic, 1, 27, 27));
	assert_false(vgic_own(&bench.vgic, 1, 15, 0));
	assert_false(vgic_own(&bench.vgic, 1, 32, 0));
	assert_true(vgic_inject(&bench.vgic, 1, 27, true, false));
	assert_int_equal(guest_read(&bench, 1, SGI, 0x200, 4), 0);
	assert_true(vgic_inject(&bench.vgic, 1, 27, true, true));
	assert_int_equal(guest_read(&bench, 1, SGI, 0x200, 4), 1U << 27);
	assert_true(vgic_inject(&bench.vgic, 0, 27, true, true));
	assert_int_equal(guest_read(&bench, 0, SGI, 0x200, 4), 0);
	assert_false(vgic_inject(&bench.vgic, 7, 27, true, false));
	assert_false(vgic_inject(&bench.vgic, 0, 128, true, false));
	assert_false(vgic_inject(&bench.vgic, 0, ~0U, true, false));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_registers),
		TEST(wrong_sizes),
		TEST(set_and_clear),
		TEST(banks_and_routes),
		TEST(kicks),
		TEST(user_space),
		TEST(owned_wires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
