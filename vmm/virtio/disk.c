/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/error.h"
#include "vmm/file.h"

/* [at, at + bytes) of the disk are the file's first bytes. */
struct part {
	uint64_t at;
	uint64_t bytes;
	uint64_t file_bytes; /* at most bytes; zeroes after it */
	bool writable;
	int fd;
};

struct disk {
	GArray *parts; /* struct part, ascending */
	uint64_t bytes;
};

static void part_clear(void *part)
{
	close(((struct part *)part)->fd);
}

static struct disk *disk_new(void)
{
	struct disk *disk = g_new0(struct disk, 1);

	disk->parts = g_array_new(FALSE, FALSE, sizeof(struct part));
	g_array_set_clear_func(disk->parts, part_clear);
	return disk;
}

/* Open the file and find its size; -1 and @error if it is of no use as a disk. */
static int open_file(const char *path, bool writable, uint64_t *bytes, GError **error)
{
	/* O_NONBLOCK: the open of a FIFO shall be refused below, not hang. */
	int fd = file_open(path, (writable ? O_RDWR : O_RDONLY) | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	off_t end;

	if (fd < 0) {
		error_set_errno(error, "disk '%s'", path);
		return -1;
	}
	end = lseek(fd, 0, SEEK_END);
	if (fstat(fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) ||
	    end < 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			    "disk '%s' is neither a regular file nor a block device", path);
		close(fd);
		return -1;
	}
	*bytes = (uint64_t)end;
	return fd;
}

static bool add_part(struct disk *disk, const struct part *part, const char *path, GError **error)
{
	struct part opened = *part;

	opened.fd = open_file(path, part->writable, &opened.file_bytes, error);
	if (opened.fd < 0) {
		return false;
	}
	if (opened.writable && opened.file_bytes < opened.bytes) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			    "disk '%s' has %" G_GUINT64_FORMAT
			    " bytes; its part has %" G_GUINT64_FORMAT,
			    path, (guint64)opened.file_bytes, (guint64)opened.bytes);
		close(opened.fd);
		return false;
	}
	opened.file_bytes = MIN(opened.file_bytes, opened.bytes);
	g_array_append_val(disk->parts, opened);
	disk->bytes = opened.at + opened.bytes;
	return true;
}

struct disk *disk_open(const char *path, bool read_only, GError **error)
{
	struct disk *disk = disk_new();
	struct part whole = { .writable = !read_only };

	whole.fd = open_file(path, whole.writable, &whole.bytes, error);
	if (whole.fd < 0) {
		disk_free(disk);
		return NULL;
	}
	whole.file_bytes = whole.bytes;
	g_array_append_val(disk->parts, whole);
	disk->bytes = whole.bytes;
	if (whole.bytes == 0 || whole.bytes % DISK_SECTOR_BYTES != 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			    "disk '%s' has %" G_GUINT64_FORMAT " bytes, which is not a multiple of "
			    "%d above 0",
			    path, (guint64)whole.bytes, DISK_SECTOR_BYTES);
		disk_free(disk);
		return NULL;
	}
	return disk;
}

/* A multiple of a sector; disks end below 2^62, so that sums fit. */
static bool parse_sectors(const char *word, uint64_t *bytes)
{
	guint64 number = 0;

	if (!g_ascii_string_to_unsigned(word, 10, 0, G_MAXINT64 / 2, &number, NULL) ||
	    number % DISK_SECTOR_BYTES != 0) {
		return false;
	}
	*bytes = number;
	return true;
}

/* One line of a list: "OFFSET BYTES r|w FILE". */
static bool add_line(struct disk *disk, const char *line, bool read_only, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	struct part part = { .fd = -1 };

	if (g_strv_length(words) != 4 || !parse_sectors(words[0], &part.at) ||
	    !parse_sectors(words[1], &part.bytes) || part.bytes == 0 ||
	    (strcmp(words[2], "r") != 0 && strcmp(words[2], "w") != 0) || words[3][0] == '\0') {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			    "not 'OFFSET BYTES r|w FILE' with multiples of %d", DISK_SECTOR_BYTES);
		return false;
	}
	if (part.at < disk->bytes) {
		g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
				    "the part begins before the end of the one above");
		return false;
	}
	if (disk->parts->len == DISK_PARTS_MAX) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "more than %d parts",
			    DISK_PARTS_MAX);
		return false;
	}
	part.writable = words[2][0] == 'w' && !read_only;
	return add_part(disk, &part, words[3], error);
}

