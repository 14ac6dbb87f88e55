/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GICv3's redistributors (Arm IHI 0069, 12.10). Of each, the frame of the CPU's private
 * interrupts is the host's. In the other one, RD_base, are the addresses of the tables of
 * LPIs, which the GIC reads and writes without asking anybody; so it stays with EL2, and the
 * host's accesses are made here, as far as a table allows them. To the host there are no LPIs.
 */
#ifndef HYP_GIC_H
#define HYP_GIC_H

#include <hyp/boot_info.h>
#include <hyp/regs.h>

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Give the host its part of the redistributors at @registers. False: there is no memory, no
 * last one, or it is a GICv4, whose redistributors are larger.
 *
 * Needs  host_s2_init(); one CPU, before the host runs.
 */
MUST_CHECK bool gic_init(struct span registers);

/*
 * A load or store of the host to @pa, which its stage 2 does not have, with the syndrome
 * @esr. True: it is one of a redistributor and was made, @regs has what was read. False:
 * nothing was done.
 */
bool gic_host_access(struct regs *regs, uint64_t esr, uint64_t pa);

#endif /* HYP_GIC_H */
