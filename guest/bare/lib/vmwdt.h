/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stall detector that the VMM gives each vCPU ("qemu,vcpu-stall-detector"). */
#ifndef GUEST_VMWDT_H
#define GUEST_VMWDT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Start this CPU's detector: it fires if not petted for @seconds. Returns false if
 * the machine has none.
 */
bool vmwdt_start(uint32_t seconds);

/* Tell this CPU's detector that it lives. Only after vmwdt_start(). */
void vmwdt_pet(void);

#endif /* GUEST_VMWDT_H */
