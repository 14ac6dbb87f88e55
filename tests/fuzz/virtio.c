/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer: a hostile guest against each virtio device. The input is a little
 * program of register accesses, memory writes, descriptors and notifications;
 * it can also change memory between two of the VMM's reads of it, and withdraw
 * memory. What must hold, besides the sanitizers:
 *
 *  - every touch of guest memory lies in the window that the device was given
 *    (guest_copy() is replaced by one that checks this);
 *  - an access to a register ends within a fixed number of such touches;
 *  - the main loop comes to rest;
 *  - after a reset, every device works with a good driver.
 */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "platform/abi/guest_memory_map.h"
#include "tests/virtio/driver.h"
#include "tests/virtio/fake_vhost.h"
#include "vmm/log.h"
#include "vmm/virtio/guest_copy.h"

#define DISK_BYTES 0x4000
#define LOOP_TURNS_MAX 1000
/* A burst of chains, each of up to all descriptors, each read and then touched in pieces. */
#define TOUCHES_MAX (VIRTIO_BURST_MAX * (4 + 4 * VIRTQUEUE_SIZE_MAX))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

struct input {
	const uint8_t *data;
	size_t left;
};

static struct driver driver;
static unsigned touches;      /* since the last register access began */
static unsigned fail_after;   /* touches until one fails; 0: none */
static unsigned tamper_after; /* touches until memory changes; 0: never */
static uint16_t tamper_at;
static uint8_t tamper_with;
static char disk_path[64];
static char text_path[64];

static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && in->left > 0; i++) {
		value |= (uint64_t)*in->data << (8 * i);
		in->data++;
		in->left--;
	}
	return value;
}

static bool in_window(const void *p, size_t bytes)
{
	const uint8_t *at = p;
	const uint8_t *ram = driver.ram.hva;

	return at >= ram && bytes <= driver.ram.bytes &&
	       (size_t)(at - ram) <= driver.ram.bytes - bytes;
}

