/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest for virtio tests: memory, a bus with one device in slot 0, and the
 * driver's side of split rings, with every field in the test's hand so that it
 * can also be a bad guest.
 */
#ifndef TESTS_VIRTIO_DRIVER_H
#define TESTS_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus.h"
#include "vmm/memory.h"
#include "vmm/virtio/device.h"

#define DRIVER_RAM_BASE 0x80000000ULL
#define DRIVER_RAM_BYTES 0x80000 /* a descriptor index can point beyond it */
#define DRIVER_BUFFERS 0x10000   /* offset in RAM above all rings: free for the test */
#define DRIVER_QUEUE_SIZE 8

/* The rings of one queue, in RAM at a fixed place per queue. */
struct ring {
	uint64_t desc_ipa;
	uint64_t avail_ipa;
	uint64_t used_ipa;
	uint16_t size;
	uint16_t next_desc; /* descriptors are handed out in turn and never freed */
	uint16_t avail;     /* next available index */
	uint16_t seen;      /* used entries taken by driver_used() */
};

struct driver {
	struct guest_memory ram;
	struct bus *bus;
	struct virtio_device *dev; /* owned */
	struct ring rings[VIRTIO_QUEUES_MAX];
};

/* A piece of a chain: where it lies in RAM and which way it goes. */
struct piece {
	uint32_t offset; /* from DRIVER_RAM_BASE */
	uint32_t bytes;
	bool device_writes;
};

/* Attach @dev, which the driver frees in driver_free(). */
void driver_init(struct driver *d, struct virtio_device *dev);
void driver_free(struct driver *d);

/* cmocka's setup and teardown: *@state is a driver with the entropy device, the smallest there is. */
int driver_of_rng(void **state);
int driver_of_rng_end(void **state);

uint32_t driver_read(struct driver *d, uint64_t reg);
void driver_write(struct driver *d, uint64_t reg, uint32_t value);

/* RAM at @offset, for @bytes of it. */
void *driver_ram(struct driver *d, uint32_t offset, uint32_t bytes);

/* Reset, ACKNOWLEDGE, DRIVER, accept @features and VERSION_1, FEATURES_OK; true if it stays. */
bool driver_negotiate(struct driver *d, uint64_t features);

/* Set up queue @index with empty rings at their usual place. */
void driver_queue(struct driver *d, unsigned index);

/* driver_negotiate() without device features, @queues queues, DRIVER_OK. Asserts success. */
void driver_start(struct driver *d, unsigned queues);

/* Write one descriptor as given. */
void driver_desc(struct driver *d, unsigned queue, uint16_t index, uint64_t addr, uint32_t bytes,
		 uint16_t flags, uint16_t next);

/* Make descriptor @head available, without a notification. */
void driver_offer(struct driver *d, unsigned queue, uint16_t head);

/* Chain @pieces, make the chain available and notify; its head. */
uint16_t driver_send(struct driver *d, unsigned queue, const struct piece *pieces, unsigned count);

void driver_kick(struct driver *d, unsigned queue);

/* Take the next used entry: false if there is none. */
bool driver_used(struct driver *d, unsigned queue, uint32_t *head, uint32_t *bytes);

/* Does the device ask for its reset? */
bool driver_needs_reset(struct driver *d);

/* Run what waits in the main loop until nothing is ready. */
void driver_run_loop(void);

/* What the device did to KVM: see fake_irq.c. */
extern unsigned fake_irq_pulses;
extern uint32_t fake_irq_spi; /* of the last pulse */
extern unsigned fake_ioeventfds;

#endif /* TESTS_VIRTIO_DRIVER_H */
