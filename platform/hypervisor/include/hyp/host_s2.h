/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's stage 2: identity, 40 bits, complete from the start. RAM follows page
 * ownership (this file implements page_ops.h's page_host_*); all that is not RAM is the
 * host's as devices, never executable.
 *
 * Blocks of 1 GiB and 2 MiB; split when a part of one changes and folded when it is whole
 * again, by break-before-make, so another CPU may fault on a block meanwhile: the fault
 * waits for owner_lock and finds the mapping there (owner_host_reaches()).
 */
#ifndef HYP_HOST_S2_H
#define HYP_HOST_S2_H

#include <hyp/s2.h>

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

#endif /* HYP_HOST_S2_H */
