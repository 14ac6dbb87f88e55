/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMMU's driver against an SMMU of our own (Arm IHI 0070), which reads tables and queues
 * as the specification says: what streams reach, which translations it may still hold, and
 * what happens when it lacks something, refuses a command, or does not answer.
 */
#include <hyp/bug.h>
#include <hyp/console.h>
#include <hyp/mmio.h>
#include <hyp/pool.h>
#include <hyp/smmu.h>
#include <hyp/trace.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE UINT64_C(0x9050000)
#define TABLE UINT64_C(0x40404000)
#define POOL_PAGES 8u
#define PAGE 4096u
#define CACHED_MAX 256u

enum flaw { NONE, GBPA_STUCK, CR0_STUCK, BAD_AND_STUCK, NO_COMMANDS, BAD_COMMAND };

/* The SMMU. */
static struct {
	enum flaw flaw;
	uint32_t idr0, idr1, idr3, idr5;
	uint32_t cr0, cr1, cr2, gbpa, irq_ctrl, strtab_cfg, command_prod, command_cons;
	uint32_t event_prod, event_cons;
	uint64_t strtab, commands, events;
	uint32_t count[256];         /* of each command */
	uint64_t cached[CACHED_MAX]; /* pages of which it holds a translation */
	uint32_t cached_count;
	bool finished; /* the last command was a CMD_SYNC */
} smmu;

static unsigned char *pool_memory;
static char last_line[200];
static uint32_t line_count;
static jmp_buf on_bug;

void log_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(last_line, sizeof(last_line), format, list);
	va_end(list);
	line_count++;
}

void hyp_bug(const char *why, ...)
{
	(void)why;
	longjmp(on_bug, 1);
}

static const uint64_t *memory(uint64_t address)
{
	return (const uint64_t *)(uintptr_t)(address & UINT64_C(0x000fffffffffffe0));
}

static void forget(uint64_t page)
{
	for (uint32_t i = 0; i < smmu.cached_count; i++) {
		if (smmu.cached[i] == page) {
			smmu.cached[i--] = smmu.cached[--smmu.cached_count];
		}
	}
}

static bool holds(uint64_t page)
{
	for (uint32_t i = 0; i < smmu.cached_count; i++) {
		if (smmu.cached[i] == page) {
			return true;
		}
	}
	return false;
}

/* One command; false: it is not one that this SMMU has. */
static bool execute(const uint64_t *command)
{
	uint8_t opcode = command[0] & 0xff;

	smmu.count[opcode]++;
	smmu.finished = opcode == 0x46;
	if ((smmu.flaw == BAD_COMMAND || smmu.flaw == BAD_AND_STUCK) && opcode == 0x2a) {
		return false;
	}
	switch (opcode) {
	case 0x04: /* CFGI_ALL */
		return (command[1] & 0x1f) == 31;
	case 0x46: /* SYNC, without a signal */
		return (command[0] >> 12 & 3) == 0;
	case 0x28: /* TLBI_S12_VMALL, of VMID 0 */
	case 0x30: /* TLBI_NSNH_ALL */
		smmu.cached_count = 0;
		return command[0] >> 32 == 0;
	case 0x2a: /* TLBI_S2_IPA, of VMID 0, of all levels */
		forget(command[1] & UINT64_C(0x000ffffffffff000));
		return command[0] >> 32 == 0 && (command[1] & 0xfff) == 0;
	default:
		return false;
	}
}

static void consume(void)
{
	uint32_t shift = smmu.commands & 0x1f;
	uint32_t size = 1u << shift;

	assert_int_equal(smmu.commands & 0xfe0, 0);
	assert_true(smmu.cr0 & 8);
	/* Never more than the queue has room for. */
	assert_true((smmu.command_prod - smmu.command_cons) % (2 * size) <= size);
	while (smmu.flaw != NO_COMMANDS && smmu.command_cons % (2 * size) != smmu.command_prod) {
		if (!execute(&memory(smmu.commands)[smmu.command_cons % size * 2])) {
			smmu.command_cons |= 1u << 24; /* CERROR_ILL */
			return;
		}
		smmu.command_cons = (smmu.command_cons + 1) % (2 * size);
	}
}

/* A stream's entry, found by the rules of 3.3.2. */
static const uint64_t *stream_entry(uint32_t stream)
{
	uint32_t split = smmu.strtab_cfg >> 6 & 0x1f;
	uint64_t first = memory(smmu.strtab)[stream >> split];
	uint32_t index = stream & ((1u << split) - 1);

	assert_int_equal(smmu.strtab_cfg >> 16 & 3, 1);
	assert_true(stream < 1u << (smmu.strtab_cfg & 0x3f));
	assert_true((first & 0x1f) > 0 && index < 1u << ((first & 0x1f) - 1));
	assert_int_equal((first & UINT64_C(0x000fffffffffffc0)) % (64u << split), 0);
	return &memory(first)[index * 8];
}

