/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block device on a real file, end to end: requests, limits, refusals. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include <glib/gstdio.h>

#include "tests/virtio/driver.h"

#define SECTOR 512
#define DISK_SECTORS 16
#define HEADER DRIVER_BUFFERS
#define STATUS (DRIVER_BUFFERS + 0x100)
#define DATA (DRIVER_BUFFERS + 0x1000)
#define NO_STATUS 0xee /* what the device never answers */

struct disk {
	struct driver d;
	char *folder;
	char *path;
};

/* Sector n is filled with bytes of value n. */
static struct disk *disk_new(bool read_only)
{
	struct disk *disk = g_new0(struct disk, 1);
	uint8_t content[SECTOR * DISK_SECTORS];
	unsigned i;

	for (i = 0; i < DISK_SECTORS; i++) {
		memset(content + SECTOR * i, (int)i, SECTOR);
	}
	disk->folder = g_dir_make_tmp(NULL, NULL);
	disk->path = g_build_filename(disk->folder, "disk", NULL);
	assert_true(g_file_set_contents(disk->path, (char *)content, sizeof(content), NULL));
	driver_init(&disk->d, virtio_blk_new(disk->path, read_only, NULL));
	return disk;
}

static int setup(void **state)
{
	*state = disk_new(false);
	return 0;
}

static int setup_read_only(void **state)
{
	*state = disk_new(true);
	return 0;
}

static int teardown(void **state)
{
	struct disk *disk = *state;

	driver_free(&disk->d);
	g_unlink(disk->path);
	g_rmdir(disk->folder);
	g_free(disk->path);
	g_free(disk->folder);
	g_free(disk);
	return 0;
}

/* One request with @bytes of data at DATA; its status, and what used says in @used. */
static uint8_t request(struct disk *disk, uint32_t type, uint64_t sector, uint32_t bytes,
		       uint32_t *used)
{
	struct driver *d = &disk->d;
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	bool reads = type != VIRTIO_BLK_T_OUT;
	const struct piece pieces[] = {
		{ HEADER, sizeof(header), false },
		{ DATA, bytes, reads },
		{ STATUS, 1, true },
	};
	const struct piece bare[] = { pieces[0], pieces[2] };
	uint8_t *status = driver_ram(d, STATUS, 1);
	uint32_t head;

	memcpy(driver_ram(d, HEADER, sizeof(header)), &header, sizeof(header));
	*status = NO_STATUS;
	if (bytes > 0) {
		driver_send(d, 0, pieces, 3);
	} else {
		driver_send(d, 0, bare, 2);
	}
	assert_true(driver_used(d, 0, &head, used));
	return *status;
}

static void assert_file(struct disk *disk, unsigned sector, uint8_t value)
{
	g_autofree char *content = NULL;
	gsize bytes;
	unsigned i;

	assert_true(g_file_get_contents(disk->path, &content, &bytes, NULL));
	assert_int_equal(bytes, SECTOR * DISK_SECTORS);
	for (i = 0; i < SECTOR; i++) {
		assert_int_equal((uint8_t)content[SECTOR * sector + i], value);
	}
}

static void test_config(void **state)
{
	struct disk *disk = *state;
	struct driver *d = &disk->d;
	uint64_t base = VIRTIO_MMIO_CONFIG;
	uint32_t features;

	assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_BLOCK);
	assert_int_equal(driver_read(d, base), DISK_SECTORS);
	assert_int_equal(driver_read(d, base + 4), 0);
	assert_int_equal(driver_read(d, base + offsetof(struct virtio_blk_config, blk_size)),
			 SECTOR);
	/* The last field and beyond. */
	assert_int_equal(driver_read(d, base + sizeof(struct virtio_blk_config) - 2), 0);
	driver_write(d, base, 7);
	assert_int_equal(driver_read(d, base), DISK_SECTORS);
	features = driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES);
	assert_true(features & 1U << VIRTIO_BLK_F_FLUSH);
	assert_false(features & 1U << VIRTIO_BLK_F_RO);
}

static void test_read(void **state)
{
	struct disk *disk = *state;
	uint8_t *data = driver_ram(&disk->d, DATA, 3 * SECTOR);
	uint32_t used;

	driver_start(&disk->d, 1);
	assert_int_equal(request(disk, VIRTIO_BLK_T_IN, 5, 3 * SECTOR, &used), VIRTIO_BLK_S_OK);
	assert_int_equal(used, 3 * SECTOR + 1);
	assert_int_equal(data[0], 5);
	assert_int_equal(data[SECTOR], 6);
	assert_int_equal(data[3 * SECTOR - 1], 7);
}

