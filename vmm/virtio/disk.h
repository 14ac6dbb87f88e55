/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block device reads and writes: one file, or several that a list puts together.
 *
 * The list of a composite disk is text, a line for each part in ascending order:
 *
 *   OFFSET BYTES r|w FILE
 *
 * OFFSET and BYTES are decimal multiples of 512; parts do not overlap. FILE goes to the line's end and may
 * be "fd:N" (vmm/file.h). What lies between parts, and what a part has beyond its file's end, reads
 * as zeroes; a "w" part's file has all of its bytes. The disk ends with its last part.
 */
#ifndef VMM_VIRTIO_DISK_H
#define VMM_VIRTIO_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define DISK_SECTOR_BYTES 512
#define DISK_PARTS_MAX 64
#define DISK_LIST_BYTES_MAX (64 * 1024)

struct disk;

/*
 * Open a disk that is the file @path, or the composite disk whose list is the file @path.
 *
 * @read_only  every write is refused; else a file is opened for writing, and of a composite
 *             disk the parts that say "w".
 * Returns     a disk, owned by the caller: disk_free().
 * Errors      NULL; G_FILE_ERROR: cannot be opened, no regular file or block device, size no multiple of a
 *             sector above 0, or what is wrong with the list, naming the line.
 */
struct disk *disk_open(const char *path, bool read_only, GError **error);
struct disk *disk_open_composite(const char *path, bool read_only, GError **error);

/* Its size in bytes: a multiple of DISK_SECTOR_BYTES above 0. */
uint64_t disk_bytes(const struct disk *disk);

/*
 * Read or write all of [@at, @at + @count), which lies in the disk. Any thread, one at a time.
 *
 * Returns  false: an I/O error, a file that was cut short, or no right to write there. Part of it
 *          may have been done.
 */
bool disk_read(const struct disk *disk, uint8_t *to, size_t count, uint64_t at);
bool disk_write(const struct disk *disk, const uint8_t *from, size_t count, uint64_t at);

/* Wait until all that was written is on the host's disk; false on an I/O error. */
bool disk_flush(const struct disk *disk);

/* Close all of it. NULL is allowed. */
void disk_free(struct disk *disk);

#endif /* VMM_VIRTIO_DISK_H */
