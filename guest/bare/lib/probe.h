/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions that may fault, tried: each returns 0 if the instruction
 * completed, else the ESR_EL1 of the exception that it took (never 0 for a
 * memory access). Any CPU, any time after the MMU is on.
 */
#ifndef GUEST_PROBE_H
#define GUEST_PROBE_H

#include <stdint.h>

/* Load 8 bytes at @address into *@value; *@value is unchanged on a fault. */
uint64_t probe_read64(uintptr_t address, uint64_t *value);

/* Store @value as 8 bytes at @address. */
uint64_t probe_write64(uintptr_t address, uint64_t value);

/*
 * Issue HVC #0 or SMC #0 with x0..x7 = @args and put x0..x3 into @results.
 * Returns 1 if the instruction completed, 0 if it was undefined or faulted
 * (@results is then unchanged). Not counted: use smccc.h.
 */
uint64_t probe_hvc(const uint64_t args[8], uint64_t results[4]);
uint64_t probe_smc(const uint64_t args[8], uint64_t results[4]);

#endif /* GUEST_PROBE_H */