static void test_write_and_flush(void **state)
{
	struct disk *disk = *state;
	uint32_t used;

	driver_start(&disk->d, 1);
	memset(driver_ram(&disk->d, DATA, SECTOR), 0xa5, SECTOR);
	assert_int_equal(request(disk, VIRTIO_BLK_T_OUT, 3, SECTOR, &used), VIRTIO_BLK_S_OK);
	assert_int_equal(used, 1);
	assert_int_equal(request(disk, VIRTIO_BLK_T_FLUSH, 0, 0, &used), VIRTIO_BLK_S_OK);
	assert_file(disk, 2, 2);
	assert_file(disk, 3, 0xa5);
	assert_file(disk, 4, 4);
}

static void test_limits(void **state)
{
	struct disk *disk = *state;
	uint32_t used;
	static const struct {
		uint64_t sector;
		uint32_t bytes;
	} bad[] = {
		{ DISK_SECTORS, SECTOR },
		{ DISK_SECTORS - 1, 2 * SECTOR },
		{ UINT64_MAX, SECTOR },
		{ UINT64_MAX / SECTOR, SECTOR },
		{ UINT64_MAX / SECTOR + 1, SECTOR },
		{ 0, SECTOR - 1 },
		{ 0, 1 },
		{ 0, (DISK_SECTORS + 1) * SECTOR },
	};
	size_t i;

	driver_start(&disk->d, 1);
	for (i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_int_equal(request(disk, VIRTIO_BLK_T_IN, bad[i].sector, bad[i].bytes, &used),
				 VIRTIO_BLK_S_IOERR);
		assert_int_equal(request(disk, VIRTIO_BLK_T_OUT, bad[i].sector, bad[i].bytes,
					 &used),
				 VIRTIO_BLK_S_IOERR);
	}
	assert_int_equal(request(disk, VIRTIO_BLK_T_IN, DISK_SECTORS - 1, SECTOR, &used),
			 VIRTIO_BLK_S_OK);
	assert_file(disk, DISK_SECTORS - 1, DISK_SECTORS - 1);
}

/* No request keeps the VMM for longer than 2 MiB take, whatever the disk's size. */
static void test_request_size(void **state)
{
	struct disk *disk = *state;
	struct driver *d = &disk->d;
	const uint32_t bytes = 0x60000;
	struct piece pieces[DRIVER_QUEUE_SIZE] = { { HEADER, 16, false } };
	uint8_t *status;
	uint32_t head;
	uint32_t used;
	unsigned count;

	driver_free(d);
	assert_int_equal(truncate(disk->path, 0x1000000), 0);
	driver_init(d, virtio_blk_new(disk->path, false, NULL));
	status = driver_ram(d, STATUS, 1);
	for (count = 5; count <= 6; count++) {
		driver_start(d, 1);
		for (unsigned i = 0; i < count; i++) {
			pieces[1 + i] = (struct piece){ DATA, bytes, true };
		}
		pieces[1 + count] = (struct piece){ STATUS, 1, true };
		*status = NO_STATUS;
		driver_send(d, 0, pieces, count + 2);
		assert_true(driver_used(d, 0, &head, &used));
		assert_int_equal(*status, count == 5 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR);
	}
}

static void test_read_only(void **state)
{
	struct disk *disk = *state;
	uint32_t used;

	assert_true(driver_read(&disk->d, VIRTIO_MMIO_DEVICE_FEATURES) & 1U << VIRTIO_BLK_F_RO);
	driver_start(&disk->d, 1);
	assert_int_equal(request(disk, VIRTIO_BLK_T_OUT, 3, SECTOR, &used), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(disk, VIRTIO_BLK_T_IN, 3, SECTOR, &used), VIRTIO_BLK_S_OK);
	assert_file(disk, 3, 3);
}

