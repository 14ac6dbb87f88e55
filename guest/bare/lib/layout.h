/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that the linker script and the entry code agree on: the stacks of
 * each CPU. Plain numbers: assembly, the linker script and C read this file.
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

/* A CPU's stack lies above a guard page that is never mapped. */
#define STACK_GUARD_BYTES 0x1000
#define STACK_BYTES 0x4000
#define STACK_STRIDE (STACK_GUARD_BYTES + STACK_BYTES)

/* Exceptions run on a stack of their own, so an overflow can be reported. */
#define EXCEPTION_STACK_BYTES 0x2000

#endif /* GUEST_LAYOUT_H */
