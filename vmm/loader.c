/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/error.h"
#include "vmm/file.h"

G_DEFINE_QUARK(vmm_loader_error, loader_error)

/* Image header fields, offsets in bytes; little endian (booting.rst, section 4). */
#define IMAGE_TEXT_OFFSET 8
#define IMAGE_SIZE 16
#define IMAGE_FLAGS 24
#define IMAGE_MAGIC 56
#define IMAGE_FLAG_BIG_ENDIAN (UINT64_C(1) << 0)

static const uint8_t image_magic[4] = { 'A', 'R', 'M', 0x64 };
static const uint8_t gzip_magic[2] = { 0x1f, 0x8b };
static const uint8_t pe_magic[2] = { 'M', 'Z' };
static const uint8_t zboot_magic[4] = { 'z', 'i', 'm', 'g' };
#define ZBOOT_MAGIC 4

bool loader_open(const char *path, struct loader_file *file, GError **error)
{
	struct stat st;
	int fd;

	*file = (struct loader_file){ .fd = -1 };
	/* O_NONBLOCK: a FIFO is refused below, not waited for. */
	fd = file_open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		error_set_errno(error, "cannot open %s", path);
		return false;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0) {
		g_set_error(error, LOADER_ERROR, LOADER_ERROR_FILE,
			    "%s: not a regular file with something in it", path);
		close(fd);
		return false;
	}
	file->fd = fd;
	file->bytes = (uint64_t)st.st_size;
	file->path = g_strdup(path);
	return true;
}

void loader_close(struct loader_file *file)
{
	if (file->fd >= 0) {
		close(file->fd);
	}
	g_free(file->path);
	*file = (struct loader_file){ .fd = -1 };
}

static uint64_t le64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return GUINT64_FROM_LE(value);
}

bool loader_check_image(const uint8_t *header, size_t bytes, uint64_t file_bytes,
			struct loader_image *image, GError **error)
{
	const char *wrong = NULL;

	if (bytes >= sizeof(gzip_magic) && memcmp(header, gzip_magic, sizeof(gzip_magic)) == 0) {
		wrong = "is compressed by gzip; give the uncompressed Image";
	} else if (bytes < LOADER_IMAGE_HEADER_BYTES) {
		wrong = "is shorter than the header of an arm64 Image";
	} else if (memcmp(header, pe_magic, sizeof(pe_magic)) == 0 &&
		   memcmp(header + ZBOOT_MAGIC, zboot_magic, sizeof(zboot_magic)) == 0) {
		wrong = "is a compressed EFI program (zboot); give the uncompressed Image";
	} else if (memcmp(header + IMAGE_MAGIC, image_magic, sizeof(image_magic)) != 0) {
		wrong = "is no arm64 Image (no \"ARM\\x64\" at byte 56); --raw starts other images";
	} else if (le64(header + IMAGE_FLAGS) & IMAGE_FLAG_BIG_ENDIAN) {
		wrong = "is a big-endian kernel; only little-endian ones are started";
	} else if (le64(header + IMAGE_SIZE) == 0) {
		wrong = "does not say how much memory it needs (kernels before 3.17)";
	}
	if (wrong != NULL) {
		g_set_error_literal(error, LOADER_ERROR, LOADER_ERROR_FORMAT, wrong);
		return false;
	}
	image->offset = le64(header + IMAGE_TEXT_OFFSET);
	image->bytes = MAX(le64(header + IMAGE_SIZE), file_bytes);
	return true;
}

/* Up to @bytes from @offset; the count read, short only at the file's end, or -1 with errno. */
static ssize_t read_at(int fd, uint8_t *to, uint64_t bytes, uint64_t offset)
{
	uint64_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(fd, to + done, bytes - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -1;
		}
		if (got == 0) {
			break;
		}
		done += (uint64_t)got;
	}
	return (ssize_t)done;
}

bool loader_read_image_header(const struct loader_file *file, struct loader_image *image,
			      GError **error)
{
	uint8_t header[LOADER_IMAGE_HEADER_BYTES];
	ssize_t got = read_at(file->fd, header, sizeof(header), 0);

	if (got < 0) {
		error_set_errno(error, "cannot read %s", file->path);
		return false;
	}
	if (!loader_check_image(header, (size_t)got, file->bytes, image, error)) {
		g_prefix_error(error, "--kernel: %s ", file->path);
		return false;
	}
	return true;
}

bool loader_read_bytes(const struct loader_file *file, void *to, GError **error)
{
	ssize_t got = read_at(file->fd, to, file->bytes, 0);

	if (got < 0) {
		error_set_errno(error, "cannot read %s", file->path);
		return false;
	}
	if ((uint64_t)got != file->bytes) {
		g_set_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "%s became shorter meanwhile",
			    file->path);
		return false;
	}
	return true;
}

bool loader_read(const struct loader_file *file, const struct guest_memory *memory, uint64_t ipa,
		 GError **error)
{
	uint8_t *to = guest_memory_at(memory, ipa, file->bytes);

	if (to == NULL) {
		g_set_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "%s does not fit into RAM",
			    file->path);
		return false;
	}
	return loader_read_bytes(file, to, error);
}
