/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices on virtio-mmio (Virtio 1.2, 4.2): making them, putting them
 * on the bus, and what a device must provide.
 *
 * Life: virtio_*_new(), virtio_mmio_attach(), the vCPUs and the main loop run,
 * the vCPUs stop, bus_free(), virtio_device_free(). All but the running happens
 * in the main thread.
 *
 * Threads: a register access runs in the vCPU thread that made it. A store to
 * QueueNotify serves the queue right there, for one burst of at most
 * VIRTIO_BURST_MAX steps; what a busy guest adds beyond that, and what waits for
 * a file descriptor (console), goes on in the default GLib main context.
 * Every entry from either side takes virtio_device.lock, so device code runs
 * once at a time per device and needs no lock of its own. While it is held
 * nothing but KVM's interrupt ioctls and the file of the device is touched, and
 * nothing waits for another thread.
 *
 * A guest that breaks the rules stops its own device: virtio_device_fail().
 * Everything that a guest can get wrong in memory is found in virtqueue.c.
 */
#ifndef VMM_VIRTIO_DEVICE_H
#define VMM_VIRTIO_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/bus.h"
#include "vmm/irq.h"
#include "vmm/memory.h"
#include "vmm/virtio/virtqueue.h"

#define VIRTIO_QUEUES_MAX 3
#define VIRTIO_BURST_MAX 32 /* calls of ops->serve before other work gets its turn */

struct virtio_device;

/* What serving a queue once came to. */
enum virtio_served {
	VIRTIO_SERVED_NOTHING, /* no buffer, or none that can be served now */
	VIRTIO_SERVED_SOME,    /* one step was made; there may be more to do */
};

/*
 * What a kind of device does. All functions are called with dev->lock held,
 * except attach and free. A NULL function is one that the kind does not need.
 */
struct virtio_device_ops {
	const char *name;     /* for messages: "block" */
	uint32_t device_id;   /* Virtio 1.2 chapter 5 */
	unsigned queue_count; /* 1..VIRTIO_QUEUES_MAX */

	/*
	 * The device got its place: @notify is the guest physical address of
	 * its QueueNotify register. Main thread, before the vCPUs start; not
	 * locked. Errors: false with @error set, and the VM does not start.
	 */
	bool (*attach)(struct virtio_device *dev, uint64_t notify, int vm_fd, GError **error);

	/*
	 * The driver set DRIVER_OK: dev->driver_features and the queues are
	 * final. Queues that the driver left out are not enabled. Must cope
	 * with any set of queues; virtio_device_fail() is allowed.
	 */
	void (*start)(struct virtio_device *dev);

	/*
	 * The driver reset the device, disabled a queue of a running one, or it
	 * failed: forget every buffer and touch no queue until start. Called
	 * once for each start.
	 */
	void (*stop)(struct virtio_device *dev);

	/*
	 * Serve at most one buffer of dev->queues[@queue], which is enabled, or
	 * a bounded part of one. A queue->error needs no virtio_device_fail().
	 * NULL for devices whose queues the kernel serves (vhost).
	 */
	enum virtio_served (*serve)(struct virtio_device *dev, unsigned queue);

	/* Free the device, not only what it holds. The lock is not held; it is stopped. */
	void (*free)(struct virtio_device *dev);
};

/*
 * The part that every device starts with. The first group is set by its maker
 * and then constant; the rest is the transport's, under lock.
 */
struct virtio_device {
	const struct virtio_device_ops *ops;
	uint64_t features;     /* offered by the device itself, without the transport's bits */
	const uint8_t *config; /* configuration space, little endian; lives as long as the device */
	size_t config_bytes;

	GMutex lock;
	const struct guest_memory *dma; /* the only guest memory it may touch; borrowed */
	struct irq_line irq;
	uint64_t driver_features; /* lock; what the driver accepted, a subset of the offer */
	uint32_t features_select; /* lock; word of the offer that DeviceFeatures shows */
	uint32_t driver_select;   /* lock; word that DriverFeatures sets */
	uint32_t queue_select;    /* lock; any number, as the driver gave it */
	uint32_t status;          /* lock; VIRTIO_CONFIG_S_* */
	uint32_t interrupt;       /* lock; InterruptStatus */
	bool running;             /* lock; between ops->start and ops->stop */
	bool complained;          /* lock; a failure was logged: later ones go to debug */
	struct virtqueue queues[VIRTIO_QUEUES_MAX]; /* lock */
	GSource *more[VIRTIO_QUEUES_MAX];           /* lock; rest of a burst, main context */
};

