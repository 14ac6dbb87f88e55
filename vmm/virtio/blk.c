/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block device: Virtio 1.2, 5.2. One queue; each request is done when it is taken. */
#include "vmm/virtio/device.h"

#include <stddef.h>
#include <string.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "vmm/virtio/disk.h"

#define SECTOR_BYTES DISK_SECTOR_BYTES
#define BUFFER_BYTES 65536

/* The largest request, so that none keeps a vCPU for long. */
#define SEGMENT_BYTES_MAX 32768
#define SEGMENTS_MAX 64
#define REQUEST_BYTES_MAX (SEGMENT_BYTES_MAX * SEGMENTS_MAX)

struct blk {
	struct virtio_device dev;
	struct virtio_blk_config config; /* little endian */
	struct disk *disk;
	bool read_only;
	char id[VIRTIO_BLK_ID_BYTES]; /* padded with zeros, not terminated if full */
	struct virtqueue_chain chain; /* lock; only during one request */
	uint8_t buffer[BUFFER_BYTES]; /* lock; likewise */
};

static struct blk *to_blk(struct virtio_device *dev)
{
	return (struct blk *)((char *)dev - offsetof(struct blk, dev));
}

/* Is [sector, + bytes) whole sectors of the disk, and not too much at once? */
static bool range_valid(const struct blk *blk, uint64_t sector, uint32_t bytes)
{
	uint64_t size = disk_bytes(blk->disk);

	return bytes % SECTOR_BYTES == 0 && bytes <= REQUEST_BYTES_MAX &&
	       sector <= size / SECTOR_BYTES && bytes <= size - sector * SECTOR_BYTES;
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

		if (!disk_read(blk->disk, blk->buffer, now, at) ||
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
		    !disk_write(blk->disk, blk->buffer, now, at)) {
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
		return disk_flush(blk->disk) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
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

	disk_free(blk->disk);
	g_free(blk);
}

static const struct virtio_device_ops blk_ops = {
	.name = "block",
	.device_id = VIRTIO_ID_BLOCK,
	.queue_count = 1,
	.serve = blk_serve,
	.free = blk_free,
};

/* @disk, NULL included, becomes the device's. */
static struct virtio_device *blk_new(struct disk *disk, const char *path, bool read_only)
{
	uint64_t features = 1ULL << VIRTIO_BLK_F_SIZE_MAX | 1ULL << VIRTIO_BLK_F_SEG_MAX |
			    1ULL << VIRTIO_BLK_F_BLK_SIZE | 1ULL << VIRTIO_BLK_F_FLUSH;
	g_autofree char *name = g_path_get_basename(path);
	struct blk *blk;

	if (disk == NULL) {
		return NULL;
	}
	blk = g_new0(struct blk, 1);
	blk->disk = disk;
	blk->read_only = read_only;
	memcpy(blk->id, name, MIN(strlen(name), sizeof(blk->id)));
	blk->config.capacity = GUINT64_TO_LE(disk_bytes(disk) / SECTOR_BYTES);
	blk->config.size_max = GUINT32_TO_LE(SEGMENT_BYTES_MAX);
	blk->config.seg_max = GUINT32_TO_LE(SEGMENTS_MAX);
	blk->config.blk_size = GUINT32_TO_LE(SECTOR_BYTES);
	if (read_only) {
		features |= 1ULL << VIRTIO_BLK_F_RO;
	}
	virtio_device_init(&blk->dev, &blk_ops, features, &blk->config, sizeof(blk->config));
	return &blk->dev;
}

struct virtio_device *virtio_blk_new(const char *path, bool read_only, GError **error)
{
	return blk_new(disk_open(path, read_only, error), path, read_only);
}

struct virtio_device *virtio_blk_new_composite(const char *path, bool read_only, GError **error)
{
	return blk_new(disk_open_composite(path, read_only, error), path, read_only);
}
