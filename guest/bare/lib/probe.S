/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contracts in probe.h. Leaf routines; each uses only what AAPCS64 lets it. */
#include "guest/bare/lib/asm.h"

	.text

func probe_read64
1:	ldr	x2, [x0]
	str	x2, [x1]
	mov	x0, #0
2:	ret
	extable 1b, 2b
endfunc probe_read64

func probe_write64
1:	str	x1, [x0]
	mov	x0, #0
2:	ret
	extable 1b, 2b
endfunc probe_write64

.macro probe_call insn
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x1, [sp, #16]
	mov	x8, x0
	ldp	x0, x1, [x8]
	ldp	x2, x3, [x8, #16]
	ldp	x4, x5, [x8, #32]
	ldp	x6, x7, [x8, #48]
1:	\insn	#0
	ldr	x8, [sp, #16]
	stp	x0, x1, [x8]
	stp	x2, x3, [x8, #16]
	mov	x0, #1
	b	3f
2:	mov	x0, #0
3:	ldp	x29, x30, [sp], #32
	ret
	extable 1b, 2b
.endm

func probe_hvc
	probe_call hvc
endfunc probe_hvc

func probe_smc
	probe_call smc
endfunc probe_smc