static void broken(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

void guest_copy_install(void)
{
}

bool guest_copy(void *to, const void *from, size_t bytes)
{
	if (in_window(to, bytes) == in_window(from, bytes)) {
		broken("a copy that is not between the window and the VMM");
	}
	if (++touches > TOUCHES_MAX) {
		broken("too many touches of guest memory for one access");
	}
	if (fail_after > 0 && --fail_after == 0) {
		return false;
	}
	memcpy(to, from, bytes);
	if (tamper_after > 0 && --tamper_after == 0) {
		driver.ram.hva[tamper_at] ^= tamper_with;
	}
	return true;
}

static struct virtio_device *make_device(unsigned kind)
{
	struct virtio_device *dev;
	int out;
	int in;

	switch (kind % 4) {
	case 0:
		return virtio_blk_new(disk_path, (kind & 4) != 0, NULL);
	case 1:
		out = open("/dev/null", O_WRONLY | O_CLOEXEC);
		in = open(text_path, O_RDONLY | O_CLOEXEC);
		dev = virtio_console_new(out, in, NULL);
		close(out);
		close(in);
		return dev;
	case 2:
		return virtio_rng_new();
	default:
		return virtio_vsock_new(3, NULL);
	}
}

static void run_loop(void)
{
	unsigned turns = 0;

	touches = 0;
	while (g_main_context_iteration(NULL, FALSE)) {
		touches = 0;
		if (++turns > LOOP_TURNS_MAX) {
			broken("the main loop does not come to rest");
		}
	}
}

/* A descriptor whose numbers are plausible more often than not. */
static void put_descriptor(struct input *in)
{
	unsigned how = (unsigned)take(in, 1);
	unsigned queue = (how & 3) % VIRTIO_QUEUES_MAX;
	uint16_t index = (uint16_t)take(in, 1) % VIRTQUEUE_SIZE_MAX;
	uint64_t addr = DRIVER_RAM_BASE + take(in, 2);
	uint32_t bytes = (uint32_t)take(in, 2);
	uint16_t flags = how >> 4 & 7;
	uint16_t next = (uint16_t)take(in, 1);

	if ((how & 0x80) != 0) {
		addr += take(in, 8);
		bytes = (uint32_t)take(in, 4);
	}
	if (driver.rings[queue].desc_ipa != 0) {
		driver_desc(&driver, queue, index, addr, bytes, flags, next);
	}
}

static void offer(struct input *in)
{
	unsigned queue = (unsigned)take(in, 1) % VIRTIO_QUEUES_MAX;
	unsigned count = 1 + (unsigned)take(in, 1) % 64;
	uint16_t head = (uint16_t)take(in, 1);

	if (driver.rings[queue].desc_ipa != 0) {
		while (count-- > 0) {
			driver_offer(&driver, queue, head);
		}
		touches = 0;
		driver_kick(&driver, queue);
	}
}

static void set_up(void)
{
	touches = 0;
	driver_negotiate(&driver, 0);
	for (unsigned i = 0; i < driver.dev->ops->queue_count; i++) {
		driver_queue(&driver, i);
	}
	driver_write(&driver, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
}

static void write_memory(struct input *in)
{
	uint32_t offset = (uint32_t)take(in, 2);
	unsigned bytes = 1 + (unsigned)take(in, 1) % 16;

	while (bytes-- > 0) {
		*(uint8_t *)driver_ram(&driver, offset++, 1) = (uint8_t)take(in, 1);
	}
}

static void touch_register(struct input *in)
{
	unsigned how = (unsigned)take(in, 1);
	uint64_t offset = (how & 8) != 0 ? take(in, 2) % GUEST_VIRTIO_STRIDE : take(in, 1) * 4;
	unsigned width = (how & 16) != 0 ? 1U << (how & 3) : 4;

	touches = 0;
	if ((how & 4) != 0) {
		bus_read(driver.bus, GUEST_VIRTIO_BASE + offset, width);
	} else {
		bus_write(driver.bus, GUEST_VIRTIO_BASE + offset, width, take(in, width));
	}
}

static void step(struct input *in)
{
	switch (take(in, 1) % 8) {
	case 0:
		touch_register(in);
		break;
	case 1:
		write_memory(in);
		break;
	case 2:
		set_up();
		break;
	case 3:
		put_descriptor(in);
		break;
	case 4:
		offer(in);
		break;
	case 5:
		run_loop();
		break;
	case 6:
		tamper_after = (unsigned)take(in, 1);
		tamper_at = (uint16_t)take(in, 2);
		tamper_with = (uint8_t)take(in, 1);
		break;
	default:
		fail_after = (unsigned)take(in, 1);
		break;
	}
}

/* A good driver after all that: one buffer goes round, where the device takes one at once. */
static void check_alive(unsigned kind)
{
	const struct piece pieces[] = {
		{ DRIVER_BUFFERS, 16, false },
		{ DRIVER_BUFFERS + 0x1000, 512, true },
		{ DRIVER_BUFFERS + 0x2000, 1, true },
	};
	uint32_t head;
	uint32_t bytes;

	tamper_after = 0;
	fail_after = 0;
	set_up();
	if (driver_needs_reset(&driver)) {
		broken("a reset does not mend the device");
	}
	memset(driver_ram(&driver, DRIVER_BUFFERS, 16), 0, 16);
	if (kind % 4 == 0) {
		driver_send(&driver, 0, pieces, 3);
	} else if (kind % 4 == 1) {
		driver_send(&driver, 1, pieces, 1);
	} else if (kind % 4 == 2) {
		driver_send(&driver, 0, &pieces[1], 1);
	} else {
		return; /* its queues are the kernel's */
	}
	if (!driver_used(&driver, kind % 4 == 1 ? 1 : 0, &head, &bytes)) {
		broken("a reset device does not serve a good driver");
	}
	run_loop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned kind = (unsigned)take(&in, 1);

	driver_init(&driver, make_device(kind));
	while (in.left > 0) {
		step(&in);
	}
	check_alive(kind);
	driver_free(&driver);
	run_loop();
	return 0;
}

/* A file in memory, by a path that opens it anew. */
static void memory_file(char path[64], size_t bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	g_autofree char *content = g_malloc(bytes);

	memset(content, 'x', bytes);
	if (fd < 0 || write(fd, content, bytes) != (ssize_t)bytes) {
		broken("no file in memory");
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	memory_file(disk_path, DISK_BYTES);
	memory_file(text_path, 10000);
	return 0;
}

/*
 * Where to begin: one program per kind of device that gets a chain through, and
 * some that nearly do. Fields as in step().
 */
static const char *const seeds[] = {
	/* block: set up; header, data, status; one request */
	"00 02 03 10 00 0080 1000 01 03 30 01 0010 0002 02 03 20 02 0020 0100 00 04 00 00 00 05",
	/* block: header of type 1, a write; the data is readable */
	"00 02 01 0080 00 01 03 10 00 0080 1000 01 03 10 01 00a0 0002 02 03 20 02 0020 0100 00 04",
	/* console: output, and room for input */
	"01 02 03 01 00 0010 0040 00 04 01 00 00 03 20 00 0080 0001 00 04 00 03 00 05",
	/* rng: many chains, then a loop of descriptors */
	"02 02 03 20 00 0080 0001 00 04 00 28 00 05 03 30 01 0080 0001 01 04 00 00 01",
	/* rng: memory changes and is withdrawn under the device */
	"02 02 03 20 00 0080 0001 00 06 02 0000 ff 04 00 00 00 02 07 03 04 00 00 00",
	/* vsock: set up, registers, reset */
	"03 02 00 04 1c 00 00 14 01000000 05 00 00 1c 00000000",
	/* odd widths in the configuration space, and the queue's registers */
	"00 00 1c 0001 00 1e 0201 00 00 0c ffffffff 00 00 0e 00010000 00 00 20 00000080 00 00 11 01",
};

static size_t put_seed(uint8_t *data, size_t max, const char *text)
{
	size_t size = 0;

	while (*text != '\0' && size < max) {
		char pair[3] = { text[0], text[1], '\0' };

		if (text[0] == ' ') {
			text++;
			continue;
		}
		data[size++] = (uint8_t)strtoul(pair, NULL, 16);
		text += 2;
	}
	return size;
}

/* One mutation in 32 starts again from a seed. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (seed % 32 == 0) {
		size = put_seed(data, max, seeds[seed / 32 % G_N_ELEMENTS(seeds)]);
	}
	return LLVMFuzzerMutate(data, size, max);
}
