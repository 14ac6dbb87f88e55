/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/lib/pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"
#define BAR_LINE_BYTES 57 /* "0xSTART 0xEND 0xFLAGS\n", 16 digits each: Linux, pci-sysfs.c */
#define PATH_BYTES 320
#define STOP 1                           /* bit 0: the guest has panicked */
#define STOP_MAGIC 0x504f5453454e4941ULL /* "AINESTOP" */

static ssize_t read_file(const char *slot, const char *name, char *text, size_t size)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", slot, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0) {
		close(fd);
	}
	text[got < 0 ? 0 : got] = '\0';
	return got;
}

static bool has_id(const char *slot, const char *name, const char *id)
{
	char text[16];

	return read_file(slot, name, text, sizeof(text)) > 0 && strncmp(text, id, strlen(id)) == 0;
}

/* The slot's name in @slot. */
static bool find(const char *vendor, const char *device, char *slot, size_t size)
{
	DIR *devices = opendir(DEVICES);
	struct dirent *entry;
	bool found = false;

	while (devices != NULL && !found && (entry = readdir(devices)) != NULL) {
		found = has_id(entry->d_name, "vendor", vendor) &&
			has_id(entry->d_name, "device", device);
		if (found) {
			snprintf(slot, size, "%s", entry->d_name);
		}
	}
	if (devices != NULL) {
		closedir(devices);
	}
	return found;
}

/* @bar's address and size. */
static bool read_bar(const char *slot, int bar, uint64_t *start, size_t *bytes)
{
	char text[BAR_LINE_BYTES * 8];
	const char *line = text + (ptrdiff_t)BAR_LINE_BYTES * bar;
	char *behind;
	char *end;
	unsigned long long first;
	unsigned long long last;

	if (read_file(slot, "resource", text, sizeof(text)) < BAR_LINE_BYTES * (bar + 1)) {
		return false;
	}
	first = strtoull(line, &behind, 16);
	last = strtoull(behind, &end, 16);
	if (behind == line || end == behind || last <= first) {
		return false;
	}
	*start = first;
	*bytes = (size_t)(last - first + 1);
	return true;
}

static bool enable(const char *slot)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), DEVICES "/%s/enable", slot);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "1", 1) == 1;

	if (fd >= 0) {
		close(fd);
	}
	return done;
}

static int open_bar(const char *slot, int bar)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), DEVICES "/%s/resource%d_wc", slot, bar);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		snprintf(path, sizeof(path), DEVICES "/%s/resource%d", slot, bar);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	return fd;
}

volatile void *pci_map(const char *vendor, const char *device, int bar, size_t *bytes)
{
	char slot[256];
	uint64_t start;

	if (!find(vendor, device, slot, sizeof(slot))) {
		errno = ENODEV;
		return NULL;
	}
	if (!enable(slot) || !read_bar(slot, bar, &start, bytes)) {
		return NULL;
	}
	int fd = open_bar(slot, bar);

	if (fd < 0) {
		return NULL;
	}
	/* What is smaller than a page lies somewhere within one. */
	size_t offset = start & ((uint64_t)getpagesize() - 1);
	char *page = mmap(NULL, offset + *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	return page == MAP_FAILED ? NULL : page + offset;
}

/*
 * QEMU's clock may jump while the machine stops. So the moment goes into a register that the saved
 * machine has, next to one with a word to find it by (scenarios/harness/stopped.py).
 */
static void stop_at_known_time(volatile uint8_t *stop)
{
#ifdef __aarch64__
	register uint64_t magic __asm__("x20") = STOP_MAGIC;
	register uint64_t when __asm__("x21");

	__asm__ volatile("isb\n\tmrs %1, cntvct_el0\n\tstrb %w2, [%3]"
			 : "+r"(magic), "=&r"(when)
			 : "r"(STOP), "r"(stop)
			 : "memory");
#else
	*stop = STOP;
#endif
}

int pci_stop_machine(void)
{
	size_t bytes;
	volatile uint8_t *stop = pci_map(PCI_STOP, PCI_STOP_BAR, &bytes);

	if (stop == NULL) {
		return -1;
	}
	stop_at_known_time(stop);
	return 0;
}
