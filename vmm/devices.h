/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All devices of one VM on their bus: made from the options, placed by
 * platform/abi/guest_memory_map.h. Main thread.
 */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include <stdbool.h>

#include <glib.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/bus.h"
#include "vmm/exit_code.h"
#include "vmm/memory.h"
#include "vmm/options.h"
#include "vmm/pvpanic.h"

struct serial;
struct virtio_device;
struct watchdog;

/* What the devices need from the machine. */
struct devices_config {
	const struct options *options;  /* needed while they are made only */
	int vm_fd;                      /* borrowed */
	const struct guest_memory *dma; /* all that virtio may touch; outlives the devices */
	const gint *stopping;           /* as output_write(); borrowed */
	/* A device ends the VM. Any thread, maybe several times; @why as vcpu_shared.ended. */
	void (*ended)(void *opaque, enum exit_code code, const char *why);
	void *opaque;
};

/* All zero is no devices. Owned by the machine; the bus is its only reader. */
struct devices {
	struct devices_config config;
	struct bus *bus;
	struct serial *serials[OPTIONS_SERIALS];
	struct watchdog *watchdog; /* NULL with --no-watchdog */
	struct pvpanic pvpanic;
	struct virtio_device *virtio[GUEST_VIRTIO_SLOTS]; /* by slot */
	unsigned virtio_count;
};

/*
 * Make all devices, open their files and put them on a new bus.
 *
 * @devices  does not move afterwards: devices point to it.
 * Needs     the vGIC initialised.
 * Errors    what the devices' makers say; devices_free() is still needed.
 */
bool devices_create(struct devices *devices, const struct devices_config *config, GError **error);

/* Write out what is buffered, close, free. The vCPUs have stopped. */
void devices_free(struct devices *devices);

#endif /* VMM_DEVICES_H */
