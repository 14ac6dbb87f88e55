/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections are those of the SMMUv3 specification, Arm IHI 0070. */
#include <hyp/bug.h>
#include <hyp/console.h>
#include <hyp/lock.h>
#include <hyp/mmio.h>
#include <hyp/pool.h>
#include <hyp/smmu.h>
#include <hyp/trace.h>

#include <stdbool.h>
#include <stddef.h>

#include "arch/sysreg.h"

/* Registers, by their offsets (6.3). */
/* clang-format off */
enum {
	IDR0 = 0x00, IDR1 = 0x04, IDR3 = 0x0c, IDR5 = 0x14,
	CR0 = 0x20, CR0ACK = 0x24, CR1 = 0x28, CR2 = 0x2c, GBPA = 0x44,
	IRQ_CTRL = 0x50, IRQ_CTRLACK = 0x54,
	STRTAB_BASE = 0x80, STRTAB_BASE_CFG = 0x88,
	CMDQ_BASE = 0x90, CMDQ_PROD = 0x98, CMDQ_CONS = 0x9c,
	EVENTQ_BASE = 0xa0, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac,
};
/* clang-format on */

#define IDR1_SIDSIZE 0x3f
#define CR0_SMMUEN BIT(0)
#define CR0_EVENTQEN BIT(2)
#define CR0_CMDQEN BIT(3)
#define CR0_ATSCHK BIT(4) /* addresses that a device says are translated are not believed */
#define IDR0_ATS BIT(10)
#define CR1_INNER_WRITE_BACK 0xd75u /* tables and queues: inner shareable, write-back */
#define CR2_RECINVSID BIT(1)        /* streams that are in no table are recorded */
#define CR2_PTM BIT(2)              /* no part in the CPUs' TLB maintenance */
#define GBPA_UPDATE BIT(31)
#define GBPA_ABORT BIT(20)
#define STRTAB_2LEVEL (UINT32_C(1) << 16)
#define STRTAB_SPLIT_SHIFT 6
#define BASE_ALLOCATE BIT(62) /* hint of the tables' and queues' base registers */
#define EVENTQ_OVERFLOW BIT(31)

#define STREAM_BITS_MAX 16
#define STREAM_SPLIT 6 /* so many bits of its number choose a stream in its second table */

/* What an SMMU must have, by its ID registers. */
static const struct {
	uint32_t offset, mask, least;
	const char *what;
} needed[] = {
	{ IDR0, 0x19, 0x19, "stage 2 by AArch64 tables, read coherently" },
	{ IDR0, 3u << 27, 1u << 27, "stream tables of two levels" },
	{ IDR1, IDR1_SIDSIZE, STREAM_SPLIT, "streams for a table" },
	{ IDR1, 0x1fu << 21, 8u << 21, "a command queue of a page" },
	{ IDR1, 0x1fu << 16, 7u << 16, "an event queue of a page" },
	{ IDR3, 3u << 11, 2u << 11, "blocks that are split while in use" },
	{ IDR5, 1u << 4, 1u << 4, "pages of 4 KiB" },
	{ IDR5, 7u, 2u, "addresses of 40 bits" },
};

/*
 * Stream table (5.1, 5.2). All streams are alike, so all entries of the first level point to
 * one table of the second.
 */
#define STE_COUNT (1 << STREAM_SPLIT)
#define STE_WORDS 8
#define L1STD_SPAN (STREAM_SPLIT + 1)
#define STE_WORD0 (BIT(0) | UINT64_C(6) << 1) /* valid; stage 1 bypassed, stage 2 on */
#define STE_WORD1 BIT(44)                     /* shareability as it comes in */
/*
 * VMID 0, and as VTCR_EL2 for the host's CPUs: 40 bits, from level 1, walks write-back and
 * inner shareable, 4 KiB, output of 40 bits, AArch64; faults are recorded and end the access.
 */
#define STE_WORD2                                                               \
	(UINT64_C(24) << 32 | BIT(38) | BIT(40) | BIT(42) | UINT64_C(3) << 44 | \
	 UINT64_C(2) << 48 | BIT(51) | BIT(58))

