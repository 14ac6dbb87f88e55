/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands for vmm/virtio/vhost.c, which needs a kernel: what it was told, and its answers. */
#ifndef TESTS_VIRTIO_FAKE_VHOST_H
#define TESTS_VIRTIO_FAKE_VHOST_H

#include "vmm/virtio/vhost.h"

struct fake_vhost {
	uint32_t cid;
	uint64_t offer; /* what the kernel says it can */
	bool refuse;    /* the next start fails */
	unsigned starts;
	unsigned stops;
	uint64_t features;  /* of the last start */
	uint64_t dma_ipa;   /* likewise */
	uint64_t dma_bytes; /* likewise */
	int call_fd;        /* likewise */
	int error_fd;       /* likewise */
};

extern struct fake_vhost fake_vhost;

#endif /* TESTS_VIRTIO_FAKE_VHOST_H */
