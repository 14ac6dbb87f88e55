/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/s2_walker.h"

#include "tests/hypervisor/fake_machine.h"

#define ENTRIES 512u
#define PAGE UINT64_C(4096)
#define OUTPUT UINT64_C(0x0000fffffffff000)

/* Bits of a descriptor by number (D8.3.1, D8.3.2). */
static bool bit(uint64_t descriptor, unsigned int number)
{
	return descriptor >> number & 1;
}

static void show_leaf(const struct s2_visitor *visitor, uint64_t descriptor, uint64_t ipa,
		      uint64_t bytes)
{
	uint64_t memory = descriptor >> 2 & 0xf; /* MemAttr: 0b1111 is write-back twice */
	struct s2_leaf leaf = {
		.ipa = ipa,
		.pa = descriptor & OUTPUT & ~(bytes - 1),
		.bytes = bytes,
		.read = bit(descriptor, 6),
		.write = bit(descriptor, 7),
		.execute = !bit(descriptor, 54), /* XN[1], without FEAT_XNX */
		.is_normal = memory == 0xf,
	};

	leaf.is_good = bit(descriptor, 10) && (!leaf.is_normal || (descriptor >> 8 & 3) == 3) &&
		       (descriptor & OUTPUT & (bytes - 1)) == 0 && !(descriptor >> 55);
	visitor->leaf(visitor->context, &leaf);
}

static void walk(const struct s2_visitor *visitor, uint64_t table, unsigned int shift,
		 uint64_t base)
{
	const uint64_t *entry = fake_machine_page(table / PAGE);

	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t ipa = base + (i << shift);
		uint64_t descriptor = entry[i];
		uint64_t below = descriptor & OUTPUT;

		if (!bit(descriptor, 0)) {
			continue;
		}
		if (shift == 12) { /* level 3: 0b11 is a page, 0b01 reserved: invalid */
			if (bit(descriptor, 1)) {
				show_leaf(visitor, descriptor, ipa, PAGE);
			}
		} else if (!bit(descriptor, 1)) {
			show_leaf(visitor, descriptor, ipa, UINT64_C(1) << shift);
		} else if (visitor->table(visitor->context, below)) {
			walk(visitor, below, shift - 9, ipa);
		}
	}
}

void s2_walk_all(uint64_t root, const struct s2_visitor *visitor)
{
	for (uint64_t half = 0; half < 2; half++) {
		uint64_t table = (root & OUTPUT) + half * PAGE;

		if (visitor->table(visitor->context, table)) {
			walk(visitor, table, 30, half * ENTRIES << 30);
		}
	}
}
