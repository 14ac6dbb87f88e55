/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier C: devices that go to memory behind no SMMU, by the registers with which the host tells
 * them where. Addresses are those of QEMU's machine `virt` (its device tree); fields: Arm IHI
 * 0069 (GICv3), chapter 12; QEMU docs/specs/fw_cfg, "Guest-side DMA Interface".
 *
 * Not watched, for want of such devices on our machine: backends of virtio-mmio.
 */
#include "qemu-plugins/oracle_dma.h"

#include <inttypes.h>

#include "qemu-plugins/oracle.h"

#define ITS_BASE UINT64_C(0x08080000)
#define ITS_CBASER (ITS_BASE + 0x80)
#define ITS_BASER (ITS_BASE + 0x100) /* 8 of them, 8 bytes each */
#define ITS_BASER_COUNT 8
#define GICR_BASE UINT64_C(0x080a0000)
#define GICR_END UINT64_C(0x09000000)
#define GICR_STRIDE 0x20000 /* RD_base and SGI_base */
#define GICR_PROPBASER 0x70
#define GICR_PENDBASER 0x78
#define FW_CFG_DMA UINT64_C(0x09020010) /* 64 bits, big endian; the low half starts it */

/* Fields of these registers: 12.10, 12.11, 12.19. */
#define TABLE_ADDRESS UINT64_C(0x0000fffffffff000)
#define PENDING_ADDRESS UINT64_C(0x000fffffffff0000)
#define TABLE_VALID (UINT64_C(1) << 63)
#define TABLE_PAGES(value) ((0xff & (value)) + 1)
#define TABLE_PAGE_SIZE(value) ((value) >> 8 & 3) /* 4, 16, 64 KiB */
#define PROPBASER_ID_BITS(value) ((0x1f & (value)) + 1)
#define ID_BITS_MIN 14
#define ID_BITS_MAX 24
#define LPI_FIRST 8192

/* All that register_at() tells apart: the ITS's, and two of each redistributor. */
#define NAMED_MAX (1 + ITS_BASER_COUNT + 2 * ((GICR_END - GICR_BASE) / GICR_STRIDE + 1))

/* Memory that a register names. */
struct named {
	uint64_t reg; /* address of the register */
	uint64_t value;
	uint64_t base;
	uint64_t bytes;
};

static struct {
	struct named named[NAMED_MAX]; /* lock: oracle.lock */
	size_t count;
	uint32_t fw_cfg_high; /* upper half of an address that comes in two */
} device;

static bool is_in(uint64_t pa, uint64_t base, uint64_t bytes)
{
	return pa - base < bytes;
}

/* Which register is at @pa, or the 32-bit half of which; 0: none that is watched. */
static uint64_t register_at(uint64_t pa)
{
	uint64_t reg = pa & ~UINT64_C(7);
	uint64_t offset;

	if (reg == ITS_CBASER || is_in(reg, ITS_BASER, ITS_BASER_COUNT * UINT64_C(8))) {
		return reg;
	}
	offset = (reg - GICR_BASE) % GICR_STRIDE;
	if (is_in(reg, GICR_BASE, GICR_END - GICR_BASE) &&
	    (offset == GICR_PROPBASER || offset == GICR_PENDBASER)) {
		return reg;
	}
	return 0;
}

/* What memory the register's value names. */
static struct named decode(uint64_t reg, uint64_t value)
{
	static const unsigned int shifts[] = { 12, 14, 16, 16 };
	struct named out = { .reg = reg, .value = value, .base = value & TABLE_ADDRESS };
	unsigned int id_bits = PROPBASER_ID_BITS(value);

	if (reg < GICR_BASE) {
		if ((value & TABLE_VALID) != 0) {
			out.bytes = TABLE_PAGES(value)
				    << (reg == ITS_CBASER ? 12 : shifts[TABLE_PAGE_SIZE(value)]);
		}
	} else if ((reg - GICR_BASE) % GICR_STRIDE == GICR_PENDBASER) {
		out.base = value & PENDING_ADDRESS;
		out.bytes = out.base != 0 ? (UINT64_C(1) << 16) / 8 : 0;
	} else if (id_bits >= ID_BITS_MIN) {
		id_bits = id_bits > ID_BITS_MAX ? ID_BITS_MAX : id_bits;
		out.bytes = (UINT64_C(1) << id_bits) - LPI_FIRST;
	}
	return out;
}

