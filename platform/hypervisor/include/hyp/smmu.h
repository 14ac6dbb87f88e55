/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMMUv3 (Arm IHI 0070): every device behind it reaches what the host reaches, by the
 * host's own stage 2 table, and nothing else. No stream bypasses it, and before it is on, and
 * if it ever stops, all accesses of devices are aborted.
 *
 * The host does not see it: its registers are not in the host's stage 2.
 *
 * Lock: smmu_lock, taken here; owner_lock comes before it.
 */
#ifndef HYP_SMMU_H
#define HYP_SMMU_H

#include <hyp/boot_info.h>

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Take the SMMU with @registers and turn it on. False: it lacks something that is needed,
 * said on the console, it does not answer, or there is no memory; then it is not on.
 *
 * @table  a stage 2 table: 40 bits, from level 1, 4 KiB granule.
 * Needs   the pool; @registers mapped at EL2; one CPU, before the host runs.
 */
MUST_CHECK bool smmu_init(struct span registers, uint64_t table);

/*
 * When this returns, no device has a translation of [ipa, ipa + size) that is older than the
 * call, and accesses that were made by one are complete. If the SMMU cannot say so it is
 * stopped: no device reaches anything from then on.
 *
 * Nothing happens before smmu_init().
 */
void smmu_flush(uint64_t ipa, uint64_t size);

/*
 * Report what devices tried and may not: on the console, so many in all, and as trace event
 * smmu_event (words 0 and 2 of the record: IHI 0070, 7.3). One load if there is nothing.
 */
void smmu_poll(void);

#endif /* HYP_SMMU_H */
