/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/memory_world.h"

#include <hyp/owner.h>

#include <stddef.h>

struct vm *vm;

void begin_vm(uint64_t flags, uint64_t tables)
{
	uint64_t x[4] = { flags, 40, 100000, META };

	fake_machine_must(fake_machine_call(HYP_CALL_VM_CREATE, x, 4) == HYP_OK, "create");
	if (tables > 0) {
		fake_machine_must(call(HYP_CALL_VM_DONATE, x[0], META + 4, tables) == HYP_OK,
				  "donate");
	}
	vm = vm_hold(x[0]);
	fake_machine_must(vm, "hold");
}

int begin(void **state)
{
	(void)state;
	fake_machine_boot();
	vm = NULL;
	return 0;
}

int end(void **state)
{
	(void)state;
	if (vm) {
		vm_release(vm);
	}
	fake_machine_end();
	for (uint64_t pfn = MACHINE_HOST_PFN; pfn < MACHINE_END_PFN; pfn++) {
		if (owner_view(pfn).state != PAGE_HOST) {
			return -1;
		}
	}
	return fake_machine_broken() ? -1 : 0;
}

int64_t host_maps(uint64_t ipa, uint64_t pfn, uint64_t count)
{
	return call(HYP_CALL_VM_MAP, vm->id, pfn, ipa >> 12, count, HYP_MAP_ALL);
}

uint64_t guest_finds(uint64_t ipa)
{
	uint64_t leaf = fake_machine_use(s2_vttbr(&vm->s2), ipa);

	return leaf ? (leaf & S2_ADDRESS) >> 12 : 0;
}

void fill(uint64_t pfn)
{
	for (uint32_t i = 0; i < PAGE / 8; i++) {
		((uint64_t *)fake_machine_page(pfn))[i] = SECRET;
	}
}

bool is_filled_with(uint64_t pfn, uint64_t word)
{
	for (uint32_t i = 0; i < PAGE / 8; i++) {
		if (((uint64_t *)fake_machine_page(pfn))[i] != word) {
			return false;
		}
	}
	return true;
}

enum guest_fault fault(uint64_t ipa)
{
	uint64_t at;

	return guest_fault(vm, ipa, false, false, &at);
}

enum what_is what_is_at(uint64_t ipa)
{
	bool rsi = vm->flags & HYP_VM_RSI;
	struct s2_view low = s2_look(&vm->s2, ipa), high = s2_look(&vm->s2, ipa | (rsi ? TOP : 0));
	struct s2_view view = rsi && low.entry == S2_NOTE_NONE ? high : low;

	if (view.entry & S2_VALID) {
		return owner_view(view.pa / PAGE).state == PAGE_GUEST_HOST ? IS_SHARED : IS_OWN;
	}
	return view.entry == S2_NOTE_DEVICE || (rsi && view.entry == S2_NOTE_NONE) ? IS_DEVICE :
										     IS_NOTHING;
}
