/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between device.c and mmio.c only; devices use device.h. */
#ifndef VMM_VIRTIO_MMIO_H
#define VMM_VIRTIO_MMIO_H

#include "vmm/virtio/device.h"

/* Leave the running state, if the device is in it: ops->stop. Needs dev->lock. */
void virtio_device_stop(struct virtio_device *dev);

#endif /* VMM_VIRTIO_MMIO_H */
