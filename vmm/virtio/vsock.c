/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket device: Virtio 1.2, 5.10, with its queues served by the host's kernel.
 *
 * The guest's notifications go to the kernel without leaving KVM_RUN. What the
 * kernel has used comes back through the main loop, because InterruptStatus must
 * show it before the interrupt does.
 */
#include "vmm/virtio/device.h"

#include <stddef.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include <glib-unix.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_vsock.h>

#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/virtio/vhost.h"

#define RX_QUEUE 0
#define TX_QUEUE 1
#define QUEUES 3 /* and the event queue: nothing to report while this VM lives */

/* Features that the kernel may offer through us; rings stay plain. */
#define KERNEL_FEATURES (1ULL << VIRTIO_VSOCK_F_SEQPACKET)

struct vsock {
	struct virtio_device dev;
	struct virtio_vsock_config config; /* little endian */
	int vhost_fd;
	bool kernel_runs;                 /* lock */
	int kick_fds[VHOST_VSOCK_QUEUES]; /* eventfds, one per queue */
	int call_fd;                      /* eventfd, of both queues */
	int error_fd;                     /* eventfd, of both queues */
	GSource *call_watch;
	GSource *error_watch;
};

static struct vsock *to_vsock(struct virtio_device *dev)
{
	return (struct vsock *)((char *)dev - offsetof(struct vsock, dev));
}

static void drain(int fd)
{
	eventfd_t count;

	(void)eventfd_read(fd, &count); /* EAGAIN: nothing was there */
}

static gboolean kernel_used(gint fd, GIOCondition condition, gpointer data)
{
	struct vsock *vsock = data;

	(void)condition;
	g_mutex_lock(&vsock->dev.lock);
	drain(fd);
	if (vsock->kernel_runs) {
		virtio_device_interrupt(&vsock->dev);
	}
	g_mutex_unlock(&vsock->dev.lock);
	return G_SOURCE_CONTINUE;
}

static gboolean kernel_found_error(gint fd, GIOCondition condition, gpointer data)
{
	struct vsock *vsock = data;

	(void)condition;
	g_mutex_lock(&vsock->dev.lock);
	drain(fd);
	if (vsock->kernel_runs) {
		virtio_device_fail(&vsock->dev, "vhost found a ring or buffer bad");
	}
	g_mutex_unlock(&vsock->dev.lock);
	return G_SOURCE_CONTINUE;
}

static bool vsock_attach(struct virtio_device *dev, uint64_t notify, int vm_fd, GError **error)
{
	struct vsock *vsock = to_vsock(dev);
	unsigned i;

	for (i = 0; i < VHOST_VSOCK_QUEUES; i++) {
		if (!vm_ioeventfd(vm_fd, notify, i, vsock->kick_fds[i], error)) {
			return false;
		}
	}
	return true;
}

static void vsock_start(struct virtio_device *dev)
{
	struct vsock *vsock = to_vsock(dev);
	struct vhost_queue queues[VHOST_VSOCK_QUEUES];
	uint64_t features = dev->driver_features & ~(1ULL << VIRTIO_F_ACCESS_PLATFORM);
	g_autoptr(GError) error = NULL;
	unsigned i;

	for (i = 0; i < VHOST_VSOCK_QUEUES; i++) {
		if (!dev->queues[i].enabled) {
			virtio_device_fail(dev, "started without a receive or transmit queue");
			return;
		}
		queues[i].queue = &dev->queues[i];
		queues[i].kick_fd = vsock->kick_fds[i];
		queues[i].call_fd = vsock->call_fd;
		queues[i].error_fd = vsock->error_fd;
	}
	drain(vsock->call_fd); /* from before a reset */
	drain(vsock->error_fd);
	vsock->kernel_runs = vhost_vsock_start(vsock->vhost_fd, features, dev->dma, queues, &error);
	if (!vsock->kernel_runs) {
		log_error("virtio vsock: %s", error->message);
		virtio_device_fail(dev, "vhost does not start");
	}
}

static void vsock_stop(struct virtio_device *dev)
{
	struct vsock *vsock = to_vsock(dev);

	if (vsock->kernel_runs) {
		vhost_vsock_stop(vsock->vhost_fd);
		vsock->kernel_runs = false;
	}
}

static void unwatch(GSource **watch)
{
	if (*watch != NULL) {
		g_source_destroy(*watch);
		g_clear_pointer(watch, g_source_unref);
	}
}

static void close_fd(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
}

static void vsock_free(struct virtio_device *dev)
{
	struct vsock *vsock = to_vsock(dev);
	unsigned i;

	unwatch(&vsock->call_watch);
	unwatch(&vsock->error_watch);
	for (i = 0; i < VHOST_VSOCK_QUEUES; i++) {
		close_fd(vsock->kick_fds[i]);
	}
	close_fd(vsock->call_fd);
	close_fd(vsock->error_fd);
	close_fd(vsock->vhost_fd);
	g_free(vsock);
}

static const struct virtio_device_ops vsock_ops = {
	.name = "vsock",
	.device_id = VIRTIO_ID_VSOCK,
	.queue_count = QUEUES,
	.attach = vsock_attach,
	.start = vsock_start,
	.stop = vsock_stop,
	.free = vsock_free,
};

static GSource *watch(struct vsock *vsock, int fd, GUnixFDSourceFunc callback)
{
	GSource *source = g_unix_fd_source_new(fd, G_IO_IN);

	g_source_set_callback(source, G_SOURCE_FUNC(callback), vsock, NULL);
	g_source_attach(source, NULL);
	return source;
}

struct virtio_device *virtio_vsock_new(uint32_t guest_cid, GError **error)
{
	uint64_t features = 0;
	int vhost_fd = vhost_vsock_open(guest_cid, &features, error);
	struct vsock *vsock;

	if (vhost_fd < 0) {
		return NULL;
	}
	vsock = g_new0(struct vsock, 1);
	vsock->vhost_fd = vhost_fd;
	vsock->config.guest_cid = GUINT64_TO_LE(guest_cid);
	vsock->kick_fds[RX_QUEUE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vsock->kick_fds[TX_QUEUE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vsock->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vsock->error_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	virtio_device_init(&vsock->dev, &vsock_ops, features & KERNEL_FEATURES, &vsock->config,
			   sizeof(vsock->config));
	if (vsock->kick_fds[RX_QUEUE] < 0 || vsock->kick_fds[TX_QUEUE] < 0 || vsock->call_fd < 0 ||
	    vsock->error_fd < 0) {
		error_set_errno(error, "virtio vsock: eventfd");
		virtio_device_free(&vsock->dev);
		return NULL;
	}
	vsock->call_watch = watch(vsock, vsock->call_fd, kernel_used);
	vsock->error_watch = watch(vsock, vsock->error_fd, kernel_found_error);
	return &vsock->dev;
}
