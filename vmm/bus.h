/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMIO bus: which device answers at which guest physical address.
 *
 * Life: bus_new(), bus_add() for every device, then the vCPUs start and only
 * bus_read() and bus_write() are called, then bus_free() after they stopped.
 *
 * Locks: the bus itself has none. Its table does not change while vCPUs run.
 * Every vCPU thread calls bus_read() and bus_write() at any time, also two at
 * once on the same device: each device locks itself in its read and write, and
 * holds no lock of its own while it calls back into the bus.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

struct bus;

/*
 * What a device does at an access. Both must be set.
 *
 * @opaque  bus_device.opaque.
 * @offset  bytes from the device's base; offset + width <= bytes always holds.
 * @width   bytes: 1, 2, 4 or 8; the guest may choose any, and any alignment. A
 *          device that does not do a width reads as 0 and ignores the write.
 * @value   zero-extended; bits above the width are 0. The bus cuts what a read
 *          returns to the width.
 */
struct bus_ops {
	uint64_t (*read)(void *opaque, uint64_t offset, unsigned width);
	void (*write)(void *opaque, uint64_t offset, unsigned width, uint64_t value);
};

/* A device's place on the bus. Copied by bus_add(); name and ops are borrowed. */
struct bus_device {
	const char *name;          /* for messages; lives as long as the bus */
	uint64_t base;             /* guest physical address of the first byte */
	uint64_t bytes;            /* not 0; base + bytes does not wrap */
	const struct bus_ops *ops; /* static const table */
	void *opaque;              /* handed to ops; freed by its maker after the bus */
};

/* Errors of the bus: made at start by the VMM's own code, never by a guest. */
enum bus_error {
	BUS_ERROR_RANGE,   /* empty range, or one that wraps */
	BUS_ERROR_OVERLAP, /* another device has some of these bytes */
};

/* GError's domain of the errors above. */
#define BUS_ERROR (bus_error_quark())
GQuark bus_error_quark(void);

/* An empty bus; the caller owns it. Never NULL. */
struct bus *bus_new(void);

/* Free the bus, not the devices on it. NULL is allowed. No vCPU may be running. */
void bus_free(struct bus *bus);

/*
 * Put a device on the bus. Before the vCPUs start, from the main thread.
 *
 * @device  copied.
 * Errors   BUS_ERROR_RANGE, BUS_ERROR_OVERLAP (names both devices); nothing
 *          has changed then.
 */
bool bus_add(struct bus *bus, const struct bus_device *device, GError **error);

/*
 * A guest's load of @width bytes at @addr.
 *
 * Needs    any thread; no lock.
 * Returns  the value, cut to the width. A read where no device is, or one that
 *          crosses a device's end, reads as all ones (cut to the width) and is
 *          logged at debug level: the guest did it and the guest sees it.
 */
uint64_t bus_read(const struct bus *bus, uint64_t addr, unsigned width);

/* A guest's store; where bus_read() would give all ones, it is dropped. */
void bus_write(const struct bus *bus, uint64_t addr, unsigned width, uint64_t value);

#endif /* VMM_BUS_H */
