/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generator, and the calls by which guests read it (Arm DEN 0098, 1.0). */
#include <hyp/guest_call.h>
#include <hyp/sha256.h>
#include <hyp/trng.h>

#include <string.h>

#define RESULTS 3 /* registers */
#define FRESH 4   /* numbers of the CPU that are worth a state */

/* What a hash of the state is for. */
enum purpose { PURPOSE_STATE, PURPOSE_OUTPUT };

static struct lock trng_lock;
static uint8_t state[SHA256_BYTES]; /* trng_lock */
static bool is_seeded;              /* trng_lock */

/* Nobody reads it again, so the compiler would leave it. */
static void wipe(void *secret, uint64_t bytes)
{
	memset(secret, 0, bytes);
	__asm__ volatile("" : : "r"(secret) : "memory");
}

/* @out, which may be the state: a hash of state, @purpose and @input. Needs trng_lock. */
static void derive(enum purpose purpose, const uint8_t input[SHA256_BYTES],
		   uint8_t out[SHA256_BYTES])
{
	uint8_t all[2 * SHA256_BYTES + 1];

	memcpy(all, state, SHA256_BYTES);
	memcpy(&all[SHA256_BYTES], input, SHA256_BYTES);
	all[2 * SHA256_BYTES] = (uint8_t)purpose;
	sha256(all, sizeof(all), out);
	wipe(all, sizeof(all));
}

void trng_add(const void *seed, uint64_t bytes)
{
	uint8_t digest[SHA256_BYTES];

	sha256(seed, bytes, digest);
	lock_hold(&trng_lock);
	derive(PURPOSE_STATE, digest, state);
	wipe(digest, sizeof(digest));
	is_seeded = true;
}

bool trng_read(void *to, uint64_t bytes)
{
	static const uint8_t nothing[SHA256_BYTES];
	uint64_t fresh[FRESH], count = 0;
	uint8_t *out = to, block[SHA256_BYTES];

	while (count < FRESH && rndr_read(&fresh[count])) {
		count++;
	}
	if (count == FRESH) {
		trng_add(fresh, sizeof(fresh));
	}
	lock_hold(&trng_lock);
	for (uint64_t part; is_seeded && bytes > 0; bytes -= part, out += part) {
		derive(PURPOSE_OUTPUT, nothing, block);
		derive(PURPOSE_STATE, nothing, state);
		part = bytes < sizeof(block) ? bytes : sizeof(block);
		memcpy(out, block, part);
	}
	wipe(fresh, sizeof(fresh));
	wipe(block, sizeof(block));
	return is_seeded;
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
