/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores: what they access and leave, by instructions as an assembler makes them. */
#include "platform/kvm/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BASE 0x1000u

/* x1 is the base with BASE in it, x2 an index; of what is loaded, zero is seen. */
struct row {
	const char *text;
	__u32 instruction;
	__u64 address;
	__u64 after;  /* x1 */
	__u32 zeroed; /* a bit for each register */
};

static const struct row rows[] = {
	{ "ldp x7, x8, [x1], #16", 0xa8c12027, BASE, BASE + 16, 1 << 7 | 1 << 8 },
	{ "stp x7, x8, [x1], #16", 0xa8812027, BASE, BASE + 16, 0 },
	{ "ldp x7, x8, [x1, #16]!", 0xa9c12027, BASE + 16, BASE + 16, 1 << 7 | 1 << 8 },
	{ "ldp x7, x8, [x1, #-16]", 0xa97f2027, BASE - 16, BASE, 1 << 7 | 1 << 8 },
	{ "ldnp w7, w8, [x1, #8]", 0x28412027, BASE + 8, BASE, 1 << 7 | 1 << 8 },
	{ "ldpsw x7, x8, [x1]", 0x69402027, BASE, BASE, 1 << 7 | 1 << 8 },
	{ "ldp q0, q1, [x1], #32", 0xacc10420, BASE, BASE + 32, 0 },
	{ "ldr x3, [x1]", 0xf9400023, BASE, BASE, 1 << 3 },
	{ "ldr w3, [x1, #4]", 0xb9400423, BASE + 4, BASE, 1 << 3 },
	{ "ldrb w3, [x1], #1", 0x38401423, BASE, BASE + 1, 1 << 3 },
	{ "ldrsh x3, [x1, #-2]!", 0x789fec23, BASE - 2, BASE - 2, 1 << 3 },
	{ "ldur x3, [x1, #-8]", 0xf85f8023, BASE - 8, BASE, 1 << 3 },
	{ "ldtr x3, [x1, #8]", 0xf8408823, BASE + 8, BASE, 1 << 3 },
	{ "str x3, [x1], #8", 0xf8008423, BASE, BASE + 8, 0 },
	{ "str xzr, [x1, #24]", 0xf9000c3f, BASE + 24, BASE, 0 },
	{ "ldr xzr, [x1]", 0xf940003f, BASE, BASE, 0 },
	{ "ldr x3, [x1, x2, lsl #3]", 0xf8627823, BASE - 8, BASE, 1 << 3 },
	{ "ldr w3, [x1, w2, uxtw]", 0xb8624823, BASE + 0xffffffffULL, BASE, 1 << 3 },
	{ "ldr x3, [x1, w2, sxtw #3]", 0xf862d823, BASE - 8, BASE, 1 << 3 },
	{ "ldr q3, [x1, #16]", 0x3dc00423, BASE + 16, BASE, 0 },
	{ "dc zva, x1", 0xd50b7421, BASE, BASE, 0 },
};

static void go_on_behind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct access access;
		__u64 x[31];

		for (unsigned r = 0; r < 31; r++) {
			x[r] = 0x100 + r;
		}
		x[1] = BASE;
		x[2] = ~0ULL;
		if (!access_decode(row->instruction, &access)) {
			fail_msg("%s: not known", row->text);
		}
		if (access_address(&access, x) != row->address) {
			fail_msg("%s: at 0x%llx", row->text, access_address(&access, x));
		}
		access_skip(&access, x);
		for (unsigned r = 0; r < 31; r++) {
			__u64 wanted = row->zeroed >> r & 1 ? 0 :
				       r == 1               ? row->after :
				       r == 2               ? ~0ULL :
							      0x100 + r;

			if (x[r] != wanted) {
				fail_msg("%s: x%u is 0x%llx", row->text, r, x[r]);
			}
		}
	}
}

static void others(void **state)
{
	static const struct {
		const char *text;
		__u32 instruction;
	} unknown[] = {
		{ "nop", 0xd503201f },
		{ "add x1, x1, #1", 0x91000421 },
		{ "ldxr x3, [x1]", 0xc85f7c23 },
		{ "ldadd x2, x3, [x1]", 0xf8220023 },
		{ "swp x2, x3, [x1]", 0xf8228023 },
		{ "ld1 {v0.16b}, [x1]", 0x4c407020 },
		{ "ldr x3, [sp]", 0xf94003e3 },
		{ "dc zva, xzr", 0xd50b743f },
		{ "dc cvac, x1", 0xd50b7a21 },
		{ "ldr x3, literal", 0x58000003 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		struct access access;

		if (access_decode(unknown[i].instruction, &access)) {
			fail_msg("%s: taken for a load or store", unknown[i].text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(go_on_behind),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
