/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/pages.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/mmu.h"
#include "guest/bare/lib/share.h"
#include "guest/bare/lib/string.h"

extern char image_end[];

/* [next, end), page-aligned. */
struct area {
	uint64_t next;
	uint64_t end;
};

static struct area ram;
static struct area dma;

static uint64_t page_down(uint64_t address)
{
	return address & ~(uint64_t)(PAGE_SIZE - 1);
}

static void *take(struct area *area, size_t count)
{
	void *pages = (void *)(uintptr_t)area->next;

	if (count > (area->end - area->next) / PAGE_SIZE) {
		return NULL;
	}
	area->next += count * PAGE_SIZE;
	return pages;
}

void pages_init(const void *fdt)
{
	uint64_t limit = machine.ram.base + machine.ram.bytes;

	ram.next = page_down((uintptr_t)image_end + PAGE_SIZE - 1);
	if ((uintptr_t)fdt >= ram.next && (uintptr_t)fdt < limit) {
		limit = (uintptr_t)fdt;
	}
	if (machine.dma.bytes) {
		dma.next = page_down(machine.dma.base + PAGE_SIZE - 1);
		dma.end = page_down(machine.dma.base + machine.dma.bytes);
		if (dma.end < dma.next || !mmu_map(dma.next, dma.end - dma.next, MMU_DATA)) {
			dma.end = dma.next;
		}
		if (machine.dma.base >= ram.next && machine.dma.base < limit) {
			limit = machine.dma.base;
		}
	}
	ram.end = page_down(limit);
	if (ram.end < ram.next || !mmu_map(ram.next, ram.end - ram.next, MMU_DATA)) {
		ram.end = ram.next;
	}
}

size_t pages_free(void)
{
	return (ram.end - ram.next) / PAGE_SIZE;
}

void *pages_take(size_t count)
{
	return take(&ram, count);
}

void *pages_take_dma(size_t count)
{
	void *pages = take(machine.dma.bytes ? &dma : &ram, count);

	if (!pages) {
		return NULL;
	}
	memset(pages, 0, count * PAGE_SIZE);
	if (share_is_offered() && share_pages(pages, count)) {
		return NULL;
	}
	return pages;
}