static struct named *named_for(uint64_t reg)
{
	size_t i;

	for (i = 0; i < device.count; i++) {
		if (device.named[i].reg == reg) {
			return &device.named[i];
		}
	}
	device.named[device.count] = (struct named){ .reg = reg };
	return &device.named[device.count++];
}

/* The first page of [base, base + bytes) that the host may not reach, or ORACLE_NONE. */
static uint64_t forbidden_page(uint64_t base, uint64_t bytes)
{
	uint64_t page = base & ~(ORACLE_PAGE_BYTES - 1);
	uint64_t end = base + bytes;

	for (; bytes != 0 && page < end; page += ORACLE_PAGE_BYTES) {
		if (!oracle_may_reach(PARTY_HOST, oracle_page(page))) {
			return page;
		}
	}
	return ORACLE_NONE;
}

void oracle_dma_device_judge(unsigned int vcpu)
{
	size_t i;

	for (i = 0; i < device.count; i++) {
		const struct named *named = &device.named[i];
		uint64_t page = forbidden_page(named->base, named->bytes);

		if (page != ORACLE_NONE) {
			g_autofree char *what = g_strdup_printf(
				"has the interrupt controller use a page that it may not reach, "
				"by the register at 0x%" PRIx64,
				named->reg);

			oracle_dma_breach(vcpu, "table", what, ORACLE_NONE, page);
		}
	}
}

/* The descriptor that fw_cfg was given: big endian, control, length, address. */
static void fw_cfg_started(unsigned int vcpu, uint64_t descriptor)
{
	struct {
		uint32_t control;
		uint32_t length;
		uint64_t address;
	} told;
	uint64_t page = forbidden_page(descriptor, sizeof(told));

	if (page == ORACLE_NONE && oracle_read(descriptor, &told, sizeof(told))) {
		page = forbidden_page(GUINT64_FROM_BE(told.address), GUINT32_FROM_BE(told.length));
	}
	if (page != ORACLE_NONE) {
		oracle_dma_breach(vcpu, "fw-cfg", "has fw_cfg use a page that it may not reach",
				  ORACLE_NONE, page);
	}
}

static void fw_cfg_stored(unsigned int vcpu, uint64_t pa, qemu_plugin_mem_value value)
{
	if (value.type == QEMU_PLUGIN_MEM_VALUE_U64) {
		fw_cfg_started(vcpu, GUINT64_FROM_BE(value.data.u64));
	} else if (value.type == QEMU_PLUGIN_MEM_VALUE_U32 && pa == FW_CFG_DMA) {
		device.fw_cfg_high = GUINT32_FROM_BE(value.data.u32);
	} else if (value.type == QEMU_PLUGIN_MEM_VALUE_U32) {
		fw_cfg_started(vcpu, (uint64_t)device.fw_cfg_high << 32 |
					     GUINT32_FROM_BE(value.data.u32));
	}
}

static void table_stored(uint64_t reg, uint64_t pa, qemu_plugin_mem_value value)
{
	struct named *named = named_for(reg);
	uint64_t whole = named->value;

	if (value.type == QEMU_PLUGIN_MEM_VALUE_U64) {
		whole = value.data.u64;
	} else if (value.type == QEMU_PLUGIN_MEM_VALUE_U32 && pa == reg) {
		whole = (whole & ~(uint64_t)UINT32_MAX) | value.data.u32;
	} else if (value.type == QEMU_PLUGIN_MEM_VALUE_U32) {
		whole = (whole & UINT32_MAX) | (uint64_t)value.data.u32 << 32;
	}
	*named = decode(reg, whole);
}

void oracle_dma_device_stored(unsigned int vcpu, uint64_t pa, qemu_plugin_mem_value value)
{
	uint64_t reg = register_at(pa);

	if (reg == 0 && !is_in(pa, FW_CFG_DMA, 8)) {
		return;
	}
	if (oracle_party_of(vcpu) != PARTY_HOST) {
		return;
	}
	g_mutex_lock(&oracle.lock);
	if (reg != 0) {
		table_stored(reg, pa, value);
		oracle_dma_device_judge(vcpu);
	} else {
		fw_cfg_stored(vcpu, pa, value);
	}
	g_mutex_unlock(&oracle.lock);
}
