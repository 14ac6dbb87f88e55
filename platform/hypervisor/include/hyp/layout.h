/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things are. For C, assembly and the linker script. The hypervisor runs where it
 * is loaded, virtual = physical:
 *
 *   HYP_BASE      the image: text, rodata, data and bss, each page W or X, never both
 *                 the stacks, an unmapped page below and above each
 *                 the pool: free pages for tables
 *   + HYP_BYTES   the ownership table, 4 bytes for each page of RAM, up to a 2 MiB border
 */
#ifndef HYP_LAYOUT_H
#define HYP_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_BYTES (1 << PAGE_SHIFT)
#define BLOCK2_BYTES 0x200000   /* what a level 2 entry maps */
#define BLOCK1_BYTES 0x40000000 /* what a level 1 entry maps */

/* QEMU puts an Image here: platform/machine/machine.toml, kernel.load. */
#define HYP_BASE 0x40200000
#define HYP_BYTES 0x400000

#define CPU_MAX 8

/* Each CPU: a guard page, the stack; a guard page, the stack to report from. */
#define STACK_BYTES (4 * PAGE_BYTES)
#define FATAL_STACK_BYTES (2 * PAGE_BYTES)
#define STACK_STRIDE (2 * PAGE_BYTES + STACK_BYTES + FATAL_STACK_BYTES)
#define STACK_TOP (PAGE_BYTES + STACK_BYTES) /* from the CPU's stride on */
#define FATAL_STACK_TOP STACK_STRIDE

/* The console, a PL011: machine.toml, memory_map.uart0. */
#define UART_BASE 0x09000000

/* struct regs, below. */
#define REGS_BYTES 256

/* struct fp_state: Z0 and P0 from its start on, from Z0 on. */
#define FP_Z 16
#define FP_P (32 * 256)

#endif /* HYP_LAYOUT_H */
