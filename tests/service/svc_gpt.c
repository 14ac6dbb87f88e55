/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partition tables, read back by a reader of its own: places, names, checksums, both copies. */
#include <stdlib.h>
#include <string.h>

#include "tests/plugins/cmocka_all.h"
#include "vmm/service/gpt.h"

static uint64_t le(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0) {
		value = value << 8 | at[bytes];
	}
	return value;
}

/* CRC-32 of UEFI, bit by bit. */
static uint32_t crc(const uint8_t *bytes, size_t count)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < count; i++) {
		sum ^= bytes[i];
		for (int bit = 0; bit < 8; bit++) {
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320U : 0);
		}
	}
	return ~sum;
}

static void check_header(const uint8_t *header, const uint8_t *table, uint64_t own, uint64_t other,
			 uint64_t table_at)
{
	uint8_t copy[92];

	assert_memory_equal(header, "EFI PART", 8);
	assert_int_equal(le(header + 8, 4), 0x10000);
	assert_int_equal(le(header + 12, 4), 92);
	memcpy(copy, header, sizeof(copy));
	memset(copy + 16, 0, 4);
	assert_int_equal(le(header + 16, 4), crc(copy, sizeof(copy)));
	assert_int_equal(le(header + 24, 8), own);
	assert_int_equal(le(header + 32, 8), other);
	assert_int_equal(le(header + 72, 8), table_at);
	assert_int_equal(le(header + 80, 4), 128);
	assert_int_equal(le(header + 84, 4), 128);
	assert_int_equal(le(header + 88, 4), crc(table, 128 * 128));
}

static void check_entry(const uint8_t *entry, const struct gpt_partition *p)
{
	static const uint8_t linux_data[] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
					      0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };

	assert_memory_equal(entry, linux_data, 16);
	assert_int_equal(le(entry + 32, 8) * 512, p->at);
	assert_int_equal((le(entry + 40, 8) + 1) * 512, p->at + p->bytes);
	for (size_t i = 0; i <= strlen(p->label); i++) {
		assert_int_equal(le(entry + 56 + 2 * i, 2), (unsigned char)p->label[i]);
	}
}

static void a_table(void **state)
{
	struct gpt_partition parts[] = {
		{ .label = "payload-metadata", .bytes = 4096 },
		{ .label = "microdroid-apk", .bytes = 512 * 13 },
		{ .label = "x", .bytes = 1 << 20, .guid = "00112233-4455-6677-8899-aabbccddeeff" },
	};
	static const uint8_t guid[] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
					0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	uint64_t bytes = gpt_place(parts, 3);
	uint64_t sectors = bytes / 512;
	uint8_t *head = malloc(GPT_HEAD_BYTES);
	uint8_t *tail = malloc(GPT_TAIL_BYTES);

	(void)state;
	assert_non_null(head);
	assert_non_null(tail);
	assert_int_equal(bytes % 4096, 0);
	assert_int_equal(parts[0].at, GPT_HEAD_BYTES);
	assert_int_equal(parts[1].at, GPT_HEAD_BYTES + 4096);
	assert_int_equal(parts[2].at, GPT_HEAD_BYTES + 4096 + 8192);
	assert_true(bytes >= parts[2].at + parts[2].bytes + GPT_TAIL_BYTES);
	gpt_write(parts, 3, bytes, head, tail);
	assert_int_equal(head[510] << 8 | head[511], 0x55aa);
	assert_int_equal(head[450], 0xee);
	assert_int_equal(le(head + 454, 4), 1);
	assert_int_equal(le(head + 458, 4), sectors - 1);
	check_header(head + 512, head + 1024, 1, sectors - 1, 2);
	check_header(tail + 128 * 128, tail, sectors - 1, 1, sectors - 33);
	assert_memory_equal(head + 1024, tail, 128 * 128);
	for (unsigned i = 0; i < 3; i++) {
		check_entry(head + 1024 + (size_t)i * 128, &parts[i]);
	}
	assert_memory_equal(head + 1024 + 2 * 128 + 16, guid, 16);
	assert_memory_not_equal(head + 1024 + 16, head + 1024 + 128 + 16, 16);
	assert_int_equal(le(head + 1024 + 3 * 128, 8), 0);
	free(head);
	free(tail);
}

static void too_large(void **state)
{
	struct gpt_partition parts[] = {
		{ .label = "a", .bytes = UINT64_C(1) << 61 },
		{ .label = "b", .bytes = UINT64_C(1) << 62 },
	};

	(void)state;
	assert_int_equal(gpt_place(parts, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_table),
					    cmocka_unit_test(too_large) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
