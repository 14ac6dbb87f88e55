/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory slots: KVM's errors for requests that cannot be, and where pages are. */
#include "platform/kvm/slots.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/kvm.h>

#define PAGE KVM_SLOT_PAGE
#define HVA_END (1ULL << 48)
#define ROOM 64

static struct kvm_slots *slots_of(__u32 count, const struct kvm_slot *slot)
{
	struct kvm_slots *slots = calloc(1, sizeof(*slots) + ROOM * sizeof(*slot));

	assert_non_null(slots);
	slots->count = count;
	if (count != 0) {
		memcpy(slots->slot, slot, count * sizeof(*slot));
	}
	return slots;
}

static const struct kvm_slot two[] = {
	{ .id = 4, .gfn = 0x100, .pages = 0x10, .hva = 0x10000 },
	{ .id = 1, .gfn = 0x200, .pages = 1, .hva = 0x80000, .flags = KVM_MEM_READONLY },
};

/* A request on the table `two`: its error, or what it means. */
struct row {
	const char *what;
	struct slot_request request;
	int error;
	enum slot_change change;
};

static const struct row rows[] = {
	{ "new", { 0, 0, 0x300000, PAGE, 0 }, 0, SLOT_CREATE },
	{ "new, right behind", { 0, 0, 0x110000, PAGE, 0 }, 0, SLOT_CREATE },
	{ "new, right before", { 0, 0, 0xff000, PAGE, 0 }, 0, SLOT_CREATE },
	{ "new, over the end", { 0, 0, 0x10f000, PAGE, 0 }, -EEXIST, SLOT_REFUSED },
	{ "new, over the begin", { 0, 0, 0xff000, 2 * PAGE, 0 }, -EEXIST, SLOT_REFUSED },
	{ "new, round it", { 0, 0, 0, 0x400000, 0 }, -EEXIST, SLOT_REFUSED },
	{ "new, dirty log", { 0, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGE, 0 }, 0, SLOT_CREATE },
	{ "unknown flag", { 0, 4, 0, PAGE, 0 }, -EINVAL, SLOT_REFUSED },
	{ "number too big", { KVM_SLOTS_MAX, 0, 0, PAGE, 0 }, -EINVAL, SLOT_REFUSED },
	{ "last number", { KVM_SLOTS_MAX - 1, 0, 0, PAGE, 0 }, 0, SLOT_CREATE },
	{ "other address space", { 0x10000, 0, 0, PAGE, 0 }, -EINVAL, SLOT_REFUSED },
	{ "size unaligned", { 0, 0, 0, PAGE + 1, 0 }, -EINVAL, SLOT_REFUSED },
	{ "address unaligned", { 0, 0, 8, PAGE, 0 }, -EINVAL, SLOT_REFUSED },
	{ "hva unaligned", { 0, 0, 0, PAGE, 1 }, -EINVAL, SLOT_REFUSED },
	{ "hva at the end", { 0, 0, 0, PAGE, HVA_END - PAGE }, 0, SLOT_CREATE },
	{ "hva beyond", { 0, 0, 0, 2 * PAGE, HVA_END - PAGE }, -EINVAL, SLOT_REFUSED },
	{ "kernel's hva", { 0, 0, 0, PAGE, 0xffff000000000000 }, -EINVAL, SLOT_REFUSED },
	{ "address wraps", { 0, 0, -PAGE, 2 * PAGE, 0 }, -EINVAL, SLOT_REFUSED },
	{ "most pages", { 0, 0, 1ULL << 40, 0x7fffffffULL * PAGE, 0 }, 0, SLOT_CREATE },
	{ "too many pages", { 0, 0, 1ULL << 44, 0x80000000ULL * PAGE, 0 }, -EINVAL, SLOT_REFUSED },
	{ "the same", { 4, 0, 0x100000, 0x10 * PAGE, 0x10000 }, 0, SLOT_SAME },
	{ "moved", { 4, 0, 0x108000, 0x10 * PAGE, 0x10000 }, 0, SLOT_MOVE },
	{ "moved upon another", { 4, 0, 0x1f8000, 0x10 * PAGE, 0x10000 }, -EEXIST, SLOT_REFUSED },
	{ "resized", { 4, 0, 0x100000, PAGE, 0x10000 }, -EINVAL, SLOT_REFUSED },
	{ "other hva", { 4, 0, 0x100000, 0x10 * PAGE, 0x20000 }, -EINVAL, SLOT_REFUSED },
	{ "made read-only",
	  { 4, KVM_MEM_READONLY, 0x100000, 0x10 * PAGE, 0x10000 },
	  -EINVAL,
	  SLOT_REFUSED },
	{ "dirty log on",
	  { 4, KVM_MEM_LOG_DIRTY_PAGES, 0x100000, 0x10 * PAGE, 0x10000 },
	  0,
	  SLOT_FLAGS },
	{ "deleted", { 4, 0, 0, 0, 0 }, 0, SLOT_DELETE },
	{ "deleted, never there", { 5, 0, 0, 0, 0 }, -EINVAL, SLOT_REFUSED },
};

