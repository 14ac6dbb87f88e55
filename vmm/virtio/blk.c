/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block device: Virtio 1.2, 5.2. One queue; each request is done when it is taken. */
#include "vmm/virtio/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "vmm/error.h"

#define SECTOR_BYTES 512
#define BUFFER_BYTES 65536

/* The largest request, so that none keeps a vCPU for long. */
#define SEGMENT_BYTES_MAX 32768
#define SEGMENTS_MAX 64
#define REQUEST_BYTES_MAX (SEGMENT_BYTES_MAX * SEGMENTS_MAX)

struct blk {
	struct virtio_device dev;
	struct virtio_blk_config config; /* little endian */
	int fd;
	bool read_only;
	uint64_t bytes;               /* size of the disk */
	char id[VIRTIO_BLK_ID_BYTES]; /* padded with zeros, not terminated if full */
	struct virtqueue_chain chain; /* lock; only during one request */
	uint8_t buffer[BUFFER_BYTES]; /* lock; likewise */
};

static struct blk *to_blk(struct virtio_device *dev)
{
	return (struct blk *)((char *)dev - offsetof(struct blk, dev));
}

/* All of @bytes or nothing: a file that was cut short is an I/O error. */
static bool read_all(int fd, uint8_t *to, size_t bytes, uint64_t at)
{
	while (bytes > 0) {
		ssize_t done = pread(fd, to, bytes, (off_t)at);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return false;
		}
		to += done;
		at += (size_t)done;
		bytes -= (size_t)done;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *from, size_t bytes, uint64_t at)
{
	while (bytes > 0) {
		ssize_t done = pwrite(fd, from, bytes, (off_t)at);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return false;
		}
		from += done;
		at += (size_t)done;
		bytes -= (size_t)done;
	}
	return true;
}

/* Is [sector, + bytes) whole sectors of the disk, and not too much at once? */
static bool range_valid(const struct blk *blk, uint64_t sector, uint32_t bytes)
{
	return bytes % SECTOR_BYTES == 0 && bytes <= REQUEST_BYTES_MAX &&
	       sector <= blk->bytes / SECTOR_BYTES && bytes <= blk->bytes - sector * SECTOR_BYTES;
}

/* Disk to guest: all of the writable part but the last byte, the status. */
static uint8_t do_read(struct blk *blk, struct virtqueue *queue, uint64_t sector)
{
	uint32_t left = blk->chain.write_bytes - 1;
	uint64_t at = sector * SECTOR_BYTES;

	if (!range_valid(blk, sector, left)) {
		return VIRTIO_BLK_S_IOERR;
	}
	while (left > 0) {
		uint32_t now = MIN(left, BUFFER_BYTES);

		if (!read_all(blk->fd, blk->buffer, now, at) ||
		    !virtqueue_push(queue, &blk->chain, blk->buffer, now)) {
			return VIRTIO_BLK_S_IOERR;
		}
		at += now;
		left -= now;
	}
	return VIRTIO_BLK_S_OK;
}

