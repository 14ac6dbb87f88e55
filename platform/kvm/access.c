/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings: Arm ARM C4.1.94 (loads and stores). */
#include "platform/kvm/access.h"

#define BITS(value, high, low) ((value) >> (low) & ((1U << ((high) - (low) + 1)) - 1))

enum { UXTW = 2, SXTW = 6 };
enum { PAIR_POST = 1, PAIR_PRE = 3 };
enum { SINGLE_UNSCALED = 0, SINGLE_POST = 1, SINGLE_UNPRIVILEGED = 2, SINGLE_PRE = 3 };

static __s64 sign_extend(__u32 value, unsigned int bits)
{
	__u32 sign = 1U << (bits - 1);

	return (__s64)(value ^ sign) - sign;
}

/* LDP, STP, LDNP, STNP, LDPSW. */
static int decode_pair(__u32 instruction, struct access *access)
{
	unsigned int size = BITS(instruction, 31, 30), mode = BITS(instruction, 24, 23);
	int is_vector = BITS(instruction, 26, 26), is_load = BITS(instruction, 22, 22);
	unsigned int scale = is_vector ? 2 + size : 2 + (size >> 1);
	__s64 offset = sign_extend(BITS(instruction, 21, 15), 7) * (1 << scale);

	if (size == 3 || (size == 1 && !is_vector && !is_load)) {
		return 0;
	}
	if (is_load && !is_vector) {
		access->loads[0] = BITS(instruction, 4, 0);
		access->loads[1] = BITS(instruction, 14, 10);
	}
	access->offset = mode == PAIR_POST ? 0 : offset;
	access->writeback = mode == PAIR_POST || mode == PAIR_PRE ? offset : 0;
	return 1;
}

/* With an immediate of 9 bits, or a register. */
static int decode_single_offset(__u32 instruction, unsigned int scale, struct access *access)
{
	unsigned int mode = BITS(instruction, 11, 10);
	__s64 offset = sign_extend(BITS(instruction, 20, 12), 9);

	if (BITS(instruction, 21, 21)) {
		access->index = BITS(instruction, 20, 16);
		access->extend = BITS(instruction, 15, 13);
		access->shift = BITS(instruction, 12, 12) ? scale : 0;
		return mode == 2 && access->extend & 2; /* else an atomic */
	}
	access->offset = mode == SINGLE_POST ? 0 : offset;
	access->writeback = mode == SINGLE_POST || mode == SINGLE_PRE ? offset : 0;
	return 1;
}

/* LDR, STR and their kin of bytes, half words, signed, unscaled, unprivileged. */
static int decode_single(__u32 instruction, struct access *access)
{
	unsigned int size = BITS(instruction, 31, 30), opc = BITS(instruction, 23, 22);
	int is_vector = BITS(instruction, 26, 26);
	unsigned int scale = is_vector && opc & 2 ? 4 : size;

	if (BITS(instruction, 25, 25) || (is_vector && opc & 2 && size != 0)) {
		return 0;
	}
	if (opc != 0 && !is_vector) {
		access->loads[0] = BITS(instruction, 4, 0);
	}
	if (BITS(instruction, 24, 24)) {
		access->offset = (__s64)BITS(instruction, 21, 10) << scale;
		return 1;
	}
	return decode_single_offset(instruction, scale, access);
}

int access_decode(__u32 instruction, struct access *access)
{
	*access = (struct access){
		.base = BITS(instruction, 9, 5),
		.loads = { ACCESS_NO_REGISTER, ACCESS_NO_REGISTER },
		.index = ACCESS_NO_REGISTER,
	};
	if ((instruction & ~0x1fU) == 0xd50b7420) { /* DC ZVA, Xt */
		access->base = BITS(instruction, 4, 0);
		return access->base != 31;
	}
	if (access->base == 31) {
		return 0;
	}
	switch (BITS(instruction, 29, 27)) {
	case 5:
		return !BITS(instruction, 25, 25) && decode_pair(instruction, access);
	case 7:
		return decode_single(instruction, access);
	default:
		return 0;
	}
}

__u64 access_address(const struct access *access, const __u64 x[31])
{
	__u64 index = access->index == ACCESS_NO_REGISTER ? 0 : x[access->index];

	if (access->extend == UXTW) {
		index = (__u32)index;
	} else if (access->extend == SXTW) {
		index = (__u64)sign_extend((__u32)index, 32);
	}
	return x[access->base] + (__u64)access->offset + (index << access->shift);
}

void access_skip(const struct access *access, __u64 x[31])
{
	x[access->base] += (__u64)access->writeback;
	for (unsigned int i = 0; i < 2; i++) {
		if (access->loads[i] != ACCESS_NO_REGISTER) {
			x[access->loads[i]] = 0;
		}
	}
}
