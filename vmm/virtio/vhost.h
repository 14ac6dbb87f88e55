/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host kernel's virtio-vsock device (/dev/vhost-vsock, linux/vhost.h): the
 * ioctls that vsock.c needs, each a thin wrapper. Tests link their own.
 *
 * The kernel checks rings and descriptors itself, against the one memory range
 * that it is given here. Locks: none; vsock.c serialises.
 */
#ifndef VMM_VIRTIO_VHOST_H
#define VMM_VIRTIO_VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/memory.h"
#include "vmm/virtio/virtqueue.h"

#define VHOST_VSOCK_QUEUES 2 /* receive, transmit; the event queue stays with the VMM */

/* What the kernel needs of one queue. All eventfds are borrowed. */
struct vhost_queue {
	const struct virtqueue *queue; /* enabled: checked to lie in the DMA memory */
	int kick_fd;                   /* the guest notified */
	int call_fd;                   /* the kernel used buffers */
	int error_fd;                  /* the kernel found the ring or a buffer bad */
};

/*
 * Open the device and take @cid.
 *
 * @features  filled: the virtio features that the kernel offers.
 * Returns    a descriptor, owned by the caller: close().
 * Errors     -1; G_FILE_ERROR, with a sentence for a missing device and for a
 *            CID in use.
 */
int vhost_vsock_open(uint32_t cid, uint64_t *features, GError **error);

/*
 * Let the kernel serve both queues from ring index 0. Not running before.
 *
 * @features  negotiated, without VIRTIO_F_ACCESS_PLATFORM: addresses are
 *            guest physical, translated by @dma alone.
 * Errors     false, G_FILE_ERROR naming the ioctl; it does not run then.
 */
bool vhost_vsock_start(int fd, uint64_t features, const struct guest_memory *dma,
		       const struct vhost_queue queues[VHOST_VSOCK_QUEUES], GError **error);

/* Stop serving: when it returns the kernel touches no guest memory any more. */
void vhost_vsock_stop(int fd);

#endif /* VMM_VIRTIO_VHOST_H */
