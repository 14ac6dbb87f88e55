/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What assembly files share: symbols with size and type, the fixup table. */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

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

/*
 * If the instruction at @fault takes a synchronous exception, continue at
 * @resume with ESR_EL1 in x0 (exception.c reads this table).
 */
.macro extable fault, resume
	.pushsection .extable, "a"
	.balign 8
	.quad \fault, \resume
	.popsection
.endm
/* clang-format on */

#endif /* GUEST_ASM_H */
