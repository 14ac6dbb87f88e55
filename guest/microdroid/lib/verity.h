/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm-verity: a block device whose blocks are checked against a hash tree when they are read.
 * Format 1 of Linux Documentation/admin-guide/device-mapper/verity.rst; SHA-256. No GLib: also
 * for the first stage. One thread.
 */
#ifndef GUEST_MICRODROID_LIB_VERITY_H
#define GUEST_MICRODROID_LIB_VERITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERITY_DIGEST_BYTES 32
#define VERITY_SALT_BYTES_MAX 256 /* drivers/md/dm-verity-target.c */
#define VERITY_PARAMETERS_BYTES_MAX 1024

/* What is checked, and against what. */
struct verity_tree {
	uint32_t block_bytes; /* of data and of the tree: a power of two, 512 to 4096 */
	uint64_t data_blocks; /* so many are checked and readable */
	uint64_t hash_start;  /* block of the tree's device at which the tree starts */
	uint8_t root_digest[VERITY_DIGEST_BYTES];
	uint8_t salt[VERITY_SALT_BYTES_MAX];
	size_t salt_bytes;
	bool restart; /* a wrong block restarts the machine; else reading it fails with EIO */
};

/*
 * Read a tree's description: lines "name=value" with the names block_bytes, data_blocks,
 * hash_start, root_digest, salt (hexadecimal), each once; all but salt are required.
 *
 * Returns  NULL, or what is wrong, a constant; @tree is then undefined.
 */
const char *verity_parse(const char *text, struct verity_tree *tree);

/*
 * The parameters of a dm table's line for @tree, with devices as dm names them ("254:0").
 *
 * Returns  false if @size is too small.
 */
bool verity_parameters(const struct verity_tree *tree, const char *data_device,
		       const char *hash_device, char *parameters, size_t size);

/*
 * Make the device-mapper device @name, read-only, of the block devices at the paths @data and @hash (they may be the
 * same). Its node is @node, /dev/dm-N.
 *
 * Returns  true; false with errno, and no device is left.
 */
bool verity_map(const char *name, const struct verity_tree *tree, const char *data,
		const char *hash, char *node, size_t node_size);

#endif /* GUEST_MICRODROID_LIB_VERITY_H */
