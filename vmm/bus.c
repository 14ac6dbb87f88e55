/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/bus.h"

#include "vmm/log.h"

G_DEFINE_QUARK(vmm_bus_error, bus_error)

struct bus {
	GArray *devices; /* struct bus_device, any order; at most a few dozen */
};

struct bus *bus_new(void)
{
	struct bus *bus = g_new0(struct bus, 1);

	bus->devices = g_array_new(FALSE, FALSE, sizeof(struct bus_device));
	return bus;
}

void bus_free(struct bus *bus)
{
	if (bus == NULL) {
		return;
	}
	g_array_unref(bus->devices);
	g_free(bus);
}

bool bus_add(struct bus *bus, const struct bus_device *device, GError **error)
{
	if (device->bytes == 0 || device->bytes > UINT64_MAX - device->base) {
		g_set_error(error, BUS_ERROR, BUS_ERROR_RANGE,
			    "%s: 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
			    "x are no range of addresses",
			    device->name, (guint64)device->bytes, (guint64)device->base);
		return false;
	}
	for (guint i = 0; i < bus->devices->len; i++) {
		const struct bus_device *other = &g_array_index(bus->devices, struct bus_device, i);

		if (device->base < other->base + other->bytes &&
		    other->base < device->base + device->bytes) {
			g_set_error(error, BUS_ERROR, BUS_ERROR_OVERLAP,
				    "%s at 0x%" G_GINT64_MODIFIER "x overlaps %s", device->name,
				    (guint64)device->base, other->name);
			return false;
		}
	}
	g_array_append_val(bus->devices, *device);
	return true;
}

static const struct bus_device *find(const struct bus *bus, uint64_t addr, unsigned width)
{
	for (guint i = 0; i < bus->devices->len; i++) {
		const struct bus_device *d = &g_array_index(bus->devices, struct bus_device, i);

		if (addr >= d->base && addr - d->base < d->bytes &&
		    width <= d->bytes - (addr - d->base)) {
			return d;
		}
	}
	return NULL;
}

static uint64_t width_mask(unsigned width)
{
	return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

uint64_t bus_read(const struct bus *bus, uint64_t addr, unsigned width)
{
	const struct bus_device *d = find(bus, addr, width);

	if (d == NULL) {
		log_debug("guest reads %u bytes at 0x%" G_GINT64_MODIFIER "x: no device there",
			  width, (guint64)addr);
		return width_mask(width);
	}
	return d->ops->read(d->opaque, addr - d->base, width) & width_mask(width);
}

void bus_write(const struct bus *bus, uint64_t addr, unsigned width, uint64_t value)
{
	const struct bus_device *d = find(bus, addr, width);

	if (d == NULL) {
		log_debug("guest writes %u bytes at 0x%" G_GINT64_MODIFIER "x: no device there",
			  width, (guint64)addr);
		return;
	}
	d->ops->write(d->opaque, addr - d->base, width, value & width_mask(width));
}