static void requests(void **state)
{
	struct kvm_slots *slots = slots_of(2, two);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum slot_change change;
		int error = slots_check(slots, &rows[i].request, HVA_END, &change);

		if (error != rows[i].error || change != rows[i].change) {
			fail_msg("%s: %d, change %u", rows[i].what, error, change);
		}
	}
	free(slots);
}

static void places(void **state)
{
	static const __u64 out[] = { 0, 0xff, 0x110, 0x1ff, 0x201, ~0ULL };
	struct kvm_slots *slots = slots_of(2, two);

	(void)state;
	assert_int_equal(slots_by_gfn(slots, 0x100)->id, 4);
	assert_int_equal(slots_by_gfn(slots, 0x10f)->id, 4);
	assert_int_equal(slots_by_gfn(slots, 0x200)->id, 1);
	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++) {
		assert_null(slots_by_gfn(slots, out[i]));
	}
	assert_ptr_equal(slots_by_id(slots, 1), &slots->slot[1]);
	assert_null(slots_by_id(slots, 0));
	slots->count = 0;
	assert_null(slots_by_gfn(slots, 0x100));
	free(slots);
}

/* Random changes; a plain array of pages says what must be where. */
static void changes(void **state)
{
	struct kvm_slots *slots = slots_of(0, NULL);
	int pages[64];
	unsigned seed = 1;

	(void)state;
	memset(pages, 0xff, sizeof(pages));
	for (int round = 0; round < 20000; round++) {
		unsigned random = (seed = seed * 1103515245 + 12345) >> 8;
		const struct kvm_slot *old = slots_by_id(slots, random % 8);
		struct kvm_slot slot = { .id = random % 8,
					 .gfn = random / 8 % 60,
					 .pages = 1 + random / 512 % 4 };
		struct slot_request request = { .slot = slot.id,
						.gpa = slot.gfn * PAGE,
						.bytes = random & 0x4000 ? 0 : slot.pages * PAGE };
		struct kvm_slots *after;
		enum slot_change change;

		if (slots_check(slots, &request, HVA_END, &change) != 0 || change == SLOT_SAME) {
			continue;
		}
		for (__u64 i = 0; old && i < old->pages; i++) {
			pages[old->gfn + i] = -1;
		}
		for (__u64 i = 0; change != SLOT_DELETE && i < slot.pages; i++) {
			assert_int_equal(pages[slot.gfn + i], -1);
			pages[slot.gfn + i] = (int)slot.id;
		}
		after = slots_of(0, NULL);
		slots_apply(after, slots, &slot, change);
		free(slots);
		slots = after;
		for (__u64 gfn = 0; gfn < 64; gfn++) {
			const struct kvm_slot *found = slots_by_gfn(slots, gfn);

			assert_int_equal(found ? (int)found->id : -1, pages[gfn]);
		}
	}
	free(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(places),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
