/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses to memory that may be refused: a signal becomes an answer. arm64 only.
 * Safe in one thread of a process at a time; the signals of other threads keep their effect.
 */
#ifndef HOST_ATTACK_PROBE_H
#define HOST_ATTACK_PROBE_H

#include "platform/abi/attack.h"

#include <stddef.h>
#include <stdint.h>

/* How an access ended. */
struct probe_end {
	int signal;     /* 0: it was done; else SIGSEGV, SIGBUS, SIGILL or SIGTRAP */
	int si_code;    /* as the signal's siginfo has it */
	size_t done;    /* bytes accessed before */
	uint64_t value; /* what called code returned */
};

/* Copy @size bytes (a multiple of 8) from @address to @bytes. */
struct probe_end probe_read(uint64_t address, void *bytes, size_t size);

/* Copy @size bytes (a multiple of 8) from @bytes to @address. */
struct probe_end probe_write(uint64_t address, const void *bytes, size_t size);

/* Maintenance (platform/abi/attack.h) at @address. One that EL0 does not have is SIGILL. */
struct probe_end probe_maintain(uint64_t address, enum attack_maintenance operation);

/*
 * Call the code at @address, in this process, and come back.
 *
 * What the code does, it does: only a return, or one of the signals above, comes back.
 */
struct probe_end probe_execute(uint64_t address);

#endif /* HOST_ATTACK_PROBE_H */
