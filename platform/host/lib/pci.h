/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI devices that a program drives by itself, through sysfs. */
#ifndef HOST_LIB_PCI_H
#define HOST_LIB_PCI_H

#include <stddef.h>
#include <stdint.h>

/*
 * Where the machine of a closed run has its plan (QEMU, docs/specs/ivshmem-spec: RAM in BAR 2),
 * and the device that stops the machine at a write of 1 to BAR 0 (docs/specs/pvpanic).
 */
#define PCI_SHARED_MEMORY "0x1af4", "0x1110"
#define PCI_STOP "0x1b36", "0x0011"
#define PCI_SHARED_MEMORY_BAR 2
#define PCI_STOP_BAR 0

/*
 * Enable the first device with these ids, as sysfs writes them, and map one of its BARs.
 *
 * @bytes  set to the BAR's size.
 * Returns the mapping, which lasts as long as the process; NULL and errno for none (ENODEV: no
 * such device). Memory is mapped write-combining where the BAR allows it.
 */
volatile void *pci_map(const char *vendor, const char *device, int bar, size_t *bytes);

/* Stop the machine, if it can be (QEMU's -action panic=pause), and go on. -1 and errno: it cannot. */
int pci_stop_machine(void);

#endif /* HOST_LIB_PCI_H */
