/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages and VMs. All writes of pages are here.
 */
#include "qemu-plugins/oracle.h"

#include <stdio.h>
#include <string.h>

/* RAM of QEMU's machine `virt` begins at 1 GiB and is in one piece (hw/arm/virt). */
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_UNIT UINT64_C(0x100000)
#define RAM_UNITS_MAX (UINT64_C(0xff) << 10) /* 255 GiB */

_Static_assert(sizeof(struct oracle_page) == 8, "a page is read and written as one");

struct oracle oracle = { .ram_base = RAM_BASE };

static GPtrArray *vms; /* struct oracle_vm; party PARTY_VM_FIRST + index */

bool oracle_read(uint64_t pa, void *to, size_t bytes)
{
	static _Thread_local GByteArray *buffer;

	if (buffer == NULL) {
		buffer = g_byte_array_new();
	}
	if (qemu_plugin_read_memory_hwaddr(pa, buffer, bytes) != QEMU_PLUGIN_HWADDR_OPERATION_OK ||
	    buffer->len < bytes) {
		return false;
	}
	memcpy(to, buffer->data, bytes);
	return true;
}

void oracle_pages_start(void)
{
	uint64_t there = 0;
	uint64_t beyond = RAM_UNITS_MAX;
	uint64_t pages;
	uint64_t i;
	uint64_t word;

	while (beyond - there > 1) {
		uint64_t middle = there + (beyond - there) / 2;

		if (oracle_read(RAM_BASE + middle * RAM_UNIT - sizeof(word), &word, sizeof(word))) {
			there = middle;
		} else {
			beyond = middle;
		}
	}
	pages = there * RAM_UNIT >> ORACLE_PAGE_SHIFT;
	oracle.pages = g_new0(struct oracle_page, pages);
	oracle.since_us = g_new0(uint64_t, pages);
	for (i = 0; i < pages; i++) {
		oracle.pages[i] = (struct oracle_page){ .owner = PARTY_HOST, .how = HOW_START };
	}
	/* Readers take pages as there from here on. */
	__atomic_store_n(&oracle.ram_pages, pages, __ATOMIC_RELEASE);
}

static void page_store(uint64_t pa, struct oracle_page page)
{
	__atomic_store(&oracle.pages[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT], &page,
		       __ATOMIC_RELAXED);
}

void oracle_page_give(uint64_t pa, unsigned int owner, enum oracle_how how, uint16_t call)
{
	struct oracle_page page = { .owner = (uint16_t)owner, .how = (uint8_t)how, .call = call };

	if (oracle_is_ram(pa)) {
		oracle.since_us[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT] =
			(uint64_t)g_get_real_time();
		page_store(pa, page);
	}
}

void oracle_page_lend(uint64_t pa, unsigned int vm)
{
	struct oracle_page page = oracle_page(pa);

	page.lent = (uint16_t)vm;
	if (oracle_is_ram(pa)) {
		page_store(pa, page);
	}
}

void oracle_page_flags(uint64_t pa, uint8_t set, uint8_t clear)
{
	struct oracle_page page = oracle_page(pa);

	page.flags = (uint8_t)((page.flags & ~clear) | set);
	if (oracle_is_ram(pa)) {
		page_store(pa, page);
	}
}

struct oracle_vm *oracle_vm(unsigned int party)
{
	unsigned int index = party - PARTY_VM_FIRST;

	return vms != NULL && party >= PARTY_VM_FIRST && index < vms->len ?
		       g_ptr_array_index(vms, index) :
		       NULL;
}

struct oracle_vm *oracle_vm_new(void)
{
	struct oracle_vm *vm = g_new0(struct oracle_vm, 1);

	if (vms == NULL) {
		vms = g_ptr_array_new();
	}
	if (vms->len >= PARTY_MANY - PARTY_VM_FIRST) {
		plugin_end("oracle", PLUGIN_EXIT_UNUSABLE, "more than %u VMs were made", vms->len);
	}
	vm->party = (uint16_t)(PARTY_VM_FIRST + vms->len);
	vm->shared = g_array_new(FALSE, FALSE, sizeof(struct oracle_range));
	g_ptr_array_add(vms, vm);
	return vm;
}

struct oracle_vm *oracle_vm_by_handle(uint64_t handle)
{
	struct oracle_vm *vm;
	guint i;

	for (i = vms != NULL ? vms->len : 0; i > 0; i--) {
		vm = g_ptr_array_index(vms, i - 1);
		if (vm->handle == handle && !vm->is_gone) {
			return vm;
		}
	}
	vm = oracle_vm_new();
	vm->handle = handle;
	return vm;
}

const char *oracle_party_text(unsigned int party, char *text, size_t bytes)
{
	const struct oracle_vm *vm = oracle_vm(party);

	if (vm != NULL && vm->is_unseen) {
		snprintf(text, bytes, "a VM from before the oracle began");
		return text;
	}
	if (vm != NULL) {
		snprintf(text, bytes, "VM %u (%s%s, VMID %u)", party - PARTY_VM_FIRST + 1,
			 vm->is_dead   ? "dead, " :
			 !vm->is_known ? "kind not known" :
					 "",
			 !vm->is_known    ? "" :
			 vm->is_protected ? "protected" :
					    "normal",
			 vm->vmid);
		return text;
	}
	snprintf(text, bytes, "%s",
		 party == PARTY_EL2  ? "EL2" :
		 party == PARTY_HOST ? "the host" :
				       "nobody known");
	return text;
}