/* Commands (4): of two words; the host's VMID is 0. */
/* clang-format off */
enum {
	CMD_CFGI_ALL = 0x04,
	CMD_TLBI_S12_VMALL = 0x28, CMD_TLBI_S2_IPA = 0x2a, CMD_TLBI_NSNH_ALL = 0x30,
	CMD_SYNC = 0x46,
};
/* clang-format on */
#define CFGI_ALL_STREAMS 31u
#define COMMANDS_SHIFT 8
#define COMMAND_WORDS 2
#define TLBI_PAGES_MAX 64u /* above, all of the host's go */

/* Event records (7.3): of four words. */
#define EVENTS_SHIFT 7
#define EVENT_WORDS 4
#define EVENT_TYPE UINT64_C(0xff)
#define EVENT_STREAM_SHIFT 32
#define EVENT_READ BIT(35) /* in word 1 */

/* So many are on the console, then no more: a device could flood it. */
#define EVENTS_PRINTED 8

/* A register is read so often until it says what is awaited. */
#define PATIENCE 1000000u

static struct lock smmu_lock;
static uint64_t base;
static bool running;            /* lock: smmu_lock */
static uint64_t *commands;      /* the queue; lock: smmu_lock */
static uint32_t command_prod;   /* index and wrap bit; lock: smmu_lock */
static uint64_t *events;        /* the queue; words are 0 but in records not yet seen */
static uint32_t event_cons;     /* index and wrap bit; lock: smmu_lock */
static uint32_t events_printed; /* lock: smmu_lock */

/* Until the bits of @mask in the register are @wanted. */
static bool wait_for(uint32_t offset, uint32_t mask, uint32_t wanted)
{
	for (uint32_t i = 0; i < PATIENCE; i++) {
		if ((mmio_read32(base + offset) & mask) == wanted) {
			return true;
		}
	}
	return false;
}

static bool set_and_wait(uint32_t offset, uint32_t value, uint32_t ack)
{
	mmio_write32(base + offset, value);
	return wait_for(ack, UINT32_MAX, value);
}

/* Put a command behind the others; there is room, sync() being called in time. */
static void push(uint64_t word0, uint64_t word1)
{
	uint64_t *command = &commands[command_prod % (1u << COMMANDS_SHIFT) * COMMAND_WORDS];

	command[0] = word0;
	command[1] = word1;
	command_prod = (command_prod + 1) % (2u << COMMANDS_SHIFT);
}

/* All commands are done; false: one is refused, or there is no end. */
static bool sync(void)
{
	push(CMD_SYNC, 0);
	mmio_write32(base + CMDQ_PROD, command_prod);
	/* With an error the queue stands still and its bits are not 0. */
	return wait_for(CMDQ_CONS, UINT32_MAX, command_prod);
}

static bool has_what_is_needed(void)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if ((mmio_read32(base + needed[i].offset) & needed[i].mask) < needed[i].least) {
			log_line("SMMU: it lacks %s", needed[i].what);
			return false;
		}
	}
	return true;
}

/* Every stream by stage 2 through @table. */
static void fill_streams(uint64_t *level1, uint64_t *level2, uint32_t bits, uint64_t table)
{
	for (uint32_t i = 0; i < STE_COUNT; i++) {
		uint64_t *ste = &level2[i * STE_WORDS];

		ste[0] = STE_WORD0;
		ste[1] = STE_WORD1;
		ste[2] = STE_WORD2;
		ste[3] = table;
	}
	for (uint32_t i = 0; i < 1u << bits >> STREAM_SPLIT; i++) {
		level1[i] = (uint64_t)(uintptr_t)level2 | L1STD_SPAN;
	}
}