/* Every stream by stage 2 only, with the host's table; asked at the moment it goes on. */
static void check_streams(void)
{
	uint32_t count = 1u << (smmu.strtab_cfg & 0x3f);
	uint32_t step = count > 4096 ? 61 : 1;

	assert_true(smmu.gbpa & 1u << 20);
	assert_true(smmu.count[0x04] > 0 && smmu.count[0x30] > 0 && smmu.finished);
	for (uint32_t stream = 0; stream < count; stream += step) {
		const uint64_t *ste = stream_entry(stream);

		assert_int_equal(ste[0] & 0xf, 0xd); /* valid; stage 1 bypassed, stage 2 on */
		assert_int_equal(ste[2] & 0xffff, 0);
		assert_int_equal(ste[2] >> 32 & 0x3f, 24);
		assert_int_equal(ste[2] >> 38 & 3, 1);
		assert_int_equal(ste[2] >> 46 & 3, 0);
		assert_int_equal(ste[2] >> 48 & 7, 2);
		assert_int_equal(ste[2] >> 51 & 1, 1);
		assert_int_equal(ste[2] >> 57 & 3, 2); /* never stalled, faults recorded */
		assert_int_equal(ste[3] & UINT64_C(0x000ffffffffffff0), TABLE);
	}
}

uint32_t mmio_read32(uint64_t pa)
{
	switch (pa - BASE) {
	case 0x00:
		return smmu.idr0;
	case 0x04:
		return smmu.idr1;
	case 0x0c:
		return smmu.idr3;
	case 0x14:
		return smmu.idr5;
	case 0x24:
		return smmu.cr0;
	case 0x44:
		return smmu.gbpa;
	case 0x54:
		return smmu.irq_ctrl;
	case 0x9c:
		return smmu.command_cons;
	case 0x100a8:
		return smmu.event_prod;
	default:
		fail_msg("read of register %#llx", (unsigned long long)(pa - BASE));
		return 0;
	}
}

static void write_cr0(uint32_t value)
{
	if (smmu.flaw == CR0_STUCK || (smmu.flaw == BAD_AND_STUCK && value == 0)) {
		return;
	}
	smmu.cr0 = value;
	if (value & 1) {
		check_streams();
	}
}

void mmio_write32(uint64_t pa, uint32_t value)
{
	uint32_t *const plain[] = {
		[0x28 / 4] = &smmu.cr1,          [0x2c / 4] = &smmu.cr2,
		[0x50 / 4] = &smmu.irq_ctrl,     [0x88 / 4] = &smmu.strtab_cfg,
		[0x9c / 4] = &smmu.command_cons,
	};

	switch (pa - BASE) {
	case 0x20:
		write_cr0(value);
		break;
	case 0x44:
		assert_true(value & UINT32_C(1) << 31);
		smmu.gbpa = smmu.flaw == GBPA_STUCK ? value : value & ~(UINT32_C(1) << 31);
		break;
	case 0x98:
		smmu.command_prod = value;
		if (smmu.cr0 & 8) {
			consume();
		}
		break;
	case 0x100a8:
		assert_false(smmu.cr0 & 4);
		smmu.event_prod = value;
		break;
	case 0x100ac:
		smmu.event_cons = value;
		break;
	default:
		assert_true((pa - BASE) / 4 < sizeof(plain) / sizeof(plain[0]));
		assert_non_null(plain[(pa - BASE) / 4]);
		assert_false(smmu.cr0 & 1); /* not while it is on */
		*plain[(pa - BASE) / 4] = value;
	}
}

void mmio_write64(uint64_t pa, uint64_t value)
{
	assert_false(smmu.cr0 & 1);
	assert_true(pa - BASE == 0x80 || pa - BASE == 0x90 || pa - BASE == 0xa0);
	*(pa - BASE == 0x80 ? &smmu.strtab :
	  pa - BASE == 0x90 ? &smmu.commands :
			      &smmu.events) = value;
}

/* An access that it refuses. */
static void refuse(uint32_t stream, uint64_t address)
{
	uint32_t size = 1u << (smmu.events & 0x1f);
	uint32_t prod = smmu.event_prod % (2 * size);
	uint64_t *record = (uint64_t *)(uintptr_t)memory(smmu.events) + prod % size * 4;

	assert_true(smmu.cr0 & 4);
	if ((prod - smmu.event_cons) % (2 * size) == size) {
		/* Full: lost; the overflow flag is toggled if that was taken note of. */
		if (!((smmu.event_prod ^ smmu.event_cons) >> 31)) {
			smmu.event_prod ^= UINT32_C(1) << 31;
		}
		return;
	}
	record[0] = (uint64_t)stream << 32 | 0x10;
	record[1] = UINT64_C(1) << 35;
	record[2] = address;
	smmu.event_prod = (prod + 1) % (2 * size) | (smmu.event_prod & UINT32_C(1) << 31);
}