/* Guest to disk: what is left of the readable part. */
static uint8_t do_write(struct blk *blk, struct virtqueue *queue, uint64_t sector)
{
	uint32_t left = blk->chain.read_bytes;
	uint64_t at = sector * SECTOR_BYTES;

	if (blk->read_only || !range_valid(blk, sector, left)) {
		return VIRTIO_BLK_S_IOERR;
	}
	while (left > 0) {
		uint32_t now = MIN(left, BUFFER_BYTES);

		if (!virtqueue_pull(queue, &blk->chain, blk->buffer, now) ||
		    !write_all(blk->fd, blk->buffer, now, at)) {
			return VIRTIO_BLK_S_IOERR;
		}
		at += now;
		left -= now;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t do_get_id(struct blk *blk, struct virtqueue *queue)
{
	uint32_t bytes = MIN(blk->chain.write_bytes - 1, VIRTIO_BLK_ID_BYTES);

	return virtqueue_push(queue, &blk->chain, blk->id, bytes) ? VIRTIO_BLK_S_OK :
								    VIRTIO_BLK_S_IOERR;
}

static uint8_t do_request(struct blk *blk, struct virtqueue *queue,
			  const struct virtio_blk_outhdr *header)
{
	uint64_t sector = GUINT64_FROM_LE(header->sector);

	switch (GUINT32_FROM_LE(header->type)) {
	case VIRTIO_BLK_T_IN:
		return do_read(blk, queue, sector);
	case VIRTIO_BLK_T_OUT:
		return do_write(blk, queue, sector);
	case VIRTIO_BLK_T_FLUSH:
		return fdatasync(blk->fd) == 0 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	case VIRTIO_BLK_T_GET_ID:
		return do_get_id(blk, queue);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

static enum virtio_served blk_serve(struct virtio_device *dev, unsigned index)
{
	struct blk *blk = to_blk(dev);
	struct virtqueue *queue = &dev->queues[index];
	struct virtqueue_chain *chain = &blk->chain;
	struct virtio_blk_outhdr header;
	uint8_t status;

	if (virtqueue_take(queue, chain) != VIRTQUEUE_TAKEN ||
	    !virtqueue_pull(queue, chain, &header, sizeof(header))) {
		return VIRTIO_SERVED_NOTHING;
	}
	if (chain->write_bytes == 0) {
		virtio_device_fail(dev, "request without a status byte");
		return VIRTIO_SERVED_NOTHING;
	}
	status = do_request(blk, queue, &header);
	/* The status is the last byte, whatever came before it. */
	if (!virtqueue_push_skip(queue, chain, chain->write_bytes - 1) ||
	    !virtqueue_push(queue, chain, &status, sizeof(status)) ||
	    !virtqueue_return(queue, chain)) {
		return VIRTIO_SERVED_NOTHING;
	}
	return VIRTIO_SERVED_SOME;
}

static void blk_free(struct virtio_device *dev)
{
	struct blk *blk = to_blk(dev);

	close(blk->fd);
	g_free(blk);
}

static const struct virtio_device_ops blk_ops = {
	.name = "block",
	.device_id = VIRTIO_ID_BLOCK,
	.queue_count = 1,
	.serve = blk_serve,
	.free = blk_free,
};

/* Open the file and find its size; -1 and @error if it is of no use as a disk. */
static int open_disk(const char *path, bool read_only, uint64_t *bytes, GError **error)
{
	/* O_NONBLOCK: the open of a FIFO shall be refused below, not hang. */
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	off_t end;

	if (fd < 0) {
		error_set_errno(error, "disk '%s'", path);
		return -1;
	}
	if (fstat(fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			    "disk '%s' is neither a regular file nor a block device", path);
		close(fd);
		return -1;
	}
	end = lseek(fd, 0, SEEK_END);
	if (end <= 0 || end % SECTOR_BYTES != 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			    "disk '%s' has %" G_GINT64_FORMAT " bytes, which is not a multiple of "
			    "%d above 0",
			    path, (gint64)end, SECTOR_BYTES);
		close(fd);
		return -1;
	}
	*bytes = (uint64_t)end;
	return fd;
}

struct virtio_device *virtio_blk_new(const char *path, bool read_only, GError **error)
{
	uint64_t features = 1ULL << VIRTIO_BLK_F_SIZE_MAX | 1ULL << VIRTIO_BLK_F_SEG_MAX |
			    1ULL << VIRTIO_BLK_F_BLK_SIZE | 1ULL << VIRTIO_BLK_F_FLUSH;
	g_autofree char *name = g_path_get_basename(path);
	struct blk *blk;
	uint64_t bytes;
	int fd = open_disk(path, read_only, &bytes, error);

	if (fd < 0) {
		return NULL;
	}
	blk = g_new0(struct blk, 1);
	blk->fd = fd;
	blk->bytes = bytes;
	blk->read_only = read_only;
	memcpy(blk->id, name, MIN(strlen(name), sizeof(blk->id)));
	blk->config.capacity = GUINT64_TO_LE(bytes / SECTOR_BYTES);
	blk->config.size_max = GUINT32_TO_LE(SEGMENT_BYTES_MAX);
	blk->config.seg_max = GUINT32_TO_LE(SEGMENTS_MAX);
	blk->config.blk_size = GUINT32_TO_LE(SECTOR_BYTES);
	if (read_only) {
		features |= 1ULL << VIRTIO_BLK_F_RO;
	}
	virtio_device_init(&blk->dev, &blk_ops, features, &blk->config, sizeof(blk->config));
	return &blk->dev;
}