/*
 * A block device (Virtio 1.2, 5.2) backed by a file or block device of the host.
 *
 * @path       opened here; its size, a multiple of 512 and not 0, is fixed from then on.
 * @read_only  the guest's writes fail, and the file is opened for reading only.
 * Returns     the device, owned by the caller: virtio_device_free().
 * Errors      NULL; G_FILE_ERROR if the file cannot be used, with its path.
 */
struct virtio_device *virtio_blk_new(const char *path, bool read_only, GError **error);

/* The same, made of the parts that the file @path lists (virtio/disk.h). Errors name the list's line too. */
struct virtio_device *virtio_blk_new_composite(const char *path, bool read_only, GError **error);

/*
 * A console with one port (hvc0; Virtio 1.2, 5.3).
 *
 * @out_fd  where the guest's output goes, or -1: it is dropped. When it is
 *          full the guest's output waits, the VMM does not.
 * @in_fd   where the guest's input comes from until its end, or -1: no input.
 * Owns     duplicates of both; the caller keeps its own.
 * Needs    SIGPIPE ignored in the process, if @out_fd may be a pipe.
 * Returns  the device, owned by the caller: virtio_device_free().
 * Errors   NULL; G_FILE_ERROR if a descriptor cannot be duplicated.
 */
struct virtio_device *virtio_console_new(int out_fd, int in_fd, GError **error);

/* An entropy device (Virtio 1.2, 5.4) fed by getrandom(). Owned by the caller; never NULL. */
struct virtio_device *virtio_rng_new(void);

/*
 * A socket device (Virtio 1.2, 5.10), served by the host's kernel: the guest is
 * AF_VSOCK address @guest_cid for the host, the host is CID 2 for the guest.
 *
 * @guest_cid  3 .. 0xfffffffe; in use by one VM at a time.
 * Needs       the caller to be in the network namespace in which the host's
 *             programs shall reach the guest; it may leave it afterwards.
 * Returns     the device, owned by the caller: virtio_device_free().
 * Errors      NULL; G_FILE_ERROR if /dev/vhost-vsock is missing, may not be
 *             opened, or the CID is in use; each with its own sentence.
 */
struct virtio_device *virtio_vsock_new(uint32_t guest_cid, GError **error);

/*
 * Put a device into virtio-mmio slot @slot: registers at GUEST_VIRTIO_BASE +
 * @slot * GUEST_VIRTIO_STRIDE on @bus, interrupt GUEST_SPI_VIRTIO0 + @slot, edge
 * triggered. Main thread, before the vCPUs start, with the vGIC initialised.
 *
 * @slot   below GUEST_VIRTIO_SLOTS, used once per bus.
 * @dev    stays the caller's; must outlive @bus. Attached once.
 * @dma    the only guest memory that the device will touch: all RAM, or a
 *         protected guest's restricted-dma pool. Borrowed until the device is freed.
 * @vm_fd  borrowed likewise.
 * Effect  installs handlers of SIGSEGV and SIGBUS for the whole process, which
 *         let a copy of guest memory fail instead of the VMM (guest_copy.h);
 *         other faults go to the handlers found there.
 * Errors  false; what bus_add() or the device's ops->attach says, prefixed with
 *         the device's name. The slot stays empty then.
 */
bool virtio_mmio_attach(struct bus *bus, unsigned slot, struct virtio_device *dev,
			const struct guest_memory *dma, int vm_fd, GError **error);

/* Stop the device and free it. After the vCPUs stopped, main thread. NULL is allowed. */
void virtio_device_free(struct virtio_device *dev);

/*
 * For devices: serve dev->queues[@queue] until nothing is left, at most one
 * burst; the rest follows from the main loop. Interrupts the guest as needed.
 * Does nothing unless the device runs and the queue is enabled.
 *
 * Needs  dev->lock.
 */
void virtio_device_serve(struct virtio_device *dev, unsigned queue);

/*
 * For devices: tell the driver that buffers were used. virtio_device_serve()
 * does so by itself.
 *
 * Needs  dev->lock.
 */
void virtio_device_interrupt(struct virtio_device *dev);

/*
 * For devices: the driver broke the rules. Stops the device, sets
 * DEVICE_NEEDS_RESET and interrupts the driver, which may reset it. The first
 * time in a device's life this is a warning in the log, later debug.
 *
 * @reason  constant text, no newline.
 * Needs    dev->lock.
 */
void virtio_device_fail(struct virtio_device *dev, const char *reason);

/* For makers of devices: set the common part. @config is borrowed. */
void virtio_device_init(struct virtio_device *dev, const struct virtio_device_ops *ops,
			uint64_t features, const void *config, size_t config_bytes);

#endif /* VMM_VIRTIO_DEVICE_H */
