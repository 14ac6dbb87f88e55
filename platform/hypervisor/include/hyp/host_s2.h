/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's stage 2: identity, 40 bits. RAM follows page ownership (this file implements
 * page_ops.h's page_host_*); of what is not RAM the host has the devices that it was given
 * at boot, never executable.
 *
 * Blocks of 1 GiB and 2 MiB; split when a part of one changes and folded when it is whole
 * again. Where the CPU wants break-before-make for that, another CPU may fault on a block
 * meanwhile: the fault waits for owner_lock and finds the mapping there
 * (owner_host_reaches()).
 */
#ifndef HYP_HOST_S2_H
#define HYP_HOST_S2_H

#include <hyp/s2.h>

/*
 * Make the table, with nothing in it. Needs the pool; to be called once, on one CPU.
 *
 * @apart  devices get a table of their own, that says the same. For CPUs for which an entry
 *         must be broken before it is split: a device does not try again.
 * Errors  HYP_ENOMEM.
 */
MUST_CHECK enum hyp_status host_s2_init(bool apart);

/*
 * The host reaches [base, base + bytes) as devices. Needs to be before the host runs.
 *
 * @base, @bytes  multiples of the page size, below 40 bits; no RAM, and not mapped yet.
 * Errors  HYP_ENOMEM, HYP_EINVAL.
 */
MUST_CHECK enum hyp_status host_s2_map_device(uint64_t base, uint64_t bytes);

/* The table's address, for VTTBR_EL2. */
uint64_t host_s2_root(void);

/* The same for the SMMU; no entry of it is ever broken while what it says stays. */
uint64_t host_s2_devices_root(void);

#endif /* HYP_HOST_S2_H */
