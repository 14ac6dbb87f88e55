/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block, console and rng: use each as a program would, and say what came of it. */
#define _GNU_SOURCE /* O_DIRECT */
#include "guest/linux/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <linux/fs.h>

#define BLOCK_BYTES 4096
#define WRITE_AT 8192 /* byte of the disk where the guest writes its block */
#define RNG_BYTES 64
#define LINE_MAX 256
#define INPUT_LIMIT_MS 60000

static alignas(BLOCK_BYTES) uint8_t block[BLOCK_BYTES];
static alignas(BLOCK_BYTES) uint8_t again[BLOCK_BYTES];

/* FNV-1a, so that host and guest can compare contents by one number. */
static uint64_t checksum(const uint8_t *bytes, size_t count)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < count; i++) {
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	}
	return sum;
}

static void describe_disk(const char *name, int fd)
{
	char path[64];
	char serial[32];
	uint64_t bytes = 0;

	snprintf(path, sizeof(path), "/sys/block/%s/serial", name);
	read_text(path, serial, sizeof(serial));
	ioctl(fd, BLKGETSIZE64, &bytes);
	if (pread(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block)) {
		check(false, "block_read");
		return;
	}
	report("value disk name=%s id=%s bytes=%llu check=0x%llx", name, serial[0] ? serial : "-",
	       (unsigned long long)bytes, (unsigned long long)checksum(block, sizeof(block)));
}

static bool write_and_read_back(int fd)
{
	for (size_t i = 0; i < sizeof(block); i++) {
		block[i] = (uint8_t)(i * 31 + (i >> 8));
	}
	return pwrite(fd, block, sizeof(block), WRITE_AT) == (ssize_t)sizeof(block) &&
	       fsync(fd) == 0 &&
	       pread(fd, again, sizeof(again), WRITE_AT) == (ssize_t)sizeof(again) &&
	       memcmp(block, again, sizeof(block)) == 0;
}

void use_block(void)
{
	/* O_DIRECT: each of these is a request to the device, not to the page cache. */
	int writable = await_node("/dev/vda", O_RDWR | O_DIRECT);
	int fixed = await_node("/dev/vdb", O_RDONLY | O_DIRECT);
	int is_read_only = 0;

	if (check(writable >= 0, "block_open")) {
		describe_disk("vda", writable);
		check(write_and_read_back(writable), "block_write");
		report("value block_written at=%d bytes=%zu check=0x%llx", WRITE_AT, sizeof(block),
		       (unsigned long long)checksum(block, sizeof(block)));
		close(writable);
	}
	if (check(fixed >= 0, "block_open_read_only")) {
		describe_disk("vdb", fixed);
		check(ioctl(fixed, BLKROGET, &is_read_only) == 0 && is_read_only == 1,
		      "block_is_read_only");
		close(fixed);
		/* The kernel opens it for writing and then refuses each write. */
		fixed = open("/dev/vdb", O_WRONLY | O_CLOEXEC);
		check(pwrite(fixed, block, sizeof(block), 0) < 0 && errno == EPERM,
		      "block_refuses_writes");
		close(fixed);
	}
}

static bool make_raw(int fd)
{
	struct termios mode;

	if (tcgetattr(fd, &mode) != 0) {
		return false;
	}
	cfmakeraw(&mode);
	return tcsetattr(fd, TCSANOW, &mode) == 0;
}

/* One line of input with its newline; its length, 0 if none came in time. */
static size_t read_line(int fd, char *line, size_t size)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	size_t length = 0;

	while (length < size && (length == 0 || line[length - 1] != '\n')) {
		if (poll(&input, 1, INPUT_LIMIT_MS) <= 0 || read(fd, line + length, 1) != 1) {
			return 0;
		}
		length++;
	}
	return length;
}

void use_console(void)
{
	static const char prefix[] = "echo: ";
	char line[LINE_MAX];
	int fd = await_node("/dev/hvc0", O_RDWR);
	size_t length;

	if (!check(fd >= 0 && make_raw(fd), "console_open")) {
		return;
	}
	length = read_line(fd, line, sizeof(line));
	check(length > 0, "console_input");
	check(write(fd, prefix, sizeof(prefix) - 1) == (ssize_t)sizeof(prefix) - 1 &&
		      write(fd, line, length) == (ssize_t)length && tcdrain(fd) == 0,
	      "console_output");
	report("value console bytes=%zu", length);
	close(fd);
}

void use_rng(void)
{
	char name[64];
	int fd = await_node("/dev/hwrng", O_RDONLY);

	read_text("/sys/class/misc/hw_random/rng_current", name, sizeof(name));
	check(strncmp(name, "virtio_rng", strlen("virtio_rng")) == 0, "rng_is_virtio");
	if (!check(fd >= 0, "rng_open")) {
		return;
	}
	memset(block, 0, RNG_BYTES);
	memset(again, 0, RNG_BYTES);
	check(read(fd, block, RNG_BYTES) == RNG_BYTES && read(fd, again, RNG_BYTES) == RNG_BYTES &&
		      memcmp(block, again, RNG_BYTES) != 0,
	      "rng_read");
	close(fd);
}
