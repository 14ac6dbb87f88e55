/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk's partition table: GUID Partition Table, UEFI specification 2.10, section 5.3. */
#ifndef VMM_SERVICE_GPT_H
#define VMM_SERVICE_GPT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define GPT_SECTOR_BYTES 512
#define GPT_ALIGN_BYTES 4096      /* where partitions begin */
#define GPT_ENTRIES 128           /* in the table; the least that UEFI allows */
#define GPT_HEAD_BYTES (5 * 4096) /* MBR, header and table, up to the first partition */
#define GPT_TAIL_BYTES (33 * 512) /* the copies of table and header */

struct gpt_partition {
	const char *label; /* ASCII or UTF-8 of the basic plane, at most 36 characters */
	const char *guid; /* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", or NULL: from label and number */
	uint64_t bytes;   /* a multiple of GPT_SECTOR_BYTES above 0 */
	uint64_t at;      /* set by gpt_place(): bytes from the disk's start */
};

/*
 * Put the partitions one after another, each at a multiple of GPT_ALIGN_BYTES.
 *
 * Returns  the disk's size in bytes, the tail included; 0 if it would be no number.
 */
uint64_t gpt_place(struct gpt_partition *partitions, unsigned count);

/*
 * What comes before and behind the partitions that gpt_place() has put into a disk of @disk_bytes.
 * The same partitions give the same bytes.
 *
 * @count  at most GPT_ENTRIES.
 * @head   GPT_HEAD_BYTES; @tail the disk's last GPT_TAIL_BYTES.
 */
void gpt_write(const struct gpt_partition *partitions, unsigned count, uint64_t disk_bytes,
	       uint8_t *head, uint8_t *tail);

#endif /* VMM_SERVICE_GPT_H */