/* The file's text, NULL and errno if it cannot be read, is too long or holds a zero. */
static char *read_list(const char *path)
{
	g_autofree char *text = g_malloc0(DISK_LIST_BYTES_MAX + 1);
	int fd = file_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : pread(fd, text, DISK_LIST_BYTES_MAX + 1, 0);
	int saved = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = saved;
	if (got > DISK_LIST_BYTES_MAX || (got >= 0 && strlen(text) != (size_t)got)) {
		errno = EINVAL;
		return NULL;
	}
	return got < 0 ? NULL : g_steal_pointer(&text);
}

struct disk *disk_open_composite(const char *path, bool read_only, GError **error)
{
	struct disk *disk = disk_new();
	g_autofree char *text = read_list(path);
	g_auto(GStrv) lines = NULL;

	if (text == NULL) {
		error_set_errno(error, "disk '%s': its list", path);
		disk_free(disk);
		return NULL;
	}
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	if (lines[0] == NULL) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "disk '%s': its list is empty",
			    path);
		disk_free(disk);
		return NULL;
	}
	for (unsigned i = 0; lines[i] != NULL; i++) {
		if (!add_line(disk, lines[i], read_only, error)) {
			g_prefix_error(error, "disk '%s': line %u: ", path, i + 1);
			disk_free(disk);
			return NULL;
		}
	}
	return disk;
}

uint64_t disk_bytes(const struct disk *disk)
{
	return disk->bytes;
}

/* All of @bytes or nothing: a file that was cut short is an I/O error. */
static bool read_all(int fd, uint8_t *to, size_t bytes, uint64_t at)
{
	while (bytes > 0) {
		ssize_t done = pread(fd, to, bytes, (off_t)at);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return false;
		}
		to += done;
		at += (size_t)done;
		bytes -= (size_t)done;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *from, size_t bytes, uint64_t at)
{
	while (bytes > 0) {
		ssize_t done = pwrite(fd, from, bytes, (off_t)at);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return false;
		}
		from += done;
		at += (size_t)done;
		bytes -= (size_t)done;
	}
	return true;
}

/* The first part that ends above @at; NULL behind the last. */
static const struct part *part_at(const struct disk *disk, uint64_t at)
{
	guint low = 0;
	guint high = disk->parts->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		const struct part *part = &g_array_index(disk->parts, struct part, middle);

		if (part->at + part->bytes > at) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low < disk->parts->len ? &g_array_index(disk->parts, struct part, low) : NULL;
}

bool disk_read(const struct disk *disk, uint8_t *to, size_t count, uint64_t at)
{
	while (count > 0) {
		const struct part *part = part_at(disk, at);
		uint64_t zeroes, now;

		if (part == NULL) {
			return false;
		}
		if (at >= part->at && at - part->at < part->file_bytes) {
			now = MIN(count, part->file_bytes - (at - part->at));
			if (!read_all(part->fd, to, now, at - part->at)) {
				return false;
			}
		} else {
			zeroes = at < part->at ? part->at - at : part->bytes - (at - part->at);
			now = MIN(count, zeroes);
			memset(to, 0, now);
		}
		to += now;
		at += now;
		count -= now;
	}
	return true;
}

bool disk_write(const struct disk *disk, const uint8_t *from, size_t count, uint64_t at)
{
	while (count > 0) {
		const struct part *part = part_at(disk, at);
		size_t now;

		if (part == NULL || at < part->at || !part->writable) {
			return false;
		}
		now = MIN(count, part->bytes - (at - part->at));
		if (!write_all(part->fd, from, now, at - part->at)) {
			return false;
		}
		from += now;
		at += now;
		count -= now;
	}
	return true;
}

bool disk_flush(const struct disk *disk)
{
	bool flushed = true;

	for (guint i = 0; i < disk->parts->len; i++) {
		const struct part *part = &g_array_index(disk->parts, struct part, i);

		if (part->writable && fdatasync(part->fd) != 0) {
			flushed = false;
		}
	}
	return flushed;
}

void disk_free(struct disk *disk)
{
	if (disk != NULL) {
		g_array_unref(disk->parts);
		g_free(disk);
	}
}
