/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/gic.h>
#include <hyp/host_s2.h>
#include <hyp/mmio.h>
#include <hyp/stage1.h>

#include <stddef.h>

#include "arch/sysreg.h"

#define FRAME_BYTES 0x10000u
#define REDISTRIBUTOR_BYTES (2 * FRAME_BYTES) /* RD_base, SGI_base */

#define WORD_BYTES 4u

#define GICR_TYPER 0x08
#define TYPER_VLPIS 0x02u
#define TYPER_LAST 0x10u
#define TYPER_OF_LPIS 0x8fu /* physical and virtual LPIs, Dirty, DirectLPI, RVPEID */

/*
 * Registers of RD_base (IHI 0069, 12.11): what the host may do with the words from @first to
 * @last. All others: nothing.
 */
static const struct {
	uint32_t first, last;
	uint32_t readable, writable; /* bits; the others read as 0, are written as 0 */
} allowed[] = {
	{ 0x00, 0x00, 0x07000000, 0x07000000 }, /* CTLR: DPG1S, DPG1NS, DPG0 */
	{ 0x04, 0x04, UINT32_MAX, 0 },          /* IIDR */
	{ GICR_TYPER, GICR_TYPER, ~TYPER_OF_LPIS, 0 },
	{ GICR_TYPER + 4, GICR_TYPER + 4, UINT32_MAX, 0 },
	{ 0x14, 0x14, UINT32_MAX, 0x02 },  /* WAKER: ProcessorSleep */
	{ 0xffd0, 0xfffc, UINT32_MAX, 0 }, /* identification */
};

static struct span redistributors; /* of the CPUs that are there; constant after gic_init() */

bool gic_init(struct span registers)
{
	uint64_t at = registers.base;
	uint32_t typer = 0;

	for (; !(typer & TYPER_LAST); at += REDISTRIBUTOR_BYTES) {
		if (at + REDISTRIBUTOR_BYTES > registers.base + registers.bytes ||
		    stage1_map(at, FRAME_BYTES, STAGE1_DEVICE) != HYP_OK ||
		    host_s2_map_device(at + FRAME_BYTES, FRAME_BYTES) != HYP_OK) {
			return false;
		}
		typer = mmio_read32(at + GICR_TYPER);
	}
	redistributors = (struct span){ .base = registers.base, .bytes = at - registers.base };
	return !(typer & TYPER_VLPIS);
}

/* One word; false: it is not among what is allowed. */
static bool access_word(uint64_t pa, bool is_write, uint32_t *value)
{
	uint64_t offset = (pa - redistributors.base) % REDISTRIBUTOR_BYTES;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		uint32_t bits = is_write ? allowed[i].writable : allowed[i].readable;

		if (bits && offset >= allowed[i].first && offset <= allowed[i].last) {
			if (is_write) {
				mmio_write32(pa, *value & bits);
			} else {
				*value = mmio_read32(pa) & bits;
			}
			return true;
		}
	}
	return false;
}

bool gic_host_access(struct regs *regs, uint64_t esr, uint64_t pa)
{
	uint64_t bytes = UINT64_C(1) << (esr >> ESR_SAS_SHIFT & 3);
	uint64_t number = esr >> ESR_SRT_SHIFT & ESR_RT_MASK;
	uint64_t zero = 0, *reg = number == ESR_RT_MASK ? &zero : &regs->x[number];
	bool is_write = esr & ESR_WNR;
	uint32_t low = (uint32_t)*reg, high = 0;

	/* Only what tells its register, is whole words, and has no sign to extend. */
	if (!(esr & ESR_ISV) || (esr & ESR_SSE) || bytes < WORD_BYTES || pa % bytes != 0 ||
	    (is_write && bytes != WORD_BYTES) || pa < redistributors.base ||
	    pa - redistributors.base >= redistributors.bytes || !access_word(pa, is_write, &low) ||
	    (bytes > WORD_BYTES && !access_word(pa + WORD_BYTES, is_write, &high))) {
		return false;
	}
	if (!is_write) {
		*reg = (uint64_t)high << 32 | low;
	}
	return true;
}
