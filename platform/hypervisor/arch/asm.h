/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions in assembly: symbols with size and type. */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* clang-format off */
.macro func name
	.global \name
	.type \name, %function
	.balign 4
\name:
.endm

.macro endfunc name
	.size \name, . - \name
.endm
/* clang-format on */

#endif /* ARCH_ASM_H */
