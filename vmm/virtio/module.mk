# SPDX-License-Identifier: GPL-2.0-or-later
# The virtio part of the VMM; vmm/module.mk links VIRTIO_SRCS into it.
VIRTIO_SRCS := $(addprefix vmm/virtio/,device.c mmio.c virtqueue.c guest_copy.c blk.c disk.c console.c \
	rng.c vsock.c vhost.c)
