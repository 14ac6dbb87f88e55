/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/partition.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/service/ipc_error.h"

#define SECTOR_BYTES 512
#define SIZE_MAX_BYTES (UINT64_C(1) << 40)
#define MARK_BYTES_MAX 32

/* The bytes at the start of a new partition of @type; their count. */
static size_t mark_of(int type, uint8_t *mark)
{
	size_t length = 0;

	if (type == AVF_PARTITION_ANDROID_VM_INSTANCE) {
		length = strlen(AVF_INSTANCE_IMAGE_MAGIC);
		memcpy(mark, AVF_INSTANCE_IMAGE_MAGIC, length);
		mark[length++] = AVF_INSTANCE_IMAGE_VERSION;
		mark[length++] = 0;
	} else if (type == AVF_PARTITION_ENCRYPTEDSTORE) {
		length = strlen(AVF_ENCRYPTEDSTORE_MAGIC);
		memcpy(mark, AVF_ENCRYPTEDSTORE_MAGIC, length);
	}
	return length;
}

static bool check(int fd, uint64_t size, int type, GError **error)
{
	struct stat status;

	if (type < AVF_PARTITION_RAW || type > AVF_PARTITION_ENCRYPTEDSTORE) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "type: %d is no type of partition", type);
	}
	if (size == 0 || size % SECTOR_BYTES != 0 || size > SIZE_MAX_BYTES) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "size: %" G_GUINT64_FORMAT
				     " is no multiple of 512 from 512 to 2^40",
				     (guint64)size);
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "image: not a regular file that is open for writing");
	}
	return true;
}

bool partition_initialize(int fd, uint64_t size, int type, GError **error)
{
	uint8_t mark[MARK_BYTES_MAX];
	size_t length = mark_of(type, mark);

	if (!check(fd, size, type, error)) {
		return false;
	}
	if (ftruncate(fd, 0) != 0 || ftruncate(fd, (off_t)size) != 0 ||
	    pwrite(fd, mark, length, 0) != (ssize_t)length || fdatasync(fd) != 0) {
		int saved = errno;

		return ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC,
				     "cannot write the partition: %s", g_strerror(saved));
	}
	return true;
}
