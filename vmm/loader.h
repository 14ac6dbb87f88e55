/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that a guest starts from: opened and measured first, so that the
 * layout is known before there is memory, then read into it.
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/memory.h"

/* Bytes of the header of an arm64 Image (Linux Documentation/arch/arm64/booting.rst). */
#define LOADER_IMAGE_HEADER_BYTES 64

/* A file to load. All zero but fd -1 is one that is not there. */
struct loader_file {
	int fd; /* owned; loader_close() */
	uint64_t bytes;
	char *path; /* owned; for messages */
};

/* What an Image's header says about the memory it wants. */
struct loader_image {
	uint64_t offset; /* bytes from the start of RAM, which is 2 MiB aligned */
	uint64_t bytes;  /* memory it takes; not less than the file has */
};

enum loader_error {
	LOADER_ERROR_FORMAT, /* not an image that this VMM can start */
	LOADER_ERROR_FILE,   /* not a regular file, empty, or it shrank while read */
};

/* GError's domain of the errors above. */
#define LOADER_ERROR (loader_error_quark())
GQuark loader_error_quark(void);

/*
 * Open a regular file for reading and find its size.
 *
 * Owns    on success the caller: loader_close(); on failure nothing is open.
 * Errors  G_FILE_ERROR from open(); LOADER_ERROR_FILE. Both name @path.
 */
bool loader_open(const char *path, struct loader_file *file, GError **error);

/* Close what loader_open() opened; one that was never opened is allowed. */
void loader_close(struct loader_file *file);

/*
 * Check the header of an arm64 Image.
 *
 * @header      the file's first @bytes bytes, any content.
 * @file_bytes  size of the whole file.
 * Errors       LOADER_ERROR_FORMAT, saying what is wrong: too short, compressed,
 *              big-endian, or no Image at all.
 */
bool loader_check_image(const uint8_t *header, size_t bytes, uint64_t file_bytes,
			struct loader_image *image, GError **error);

/* loader_check_image() of an open file; errors prefixed with its path. */
bool loader_read_image_header(const struct loader_file *file, struct loader_image *image,
			      GError **error);

/*
 * Read a whole file to @to, which has room for its bytes.
 *
 * Errors  G_FILE_ERROR, LOADER_ERROR_FILE; part of it may be there then.
 */
bool loader_read_bytes(const struct loader_file *file, void *to, GError **error);

/*
 * Read a whole file into guest memory at @ipa.
 *
 * Errors  G_FILE_ERROR, LOADER_ERROR_FILE; part of it may be loaded then.
 */
bool loader_read(const struct loader_file *file, const struct guest_memory *memory, uint64_t ipa,
		 GError **error);

#endif /* VMM_LOADER_H */
