/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which calls a fuzzer makes. A seed has a sequence of calls without end; call N of it is
 * a function of the seed and N alone, so that any part of the sequence can be made again,
 * and one call after the other be left out of it. For host's module and guest program, each of
 * which makes calls of its own kind.
 *
 * Structs have no padding that is not named. Little endian.
 */
#ifndef ABI_FUZZ_PLAN_H
#define ABI_FUZZ_PLAN_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define FUZZ_RANGES_MAX 1000

/* Calls [first, first + count). */
struct fuzz_range {
	uint32_t first;
	uint32_t count;
};

struct fuzz_plan {
	uint64_t seed;
	uint32_t ranges_count; /* at most FUZZ_RANGES_MAX */
	uint32_t zero;
	struct fuzz_range ranges[FUZZ_RANGES_MAX]; /* ascending */
};

/* In a guest program that takes a plan: written into its image before it starts. */
#define FUZZ_INPUT_MAGIC "terrarium fuzz 1"
#define FUZZ_INPUT_MAGIC_BYTES 16

/* The random numbers of one call: splitmix64 (Steele, Lea, Flood: OOPSLA 2014, figure 16). */
struct fuzz_random {
	uint64_t state;
};

/* The next of them. */
static inline uint64_t fuzz_any(struct fuzz_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Those of call @call of @seed. */
static inline struct fuzz_random fuzz_random_of(uint64_t seed, uint32_t call)
{
	struct fuzz_random random = { .state = seed };

	random.state = fuzz_any(&random) ^ call;
	random.state = fuzz_any(&random);
	return random;
}

#endif /* ABI_FUZZ_PLAN_H */