/* As QEMU's: two-level streams, coherent, both stages; queues of 2^19; blocks split in use. */
static void set_identity(void)
{
	smmu.idr0 = 1u << 27 | 2u << 2 | 1u << 4 | 3;
	smmu.idr1 = 19u << 21 | 19u << 16 | 16;
	smmu.idr3 = 2u << 11;
	smmu.idr5 = 4 | 7u << 4;
}

static bool begin_with(enum flaw flaw, uint32_t pool_pages)
{
	struct span registers = { .base = BASE, .bytes = 0x20000 };
	bool status;

	if (!pool_memory) {
		pool_memory = aligned_alloc(2 * PAGE, POOL_PAGES * PAGE);
	}
	memset(pool_memory, 0xa5, POOL_PAGES * PAGE);
	pool_init((uintptr_t)pool_memory, (uintptr_t)pool_memory + pool_pages * PAGE);
	if (smmu.idr0 == 0) {
		set_identity();
	}
	smmu.flaw = flaw;
	last_line[0] = '\0';
	line_count = 0;
	if (setjmp(on_bug)) {
		fail_msg("the hypervisor gives up");
	}
	status = smmu_init(registers, TABLE);
	line_count = 0;
	return status;
}

static int begin(void **state)
{
	(void)state;
	memset(&smmu, 0, sizeof(smmu));
	return 0;
}

static void hold(uint64_t page, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		assert_true(smmu.cached_count < CACHED_MAX);
		smmu.cached[smmu.cached_count++] = page + (uint64_t)i * PAGE;
	}
}

static void all_streams_by_the_hosts_table(void **state)
{
	(void)state;
	assert_true(begin_with(NONE, POOL_PAGES));
	assert_int_equal(smmu.cr0, 1 | 4 | 8);
	assert_int_equal(smmu.irq_ctrl, 0);
	assert_int_equal(smmu.cr2, 6); /* bad streams recorded; no broadcast */
	assert_int_equal(smmu.cr1, 0xd75);
	assert_int_equal(pool_free_count(), POOL_PAGES - 5);
}

/* A device with a cache of translations could say that its addresses are physical ones. */
static void translated_addresses_are_checked(void **state)
{
	(void)state;
	set_identity();
	smmu.idr0 |= 1u << 10;
	assert_true(begin_with(NONE, POOL_PAGES));
	assert_int_equal(smmu.cr0, 1 | 4 | 8 | 0x10);
}

static void any_number_of_streams(void **state)
{
	static const uint32_t bits[] = { 6, 8, 16, 32 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		begin(state);
		set_identity();
		smmu.idr1 = 19u << 21 | 19u << 16 | bits[i];
		assert_true(begin_with(NONE, POOL_PAGES));
		assert_int_equal(smmu.strtab_cfg & 0x3f, bits[i] < 6  ? 6 :
							 bits[i] > 16 ? 16 :
									bits[i]);
	}
}

static void what_it_must_have(void **state)
{
	static const struct {
		uint32_t idr0, idr1, idr3, idr5; /* taken away */
		const char *says;
	} cases[] = {
		{ 1, 0, 0, 0, "stage 2" },
		{ 1u << 3, 0, 0, 0, "AArch64" },
		{ 1u << 4, 0, 0, 0, "read coherently" },
		{ 0, 16, 0, 0, "streams" },
		{ 1u << 27, 0, 0, 0, "two levels" },
		{ 0, 24u << 21, 0, 0, "command queue" },
		{ 0, 25u << 16, 0, 0, "event queue" },
		{ 0, 0, 2u << 11, 0, "split while in use" },
		{ 0, 0, 0, 1u << 4, "4 KiB" },
		{ 0, 0, 0, 4, "40 bits" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(state);
		set_identity();
		smmu.idr0 &= ~cases[i].idr0;
		smmu.idr1 &= ~cases[i].idr1;
		smmu.idr3 &= ~cases[i].idr3;
		smmu.idr5 &= ~cases[i].idr5;
		assert_false(begin_with(NONE, POOL_PAGES));
		assert_non_null(strstr(last_line, cases[i].says));
		assert_false(smmu.cr0 & 1);
	}
}

static void no_memory(void **state)
{
	for (uint32_t pages = 0; pages < 5; pages++) {
		begin(state);
		assert_false(begin_with(NONE, pages));
		assert_false(smmu.cr0 & 1);
	}
}

static void one_that_does_not_answer(void **state)
{
	static const enum flaw flaws[] = { GBPA_STUCK, CR0_STUCK, NO_COMMANDS };

	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		begin(state);
		assert_false(begin_with(flaws[i], POOL_PAGES));
		assert_false(smmu.cr0 & 1);
	}
}

