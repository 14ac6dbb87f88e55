/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generator, and the calls by which guests read it (Arm DEN 0098, 1.0). */
#include <hyp/guest_call.h>
#include <hyp/trng.h>

#include <string.h>

#define RESULTS 3 /* registers */
#define KEY_BYTES (CHACHA20_KEY_WORDS * sizeof(uint32_t))

static struct lock trng_lock;
static uint32_t state[CHACHA20_KEY_WORDS]; /* trng_lock */
static bool is_seeded;                     /* trng_lock */

static uint32_t turn(uint32_t value, uint32_t bits)
{
	return value << bits | value >> (32 - bits);
}

static void quarter(uint32_t *x, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	x[a] += x[b];
	x[d] = turn(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = turn(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = turn(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = turn(x[b] ^ x[c], 7);
}

void chacha20_block(uint32_t out[CHACHA20_BLOCK_WORDS], const uint32_t key[CHACHA20_KEY_WORDS],
		    uint32_t counter, const uint32_t nonce[CHACHA20_NONCE_WORDS])
{
	/* "expand 32-byte k" */
	uint32_t begin[CHACHA20_BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(&begin[4], key, KEY_BYTES);
	begin[12] = counter;
	memcpy(&begin[13], nonce, CHACHA20_NONCE_WORDS * sizeof(*nonce));
	memcpy(out, begin, sizeof(begin));
	for (uint32_t round = 0; round < 20; round += 2) {
		for (uint32_t i = 0; i < 4; i++) {
			quarter(out, i, 4 + i, 8 + i, 12 + i);
		}
		for (uint32_t i = 0; i < 4; i++) {
			quarter(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
		}
	}
	for (uint32_t i = 0; i < CHACHA20_BLOCK_WORDS; i++) {
		out[i] += begin[i];
	}
}

/* Half of a block is the next state, the other is the caller's; the old state is gone. */
static void step(uint32_t block[CHACHA20_BLOCK_WORDS])
{
	static const uint32_t nonce[CHACHA20_NONCE_WORDS];

	chacha20_block(block, state, 0, nonce);
	memcpy(state, block, KEY_BYTES);
	memset(block, 0, KEY_BYTES);
	__asm__ volatile("" : : "r"(block) : "memory"); /* the zeroes are written */
}

static void mix(const void *seed, uint64_t bytes)
{
	uint32_t block[CHACHA20_BLOCK_WORDS] = { 0 };

	memcpy(block, seed, bytes);
	for (uint32_t i = 0; i < CHACHA20_KEY_WORDS; i++) {
		state[i] ^= block[i];
	}
	step(block);
	is_seeded = true;
}

void trng_add(const void *seed, uint64_t bytes)
{
	const uint8_t *from = seed;

	lock_take(&trng_lock);
	for (uint64_t part; bytes > 0; bytes -= part, from += part) {
		part = bytes < KEY_BYTES ? bytes : KEY_BYTES;
		mix(from, part);
	}
	lock_release(&trng_lock);
}

bool trng_read(void *to, uint64_t bytes)
{
	uint32_t block[CHACHA20_BLOCK_WORDS];
	uint64_t fresh[KEY_BYTES / sizeof(uint64_t)];
	uint64_t count = 0;
	uint8_t *out = to;
	bool is_there;

	while (count < sizeof(fresh) / sizeof(fresh[0]) && rndr_read(&fresh[count])) {
		count++;
	}
	lock_take(&trng_lock);
	/* What does not fill a state alone is not enough to begin with. */
	if (count == sizeof(fresh) / sizeof(fresh[0]) || (is_seeded && count > 0)) {
		mix(fresh, count * sizeof(fresh[0]));
	}
	is_there = is_seeded;
	for (uint64_t part; is_there && bytes > 0; bytes -= part, out += part) {
		step(block);
		part = bytes < KEY_BYTES ? bytes : KEY_BYTES;
		memcpy(out, &block[CHACHA20_KEY_WORDS], part);
	}
	lock_release(&trng_lock);
	memset(block, 0, sizeof(block));
	memset(fresh, 0, sizeof(fresh));
	__asm__ volatile("" : : "r"(block), "r"(fresh) : "memory");
	return is_there;
}

enum guest_call guest_trng_version(struct vcpu *vcpu)
{
	return guest_status(vcpu, TRNG_1_0);
}

enum guest_call guest_trng_features(struct vcpu *vcpu)
{
	uint32_t id = (uint32_t)vcpu->x[1];
	bool is_there = SMC32(id) >= TRNG_VERSION && SMC32(id) <= SMC32(TRNG_RND64) &&
			guest_call_is_served(vcpu, id);

	return guest_status(vcpu, is_there ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED);
}

/*
 * Names this implementation: 2240595c-8dce-4b71-bb0a-d34631f0e4ea, each register four bytes
 * of it, the first in bits 7:0.
 */
enum guest_call guest_trng_uuid(struct vcpu *vcpu)
{
	return guest_answer(vcpu, 0x5c594022, 0x714bce8d, 0x46d30abb, 0xeae4f031);
}

/* x1 bits are wanted. Bit 0 is that of x3; what of x1 to x3 was not wanted is zero. */
enum guest_call guest_trng_rnd(struct vcpu *vcpu)
{
	uint64_t width = vcpu->x[0] & SMC64 ? 64 : 32;
	uint64_t bits = guest_arg(vcpu, 1);
	uint64_t out[RESULTS];

	if (bits == 0 || bits > RESULTS * width) {
		return guest_status(vcpu, TRNG_INVALID_PARAMETERS);
	}
	if (!trng_read(out, sizeof(out))) {
		return guest_status(vcpu, TRNG_NO_ENTROPY);
	}
	for (uint64_t i = 0; i < RESULTS; i++) {
		uint64_t wanted = bits < width ? bits : width;

		out[i] = wanted == 0 ? 0 : out[i] >> (64 - wanted);
		bits -= wanted;
	}
	return guest_answer(vcpu, SMCCC_SUCCESS, out[2], out[1], out[0]);
}
