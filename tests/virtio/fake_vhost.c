/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/virtio/fake_vhost.h"

#include <sys/eventfd.h>

struct fake_vhost fake_vhost;

int vhost_vsock_open(uint32_t cid, uint64_t *features, GError **error)
{
	(void)error;
	fake_vhost.cid = cid;
	*features = fake_vhost.offer;
	return eventfd(0, EFD_CLOEXEC); /* only to be closed */
}

bool vhost_vsock_start(int fd, uint64_t features, const struct guest_memory *dma,
		       const struct vhost_queue queues[VHOST_VSOCK_QUEUES], GError **error)
{
	(void)fd;
	if (fake_vhost.refuse) {
		fake_vhost.refuse = false;
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the test refuses");
		return false;
	}
	fake_vhost.starts++;
	fake_vhost.features = features;
	fake_vhost.dma_ipa = dma->ipa;
	fake_vhost.dma_bytes = dma->bytes;
	fake_vhost.call_fd = queues[0].call_fd;
	fake_vhost.error_fd = queues[0].error_fd;
	return true;
}

void vhost_vsock_stop(int fd)
{
	(void)fd;
	fake_vhost.stops++;
}
