/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256, FIPS 180-4, section 6.2. */
#include <hyp/sha256.h>

#include <string.h>

#define BLOCK_BYTES 64
#define WORDS 8
#define ROUNDS 64
#define LENGTH_BYTES 8

/* clang-format off */
static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
/* clang-format on */

static uint32_t turn(uint32_t value, uint32_t bits)
{
	return value >> bits | value << (32 - bits);
}

static void absorb(uint32_t hash[WORDS], const uint8_t *block)
{
	uint32_t w[ROUNDS], x[WORDS];

	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (i < BLOCK_BYTES / 4) {
			w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
			continue;
		}
		w[i] = w[i - 16] + w[i - 7] +
		       (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
	}
	memcpy(x, hash, sizeof(x));
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t a = x[7] + (turn(x[4], 6) ^ turn(x[4], 11) ^ turn(x[4], 25)) +
			     ((x[4] & x[5]) ^ (~x[4] & x[6])) + constants[i] + w[i];
		uint32_t b = (turn(x[0], 2) ^ turn(x[0], 13) ^ turn(x[0], 22)) +
			     ((x[0] & x[1]) ^ (x[0] & x[2]) ^ (x[1] & x[2]));

		memmove(&x[1], &x[0], (WORDS - 1) * sizeof(x[0]));
		x[4] += a;
		x[0] = a + b;
	}
	for (uint32_t i = 0; i < WORDS; i++) {
		hash[i] += x[i];
	}
}

void sha256(const void *data, uint64_t bytes, uint8_t out[SHA256_BYTES])
{
	uint32_t hash[WORDS] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	uint8_t last[2 * BLOCK_BYTES] = { 0 };
	const uint8_t *from = data;
	uint64_t left = bytes;
	uint64_t end;

	for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, from += BLOCK_BYTES) {
		absorb(hash, from);
	}
	memcpy(last, from, left);
	last[left] = 0x80;
	end = left + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
	for (uint64_t i = 0; i < LENGTH_BYTES; i++) {
		last[end - 1 - i] = (uint8_t)(bytes * 8 >> 8 * i);
	}
	for (uint64_t at = 0; at < end; at += BLOCK_BYTES) {
		absorb(hash, &last[at]);
	}
	for (uint32_t i = 0; i < SHA256_BYTES; i++) {
		out[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
	}
}
