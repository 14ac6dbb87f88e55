/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions in assembly: symbols with size and type. Nobody called an `outermost` one:
 * debuggers end their back trace there.
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* clang-format off */
	.cfi_sections .debug_frame

.macro func name
	.global \name
	.type \name, %function
	.balign 4
\name:
	.cfi_startproc
.endm

.macro outermost
	.cfi_undefined x30
.endm

.macro endfunc name
	.cfi_endproc
	.size \name, . - \name
.endm
/* clang-format on */

#endif /* ARCH_ASM_H */
