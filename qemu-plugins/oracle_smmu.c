/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What devices can reach, by an SMMUv3 that EL2 keeps from the host (IHI 0070: 3.3 stream
 * table, 4 commands, 5.2 stream table entry, 6 registers; QEMU's `virt` has it at 0x09050000).
 * Its stage-2 tables are followed as the CPUs' are; the commands that EL2 gives it invalidate.
 */
#include "qemu-plugins/oracle_tables.h"

#include <string.h>

#include "qemu-plugins/oracle_stale.h"

#define SMMU_BASE UINT64_C(0x09050000)
#define SMMU_BYTES UINT64_C(0x20000)

/* Registers, offsets (6.2). */
#define REG_CR0 0x20
#define CR0_SMMUEN 1u
#define REG_GBPA 0x44
#define GBPA_ABORT (1u << 20)
#define REG_STRTAB_BASE 0x80
#define REG_STRTAB_BASE_CFG 0x88
#define REG_CMDQ_BASE 0x90
#define REG_CMDQ_PROD 0x98

#define TABLE_ADDRESS UINT64_C(0x000fffffffffffc0)
#define CFG_LOG2SIZE(cfg) (0x3f & (unsigned int)(cfg))
#define CFG_SPLIT(cfg) ((unsigned int)((cfg) >> 6) & 0x1f)
#define CFG_IS_TWO_LEVEL(cfg) (((cfg) >> 16 & 3) == 1)
#define L1_SPAN(entry) (0x1f & (unsigned int)(entry))
#define STREAMS_MAX (UINT64_C(1) << 20)

/* Stream table entries: 64 bytes. */
#define STE_WORDS 8u
#define STE_VALID UINT64_C(1)
#define STE_CONFIG(word0) ((word0) >> 1 & 7)
#define STE_BYPASS 4u
#define STE_STAGE1 5u
#define STE_S2VMID(word2) ((uint16_t)(word2))
#define STE_S2T0SZ(word2) ((word2) >> 32 & 0x3f)
#define STE_S2SL0(word2) ((word2) >> 38 & 3)
#define STE_S2TG(word2) ((word2) >> 46 & 3)
#define STE_S2TTB UINT64_C(0x000ffffffffffff0)
#define VTCR_SL0_SHIFT 6
#define VTCR_TG0_SHIFT 14

/* Commands: 16 bytes; opcodes of 4.4 and 4.7. */
#define COMMAND_BYTES 16u
#define QUEUE_ADDRESS UINT64_C(0x000fffffffffffe0)
#define QUEUE_LOG2(base) (0x1f & (unsigned int)(base))
#define OPCODE(word0) (0xff & (unsigned int)(word0))
#define CMD_TLBI_S12_VMALL 0x28
#define CMD_TLBI_S2_IPA 0x2a
#define CMD_TLBI_NSNH_ALL 0x30
#define CMD_SYNC 0x46
#define TLBI_VMID(word0) ((uint16_t)((word0) >> 32))
#define TLBI_NUM(word0) ((word0) >> 12 & 0x1f)
#define TLBI_SCALE(word0) ((word0) >> 20 & 0x1f)
#define TLBI_TG(word1) ((word1) >> 10 & 3)
#define TLBI_ADDRESS UINT64_C(0x000ffffffffff000)

static struct {
	bool is_el2s; /* EL2 has programmed it and the host cannot */
	uint64_t registers[0x100 / sizeof(uint64_t)];
	uint32_t prod;           /* up to here commands were looked at */
	uint8_t *is_stream_page; /* for each page of RAM */
	bool is_changed;         /* the stream table is to be read again */
	const char *open;
} smmu;

bool smmu_is_register(uint64_t pa)
{
	return pa - SMMU_BASE < SMMU_BYTES;
}

bool smmu_is_table(uint64_t pa)
{
	return smmu.is_stream_page != NULL && oracle_is_ram(pa) &&
	       smmu.is_stream_page[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT] != 0;
}

static uint32_t reg32(unsigned int offset)
{
	return (uint32_t)(smmu.registers[offset / 8] >> offset % 8 * 8);
}

static uint64_t reg64(unsigned int offset)
{
	return smmu.registers[offset / 8];
}

/* The page holds a part of the stream table. */
static void watch(uint64_t pa)
{
	if (oracle_is_ram(pa)) {
		smmu.is_stream_page[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT] = 1;
	}
}

static struct tree *tree_at(uint64_t base)
{
	guint i;

	for (i = 0; i < tables.trees->len; i++) {
		struct tree *tree = g_ptr_array_index(tables.trees, i);

		if (tree->party != PARTY_EL2 && tree->root->shape.base == base) {
			return tree;
		}
	}
	return NULL;
}

/* One stream: what it leads to. */
static void read_stream(const uint64_t *ste)
{
	unsigned int config = (unsigned int)STE_CONFIG(ste[0]);
	uint64_t vtcr = STE_S2T0SZ(ste[2]) | STE_S2SL0(ste[2]) << VTCR_SL0_SHIFT |
			STE_S2TG(ste[2]) << VTCR_TG0_SHIFT;
	struct shadow_shape shape;
	struct tree *tree;

	if ((ste[0] & STE_VALID) == 0 || config < STE_BYPASS) {
		return; /* aborted */
	}
	if (config == STE_BYPASS || config == STE_STAGE1) {
		smmu.open = "has a device whose stream goes past stage 2";
		return;
	}
	if (!shadow_shape_stage2(&shape, ste[3] & STE_S2TTB, vtcr)) {
		tables_unreadable(PARTY_HOST, "of the SMMU, word 2 of a stream table entry",
				  ste[2]);
	}
	if (shape.bits == 0) {
		return; /* the entry is illegal: aborted (C_BAD_STE) */
	}
	tree = tree_at(shape.base);
	if (tree == NULL) {
		tree = tables_follow(&shape, PARTY_HOST, STE_S2VMID(ste[2]));
	}
	tree->for_devices = true;
	tree->smmu_vmid = STE_S2VMID(ste[2]);
}

static void read_streams(uint64_t pa, uint64_t count)
{
	uint64_t last[STE_WORDS] = { 0 };
	uint64_t i;

	for (i = 0; i < count; i++) {
		uint64_t ste[STE_WORDS];
		uint64_t at = pa + i * sizeof(ste);

		watch(at);
		/* Mostly one and the same. */
		if (oracle_read(at, ste, sizeof(ste)) && memcmp(ste, last, sizeof(ste)) != 0) {
			read_stream(ste);
			memcpy(last, ste, sizeof(ste));
		}
	}
}

static void no_tree_is_for_devices(void)
{
	guint i;

	for (i = 0; i < tables.trees->len; i++) {
		((struct tree *)g_ptr_array_index(tables.trees, i))->for_devices = false;
	}
}

static void read_stream_table(void)
{
	uint32_t cfg = reg32(REG_STRTAB_BASE_CFG);
	uint64_t base = reg64(REG_STRTAB_BASE) & TABLE_ADDRESS;
	uint64_t streams = MIN(UINT64_C(1) << CFG_LOG2SIZE(cfg), STREAMS_MAX);
	uint64_t entry = 0;
	uint64_t last = 0;
	uint64_t i;

	smmu.is_changed = false;
	smmu.open = NULL;
	if ((reg32(REG_CR0) & CR0_SMMUEN) == 0) {
		if ((reg32(REG_GBPA) & GBPA_ABORT) == 0) {
			smmu.open = "has devices that go past an SMMU that is off";
		}
		return;
	}
	no_tree_is_for_devices();
	if (!CFG_IS_TWO_LEVEL(cfg)) {
		read_streams(base, streams);
		return;
	}
	for (i = 0; i < streams >> CFG_SPLIT(cfg); i++) {
		watch(base + i * sizeof(entry));
		if (oracle_read(base + i * sizeof(entry), &entry, sizeof(entry)) &&
		    L1_SPAN(entry) != 0 && entry != last) {
			read_streams(entry & TABLE_ADDRESS, UINT64_C(1) << (L1_SPAN(entry) - 1));
			last = entry;
		}
	}
}

static bool host_has_registers(void)
{
	return shadow_look(tables.shadow, tables.host->root, SMMU_BASE).rights != 0;
}

void smmu_found(void)
{
	uint32_t bypass;

	smmu.is_stream_page = g_new0(uint8_t, oracle.ram_pages);
	if (!oracle_read(SMMU_BASE + REG_CR0, &smmu.registers[REG_CR0 / 8], 4)) {
		return; /* there is none */
	}
	oracle_read(SMMU_BASE + REG_STRTAB_BASE, &smmu.registers[REG_STRTAB_BASE / 8], 8);
	/* Whose it is is seen from who keeps its tables. */
	if (!el2_uses(reg64(REG_STRTAB_BASE) & TABLE_ADDRESS)) {
		return;
	}
	oracle_read(SMMU_BASE + REG_STRTAB_BASE_CFG, &smmu.registers[REG_STRTAB_BASE_CFG / 8], 4);
	oracle_read(SMMU_BASE + REG_CMDQ_BASE, &smmu.registers[REG_CMDQ_BASE / 8], 8);
	if (oracle_read(SMMU_BASE + REG_GBPA, &bypass, sizeof(bypass))) {
		smmu.registers[REG_GBPA / 8] |= (uint64_t)bypass << REG_GBPA % 8 * 8;
	}
	oracle_read(SMMU_BASE + REG_CMDQ_PROD, &smmu.prod, sizeof(smmu.prod));
	smmu.is_el2s = true;
	read_stream_table();
}

static void command(const uint64_t *words)
{
	struct stale_tlbi tlbi = { .vmid = TLBI_VMID(words[0]) };

	switch (OPCODE(words[0])) {
	case CMD_TLBI_S12_VMALL:
		tlbi.scope = STALE_SCOPE_VMID;
		break;
	case CMD_TLBI_S2_IPA:
		tlbi.scope = STALE_SCOPE_IPA;
		tlbi.input = words[1] & TLBI_ADDRESS;
		tlbi.bytes = ORACLE_PAGE_BYTES;
		if (TLBI_TG(words[1]) != 0) {
			tlbi.bytes = ((TLBI_NUM(words[0]) + 1) << TLBI_SCALE(words[0])) *
				     ORACLE_PAGE_BYTES;
		}
		break;
	case CMD_TLBI_NSNH_ALL:
		tlbi.scope = STALE_SCOPE_ALL;
		break;
	case CMD_SYNC:
		stale_smmu_sync();
		return;
	default:
		return;
	}
	stale_smmu_tlbi(&tlbi);
}

static void commands_given(uint32_t prod)
{
	uint64_t base = reg64(REG_CMDQ_BASE);
	uint32_t slots = 1u << MIN(QUEUE_LOG2(base), 19u);
	uint64_t words[COMMAND_BYTES / sizeof(uint64_t)];

	while (smmu.prod != (prod & (2 * slots - 1))) {
		uint64_t at = (base & QUEUE_ADDRESS) +
			      (smmu.prod & (slots - 1)) * (uint64_t)COMMAND_BYTES;

		if (oracle_read(at, words, sizeof(words))) {
			command(words);
		}
		smmu.prod = (smmu.prod + 1) & (2 * slots - 1);
	}
}

static bool aborts_when_off(void)
{
	return (reg32(REG_GBPA) & GBPA_ABORT) != 0;
}

void smmu_stored(uint64_t pa, uint64_t value, unsigned int bytes)
{
	uint64_t offset = pa - SMMU_BASE;
	uint64_t mask = bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << bytes * 8) - 1;
	unsigned int shift = (unsigned int)(offset % 8 * 8);
	static const struct stale_tlbi everything = { .scope = STALE_SCOPE_ALL };

	if (offset >= sizeof(smmu.registers)) {
		return;
	}
	smmu.registers[offset / 8] = (smmu.registers[offset / 8] & ~(mask << shift)) |
				     (value & mask) << shift;
	if (offset == REG_CMDQ_PROD) {
		commands_given((uint32_t)value);
		return;
	}
	if (offset == REG_CR0 && (value & CR0_SMMUEN) == 0 && aborts_when_off()) {
		/* Nothing is translated any more: who turns it on again has to invalidate first. */
		no_tree_is_for_devices();
		stale_smmu_tlbi(&everything);
		stale_smmu_sync();
	}
	smmu.is_el2s = smmu.is_el2s || offset == REG_STRTAB_BASE || offset == REG_CR0;
	smmu.is_changed = true;
}

void smmu_table_stored(void)
{
	smmu.is_changed = true;
}

const char *smmu_is_open(void)
{
	if (!smmu.is_el2s) {
		return NULL;
	}
	if (smmu.is_changed) {
		read_stream_table();
	}
	return smmu.open == NULL && host_has_registers() ? "can reach the SMMU's registers" :
							   smmu.open;
}
