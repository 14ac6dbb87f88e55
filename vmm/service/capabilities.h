/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this host can run, found by asking its KVM for VMs. */
#ifndef VMM_SERVICE_CAPABILITIES_H
#define VMM_SERVICE_CAPABILITIES_H

#include <stdbool.h>

/* Bits of enum avf_capability; 0 without a KVM. Makes a VM of each kind and closes it. */
unsigned capabilities_of_host(void);

/*
 * Is the host itself a virtual machine, by its device tree's "compatible"? Then what a VM does takes
 * longer than on hardware, and the hang-up monitor waits longer.
 */
bool host_is_nested(void);

#endif /* VMM_SERVICE_CAPABILITIES_H */
