/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers for EL2 and its guests: ChaCha20 (RFC 8439) whose key is replaced with
 * every block, so that who sees a state learns nothing of what was read before it. Seeded
 * by the device tree's rng-seed, and by the CPU (RNDR) at every read if it can.
 *
 * Without either there is no entropy, and nothing is made up. (The machine on the
 * instruction counter has no rng-seed.)
 */
#ifndef HYP_TRNG_H
#define HYP_TRNG_H

#include <stdbool.h>
#include <stdint.h>

#define CHACHA20_KEY_WORDS 8
#define CHACHA20_NONCE_WORDS 3
#define CHACHA20_BLOCK_WORDS 16

/* Mix @bytes of @seed in. From then on there is entropy. Takes a lock that nothing follows. */
void trng_add(const void *seed, uint64_t bytes);

/* Random @bytes to @to; false: no entropy, nothing was written. Takes the same lock. */
bool trng_read(void *to, uint64_t bytes);

/* A random number of the CPU; false: it has none, or none now. In rndr.c. */
bool rndr_read(uint64_t *number);

/* RFC 8439, 2.3: the block @counter of the stream that @key and @nonce begin. */
void chacha20_block(uint32_t out[CHACHA20_BLOCK_WORDS], const uint32_t key[CHACHA20_KEY_WORDS],
		    uint32_t counter, const uint32_t nonce[CHACHA20_NONCE_WORDS]);

#endif /* HYP_TRNG_H */
