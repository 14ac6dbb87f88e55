/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's stage 2: identity, 40 bits, complete from the start. RAM follows page
 * ownership (this file implements page_ops.h's page_host_*); all that is not RAM is the
 * host's as devices, never executable.
 *
 * Blocks of 1 GiB and 2 MiB; split when a part of one changes, by break-before-make, so
 * another CPU may fault on a block that is being split: the fault waits for owner_lock
 * and finds the mapping there (owner_host_reaches()).
 */
#ifndef HYP_HOST_S2_H
#define HYP_HOST_S2_H

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

/* What an entry of the table holds (Arm ARM D8.3). */
#define S2_VALID UINT64_C(1)
#define S2_TABLE UINT64_C(2) /* at level 3: a page */
#define S2_ADDRESS UINT64_C(0x0000fffffffff000)
#define S2_AF (UINT64_C(1) << 10)
#define S2_READ_WRITE (UINT64_C(3) << 6)
#define S2_INNER_SHAREABLE (UINT64_C(3) << 8)
#define S2_XN (UINT64_C(2) << 53)
#define S2_NORMAL (UINT64_C(0xf) << 2)
#define S2_DEVICE_NGNRE (UINT64_C(1) << 2)

#define S2_RAM (S2_AF | S2_READ_WRITE | S2_INNER_SHAREABLE | S2_NORMAL)
#define S2_DEVICE (S2_AF | S2_READ_WRITE | S2_XN | S2_DEVICE_NGNRE)

/*
 * Make the table: everything but RAM mapped, RAM not yet.
 *
 * @ram_base, @ram_bytes  multiples of the page size, below 40 bits.
 * Needs   the pool; to be called once, on one CPU.
 * Errors  HYP_ENOMEM, HYP_EINVAL.
 */
__attribute__((warn_unused_result)) enum hyp_status host_s2_init(uint64_t ram_base,
								 uint64_t ram_bytes);

/* The table's address, for VTTBR_EL2. */
uint64_t host_s2_root(void);

/*
 * What the tables need of the CPU; chosen by the linker.
 *
 * s2_entry_write  one 64-bit store to an entry, seen by the table walkers of all CPUs
 *                 before this returns.
 * s2_flush        no CPU holds a translation of [ipa, ipa + size) of the host any more.
 */
void s2_entry_write(uint64_t *entry, uint64_t value);
void s2_flush(uint64_t ipa, uint64_t size);

#endif /* HYP_HOST_S2_H */
