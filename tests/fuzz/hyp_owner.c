/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequences of ownership operations by a hostile host and hostile guests, the invariant
 * checked after each. Six bytes of input are one call.
 */
#include "tests/hypervisor/fake_pages.h"
#include "tests/hypervisor/owner_invariant.h"

#include <hyp/owner.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_BYTES 6
#define VMS 6u /* so many numbers are used; small, so that they meet */
#define CALL_KINDS 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t table[FAKE_PAGES];

static void need(bool holds, const char *what, const uint8_t *call)
{
	if (!holds) {
		fprintf(stderr, "%s after %02x %02x %02x %02x %02x %02x\n", what, call[0], call[1],
			call[2], call[3], call[4], call[5]);
		abort();
	}
}

/* All that an error must leave as it was. */
struct everything {
	uint32_t table[FAKE_PAGES];
	struct owner_vm_view vms[VMS + 1];
	bool reach[FAKE_PAGES];
	uint64_t content[FAKE_PAGES];
};

static bool is_same(const struct everything *a, const struct everything *b)
{
	bool same = true;

	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		same &= a->table[i] == b->table[i] && a->reach[i] == b->reach[i] &&
			a->content[i] == b->content[i];
	}
	for (uint32_t vm = 0; vm <= VMS; vm++) {
		same &= a->vms[vm].kind == b->vms[vm].kind &&
			a->vms[vm].held_pages == b->vms[vm].held_pages &&
			a->vms[vm].quota_pages == b->vms[vm].quota_pages;
	}
	return same;
}

static void look(struct everything *seen)
{
	memcpy(seen->table, table, sizeof(table));
	memcpy(seen->reach, fake_pages.reach, sizeof(seen->reach));
	memcpy(seen->content, fake_pages.content, sizeof(seen->content));
	for (uint32_t vm = 0; vm <= VMS; vm++) {
		seen->vms[vm] = owner_vm_view(vm);
	}
}

static enum hyp_status one_call(const uint8_t *call)
{
	uint32_t vm = call[1] % (VMS + 1);
	struct owner_request request = { .op = (enum owner_op)(call[2] % (OWNER_OP_COUNT + 1)),
					 .vm = vm,
					 .pfn = FAKE_PFN - 1 + call[3] % (FAKE_PAGES + 2),
					 .count = call[4] % (FAKE_PAGES + 2) };

	fake_pages.fail_nth = call[5] >> 7;
	switch (call[0] % CALL_KINDS) {
	case 0:
		return owner_vm_create(vm, (enum owner_vm_kind)(call[2] % VM_KIND_COUNT),
				       call[3] % (2 * FAKE_PAGES));
	case 1:
		return owner_vm_kill(vm);
	case 2:
		return owner_vm_destroy(vm);
	case 3:
		request.pfn = (uint64_t)call[3] << 56 | call[4];
		request.count = UINT64_MAX - call[5];
		return owner_apply(&request);
	default:
		return owner_apply(&request);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct everything before, after;

	owner_init(table, FAKE_PFN, FAKE_PAGES);
	fake_pages_reset();
	for (size_t at = 0; at + CALL_BYTES <= size; at += CALL_BYTES) {
		const char *broken;

		look(&before);
		if (one_call(data + at) != HYP_OK) {
			look(&after);
			need(is_same(&before, &after), "an error changed state", data + at);
		}
		broken = owner_invariant(VMS);
		need(!broken, broken, data + at);
		owner_invariant_touch();
	}
	return 0;
}
