/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/gpt.h"

#include <string.h>

#include <zlib.h>

#define ENTRY_BYTES 128
#define TABLE_BYTES (GPT_ENTRIES * ENTRY_BYTES)
#define TABLE_SECTORS (TABLE_BYTES / GPT_SECTOR_BYTES)
#define HEADER_BYTES 92
#define HEADER_REVISION 0x00010000U
#define GUID_BYTES 16

G_STATIC_ASSERT(GPT_HEAD_BYTES % GPT_ALIGN_BYTES == 0 && GPT_HEAD_BYTES >= GPT_TAIL_BYTES);

#define NAME_UNITS 36

/* Fields of the header and of an entry: offset in bytes (UEFI 2.10, tables 5.5 and 5.6). */
enum {
	HEADER_SIGNATURE = 0,
	HEADER_REVISION_AT = 8,
	HEADER_SIZE = 12,
	HEADER_CRC = 16,
	HEADER_MY_LBA = 24,
	HEADER_ALTERNATE_LBA = 32,
	HEADER_FIRST_USABLE = 40,
	HEADER_LAST_USABLE = 48,
	HEADER_DISK_GUID = 56,
	HEADER_TABLE_LBA = 72,
	HEADER_ENTRIES = 80,
	HEADER_ENTRY_SIZE = 84,
	HEADER_TABLE_CRC = 88,
	ENTRY_TYPE = 0,
	ENTRY_GUID = 16,
	ENTRY_FIRST = 32,
	ENTRY_LAST = 40,
	ENTRY_NAME = 56,
};

/* The protective MBR's one record and the signature (table 5.3). */
enum {
	MBR_RECORD = 446,
	MBR_TYPE = MBR_RECORD + 4,
	MBR_FIRST_LBA = MBR_RECORD + 8,
	MBR_SECTORS = MBR_RECORD + 12,
	MBR_SIGNATURE = 510,
};
#define MBR_TYPE_GPT 0xee

/* "Linux filesystem data" (Discoverable Partitions Specification: generic). */
static const char type_guid[] = "0fc63daf-8483-4772-8e79-3d69d8477de4";

static void put32(uint8_t *at, uint32_t value)
{
	value = GUINT32_TO_LE(value);
	memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
	value = GUINT64_TO_LE(value);
	memcpy(at, &value, sizeof(value));
}

