/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own sysreg.h with registers that are variables, and nothing to wait for. */
#ifndef FAKE_ARCH_SYSREG_H
#define FAKE_ARCH_SYSREG_H

#include_next "arch/sysreg.h"

/* The register of that name, whether by its own or by its encoding. */
uint64_t *fake_sysreg(const char *name);

/* TLB and cache maintenance, address translation: noted. */
void fake_instruction(const char *what, uint64_t value);

#undef sysreg_read
#undef sysreg_write
#undef isb
#undef dsb
#undef tlbi
#undef ic_iallu
#undef at_s1e1r
#define sysreg_read(name) (*fake_sysreg(#name))
#define sysreg_write(name, value) (*fake_sysreg(#name) = (uint64_t)(value))
#define isb() fake_instruction("isb", 0)
#define dsb(kind) fake_instruction("dsb", 0)
#define tlbi(what) fake_instruction("tlbi " #what, 0)
#define ic_iallu() fake_instruction("ic iallu", 0)
#define at_s1e1r(va) fake_instruction("at s1e1r", va)

#endif /* FAKE_ARCH_SYSREG_H */
