/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in physical memory, and the descriptors that lead there. */
#include "qemu-plugins/inject.h"

#include <string.h>

#include "qemu-plugins/common/arm.h"

static GByteArray *bytes_of_thread(void)
{
	static _Thread_local GByteArray *buffer;

	if (buffer == NULL) {
		buffer = g_byte_array_sized_new(sizeof(uint64_t));
	}
	g_byte_array_set_size(buffer, 0);
	return buffer;
}

bool inject_memory_read(uint64_t pa, uint64_t bytes, uint64_t *value)
{
	GByteArray *buffer = bytes_of_thread();

	*value = 0;
	if (qemu_plugin_read_memory_hwaddr(pa, buffer, bytes) != QEMU_PLUGIN_HWADDR_OPERATION_OK) {
		return false;
	}
	memcpy(value, buffer->data, MIN(bytes, buffer->len));
	return true;
}

bool inject_memory_write(uint64_t pa, uint64_t bytes, uint64_t value)
{
	GByteArray *buffer = bytes_of_thread();

	g_byte_array_append(buffer, (const guint8 *)&value, (guint)bytes);
	return qemu_plugin_write_memory_hwaddr(pa, buffer) == QEMU_PLUGIN_HWADDR_OPERATION_OK;
}

uint32_t inject_register_read(uint64_t pa)
{
	uint64_t value;

	return inject_memory_read(pa, sizeof(uint32_t), &value) ? (uint32_t)value : 0;
}

void inject_register_write(uint64_t pa, uint32_t value)
{
	inject_memory_write(pa, sizeof(value), value);
}

static bool read_word(uint64_t pa, uint64_t *value)
{
	return inject_memory_read(pa, sizeof(*value), value);
}

/* The stage 2 of the host, or of the VM that ran last. */
static const char *stage2(bool vm, struct inject_root *root)
{
	uint64_t vttbr;
	uint64_t vtcr;
	bool on;

	g_mutex_lock(&inject.lock);
	on = inject.stage2[vm];
	vttbr = inject.vttbr[vm];
	vtcr = inject.vtcr[vm];
	g_mutex_unlock(&inject.lock);
	if (!on && !vm && (inject_sys(REG_HCR_EL2) & ARM_HCR_VM) != 0) {
		/* A restored machine from which EL2 has not returned yet: the host is below. */
		vttbr = inject_sys(REG_VTTBR_EL2);
		vtcr = inject_sys(REG_VTCR_EL2);
		on = true;
	}
	if (!on) {
		return vm ? "no VM ran yet" : "the host has no stage 2";
	}
	return inject_root_stage2(vttbr, vtcr, root);
}

static const char *root_of(enum inject_table table, uint64_t address, struct inject_root *root)
{
	switch (table) {
	case INJECT_TABLE_HOST:
	case INJECT_TABLE_VM:
		return stage2(table == INJECT_TABLE_VM, root);
	case INJECT_TABLE_EL2:
		return inject_root_stage1(inject_sys(REG_TTBR0_EL2), inject_sys(REG_TTBR1_EL2),
					  inject_sys(REG_TCR_EL2),
					  (inject_sys(REG_HCR_EL2) & ARM_HCR_E2H) != 0, address,
					  root);
	case INJECT_TABLE_EL1:
		return inject_root_stage1(inject_sys(REG_TTBR0_EL1), inject_sys(REG_TTBR1_EL1),
					  inject_sys(REG_TCR_EL1), true, address, root);
	}
	return "there is no such table";
}

/* Where @ipa, an address of stage 1's tables at EL1, is in physical memory now. */
static bool from_below(uint64_t ipa, uint64_t *pa)
{
	struct inject_root root;
	struct inject_walk found;

	*pa = ipa;
	if ((inject_sys(REG_HCR_EL2) & ARM_HCR_VM) == 0) {
		return true;
	}
	if (inject_root_stage2(inject_sys(REG_VTTBR_EL2), inject_sys(REG_VTCR_EL2), &root) !=
		    NULL ||
	    inject_walk(&root, ipa, -1, read_word, &found) != NULL || !found.maps) {
		return false;
	}
	*pa = found.output;
	return true;
}

static bool read_below(uint64_t ipa, uint64_t *value)
{
	uint64_t pa;

	return from_below(ipa, &pa) && read_word(pa, value);
}

const char *inject_memory_pte(const struct inject_fault *fault, struct inject_walk *found)
{
	struct inject_root root;
	const char *why = root_of((enum inject_table)fault->word, fault->place.address, &root);

	if (why != NULL) {
		return why;
	}
	if (fault->word != INJECT_TABLE_EL1) {
		return inject_walk(&root, fault->place.address, fault->level, read_word, found);
	}
	why = inject_walk(&root, fault->place.address, fault->level, read_below, found);
	return why != NULL || from_below(found->at, &found->at) ? why :
								  "its tables are not in memory";
}

bool inject_memory_place(const struct inject_place *place, uint64_t *pa)
{
	bool vm = place->kind == INJECT_PLACE_VM;
	struct inject_root root;
	struct inject_walk found;

	switch (place->kind) {
	case INJECT_PLACE_PA:
	case INJECT_PLACE_SYMBOL:
		*pa = place->address;
		return true;
	case INJECT_PLACE_VA:
		return qemu_plugin_translate_vaddr(place->address, pa);
	case INJECT_PLACE_HOST:
	case INJECT_PLACE_VM:
		if (stage2(vm, &root) != NULL ||
		    inject_walk(&root, place->address, -1, read_word, &found) != NULL ||
		    !found.maps) {
			return false;
		}
		*pa = found.output;
		return true;
	}
	return false;
}
