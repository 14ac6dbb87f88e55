/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio/vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vhost.h>

#include "vmm/error.h"
#include "vmm/log.h"

#define VHOST_VSOCK_PATH "/dev/vhost-vsock"

int vhost_vsock_open(uint32_t cid, uint64_t *features, GError **error)
{
	uint64_t guest_cid = cid;
	__u64 offer = 0;
	int fd = open(VHOST_VSOCK_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		error_set_errno(error, "cannot open " VHOST_VSOCK_PATH "%s",
				errno == ENOENT ? " (load the host's module vhost_vsock)" : "");
		return -1;
	}
	if (ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &guest_cid) != 0) {
		if (errno == EADDRINUSE) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
				    "guest CID %u is in use by another VM", cid);
		} else {
			error_set_errno(error, "VHOST_VSOCK_SET_GUEST_CID %u", cid);
		}
		close(fd);
		return -1;
	}
	if (ioctl(fd, VHOST_GET_FEATURES, &offer) != 0) {
		error_set_errno(error, "VHOST_GET_FEATURES");
		close(fd);
		return -1;
	}
	*features = offer;
	return fd;
}

static bool call(int fd, unsigned long request, const void *argument, const char *name,
		 GError **error)
{
	if (ioctl(fd, request, argument) != 0) {
		error_set_errno(error, "%s", name);
		return false;
	}
	return true;
}

static bool set_queue(int fd, unsigned index, const struct vhost_queue *q, GError **error)
{
	struct vhost_vring_state size = { .index = index, .num = q->queue->size };
	struct vhost_vring_state base = { .index = index, .num = 0 };
	struct vhost_vring_addr place = {
		.index = index,
		.desc_user_addr = (uintptr_t)q->queue->desc,
		.avail_user_addr = (uintptr_t)q->queue->avail,
		.used_user_addr = (uintptr_t)q->queue->used,
	};
	struct vhost_vring_file kick = { .index = index, .fd = q->kick_fd };
	struct vhost_vring_file used = { .index = index, .fd = q->call_fd };
	struct vhost_vring_file bad = { .index = index, .fd = q->error_fd };

	return call(fd, VHOST_SET_VRING_NUM, &size, "VHOST_SET_VRING_NUM", error) &&
	       call(fd, VHOST_SET_VRING_BASE, &base, "VHOST_SET_VRING_BASE", error) &&
	       call(fd, VHOST_SET_VRING_ADDR, &place, "VHOST_SET_VRING_ADDR", error) &&
	       call(fd, VHOST_SET_VRING_CALL, &used, "VHOST_SET_VRING_CALL", error) &&
	       call(fd, VHOST_SET_VRING_ERR, &bad, "VHOST_SET_VRING_ERR", error) &&
	       call(fd, VHOST_SET_VRING_KICK, &kick, "VHOST_SET_VRING_KICK", error);
}

static bool set_memory(int fd, const struct guest_memory *dma, GError **error)
{
	const struct vhost_memory_region plain = {
		.guest_phys_addr = dma->ipa,
		.memory_size = dma->bytes,
		.userspace_addr = (uintptr_t)dma->hva,
	};
	struct {
		struct vhost_memory table;
		struct vhost_memory_region regions[2];
	} memory = {
		.table = { .nregions = dma->alias ? 2 : 1 },
		.regions = { plain, plain },
	};

	memory.regions[1].guest_phys_addr |= dma->alias;

	return call(fd, VHOST_SET_MEM_TABLE, &memory, "VHOST_SET_MEM_TABLE", error);
}

bool vhost_vsock_start(int fd, uint64_t features, const struct guest_memory *dma,
		       const struct vhost_queue queues[VHOST_VSOCK_QUEUES], GError **error)
{
	const int on = 1;
	__u64 accepted = features;
	unsigned i;

	/* The kernel's worker belongs to the process from the first start on. */
	if (ioctl(fd, VHOST_SET_OWNER) != 0 && errno != EBUSY) {
		error_set_errno(error, "VHOST_SET_OWNER");
		return false;
	}
	if (!call(fd, VHOST_SET_FEATURES, &accepted, "VHOST_SET_FEATURES", error) ||
	    !set_memory(fd, dma, error)) {
		return false;
	}
	for (i = 0; i < VHOST_VSOCK_QUEUES; i++) {
		if (!set_queue(fd, i, &queues[i], error)) {
			return false;
		}
	}
	return call(fd, VHOST_VSOCK_SET_RUNNING, &on, "VHOST_VSOCK_SET_RUNNING", error);
}

void vhost_vsock_stop(int fd)
{
	const int off = 0;

	if (ioctl(fd, VHOST_VSOCK_SET_RUNNING, &off) != 0) {
		log_error("VHOST_VSOCK_SET_RUNNING 0: %m");
	}
}
