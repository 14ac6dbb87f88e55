/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/apk/merkle.h"

#include <string.h>

#define DIGESTS_PER_BLOCK (MERKLE_BLOCK_BYTES / MERKLE_DIGEST_BYTES)

struct merkle {
	GChecksum *checksum;
	guint8 *salt;
	gsize salt_bytes;
	guint8 block[MERKLE_BLOCK_BYTES]; /* what has come of the next one */
	gsize filled;
	GByteArray *level; /* digests of the blocks so far */
};

static void hash_block(struct merkle *merkle, const guint8 *block, guint8 *digest)
{
	gsize bytes = MERKLE_DIGEST_BYTES;

	g_checksum_reset(merkle->checksum);
	g_checksum_update(merkle->checksum, merkle->salt, (gssize)merkle->salt_bytes);
	g_checksum_update(merkle->checksum, block, MERKLE_BLOCK_BYTES);
	g_checksum_get_digest(merkle->checksum, digest, &bytes);
}

static void append_digest(struct merkle *merkle, const guint8 *block, GByteArray *level)
{
	guint8 digest[MERKLE_DIGEST_BYTES];

	hash_block(merkle, block, digest);
	g_byte_array_append(level, digest, sizeof(digest));
}

struct merkle *merkle_new(const guint8 *salt, gsize salt_bytes)
{
	struct merkle *merkle = g_new0(struct merkle, 1);

	merkle->checksum = g_checksum_new(G_CHECKSUM_SHA256);
	merkle->salt = g_memdup2(salt, salt_bytes);
	merkle->salt_bytes = salt_bytes;
	merkle->level = g_byte_array_new();
	return merkle;
}

void merkle_update(struct merkle *merkle, const guint8 *bytes, gsize count)
{
	while (count > 0) {
		gsize taken = MIN(count, MERKLE_BLOCK_BYTES - merkle->filled);

		memcpy(merkle->block + merkle->filled, bytes, taken);
		merkle->filled += taken;
		bytes += taken;
		count -= taken;
		if (merkle->filled == MERKLE_BLOCK_BYTES) {
			append_digest(merkle, merkle->block, merkle->level);
			merkle->filled = 0;
		}
	}
}

static void fill_up(GByteArray *level)
{
	guint end = level->len;
	guint whole =
		MAX((end + MERKLE_BLOCK_BYTES - 1) / MERKLE_BLOCK_BYTES, 1) * MERKLE_BLOCK_BYTES;

	g_byte_array_set_size(level, whole);
	memset(level->data + end, 0, whole - end);
}

static GByteArray *level_above(struct merkle *merkle, const GByteArray *level)
{
	GByteArray *above = g_byte_array_new();

	for (guint at = 0; at < level->len; at += MERKLE_BLOCK_BYTES) {
		append_digest(merkle, level->data + at, above);
	}
	fill_up(above);
	return above;
}

GByteArray *merkle_finish(struct merkle *merkle, guint8 *root)
{
	GByteArray *tree;

	if (merkle->filled > 0) {
		memset(merkle->block + merkle->filled, 0, MERKLE_BLOCK_BYTES - merkle->filled);
		append_digest(merkle, merkle->block, merkle->level);
	}
	fill_up(merkle->level);
	tree = g_byte_array_new();
	g_byte_array_append(tree, merkle->level->data, merkle->level->len);
	while (merkle->level->len > MERKLE_BLOCK_BYTES) {
		GByteArray *above = level_above(merkle, merkle->level);

		g_byte_array_unref(merkle->level);
		merkle->level = above;
		g_byte_array_prepend(tree, above->data, above->len);
	}
	hash_block(merkle, merkle->level->data, root);
	g_byte_array_unref(merkle->level);
	g_checksum_free(merkle->checksum);
	g_free(merkle->salt);
	g_free(merkle);
	return tree;
}

guint64 merkle_tree_bytes(guint64 data_bytes)
{
	guint64 blocks = (data_bytes + MERKLE_BLOCK_BYTES - 1) / MERKLE_BLOCK_BYTES;
	guint64 tree_blocks = 0;

	do {
		blocks = (blocks + DIGESTS_PER_BLOCK - 1) / DIGESTS_PER_BLOCK;
		tree_blocks += blocks;
	} while (blocks > 1);
	return tree_blocks * MERKLE_BLOCK_BYTES;
}
