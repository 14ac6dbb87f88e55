/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uint64_t code_page(void): one page that holds nothing but this function, so
 * that a host can try to run it in place. Position-independent, no stack.
 */
#include "guest/bare/lib/asm.h"

	.section .code_page, "ax"
	.balign 4096
func code_page
	mov	x0, #0x5ec0
	ret
endfunc code_page
	.balign 4096