/* A GUID's text to its bytes: the first three groups are little endian (appendix A). */
static void put_guid(uint8_t *at, const char *text)
{
	static const uint8_t order[GUID_BYTES] = { 3, 2, 1,  0,  5,  4,  7,  6,
						   8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned byte = 0;

	for (const char *c = text; *c != '\0' && byte < GUID_BYTES; c++) {
		if (g_ascii_isxdigit(c[0]) && g_ascii_isxdigit(c[1])) {
			at[order[byte++]] = (uint8_t)(g_ascii_xdigit_value(c[0]) << 4 |
						      g_ascii_xdigit_value(c[1]));
			c++;
		}
	}
}

/* A GUID that depends on @name and @number alone: version 8 (RFC 9562). */
static void put_made_guid(uint8_t *at, const char *name, unsigned number)
{
	g_autofree char *text = g_strdup_printf("%u %s", number, name);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	uint8_t digest[32];
	gsize bytes = sizeof(digest);

	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	g_checksum_get_digest(sum, digest, &bytes);
	memcpy(at, digest, GUID_BYTES);
	at[7] = (uint8_t)((at[7] & 0x0f) | 0x80);
	at[8] = (uint8_t)((at[8] & 0x3f) | 0x80);
}

static void put_name(uint8_t *at, const char *label)
{
	g_autofree gunichar2 *units = g_utf8_to_utf16(label, -1, NULL, NULL, NULL);

	for (unsigned i = 0; units != NULL && units[i] != 0 && i < NAME_UNITS; i++) {
		at[2 * i] = (uint8_t)(units[i] & 0xff);
		at[2 * i + 1] = (uint8_t)(units[i] >> 8);
	}
}

uint64_t gpt_place(struct gpt_partition *partitions, unsigned count)
{
	const uint64_t limit = G_MAXINT64 / 2;
	uint64_t next = GPT_HEAD_BYTES;

	for (unsigned i = 0; i < count; i++) {
		partitions[i].at = next;
		if (partitions[i].bytes > limit - next) {
			return 0;
		}
		next += partitions[i].bytes;
		next = (next + GPT_ALIGN_BYTES - 1) / GPT_ALIGN_BYTES * GPT_ALIGN_BYTES;
	}
	/* The tail ends with a whole block: Linux reads a disk's last sectors by pages. */
	return next + GPT_HEAD_BYTES;
}

static void write_table(const struct gpt_partition *partitions, unsigned count, uint8_t *table)
{
	for (unsigned i = 0; i < count; i++) {
		const struct gpt_partition *p = &partitions[i];
		uint8_t *entry = table + (size_t)i * ENTRY_BYTES;

		put_guid(entry + ENTRY_TYPE, type_guid);
		if (p->guid != NULL) {
			put_guid(entry + ENTRY_GUID, p->guid);
		} else {
			put_made_guid(entry + ENTRY_GUID, p->label, i);
		}
		put64(entry + ENTRY_FIRST, p->at / GPT_SECTOR_BYTES);
		put64(entry + ENTRY_LAST, (p->at + p->bytes) / GPT_SECTOR_BYTES - 1);
		put_name(entry + ENTRY_NAME, p->label);
	}
}

struct header_places {
	uint64_t own;
	uint64_t other;
	uint64_t table;
	uint64_t sectors; /* of the disk */
	const char *name; /* what its GUID is made of */
};

static void write_header(uint8_t *header, const struct header_places *places, const uint8_t *table)
{
	memcpy(header + HEADER_SIGNATURE, "EFI PART", 8);
	put32(header + HEADER_REVISION_AT, HEADER_REVISION);
	put32(header + HEADER_SIZE, HEADER_BYTES);
	put64(header + HEADER_MY_LBA, places->own);
	put64(header + HEADER_ALTERNATE_LBA, places->other);
	put64(header + HEADER_FIRST_USABLE, GPT_HEAD_BYTES / GPT_SECTOR_BYTES);
	put64(header + HEADER_LAST_USABLE, places->sectors - GPT_TAIL_BYTES / GPT_SECTOR_BYTES - 1);
	put_made_guid(header + HEADER_DISK_GUID, places->name, GPT_ENTRIES);
	put64(header + HEADER_TABLE_LBA, places->table);
	put32(header + HEADER_ENTRIES, GPT_ENTRIES);
	put32(header + HEADER_ENTRY_SIZE, ENTRY_BYTES);
	put32(header + HEADER_TABLE_CRC, (uint32_t)crc32(0, table, TABLE_BYTES));
	put32(header + HEADER_CRC, (uint32_t)crc32(0, header, HEADER_BYTES));
}

static void write_mbr(uint8_t *mbr, uint64_t sectors)
{
	mbr[MBR_RECORD + 2] = 2; /* starting sector 1, as cylinder, head, sector */
	mbr[MBR_TYPE] = MBR_TYPE_GPT;
	memset(mbr + MBR_TYPE + 1, 0xff, 3);
	put32(mbr + MBR_FIRST_LBA, 1);
	put32(mbr + MBR_SECTORS, sectors - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(sectors - 1));
	mbr[MBR_SIGNATURE] = 0x55;
	mbr[MBR_SIGNATURE + 1] = 0xaa;
}

void gpt_write(const struct gpt_partition *partitions, unsigned count, uint64_t disk_bytes,
	       uint8_t *head, uint8_t *tail)
{
	uint64_t sectors = disk_bytes / GPT_SECTOR_BYTES;
	uint8_t *table = head + 2 * GPT_SECTOR_BYTES;
	struct header_places first = {
		.own = 1,
		.other = sectors - 1,
		.table = 2,
		.sectors = sectors,
		.name = count > 0 ? partitions[0].label : "",
	};
	struct header_places last = {
		.own = sectors - 1,
		.other = 1,
		.table = sectors - 1 - TABLE_SECTORS,
		.sectors = sectors,
		.name = count > 0 ? partitions[0].label : "",
	};

	memset(head, 0, GPT_HEAD_BYTES);
	memset(tail, 0, GPT_TAIL_BYTES);
	write_mbr(head, sectors);
	write_table(partitions, count, table);
	write_header(head + GPT_SECTOR_BYTES, &first, table);
	memcpy(tail, table, TABLE_BYTES);
	write_header(tail + TABLE_BYTES, &last, table);
}
