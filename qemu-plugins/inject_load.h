/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which general registers an A64 load writes (Arm ARM DDI 0487, C4.1 "Loads and stores"). Pure. */
#ifndef QEMU_PLUGINS_INJECT_LOAD_H
#define QEMU_PLUGINS_INJECT_LOAD_H

#include <stdint.h>

/*
 * The registers that @word loads from memory, in the order of addresses, written
 * to @regs; 31 is XZR. Returns how many: 0 for stores, vector loads and all that
 * is no load.
 */
unsigned int inject_load_registers(uint32_t word, uint8_t regs[2]);

#endif /* QEMU_PLUGINS_INJECT_LOAD_H */
