/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host can do to a redistributor, against a list of the registers written by hand:
 * each word of the frame that EL2 keeps, each size, loads and stores.
 */
#include <hyp/gic.h>
#include <hyp/host_s2.h>
#include <hyp/mmio.h>
#include <hyp/stage1.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BASE UINT64_C(0x80a0000)
#define FRAME 0x10000u
#define CPUS 3u
#define LAST 0x10u
#define LPIS 0x2du /* PLPIS, Dirty, DirectLPI, and DPGS, which is no matter of LPIs */
#define GICV4 0x02u
#define NOTHING UINT64_C(0x5555555555555555)

#define ISV (UINT64_C(1) << 24)
#define WORD (UINT64_C(2) << 22)
#define DOUBLE (UINT64_C(3) << 22)
#define SSE (UINT64_C(1) << 21)
#define WNR (UINT64_C(1) << 6)

static uint32_t typer;      /* of all, without CPU and Last */
static uint32_t last;       /* the CPU whose GICR_TYPER says that it is the last one */
static uint64_t written_at; /* of the last write; 0: none */
static uint32_t written;
static uint64_t host_has[CPUS + 1]; /* frames that the host got */
static uint32_t host_count, el2_count;
static enum hyp_status stage1_answer, s2_answer;

uint32_t mmio_read32(uint64_t pa)
{
	uint32_t cpu = (uint32_t)((pa - BASE) / (2 * FRAME));

	assert_true((pa - BASE) % (2 * FRAME) < FRAME);
	if ((pa - BASE) % (2 * FRAME) == 8) {
		return typer | cpu << 8 | (cpu == last ? LAST : 0);
	}
	return ~0u;
}

void mmio_write32(uint64_t pa, uint32_t value)
{
	written_at = pa;
	written = value;
}

enum hyp_status stage1_map(uint64_t pa, uint64_t size, enum stage1_kind kind)
{
	assert_int_equal(size, FRAME);
	assert_int_equal((pa - BASE) % (2 * FRAME), 0);
	assert_int_equal(kind, STAGE1_DEVICE);
	el2_count++;
	return stage1_answer;
}

enum hyp_status host_s2_map_device(uint64_t base, uint64_t bytes)
{
	assert_int_equal(bytes, FRAME);
	assert_true(host_count <= CPUS);
	host_has[host_count++] = base;
	return s2_answer;
}

static bool begin(uint32_t cpus, uint64_t frames)
{
	struct span registers = { .base = BASE, .bytes = frames * FRAME };

	last = cpus - 1;
	host_count = el2_count = 0;
	written_at = 0;
	return gic_init(registers);
}

static int reset(void **state)
{
	(void)state;
	typer = LPIS;
	stage1_answer = s2_answer = HYP_OK;
	return 0;
}

/* The host has the frames of private interrupts, of the CPUs that are there. */
static void each_has_its_frame(void **state)
{
	(void)state;
	assert_true(begin(CPUS, 246));
	assert_int_equal(host_count, CPUS);
	assert_int_equal(el2_count, CPUS);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(host_has[cpu], BASE + (2 * cpu + 1) * FRAME);
	}
}

static void what_cannot_be_divided(void **state)
{
	(void)state;
	assert_false(begin(CPUS, 5)); /* no frame that says it is the last */
	stage1_answer = HYP_ENOMEM;
	assert_false(begin(CPUS, 6));
	stage1_answer = HYP_OK;
	s2_answer = HYP_ENOMEM;
	assert_false(begin(CPUS, 6));
	s2_answer = HYP_OK;
	typer = LPIS | GICV4;
	assert_false(begin(CPUS, 6));
}

/* By the specification: what is no matter of LPIs. Bits that a load sees, or none. */
static uint32_t readable(uint32_t offset)
{
	switch (offset) {
	case 0x0: /* CTLR: disable processor selection */
		return 0x7000000;
	case 0x8: /* TYPER */
		return ~0x8fu;
	case 0x4:  /* IIDR */
	case 0xc:  /* TYPER, affinity */
	case 0x14: /* WAKER */
		return ~0u;
	default:
		return offset >= 0xffd0 ? ~0u : 0;
	}
}

static uint32_t writable(uint32_t offset)
{
	return offset == 0x0 ? 0x7000000 : offset == 0x14 ? 2 : 0;
}

