/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HYP_SHA256_H
#define HYP_SHA256_H

#include <stdint.h>

#define SHA256_BYTES 32

/* SHA-256 (FIPS 180-4) of @bytes at @data. */
void sha256(const void *data, uint64_t bytes, uint8_t out[SHA256_BYTES]);

#endif /* HYP_SHA256_H */
