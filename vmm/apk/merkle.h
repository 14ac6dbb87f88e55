/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of SHA-256 over blocks of 4 KiB, as fs-verity, dm-verity (format 1) and the APK signature schemes have it: each block's
 * digest covers the salt and then the block; the digests of a level fill blocks, the last with zeroes, which are the next
 * level's data, until a level is one block; that block's digest is the root. There is at least one level.
 */
#ifndef VMM_APK_MERKLE_H
#define VMM_APK_MERKLE_H

#include <glib.h>

#define MERKLE_BLOCK_BYTES 4096
#define MERKLE_DIGEST_BYTES 32 /* SHA-256 */

struct merkle;

/* A tree over the bytes that follow, in any portions. @salt may be NULL with 0 bytes; it is copied. */
struct merkle *merkle_new(const guint8 *salt, gsize salt_bytes);
void merkle_update(struct merkle *merkle, const guint8 *bytes, gsize count);

/*
 * The end of the bytes; the last block is filled up with zeroes. Frees @merkle.
 *
 * @root    MERKLE_DIGEST_BYTES.
 * Returns  the tree, the root's level first, the lowest last; the caller's. Without any bytes one block of zeroes.
 */
GByteArray *merkle_finish(struct merkle *merkle, guint8 *root);

/* Bytes of the tree over @data_bytes, above 0 and at most 2^60. */
guint64 merkle_tree_bytes(guint64 data_bytes);

#endif /* VMM_APK_MERKLE_H */
