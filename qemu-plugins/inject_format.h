/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the inject plugin writes and reads; all numbers little endian.
 *
 * record=FILE: a header, then a record for each instruction that EL2 executed, in
 * order: record i, from 0, is the one that the trigger insn:el2:(i + 1) means.
 *
 * digests=FILE and golden=FILE: a header, then a 64-bit digest for each return
 * from EL2 to below, in order.
 */
#ifndef QEMU_PLUGINS_INJECT_FORMAT_H
#define QEMU_PLUGINS_INJECT_FORMAT_H

#include <stdint.h>

#define INJECT_RECORD_MAGIC "TRRMINJ"
#define INJECT_RECORD_VERSION 1

struct inject_record_header {
	char magic[8];
	uint32_t version;
	uint32_t record_bytes;
	uint64_t first; /* number of the first record's instruction: 1 */
	uint64_t count; /* 0: QEMU was killed, and the records go to the file's end */
};

#define INJECT_RECORD_LOAD UINT32_C(1)
#define INJECT_RECORD_STORE UINT32_C(2)
#define INJECT_RECORD_FIRST UINT32_C(4) /* of a visit: after an entry from below */
#define INJECT_RECORD_VCPU_SHIFT 8      /* eight bits */

struct inject_record {
	uint64_t pc; /* virtual */
	uint32_t opcode;
	uint32_t flags;
	uint64_t vaddr; /* of its first access, 0 if there was none */
};

#define INJECT_DIGEST_MAGIC "TRRMDIG"
#define INJECT_DIGEST_VERSION 1

struct inject_digest_header {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
};

_Static_assert(sizeof(struct inject_record) == 24 && sizeof(struct inject_record_header) == 32 &&
		       sizeof(struct inject_digest_header) == 16,
	       "files have no padding");

#endif /* QEMU_PLUGINS_INJECT_FORMAT_H */
