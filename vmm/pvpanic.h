/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pvpanic-mmio: one byte by which a guest says that it panicked
 * (QEMU docs/specs/pvpanic.rst).
 */
#ifndef VMM_PVPANIC_H
#define VMM_PVPANIC_H

#include "vmm/bus.h"

#define PVPANIC_PANICKED 0x1     /* the guest is finished */
#define PVPANIC_CRASH_LOADED 0x2 /* its crash kernel takes over: it is not */

/* bus_device.opaque of pvpanic_ops. Immutable; no lock. */
struct pvpanic {
	/* The guest panicked. Called in its vCPU's thread, maybe more than once. */
	void (*panicked)(void *opaque);
	void *opaque;
};

/* Reads give the supported events; byte accesses at offset 0 only. */
extern const struct bus_ops pvpanic_ops;

#endif /* VMM_PVPANIC_H */
