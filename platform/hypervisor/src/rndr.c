/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FEAT_RNG: Arm ARM, RNDR. */
#include <hyp/trng.h>

#include "arch/sysreg.h"

#define ISAR0_RNDR_SHIFT 60

bool rndr_read(uint64_t *number)
{
	uint64_t is_good;

	if (ID_FIELD(sysreg_read(id_aa64isar0_el1), ISAR0_RNDR_SHIFT) == 0) {
		return false;
	}
	/* RNDR; it sets Z when it has no number. */
	__asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, ne"
			 : "=r"(*number), "=r"(is_good)
			 :
			 : "cc");
	return is_good;
}