static void test_get_id(void **state)
{
	struct disk *disk = *state;
	char *data = driver_ram(&disk->d, DATA, VIRTIO_BLK_ID_BYTES);
	uint32_t used;

	driver_start(&disk->d, 1);
	memset(data, 0xff, VIRTIO_BLK_ID_BYTES);
	assert_int_equal(request(disk, VIRTIO_BLK_T_GET_ID, 0, VIRTIO_BLK_ID_BYTES, &used),
			 VIRTIO_BLK_S_OK);
	assert_string_equal(data, "disk");
	assert_int_equal(data[VIRTIO_BLK_ID_BYTES - 1], 0);
	assert_int_equal(request(disk, VIRTIO_BLK_T_GET_ID, 0, 2, &used), VIRTIO_BLK_S_OK);
	assert_int_equal(used, 3);
}

static void test_unknown_request(void **state)
{
	struct disk *disk = *state;
	uint32_t used;

	driver_start(&disk->d, 1);
	assert_int_equal(request(disk, VIRTIO_BLK_T_DISCARD, 0, SECTOR, &used),
			 VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(disk, UINT32_MAX, 0, 0, &used), VIRTIO_BLK_S_UNSUPP);
}

static void test_file_cut_short(void **state)
{
	struct disk *disk = *state;
	uint32_t used;

	driver_start(&disk->d, 1);
	assert_int_equal(truncate(disk->path, SECTOR), 0);
	assert_int_equal(request(disk, VIRTIO_BLK_T_IN, 5, SECTOR, &used), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(disk, VIRTIO_BLK_T_IN, 0, SECTOR, &used), VIRTIO_BLK_S_OK);
}

/* Requests without their header or status stop the device. */
static void test_malformed(void **state)
{
	struct disk *disk = *state;
	struct driver *d = &disk->d;
	const struct piece no_status[] = { { HEADER, 16, false } };
	const struct piece short_header[] = { { HEADER, 15, false }, { STATUS, 1, true } };
	const struct piece only_status[] = { { STATUS, 1, true } };

	driver_start(d, 1);
	driver_send(d, 0, no_status, 1);
	assert_true(driver_needs_reset(d));
	driver_start(d, 1);
	driver_send(d, 0, short_header, 2);
	assert_true(driver_needs_reset(d));
	driver_start(d, 1);
	driver_send(d, 0, only_status, 1);
	assert_true(driver_needs_reset(d));
}

/* The header may be cut anywhere: no framing is assumed (2.7.4.2). */
static void test_scattered(void **state)
{
	struct disk *disk = *state;
	struct driver *d = &disk->d;
	struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 9 };
	const struct piece pieces[] = {
		{ HEADER, 3, false },      { HEADER + 3, 13, false }, { DATA, 100, true },
		{ DATA + 100, 412, true }, { STATUS, 1, true },
	};
	uint8_t *data = driver_ram(d, DATA, SECTOR);
	uint32_t head;
	uint32_t used;

	driver_start(d, 1);
	memcpy(driver_ram(d, HEADER, sizeof(header)), &header, sizeof(header));
	*(uint8_t *)driver_ram(d, STATUS, 1) = NO_STATUS;
	driver_send(d, 0, pieces, G_N_ELEMENTS(pieces));
	assert_true(driver_used(d, 0, &head, &used));
	assert_int_equal(used, SECTOR + 1);
	assert_int_equal(*(uint8_t *)driver_ram(d, STATUS, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(data[0], 9);
	assert_int_equal(data[SECTOR - 1], 9);
}

static void assert_refused(const char *path, const char *word)
{
	g_autoptr(GError) error = NULL;

	assert_null(virtio_blk_new(path, true, &error));
	assert_non_null(error);
	assert_non_null(strstr(error->message, path));
	assert_non_null(strstr(error->message, word));
}

static void test_bad_files(void **state)
{
	struct disk *disk = *state;
	g_autofree char *fifo = g_build_filename(disk->folder, "fifo", NULL);
	g_autofree char *absent = g_build_filename(disk->folder, "absent", NULL);

	assert_refused(absent, "No such file");
	assert_refused(disk->folder, "neither a regular file nor a block device");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_refused(fifo, "neither a regular file nor a block device");
	g_unlink(fifo);
	assert_int_equal(truncate(disk->path, 0), 0);
	assert_refused(disk->path, "0 bytes");
	assert_int_equal(truncate(disk->path, SECTOR + 1), 0);
	assert_refused(disk->path, "513 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_and_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup_read_only, teardown),
		cmocka_unit_test_setup_teardown(test_get_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_cut_short, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scattered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
	};

	return cmocka_run_group_tests_name("virtio_blk", tests, NULL, NULL);
}