/* From whatever state it is in to one in which all is aborted, and from there on. */
static bool start(uint64_t streams, uint32_t bits)
{
	mmio_write32(base + GBPA, GBPA_UPDATE | GBPA_ABORT);
	if (!wait_for(GBPA, GBPA_UPDATE, 0) || !set_and_wait(CR0, 0, CR0ACK) ||
	    !set_and_wait(IRQ_CTRL, 0, IRQ_CTRLACK)) {
		return false;
	}
	mmio_write32(base + CR1, CR1_INNER_WRITE_BACK);
	mmio_write32(base + CR2, CR2_RECINVSID | CR2_PTM);
	mmio_write64(base + STRTAB_BASE, streams | BASE_ALLOCATE);
	mmio_write32(base + STRTAB_BASE_CFG,
		     STRTAB_2LEVEL | STREAM_SPLIT << STRTAB_SPLIT_SHIFT | bits);
	mmio_write64(base + CMDQ_BASE,
		     (uint64_t)(uintptr_t)commands | BASE_ALLOCATE | COMMANDS_SHIFT);
	mmio_write32(base + CMDQ_PROD, 0);
	mmio_write32(base + CMDQ_CONS, 0);
	mmio_write64(base + EVENTQ_BASE,
		     (uint64_t)(uintptr_t)events | BASE_ALLOCATE | EVENTS_SHIFT);
	mmio_write32(base + EVENTQ_PROD, 0);
	mmio_write32(base + EVENTQ_CONS, 0);
	if (!set_and_wait(CR0, CR0_CMDQEN, CR0ACK)) {
		return false;
	}
	push(CMD_CFGI_ALL, CFGI_ALL_STREAMS);
	push(CMD_TLBI_NSNH_ALL, 0);
	return sync() &&
	       set_and_wait(CR0,
			    CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN |
				    (mmio_read32(base + IDR0) & IDR0_ATS ? CR0_ATSCHK : 0),
			    CR0ACK);
}

bool smmu_init(struct span registers, uint64_t table)
{
	uint64_t *level1 = pool_alloc_pair(), *level2 = pool_alloc();
	uint32_t bits;

	base = registers.base;
	commands = pool_alloc();
	events = pool_alloc();
	command_prod = event_cons = events_printed = 0;
	running = false;
	if (!has_what_is_needed() || !level1 || !level2 || !commands || !events) {
		return false;
	}
	bits = mmio_read32(base + IDR1) & IDR1_SIDSIZE;
	bits = bits > STREAM_BITS_MAX ? STREAM_BITS_MAX : bits;
	fill_streams(level1, level2, bits, table);
	log_line("SMMU: streams' table at %#lx, queues at %#lx and %#lx",
		 (uint64_t)(uintptr_t)level1, (uint64_t)(uintptr_t)commands,
		 (uint64_t)(uintptr_t)events);
	running = start((uint64_t)(uintptr_t)level1, bits);
	return running;
}

void smmu_flush(uint64_t ipa, uint64_t size)
{
	uint64_t pages = size >> PAGE_SHIFT;

	lock_take(&smmu_lock);
	if (running) {
		for (uint64_t i = 0; pages <= TLBI_PAGES_MAX && i < pages; i++) {
			push(CMD_TLBI_S2_IPA, ipa + (i << PAGE_SHIFT));
		}
		if (pages > TLBI_PAGES_MAX) {
			push(CMD_TLBI_S12_VMALL, 0);
		}
		if (!sync()) {
			/* Off: GBPA aborts whatever devices do. */
			log_line("SMMU: no answer to a command (%#x): devices are cut off",
				 mmio_read32(base + CMDQ_CONS));
			running = false;
			if (!set_and_wait(CR0, 0, CR0ACK)) {
				hyp_bug("the SMMU cannot be stopped");
			}
		}
	}
	lock_release(&smmu_lock);
}

static uint64_t *next_event(void)
{
	return &events[event_cons % (1u << EVENTS_SHIFT) * EVENT_WORDS];
}

void smmu_poll(void)
{
	uint32_t prod;

	if (!events || !(__atomic_load_n(next_event(), __ATOMIC_RELAXED) & EVENT_TYPE)) {
		return;
	}
	lock_take(&smmu_lock);
	prod = mmio_read32(base + EVENTQ_PROD);
	while (event_cons != (prod & ~EVENTQ_OVERFLOW)) {
		uint64_t *event = next_event();

		trace_emit(smmu_event, 0, 0, event[0], event[2]);
		if (events_printed < EVENTS_PRINTED) {
			events_printed++;
			log_line("SMMU: device %#lx: %s of %#lx is refused (event %#lx)",
				 event[0] >> EVENT_STREAM_SHIFT,
				 event[1] & EVENT_READ ? "read" : "write", event[2],
				 event[0] & EVENT_TYPE);
		}
		event[0] = 0;
		event_cons = (event_cons + 1) % (2u << EVENTS_SHIFT);
	}
	/* What came while the queue was full is lost; that it did is taken note of. */
	mmio_write32(base + EVENTQ_CONS, event_cons | (prod & EVENTQ_OVERFLOW));
	lock_release(&smmu_lock);
}
