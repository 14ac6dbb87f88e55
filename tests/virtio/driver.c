/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/virtio/driver.h"

#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "platform/abi/guest_memory_map.h"

#define RING_SPACE 0x4000 /* per queue */
#define AVAIL_OFFSET 0x2000
#define USED_OFFSET 0x3000
#define NO_VM (-1)

void driver_init(struct driver *d, struct virtio_device *dev)
{
	g_autoptr(GError) error = NULL;

	memset(d, 0, sizeof(*d));
	g_assert_nonnull(dev);
	g_assert_true(guest_memory_map(&d->ram, DRIVER_RAM_BASE, DRIVER_RAM_BYTES, &error));
	d->bus = bus_new();
	d->dev = dev;
	g_assert_true(virtio_mmio_attach(d->bus, 0, dev, &d->ram, NO_VM, &error));
	fake_irq_pulses = 0;
}

void driver_free(struct driver *d)
{
	bus_free(d->bus);
	virtio_device_free(d->dev);
	guest_memory_free(&d->ram);
}

int driver_of_rng(void **state)
{
	struct driver *d = g_new0(struct driver, 1);

	driver_init(d, virtio_rng_new());
	*state = d;
	return 0;
}

int driver_of_rng_end(void **state)
{
	driver_free(*state);
	g_free(*state);
	return 0;
}

uint32_t driver_read(struct driver *d, uint64_t reg)
{
	return (uint32_t)bus_read(d->bus, GUEST_VIRTIO_BASE + reg, 4);
}

void driver_write(struct driver *d, uint64_t reg, uint32_t value)
{
	bus_write(d->bus, GUEST_VIRTIO_BASE + reg, 4, value);
}

void *driver_ram(struct driver *d, uint32_t offset, uint32_t bytes)
{
	void *hva = guest_memory_at(&d->ram, DRIVER_RAM_BASE + offset, bytes);

	g_assert_nonnull(hva);
	return hva;
}

bool driver_negotiate(struct driver *d, uint64_t features)
{
	features |= 1ULL << VIRTIO_F_VERSION_1;
	driver_write(d, VIRTIO_MMIO_STATUS, 0);
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	driver_write(d, VIRTIO_MMIO_STATUS,
		     VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			     VIRTIO_CONFIG_S_FEATURES_OK);
	return (driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK) != 0;
}

void driver_queue(struct driver *d, unsigned index)
{
	struct ring *ring = &d->rings[index];
	uint64_t base = DRIVER_RAM_BASE + (uint64_t)index * RING_SPACE;

	memset(ring, 0, sizeof(*ring));
	memset(driver_ram(d, index * RING_SPACE, RING_SPACE), 0, RING_SPACE);
	ring->size = DRIVER_QUEUE_SIZE;
	ring->desc_ipa = base;
	ring->avail_ipa = base + AVAIL_OFFSET;
	ring->used_ipa = base + USED_OFFSET;
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, index);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, ring->size);
	driver_write(d, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)ring->desc_ipa);
	driver_write(d, VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(ring->desc_ipa >> 32));
	driver_write(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)ring->avail_ipa);
	driver_write(d, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(ring->avail_ipa >> 32));
	driver_write(d, VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)ring->used_ipa);
	driver_write(d, VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(ring->used_ipa >> 32));
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

void driver_start(struct driver *d, unsigned queues)
{
	unsigned i;

	g_assert_true(driver_negotiate(d, 0));
	for (i = 0; i < queues; i++) {
		driver_queue(d, i);
		g_assert_cmpuint(driver_read(d, VIRTIO_MMIO_QUEUE_READY), ==, 1);
	}
	driver_write(d, VIRTIO_MMIO_STATUS,
		     driver_read(d, VIRTIO_MMIO_STATUS) | VIRTIO_CONFIG_S_DRIVER_OK);
	g_assert_false(driver_needs_reset(d));
}

static void *ring_at(struct driver *d, uint64_t ipa, uint32_t bytes)
{
	return driver_ram(d, (uint32_t)(ipa - DRIVER_RAM_BASE), bytes);
}

void driver_desc(struct driver *d, unsigned queue, uint16_t index, uint64_t addr, uint32_t bytes,
		 uint16_t flags, uint16_t next)
{
	struct vring_desc desc = { .addr = addr, .len = bytes, .flags = flags, .next = next };

	memcpy(ring_at(d, d->rings[queue].desc_ipa + sizeof(desc) * index, sizeof(desc)), &desc,
	       sizeof(desc));
}

void driver_offer(struct driver *d, unsigned queue, uint16_t head)
{
	struct ring *ring = &d->rings[queue];
	uint32_t slot = ring->avail % ring->size;

	memcpy(ring_at(d, ring->avail_ipa + 4 + 2 * slot, 2), &head, 2);
	ring->avail++;
	memcpy(ring_at(d, ring->avail_ipa + 2, 2), &ring->avail, 2);
}

void driver_kick(struct driver *d, unsigned queue)
{
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

uint16_t driver_send(struct driver *d, unsigned queue, const struct piece *pieces, unsigned count)
{
	struct ring *ring = &d->rings[queue];
	uint16_t head = ring->next_desc % ring->size;
	unsigned i;

	for (i = 0; i < count; i++) {
		uint16_t index = ring->next_desc++ % ring->size;
		uint16_t flags = pieces[i].device_writes ? VRING_DESC_F_WRITE : 0;

		if (i + 1 < count) {
			flags |= VRING_DESC_F_NEXT;
		}
		driver_desc(d, queue, index, DRIVER_RAM_BASE + pieces[i].offset, pieces[i].bytes,
			    flags, ring->next_desc % ring->size);
	}
	driver_offer(d, queue, head);
	driver_kick(d, queue);
	return head;
}

bool driver_used(struct driver *d, unsigned queue, uint32_t *head, uint32_t *bytes)
{
	struct ring *ring = &d->rings[queue];
	struct vring_used_elem element;
	uint16_t index;

	memcpy(&index, ring_at(d, ring->used_ipa + 2, 2), 2);
	if (index == ring->seen) {
		return false;
	}
	memcpy(&element,
	       ring_at(d, ring->used_ipa + 4 + sizeof(element) * (ring->seen % ring->size),
		       sizeof(element)),
	       sizeof(element));
	ring->seen++;
	*head = element.id;
	*bytes = element.len;
	return true;
}

bool driver_needs_reset(struct driver *d)
{
	return (driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0;
}

void driver_run_loop(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}
