/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/devices.h"

#include <fcntl.h>
#include <unistd.h>

#include "vmm/error.h"
#include "vmm/file.h"
#include "vmm/output.h"
#include "vmm/serial.h"
#include "vmm/virtio/device.h"
#include "vmm/watchdog.h"

static const struct {
	const char *name;
	uint64_t base;
	uint32_t spi;
} serial_places[OPTIONS_SERIALS] = {
	{ "serial0", GUEST_SERIAL0_BASE, GUEST_SPI_SERIAL0 },
	{ "serial1", GUEST_SERIAL1_BASE, GUEST_SPI_SERIAL1 },
};

static bool add_serial(struct devices *d, unsigned i, GError **error)
{
	struct serial_config config = {
		.name = serial_places[i].name,
		.irq = { .vm_fd = d->config.vm_fd, .spi = serial_places[i].spi },
		.stopping = d->config.stopping,
	};
	struct bus_device place = {
		.name = serial_places[i].name,
		.base = serial_places[i].base,
		.bytes = GUEST_SERIAL_SIZE,
		.ops = &serial_ops,
	};

	if (!output_open(&d->config.options->serials[i], &config.fd, error)) {
		g_prefix_error(error, "--%s: ", serial_places[i].name);
		return false;
	}
	d->serials[i] = serial_new(&config);
	place.opaque = d->serials[i];
	return bus_add(d->bus, &place, error);
}

static void vcpu_stalled(void *opaque, unsigned vcpu)
{
	struct devices *d = opaque;

	(void)vcpu; /* the watchdog's own warning named it */
	d->config.ended(d->config.opaque, EXIT_CODE_WATCHDOG,
			"a vCPU stalled: it did not pet its stall detector twice in a row");
}

static bool add_watchdog(struct devices *d, GError **error)
{
	const struct watchdog_config config = {
		.cpus = (unsigned)d->config.options->cpus,
		.vm_fd = d->config.vm_fd,
		.stalled = vcpu_stalled,
		.opaque = d,
	};
	struct bus_device place = {
		.name = "vmwdt",
		.base = GUEST_VMWDT_BASE,
		.bytes = GUEST_VMWDT_SIZE,
		.ops = &watchdog_ops,
	};

	if (!d->config.options->watchdog) {
		return true;
	}
	d->watchdog = watchdog_new(&config);
	watchdog_attach(d->watchdog);
	place.opaque = d->watchdog;
	return bus_add(d->bus, &place, error);
}

static void guest_panicked(void *opaque)
{
	struct devices *d = opaque;

	d->config.ended(d->config.opaque, EXIT_CODE_GUEST_PANIC, "the guest panicked");
}

static bool add_pvpanic(struct devices *d, GError **error)
{
	const struct bus_device place = {
		.name = "pvpanic",
		.base = GUEST_PVPANIC_BASE,
		.bytes = GUEST_PVPANIC_SIZE,
		.ops = &pvpanic_ops,
		.opaque = &d->pvpanic,
	};

	d->pvpanic = (struct pvpanic){ .panicked = guest_panicked, .opaque = d };
	return bus_add(d->bus, &place, error);
}

/* Give @dev the next slot and own it. NULL is passed through: its maker failed. */
static bool add_virtio(struct devices *d, struct virtio_device *dev, GError **error)
{
	if (dev == NULL) {
		return false;
	}
	d->virtio[d->virtio_count] = dev;
	d->virtio_count++;
	return virtio_mmio_attach(d->bus, d->virtio_count - 1, dev, d->config.dma, d->config.vm_fd,
				  error);
}

static void close_fd(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
}

static bool add_console(struct devices *d, GError **error)
{
	const struct options *o = d->config.options;
	int out_fd = -1;
	int in_fd = -1;
	bool added = false;

	if (o->console_input != NULL) {
		/* O_NONBLOCK: a FIFO without a writer is at its end, not waited for. */
		in_fd = file_open(o->console_input, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		if (in_fd < 0) {
			error_set_errno(error, "--console-input: cannot open %s", o->console_input);
			return false;
		}
	}
	if (output_open(&o->console, &out_fd, error)) {
		added = add_virtio(d, virtio_console_new(out_fd, in_fd, error), error);
	} else {
		g_prefix_error(error, "--console: ");
	}
	close_fd(out_fd);
	close_fd(in_fd);
	return added;
}

static bool add_log(struct devices *d, GError **error)
{
	int fd = -1;
	bool added;

	if (!output_open(&d->config.options->log, &fd, error)) {
		g_prefix_error(error, "--log: ");
		return false;
	}
	added = add_virtio(d, virtio_console_new(fd, -1, error), error);
	close_fd(fd);
	return added;
}

static bool add_blocks(struct devices *d, const GArray *blocks, GError **error)
{
	for (guint i = 0; i < blocks->len; i++) {
		const struct block_option *block = &g_array_index(blocks, struct block_option, i);
		struct virtio_device *dev =
			block->composite ?
				virtio_blk_new_composite(block->path, block->read_only, error) :
				virtio_blk_new(block->path, block->read_only, error);

		if (!add_virtio(d, dev, error)) {
			g_prefix_error(error, block->composite ? "--composite: " : "--block: ");
			return false;
		}
	}
	return true;
}

/* In the order of slots that guests and scenarios know: console, log, rng, blocks, vsock. */
static bool add_virtio_devices(struct devices *d, GError **error)
{
	const struct options *o = d->config.options;

	if (o->console.kind != DESTINATION_ABSENT && !add_console(d, error)) {
		return false;
	}
	if (o->log.kind != DESTINATION_ABSENT && !add_log(d, error)) {
		return false;
	}
	if (o->rng && !add_virtio(d, virtio_rng_new(), error)) {
		return false;
	}
	if (!add_blocks(d, o->blocks, error)) {
		return false;
	}
	if (o->cid != 0 && !add_virtio(d, virtio_vsock_new((uint32_t)o->cid, error), error)) {
		g_prefix_error(error, "--cid: ");
		return false;
	}
	return true;
}

bool devices_create(struct devices *d, const struct devices_config *config, GError **error)
{
	*d = (struct devices){ .config = *config, .bus = bus_new() };
	for (unsigned i = 0; i < OPTIONS_SERIALS; i++) {
		if (!add_serial(d, i, error)) {
			return false;
		}
	}
	return add_watchdog(d, error) && add_pvpanic(d, error) && add_virtio_devices(d, error);
}

void devices_free(struct devices *d)
{
	bus_free(d->bus);
	for (unsigned i = 0; i < d->virtio_count; i++) {
		virtio_device_free(d->virtio[i]);
	}
	watchdog_free(d->watchdog);
	for (unsigned i = 0; i < OPTIONS_SERIALS; i++) {
		serial_free(d->serials[i]);
	}
	*d = (struct devices){ 0 };
}
