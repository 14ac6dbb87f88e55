/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers for EL2 and its guests: SHA-256 of a secret state, which is replaced by
 * another hash of itself with every 32 bytes, so that who sees a state learns nothing of what
 * was read before. Seeded by the device tree's rng-seed, and by the CPU (RNDR) at every read
 * if it can.
 *
 * Without either there is no entropy, and nothing is made up. (The machine on the
 * instruction counter has no rng-seed.)
 */
#ifndef HYP_TRNG_H
#define HYP_TRNG_H

#include <stdbool.h>
#include <stdint.h>

/* Mix @bytes of @seed in. From then on there is entropy. Takes a lock that nothing follows. */
void trng_add(const void *seed, uint64_t bytes);

/* Random @bytes to @to; false: no entropy, nothing was written. Takes the same lock. */
bool trng_read(void *to, uint64_t bytes);

/* A random number of the CPU; false: it has none, or none now. In rndr.c. */
bool rndr_read(uint64_t *number);

#endif /* HYP_TRNG_H */