/* Page by page, many times round the queue; a block as a whole. Nothing else goes. */
static void no_translation_survives(void **state)
{
	(void)state;
	smmu_flush(0x50000000, PAGE); /* nothing yet */
	assert_true(begin_with(NONE, POOL_PAGES));
	for (uint32_t round = 0; round < 1000; round++) {
		uint32_t count = 1 + round % 64;
		uint64_t page = 0x50000000 + (uint64_t)round * 64 * PAGE;

		hold(page, count);
		hold(0x70000000, 1);
		smmu_flush(page, (uint64_t)count * PAGE);
		assert_true(smmu.finished);
		for (uint32_t i = 0; i < count; i++) {
			assert_false(holds(page + (uint64_t)i * PAGE));
		}
		assert_true(holds(0x70000000));
		forget(0x70000000);
	}
	assert_int_equal(smmu.count[0x28], 0);
	hold(0x50000000, 200);
	smmu_flush(0x50000000, 512 * PAGE);
	assert_int_equal(smmu.cached_count, 0);
	assert_int_equal(smmu.count[0x28], 1);
	assert_true(smmu.finished);
	assert_int_equal(line_count, 0);
}

/* A command is refused, or there is no end: all devices are cut off. */
static void without_an_answer_devices_are_cut_off(void **state)
{
	static const enum flaw flaws[] = { BAD_COMMAND, NO_COMMANDS };

	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		begin(state);
		assert_true(begin_with(NONE, POOL_PAGES));
		smmu.flaw = flaws[i];
		smmu_flush(0x50000000, PAGE);
		smmu_flush(0x50000000, PAGE);
		assert_int_equal(smmu.cr0, 0);
		assert_true(smmu.gbpa & 1u << 20);
		assert_int_equal(line_count, 1);
		assert_non_null(strstr(last_line, "cut off"));
		/* From then on there is nothing to do. */
		memset(smmu.count, 0, sizeof(smmu.count));
		smmu_flush(0x50000000, PAGE);
		assert_int_equal(smmu.count[0x2a], 0);
	}
}

static void one_that_cannot_be_stopped(void **state)
{
	(void)state;
	assert_true(begin_with(NONE, POOL_PAGES));
	smmu.flaw = BAD_AND_STUCK;
	if (setjmp(on_bug) == 0) {
		smmu_flush(0x50000000, PAGE);
		fail_msg("a device may still reach the page");
	}
}

static void events_are_read(void **state)
{
	(void)state;
	assert_true(begin_with(NONE, POOL_PAGES));
	smmu_poll();
	assert_int_equal(smmu.event_cons, 0);
	refuse(0x10, 0x40200000);
	smmu_poll();
	assert_string_equal(last_line,
			    "SMMU: device 0x10: read of 0x40200000 is refused (event 0x10)");
	for (uint32_t i = 0; i < 1000; i++) {
		refuse(8, 0x40200000 + (uint64_t)i * PAGE);
		if (i % 7 == 0) {
			smmu_poll();
			assert_int_equal(smmu.event_cons, smmu.event_prod);
		}
	}
	assert_int_equal(line_count, 8); /* no more on the console */
}

static void more_events_than_there_is_room(void **state)
{
	(void)state;
	assert_true(begin_with(NONE, POOL_PAGES));
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 200; i++) {
			refuse(8, PAGE);
		}
		assert_true((smmu.event_prod ^ smmu.event_cons) >> 31);
		smmu_poll();
		assert_int_equal(smmu.event_cons, smmu.event_prod);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_streams_by_the_hosts_table, begin),
		cmocka_unit_test_setup(translated_addresses_are_checked, begin),
		cmocka_unit_test_setup(any_number_of_streams, begin),
		cmocka_unit_test_setup(what_it_must_have, begin),
		cmocka_unit_test_setup(no_memory, begin),
		cmocka_unit_test_setup(one_that_does_not_answer, begin),
		cmocka_unit_test_setup(no_translation_survives, begin),
		cmocka_unit_test_setup(without_an_answer_devices_are_cut_off, begin),
		cmocka_unit_test_setup(events_are_read, begin),
		cmocka_unit_test_setup(more_events_than_there_is_room, begin),
		/* The last one: it leaves with the lock held. */
		cmocka_unit_test_setup(one_that_cannot_be_stopped, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
