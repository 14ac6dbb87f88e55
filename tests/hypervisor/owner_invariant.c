/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/owner_invariant.h"

#include "tests/hypervisor/fake_pages.h"

#include <hyp/owner.h>

#include <stddef.h>

static bool is_shared(enum page_state state)
{
	return state == PAGE_HOST_HYP || state == PAGE_HOST_GUEST || state == PAGE_GUEST_HOST;
}

/* Who can reach the page may be more than one only if its owner shared it. */
static const char *check_parties(const struct owner_view *view)
{
	int parties = view->host + view->hyp + (view->guest != OWNER_VM_NONE);

	if (view->state == PAGE_DENY) {
		return parties == 0 ? NULL : "a page of nobody is reachable";
	}
	if (parties != (is_shared(view->state) ? 2 : 1)) {
		return "a page has another number of parties than its state says";
	}
	return NULL;
}

static const char *check_vm(const struct owner_view *view)
{
	enum owner_vm_kind kind = owner_vm_view(view->vm).kind;
	bool lent = view->state == PAGE_HOST_GUEST;
	bool private = view->state == PAGE_GUEST || view->state == PAGE_GUEST_HOST;

	if ((view->vm != OWNER_VM_NONE) != (lent || private || view->state == PAGE_VM_META)) {
		return "a page is charged to a VM and its state says otherwise";
	}
	if (lent != (view->loans > 0)) {
		return "a page has loans and is not lent";
	}
	if (view->vm != OWNER_VM_NONE && kind == VM_NONE) {
		return "a page is charged to a VM that does not exist";
	}
	if ((lent && kind == VM_PROTECTED) || (private && kind == VM_NORMAL)) {
		return "a page is with the wrong kind of VM";
	}
	return NULL;
}

static const char *check_host(const struct owner_view *view, uint32_t index)
{
	if (fake_pages.reach[index] != view->host) {
		return "the host's tables are not what the ownership says";
	}
	if (view->state == PAGE_DENY && fake_pages.content[index] != 0) {
		return "a page of nobody holds a secret";
	}
	if (view->host && view->state != PAGE_GUEST_HOST && fake_pages.content[index] != 0) {
		return "the host can read what was not wiped";
	}
	return NULL;
}

static const char *check_held(uint32_t vm)
{
	struct owner_vm_view view = owner_vm_view(vm);
	uint64_t held = 0;

	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		struct owner_view page = owner_view(FAKE_PFN + i);

		if (page.vm == vm) {
			held += page.state == PAGE_HOST_GUEST ? page.loans : 1;
		}
	}
	if (view.kind == VM_NONE && held != 0) {
		return "a VM that does not exist holds pages";
	}
	if (held != view.held_pages) {
		return "a VM's count of pages is wrong";
	}
	if (held > view.quota_pages) {
		return "a VM holds more than its quota";
	}
	return NULL;
}

const char *owner_invariant(uint32_t vm_max)
{
	const char *broken = fake_pages.faults ? "page_ops were called against their rules" : NULL;

	for (uint32_t i = 0; i < FAKE_PAGES && !broken; i++) {
		struct owner_view view = owner_view(FAKE_PFN + i);

		broken = check_parties(&view);
		broken = broken ? broken : check_vm(&view);
		broken = broken ? broken : check_host(&view, i);
	}
	for (uint32_t vm = 1; vm <= vm_max && !broken; vm++) {
		broken = check_held(vm);
	}
	return broken;
}

void owner_invariant_touch(void)
{
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		struct owner_view view = owner_view(FAKE_PFN + i);

		if (view.state != PAGE_DENY && !view.host) {
			fake_pages.content[i] = 1;
		}
	}
}