static uint64_t try_access(uint64_t esr, uint64_t pa, uint32_t reg, uint64_t value, bool *done)
{
	struct regs regs;

	for (int i = 0; i < 31; i++) {
		regs.x[i] = NOTHING;
	}
	if (reg < 31) {
		regs.x[reg] = value;
	}
	written_at = 0;
	*done = gic_host_access(&regs, esr | (uint64_t)reg << 16, pa);
	for (uint32_t i = 0; i < 31; i++) {
		assert_true(i == reg || regs.x[i] == NOTHING);
	}
	return reg < 31 ? regs.x[reg] : NOTHING;
}

static void every_word_of_every_frame(void **state)
{
	bool done;

	(void)state;
	assert_true(begin(CPUS, 6));
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		for (uint32_t offset = 0; offset < FRAME; offset += 4) {
			uint64_t pa = BASE + cpu * 2 * FRAME + offset;
			uint64_t seen = try_access(ISV | WORD, pa, 5, NOTHING, &done);

			assert_int_equal(done, readable(offset) != 0);
			assert_int_equal(seen,
					 !done ? NOTHING : mmio_read32(pa) & readable(offset));
			try_access(ISV | WORD | WNR, pa, 7, 0xffffffffff, &done);
			assert_int_equal(done, writable(offset) != 0);
			assert_int_equal(written_at, done ? pa : 0);
			assert_true(!done || written == writable(offset));
		}
		/* The other frame is not EL2's. */
		try_access(ISV | WORD, BASE + (cpu * 2 + 1) * FRAME, 5, 0, &done);
		assert_false(done);
	}
}

static void the_other_sizes(void **state)
{
	bool done;
	uint64_t seen;

	(void)state;
	assert_true(begin(CPUS, 6));
	seen = try_access(ISV | DOUBLE, BASE + 2 * FRAME + 8, 0, 0, &done);
	assert_true(done);
	assert_int_equal(seen, UINT64_C(0xffffffff00000000) | 1u << 8 | (LPIS & ~0x8fu));
	try_access(ISV | DOUBLE, BASE + 0x70, 0, 0, &done); /* PROPBASER */
	assert_false(done);
	try_access(ISV | DOUBLE, BASE + 0x10, 0, 0, &done); /* one word of it is not allowed */
	assert_false(done);
	try_access(ISV | DOUBLE, BASE + 4, 0, 0, &done);
	assert_false(done);
	try_access(ISV | DOUBLE | WNR, BASE, 0, 1, &done);
	assert_false(done);
	try_access(ISV, BASE + 0x14, 0, 0, &done); /* a byte */
	assert_false(done);
	try_access(ISV | UINT64_C(1) << 22, BASE + 0x14, 0, 0, &done);
	assert_false(done);
	try_access(ISV | WORD, BASE + 0x16, 0, 0, &done);
	assert_false(done);
	try_access(ISV | WORD | SSE, BASE + 0x14, 0, 0, &done);
	assert_false(done);
	try_access(WORD, BASE + 0x14, 0, 0, &done); /* nothing says which register */
	assert_false(done);
	assert_int_equal(written_at, 0);
}

static void the_zero_register(void **state)
{
	bool done;

	(void)state;
	assert_true(begin(CPUS, 6));
	try_access(ISV | WORD, BASE + 0x14, 31, 0, &done);
	assert_true(done);
	try_access(ISV | WORD | WNR, BASE + 0x14, 31, 0, &done);
	assert_true(done);
	assert_int_equal(written_at, BASE + 0x14);
	assert_int_equal(written, 0);
}

static void what_is_elsewhere(void **state)
{
	static const uint64_t places[] = { 0, BASE - 4, BASE + CPUS * 2 * FRAME, UINT64_MAX - 3 };
	bool done;

	(void)state;
	assert_true(begin(CPUS, 246));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		try_access(ISV | WORD, places[i], 0, 0, &done);
		assert_false(done);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_has_its_frame, reset),
		cmocka_unit_test_setup(what_cannot_be_divided, reset),
		cmocka_unit_test_setup(every_word_of_every_frame, reset),
		cmocka_unit_test_setup(the_other_sizes, reset),
		cmocka_unit_test_setup(the_zero_register, reset),
		cmocka_unit_test_setup(what_is_elsewhere, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
